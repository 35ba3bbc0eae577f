/* format_text() against the host's snprintf(), and at the ends of its buffer. */
/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <lib/format/format.h>

/* Both must give the same text and the same length. */
#define SAME(...)                                                                        \
    do {                                                                                 \
        char ours[128], theirs[128];                                                     \
        size_t our_len = format_text(ours, sizeof ours, __VA_ARGS__);                    \
        int their_len = snprintf(theirs, sizeof theirs, __VA_ARGS__);                    \
        assert_string_equal(ours, theirs);                                               \
        assert_int_equal(our_len, their_len);                                            \
    } while (0)

static void formats_integers_as_printf(void **state)
{
    (void)state;
    static const int values[] = {0, 1, -1, 42, -42, INT_MAX, INT_MIN};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        SAME("%d|%5d|%-5d|%05d|%12d|%-12d|", values[i], values[i], values[i], values[i],
             values[i], values[i]);
        SAME("%u|%x|%X|%08x|%.4d|%8.3d", values[i], values[i], values[i], values[i],
             values[i], values[i]);
        SAME("%hd|%hhd|%hu|%hhu", (short)values[i], (signed char)values[i],
             (unsigned short)values[i], (unsigned char)values[i]);
    }
    SAME("%ld %lu %lx %zu", LONG_MIN, ULONG_MAX, ULONG_MAX, SIZE_MAX);
    SAME("%lld %llu", LLONG_MIN, ULLONG_MAX);
    SAME("%*d|%-*d|%.*d", 7, 42, 7, 42, 5, 42);
}

static void formats_text_as_printf(void **state)
{
    (void)state;
    SAME("plain");
    SAME("%s|%8s|%-8s|%.2s|%8.2s|%.*s", "abc", "abc", "abc", "abc", "abc", 1, "abc");
    SAME("%c%c%%", 'x', 'y');
    SAME("%p", (void *)0x1234);
    char unterminated[2] = {'a', 'b'};
    SAME("%.2s", unterminated);
}

static void null_text_is_shown_as_such(void **state)
{
    (void)state;
    char out[16];
    const char *volatile nothing = NULL;
    format_text(out, sizeof out, "%s", nothing);
    assert_string_equal(out, "(null)");
}

static void a_small_buffer_gets_the_beginning(void **state)
{
    (void)state;
    char out[8];
    memset(out, '#', sizeof out);
    assert_int_equal(format_text(out, 4, "abcdef %d", 7), 8);
    assert_memory_equal(out, "abc\0####", 8);
    assert_int_equal(format_text(out, 1, "abc"), 3);
    assert_string_equal(out, "");
    assert_int_equal(format_text(NULL, 0, "%s", "abc"), 3);
}

static void broken_directives_do_no_harm(void **state)
{
    (void)state;
    static const char *const formats[] = {"%", "%5", "%-", "%l", "%.", "%y", "%%%"};
    char out[32];
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        const char *volatile format = formats[i];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
        assert_true(format_text(out, sizeof out, format) < sizeof out);
#pragma GCC diagnostic pop
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formats_integers_as_printf),
        cmocka_unit_test(formats_text_as_printf),
        cmocka_unit_test(null_text_is_shown_as_such),
        cmocka_unit_test(a_small_buffer_gets_the_beginning),
        cmocka_unit_test(broken_directives_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
