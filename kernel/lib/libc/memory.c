/* Copies and fills memory: memcpy, memmove, memset.
 * SPDX-License-Identifier: MIT
 *
 * In C and not in musl's assembly, because every function of a cell needs exact unwind tables (a task may be switched
 * out in the middle of a copy, and a swap walks its stack) and types that the cell tool can read. No string
 * instruction: under QEMU's interpreter a loop of words is as fast. Unaligned words are plain loads on x86.
 */
#include <lib/base/evolve.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A word at any address that may alias anything. */
struct word {
    uint64_t value;
} __attribute__((packed, may_alias));

enum { WORD = sizeof(struct word), BLOCK = 4 * WORD };

static void copy_block(unsigned char *to, const unsigned char *from)
{
    const struct word *source = (const struct word *)from;
    struct word *target = (struct word *)to;
    uint64_t a = source[0].value, b = source[1].value, c = source[2].value,
             d = source[3].value;

    target[0].value = a;
    target[1].value = b;
    target[2].value = c;
    target[3].value = d;
}

static void copy_word(unsigned char *to, const unsigned char *from)
{
    ((struct word *)to)->value = ((const struct word *)from)->value;
}

static void copy_upwards(unsigned char *to, const unsigned char *from, size_t len)
{
    for (; len >= BLOCK; len -= BLOCK, to += BLOCK, from += BLOCK)
        copy_block(to, from);
    for (; len >= WORD; len -= WORD, to += WORD, from += WORD)
        copy_word(to, from);
    for (; len > 0; len--)
        *to++ = *from++;
}

static void copy_downwards(unsigned char *to, const unsigned char *from, size_t len)
{
    for (; len >= BLOCK; len -= BLOCK)
        copy_block(to + len - BLOCK, from + len - BLOCK);
    for (; len >= WORD; len -= WORD)
        copy_word(to + len - WORD, from + len - WORD);
    for (; len > 0; len--)
        to[len - 1] = from[len - 1];
}

void *memcpy(void *restrict to, const void *restrict from, size_t len)
{
    copy_upwards(to, from, len);
    return to;
}

void *memmove(void *to, const void *from, size_t len)
{
    if ((uintptr_t)to - (uintptr_t)from >= len)
        copy_upwards(to, from, len);
    else
        copy_downwards(to, from, len);
    return to;
}

void *memset(void *to, int byte, size_t len)
{
    const uint64_t fill = (unsigned char)byte * UINT64_C(0x0101010101010101);
    unsigned char *next = to;

    for (; len >= BLOCK; len -= BLOCK, next += BLOCK) {
        struct word *word = (struct word *)next;
        word[0].value = fill;
        word[1].value = fill;
        word[2].value = fill;
        word[3].value = fill;
    }
    for (; len >= WORD; len -= WORD, next += WORD)
        ((struct word *)next)->value = fill;
    for (; len > 0; len--)
        *next++ = (unsigned char)byte;
    return to;
}

EVOLVE_LENT(memcpy);
EVOLVE_LENT(memmove);
EVOLVE_LENT(memset);
