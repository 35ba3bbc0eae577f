/* Words of the kernel's command line. */
/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include <boot/bootinfo/bootinfo.h>

static struct boot_info info;

static void boot_with(const char *cmdline)
{
    memset(&info, 0, sizeof info);
    strncpy(info.cmdline, cmdline, sizeof info.cmdline - 1);
    bootinfo_take(&info);
}

static void gives_the_value_of_a_word(void **state)
{
    (void)state;
    char value[16];
    boot_with("  log=debug   cpus=2 flag last=x");
    assert_int_equal(boot_option("log", value, sizeof value), STATUS_OK);
    assert_string_equal(value, "debug");
    assert_int_equal(boot_option("last", value, sizeof value), STATUS_OK);
    assert_string_equal(value, "x");
    assert_int_equal(boot_option("flag", value, sizeof value), STATUS_OK);
    assert_string_equal(value, "");
    assert_true(boot_option_present("flag"));
    assert_false(boot_option_present("fla"));
    assert_false(boot_option_present("og"));
    assert_int_equal(boot_option("debug", value, sizeof value), STATUS_NOT_FOUND);
}

static void gives_numbers(void **state)
{
    (void)state;
    boot_with("a=12 b= c=1x d=-1 e=999999999999999999 f=9999999999999999999 g");
    assert_int_equal(boot_option_number("a", 7), 12);
    assert_int_equal(boot_option_number("b", 7), 7);
    assert_int_equal(boot_option_number("c", 7), 7);
    assert_int_equal(boot_option_number("d", 7), 7);
    assert_int_equal(boot_option_number("e", 7), 999999999999999999);
    assert_int_equal(boot_option_number("f", 7), 7);
    assert_int_equal(boot_option_number("g", 7), 7);
    assert_int_equal(boot_option_number("h", 7), 7);
}

static void a_value_that_does_not_fit_is_refused(void **state)
{
    (void)state;
    char value[4] = "old";
    boot_with("word=four");
    assert_int_equal(boot_option("word", value, sizeof value), STATUS_FULL);
    assert_string_equal(value, "old");
}

static void an_empty_line_has_no_words(void **state)
{
    (void)state;
    boot_with("");
    assert_false(boot_option_present(""));
    assert_false(boot_option_present("x"));
    boot_with("    ");
    assert_false(boot_option_present("x"));
}

static void an_unterminated_line_ends_at_its_end(void **state)
{
    (void)state;
    memset(&info, 'y', sizeof info);
    bootinfo_take(&info);
    assert_false(boot_option_present("x"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_value_of_a_word),
        cmocka_unit_test(gives_numbers),
        cmocka_unit_test(a_value_that_does_not_fit_is_refused),
        cmocka_unit_test(an_empty_line_has_no_words),
        cmocka_unit_test(an_unterminated_line_ends_at_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
