/* Tests of the kernel's memcpy, memmove and memset against byte loops.
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

void *kernel_memcpy(void *restrict to, const void *restrict from, size_t len);
void *kernel_memmove(void *to, const void *from, size_t len);
void *kernel_memset(void *to, int byte, size_t len);

#define memcpy kernel_memcpy
#define memmove kernel_memmove
#define memset kernel_memset
#include "../../../../../kernel/lib/libc/memory.c"

enum { SIZE = 160, LONGEST = 100 };

static void number_bytes(unsigned char *bytes)
{
    for (int i = 0; i < SIZE; i++)
        bytes[i] = (unsigned char)(i * 7 + 1);
}

static void copies_every_length_from_every_alignment(void **state)
{
    unsigned char from[SIZE], to[SIZE], expected[SIZE];

    (void)state;
    number_bytes(from);
    for (size_t len = 0; len <= LONGEST; len++)
        for (size_t source = 0; source < 9; source++)
            for (size_t target = 0; target < 9; target++) {
                for (int i = 0; i < SIZE; i++)
                    to[i] = expected[i] = 0xee;
                for (size_t i = 0; i < len; i++)
                    expected[target + i] = from[source + i];
                assert_ptr_equal(kernel_memcpy(to + target, from + source, len),
                                 to + target);
                assert_memory_equal(to, expected, SIZE);
            }
}

static void moves_between_overlapping_places_in_both_directions(void **state)
{
    unsigned char bytes[SIZE], expected[SIZE];

    (void)state;
    for (size_t len = 0; len <= LONGEST; len++)
        for (size_t source = 0; source < 50; source += 3)
            for (size_t target = 0; target < 50; target += 3) {
                number_bytes(bytes);
                number_bytes(expected);
                for (size_t i = 0; i < len; i++)
                    expected[target + i] = (unsigned char)((source + i) * 7 + 1);
                assert_ptr_equal(kernel_memmove(bytes + target, bytes + source, len),
                                 bytes + target);
                assert_memory_equal(bytes, expected, SIZE);
            }
}

static void fills_every_length_with_the_low_byte(void **state)
{
    unsigned char bytes[SIZE], expected[SIZE];

    (void)state;
    for (size_t len = 0; len <= LONGEST; len++)
        for (size_t target = 0; target < 9; target++) {
            number_bytes(bytes);
            number_bytes(expected);
            for (size_t i = 0; i < len; i++)
                expected[target + i] = 0xa5;
            assert_ptr_equal(kernel_memset(bytes + target, 0x7a5, len), bytes + target);
            assert_memory_equal(bytes, expected, SIZE);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_every_length_from_every_alignment),
        cmocka_unit_test(moves_between_overlapping_places_in_both_directions),
        cmocka_unit_test(fills_every_length_with_the_low_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
