/* Compares the libc cell's formatting, number reading, searching and sorting with the host's.
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

int k_snprintf(char *out, size_t cap, const char *format, ...);
long k_strtol(const char *text, char **end, int base);
unsigned long long k_strtoull(const char *text, char **end, int base);
int k_atoi(const char *text);
char *k_strstr(const char *text, const char *part);
void *k_memmem(const void *text, size_t len, const void *part, size_t part_len);
void k_qsort(void *items, size_t count, size_t len,
             int (*compare)(const void *, const void *));
size_t k_strspn(const char *text, const char *accept);
int k_strcasecmp(const char *a, const char *b);

enum { ROUNDS = 60000 };

static uint64_t random_state = 88172645463325252u;

static uint64_t next_random(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static unsigned below(unsigned limit)
{
    return (unsigned)(next_random() >> 33) % limit;
}

/* A legal conversion for a long long argument into OUT; flags that C leaves undefined are left out. */
static void make_format(char *out, size_t cap)
{
    static const char conversions[] = "diuxXo";
    char conversion = conversions[below(6)];
    char flags[8] = "";
    char width[8] = "", precision[8] = "";

    if (below(4) == 0)
        strcat(flags, "-");
    else if (below(4) == 0)
        strcat(flags, "0");
    if (below(4) == 0 && strchr("di", conversion) != NULL)
        strcat(flags, below(2) ? "+" : " ");
    if (below(4) == 0 && strchr("xXo", conversion) != NULL)
        strcat(flags, "#");
    if (below(2))
        snprintf(width, sizeof width, "%u", below(30) + 1);
    if (below(3) == 0)
        snprintf(precision, sizeof precision, ".%u", below(25));
    snprintf(out, cap, "[%%%s%s%sll%c]", flags, width, precision, conversion);
}

static void formats_integers_as_the_host_does(void **state)
{
    char format[64], ours[128], theirs[128];

    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        long long value = (long long)(next_random() >> below(64));
        size_t cap = below(5) == 0 ? below(20) + 1 : sizeof ours;
        if (below(2))
            value = -value;
        make_format(format, sizeof format);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        int their_len = snprintf(theirs, cap, format, value);
        int our_len = k_snprintf(ours, cap, format, value);
#pragma GCC diagnostic pop
        assert_string_equal(ours, theirs);
        assert_int_equal(our_len, their_len);
    }
}

static void formats_text_characters_and_pointers(void **state)
{
    char out[64];

    (void)state;
    assert_int_equal(
        k_snprintf(out, sizeof out, "%s|%.2s|%-4s|%4s|%c|%%", "ab", "abc", "x", "y", 'z'),
        19);
    assert_string_equal(out, "ab|ab|x   |   y|z|%");
    assert_int_equal(k_snprintf(out, sizeof out, "%p", (void *)0x1234), 6);
    assert_string_equal(out, "0x1234");
    assert_int_equal(k_snprintf(out, 4, "%s", "abcdef"), 6);
    assert_string_equal(out, "abc");
    assert_int_equal(k_snprintf(NULL, 0, "%d", 12345), 5);
}

static void reads_numbers_as_the_host_does(void **state)
{
    static const char alphabet[] = "0123456789 +-xXaAzZfF\t.";
    char text[32];

    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        size_t len = below(28);
        int base = below(3) == 0 ? 0 : (int)(below(35) + 2);
        char *our_end, *their_end;
        for (size_t j = 0; j < len; j++)
            text[j] = alphabet[below(below(2) ? 10 : sizeof alphabet - 1)];
        text[len] = '\0';
        assert_int_equal(k_strtol(text, &our_end, base), strtol(text, &their_end, base));
        assert_ptr_equal(our_end, their_end);
        assert_true(k_strtoull(text, &our_end, base) == strtoull(text, &their_end, base));
        assert_ptr_equal(our_end, their_end);
    }
    assert_int_equal(k_atoi("  -42x"), -42);
}

static void finds_parts_as_the_host_does(void **state)
{
    char text[80], part[12];

    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        size_t len = below(70), part_len = below(10);
        for (size_t j = 0; j < len; j++)
            text[j] = (char)('a' + below(3));
        for (size_t j = 0; j < part_len; j++)
            part[j] = (char)('a' + below(3));
        text[len] = part[part_len] = '\0';
        assert_ptr_equal(k_strstr(text, part), strstr(text, part));
        assert_ptr_equal(k_memmem(text, len, part, part_len),
                         memmem(text, len, part, part_len));
        assert_int_equal(k_strspn(text, part), strspn(text, part));
    }
    assert_int_equal(k_strcasecmp("Content-Length", "content-length"), 0);
}

static int compare_numbers(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

static void sorts_every_length(void **state)
{
    uint32_t numbers[64];

    (void)state;
    for (size_t count = 0; count <= 64; count++) {
        uint64_t sum = 0;
        for (size_t i = 0; i < count; i++)
            sum += numbers[i] = below(40);
        k_qsort(numbers, count, sizeof numbers[0], compare_numbers);
        for (size_t i = 1; i < count; i++)
            assert_true(numbers[i - 1] <= numbers[i]);
        for (size_t i = 0; i < count; i++)
            sum -= numbers[i];
        assert_int_equal(sum, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formats_integers_as_the_host_does),
        cmocka_unit_test(formats_text_characters_and_pointers),
        cmocka_unit_test(reads_numbers_as_the_host_does),
        cmocka_unit_test(finds_parts_as_the_host_does),
        cmocka_unit_test(sorts_every_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
