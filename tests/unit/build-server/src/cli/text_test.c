/* Tests of cleaning and shortening texts for terminals.
 * SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <cli/text.h>

static void cleans(const char *from, const char *to)
{
    char text[256];

    strcpy(text, from);
    text_clean_line(text);
    assert_string_equal(text, to);
}

static void leaves_plain_and_accented_text_alone(void **state)
{
    (void)state;
    cleans("hello: grüße, 日本 ✓", "hello: grüße, 日本 ✓");
}

static void takes_out_escape_sequences(void **state)
{
    (void)state;
    cleans("a\033[2Jb\033]0;title\007c", "a?[2Jb?]0;title?c");
    cleans("delete\177", "delete?");
}

static void takes_out_c1_controls_however_they_are_written(void **state)
{
    (void)state;
    cleans("a\xc2\x9b"
           "31mb",
           "a?31mb");
    cleans("a\x9b"
           "31mb",
           "a?31mb");
}

static void takes_out_direction_overrides_and_invisible_characters(void **state)
{
    (void)state;
    cleans("a\xe2\x80\xae"
           "b",
           "a?b");
    cleans("a\xe2\x81\xa6"
           "b",
           "a?b");
    cleans("a\xe2\x80\x8b"
           "b",
           "a?b");
}

static void replaces_bytes_that_are_not_utf8(void **state)
{
    (void)state;
    cleans("a\xff"
           "b",
           "a?b");
    cleans("a\xc0\x80"
           "b",
           "a??b");
    cleans("a\xe2\x82", "a??");
    cleans("a\xed\xa0\x80", "a???");
    cleans("a\xf4\x90\x80\x80", "a????");
}

static void a_line_has_no_line_ends_but_a_text_keeps_them(void **state)
{
    char text[] = "one\ntwo\tthree\r";

    (void)state;
    cleans("one\ntwo\tthree\r", "one two three ");
    text_clean(text);
    assert_string_equal(text, "one\ntwo\tthree ");
}

static void counts_columns_not_bytes(void **state)
{
    (void)state;
    assert_int_equal(text_columns("abc"), 3);
    assert_int_equal(text_columns("äöü"), 3);
    assert_int_equal(text_columns("日本"), 4);
    assert_int_equal(text_columns(""), 0);
}

static void cuts_between_characters(void **state)
{
    char text[] = "日本語";

    (void)state;
    text_cut(text, 5);
    assert_string_equal(text, "日本");
}

static void reads_times_with_milliseconds(void **state)
{
    (void)state;
    assert_int_equal(text_parse_time("1970-01-01T00:00:01.250Z"), 1250);
    assert_int_equal(text_parse_time("2026-11-22T00:00:00.000Z"), INT64_C(1795305600000));
    assert_int_equal(text_parse_time("yesterday"), -1);
    assert_int_equal(text_parse_time(NULL), -1);
}

static void says(double seconds, const char *words)
{
    char text[32];

    text_format_duration(seconds, text, sizeof(text));
    assert_string_equal(text, words);
}

static void says_durations_as_people_do(void **state)
{
    (void)state;
    says(0, "0 ms");
    says(0.85, "850 ms");
    says(1.42, "1.42 s");
    says(190, "3 min 10 s");
    says(7500, "2 h 5 min");
    says(3 * 86400 + 4 * 3600, "3 d 4 h");
}

static void quotes_only_what_a_shell_would_split(void **state)
{
    char text[64];

    (void)state;
    text_quote("/tmp/a-b_c", text, sizeof(text));
    assert_string_equal(text, "/tmp/a-b_c");
    text_quote("/tmp/it's here", text, sizeof(text));
    assert_string_equal(text, "'/tmp/it'\\''s here'");
    text_quote("", text, sizeof(text));
    assert_string_equal(text, "''");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaves_plain_and_accented_text_alone),
        cmocka_unit_test(takes_out_escape_sequences),
        cmocka_unit_test(takes_out_c1_controls_however_they_are_written),
        cmocka_unit_test(takes_out_direction_overrides_and_invisible_characters),
        cmocka_unit_test(replaces_bytes_that_are_not_utf8),
        cmocka_unit_test(a_line_has_no_line_ends_but_a_text_keeps_them),
        cmocka_unit_test(counts_columns_not_bytes),
        cmocka_unit_test(cuts_between_characters),
        cmocka_unit_test(reads_times_with_milliseconds),
        cmocka_unit_test(says_durations_as_people_do),
        cmocka_unit_test(quotes_only_what_a_shell_would_split),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
