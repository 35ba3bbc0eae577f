/* Text from strangers: stripping, hexadecimal, base64, buffers.
 * SPDX-License-Identifier: MIT */
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void line_becomes(const char *given, const char *wanted)
{
    char text[128];
    text_copy(text, sizeof text, given);
    text_sanitise_line(text);
    assert_string_equal(text, wanted);
}

static void strips_what_drives_a_terminal(void **state)
{
    (void)state;
    line_becomes("plain", "plain");
    line_becomes("a\x1b[31mred", "a?[31mred");
    line_becomes("bell\a nul", "bell? nul");
    line_becomes("two\nlines", "two?lines");
    line_becomes("tab\tend", "tab end");
    line_becomes("del\x7f", "del?");
    line_becomes("c1 \xc2\x9b", "c1 ?");
    line_becomes("over\xe2\x80\xaeride", "over?ride");
    line_becomes("isolate\xe2\x81\xa6", "isolate?");
}

static void keeps_good_text_and_replaces_bad_bytes(void **state)
{
    (void)state;
    line_becomes("gr\xc3\xbc\xc3\x9f \xe2\x9c\x93 \xf0\x9f\x9a\x80",
                 "gr\xc3\xbc\xc3\x9f \xe2\x9c\x93 \xf0\x9f\x9a\x80");
    line_becomes("\xff\xfe", "??");
    line_becomes("cut \xe2\x9c", "cut ??");
    line_becomes("long \xc0\x80", "long ??");
    line_becomes("surrogate \xed\xa0\x80", "surrogate ???");
}

static void a_block_keeps_its_lines(void **state)
{
    (void)state;
    char text[] = "one\r\ntwo\x1b\n";
    text_sanitise_block(text);
    assert_string_equal(text, "one\ntwo?\n");
}

static void reads_only_exact_hexadecimal(void **state)
{
    (void)state;
    uint8_t bytes[2];
    assert_int_equal(text_unhex("0aff", bytes, 2), RESULT_OK);
    assert_int_equal(bytes[0], 0x0a);
    assert_int_equal(bytes[1], 0xff);
    assert_int_equal(text_unhex("0AFF", bytes, 2), RESULT_INVALID);
    assert_int_equal(text_unhex("0af", bytes, 2), RESULT_INVALID);
    assert_int_equal(text_unhex("0aff0", bytes, 2), RESULT_INVALID);
    assert_false(text_is_hex(NULL, 4));
    assert_false(text_is_hex("0g", 2));
}

static void base64_goes_there_and_back(void **state)
{
    (void)state;
    const uint8_t given[] = {0, 1, 2, 0xfd, 0xfe, 0xff};
    for (size_t len = 0; len <= sizeof given; len++) {
        char *text = text_base64(given, len);
        uint8_t *bytes = NULL;
        size_t back = 99;
        assert_int_equal(text_unbase64(text, &bytes, &back), RESULT_OK);
        assert_int_equal(back, len);
        assert_memory_equal(bytes, given, len);
        free(bytes);
        free(text);
    }
}

static void refuses_sloppy_base64(void **state)
{
    (void)state;
    static const char *const bad[] = {"A",    "AA",   "AAA",  "AA=A",  "====", "A===",
                                      "AB==", "AAB=", "AA A", "AA\n=", "AAAA="};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        uint8_t *bytes = NULL;
        size_t len = 0;
        assert_int_equal(text_unbase64(bad[i], &bytes, &len), RESULT_INVALID);
        assert_null(bytes);
    }
}

static void a_buffer_stops_at_its_limit_and_says_so(void **state)
{
    (void)state;
    struct text_buffer buffer = {.limit = 10};
    text_append(&buffer, "12345", 5);
    text_appendf(&buffer, "%d", 678);
    assert_string_equal(buffer.data, "12345678");
    assert_false(buffer.failed);
    text_append(&buffer, "abc", 3);
    assert_true(buffer.failed);
    assert_string_equal(buffer.data, "12345678");
    text_buffer_fini(&buffer);
}

static void copies_are_cut_and_terminated(void **state)
{
    (void)state;
    char out[4];
    text_copy(out, sizeof out, "abcdef");
    assert_string_equal(out, "abc");
    text_copy(out, sizeof out, NULL);
    assert_string_equal(out, "");
}

static void names_and_secrets(void **state)
{
    (void)state;
    assert_true(text_is_name("m1.rack-2_a", 16));
    assert_false(text_is_name("", 16));
    assert_false(text_is_name(".hidden", 16));
    assert_false(text_is_name("a/b", 16));
    assert_false(text_is_name("toolong", 6));
    assert_true(text_equal_secret("abc", "abc"));
    assert_false(text_equal_secret("abc", "abd"));
    assert_false(text_equal_secret("abc", "ab"));
    assert_false(text_equal_secret("abc", "abcd"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strips_what_drives_a_terminal),
        cmocka_unit_test(keeps_good_text_and_replaces_bad_bytes),
        cmocka_unit_test(a_block_keeps_its_lines),
        cmocka_unit_test(reads_only_exact_hexadecimal),
        cmocka_unit_test(base64_goes_there_and_back),
        cmocka_unit_test(refuses_sloppy_base64),
        cmocka_unit_test(a_buffer_stops_at_its_limit_and_says_so),
        cmocka_unit_test(copies_are_cut_and_terminated),
        cmocka_unit_test(names_and_secrets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
