/* What keys do to the line that is being typed. */
/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include <kernel/console/console/private.h>

static struct editor editor;

static enum editor_result type(const char *keys)
{
    enum editor_result result = EDITOR_NOTHING;
    for (; *keys; keys++)
        result = editor_feed(&editor, *keys);
    return result;
}

/* Types KEYS and Enter on an empty line; the line must then be EXPECTED. */
static void gives(const char *keys, const char *expected)
{
    type(keys);
    assert_int_equal(editor_feed(&editor, '\r'), EDITOR_DONE);
    assert_string_equal(editor.line, expected);
    editor_next(&editor);
    assert_int_equal(editor.len, 0);
}

static int fresh(void **state)
{
    (void)state;
    memset(&editor, 0, sizeof editor);
    return 0;
}

static void keys_go_into_the_line(void **state)
{
    (void)state;
    gives("help me", "help me");
    gives("", "");
}

static void erasing(void **state)
{
    (void)state;
    gives("abc\b\x7fx", "ax");
    gives("\b\b", "");
    gives("abc\x1b[D\x1b[D\x1b[3~", "ac");
    gives("abc\x01\x04", "bc");
    gives("one two three\x17", "one two ");
    gives("one two  \x17\x17", "");
    gives("abcdef\x1b[D\x1b[D\x0b", "abcd");
    gives("abcdef\x1b[D\x1b[D\x15", "ef");
    gives("abc\x03z", "z");
}

static void moving(void **state)
{
    (void)state;
    gives("bd\x01"
          "a\x1b[Cc\x05"
          "e",
          "abcde");
    gives("b\x1b[Ha\x1b[Fc", "abc");
    gives("b\x1b[1~a\x1b[4~c", "abc");
    gives("\x1b[D\x1b[D\x1b[Ca", "a");
    gives("bc\x02\x02\x02"
          "a\x06\x06\x06"
          "d",
          "abcd");
}

static void history(void **state)
{
    (void)state;
    gives("first", "first");
    gives("second", "second");
    gives("second", "second"); /* is not kept twice */
    gives("\x1b[A", "second");
    gives("\x1b[A\x1b[A", "first");
    gives("\x1b[A\x1b[A\x1b[A\x1b[A\x1b[A\x1b[B\x1b[B\x1b[B\x1b[Bnew", "new");
    gives("\x10!", "new!");
}

static void history_forgets_the_oldest(void **state)
{
    (void)state;
    char line[3] = "a0";
    for (int i = 0; i < 40; i++) {
        line[0] = (char)('a' + i / 10);
        line[1] = (char)('0' + i % 10);
        gives(line, line);
    }
    for (int i = 0; i < 60; i++)
        type("\x1b[A");
    assert_int_equal(editor_feed(&editor, '\n'), EDITOR_DONE);
    assert_string_equal(editor.line, "c4"); /* 16 are kept */
}

static void a_long_line_stops_growing(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2 * CONSOLE_LINE_MAX; i++)
        editor_feed(&editor, 'x');
    assert_int_equal(editor.len, CONSOLE_LINE_MAX - 1);
    assert_int_equal(editor_feed(&editor, '\r'), EDITOR_DONE);
    assert_int_equal(strlen(editor.line), CONSOLE_LINE_MAX - 1);
    editor_next(&editor);
    assert_int_equal(type("\x1b[A"), EDITOR_REDRAW);
    assert_int_equal(editor.len, CONSOLE_LINE_MAX - 1);
}

static void unknown_keys_do_nothing(void **state)
{
    (void)state;
    gives("a\x1b[99;5~\x1b[Z\x1bO\x1b\x1b[5~\x1b[12345678901234567890~b\x0e\x11\x00",
          "ab");
}

/* Any bytes at all keep the line inside its bounds (sanitizers watch). */
static void any_bytes_are_safe(void **state)
{
    (void)state;
    uint64_t dice = 88172645463325252ull;
    for (unsigned i = 0; i < 200000; i++) {
        dice ^= dice << 13, dice ^= dice >> 7, dice ^= dice << 17;
        if (editor_feed(&editor, (char)(dice >> 20)) == EDITOR_DONE)
            editor_next(&editor);
        assert_true(editor.cursor <= editor.len && editor.len < CONSOLE_LINE_MAX);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(keys_go_into_the_line, fresh),
        cmocka_unit_test_setup(erasing, fresh),
        cmocka_unit_test_setup(moving, fresh),
        cmocka_unit_test_setup(history, fresh),
        cmocka_unit_test_setup(history_forgets_the_oldest, fresh),
        cmocka_unit_test_setup(a_long_line_stops_growing, fresh),
        cmocka_unit_test_setup(unknown_keys_do_nothing, fresh),
        cmocka_unit_test_setup(any_bytes_are_safe, fresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
