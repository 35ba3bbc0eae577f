/* Reads and writes numbers of any width at any bit. Inline: part of each closure cell.
 * SPDX-License-Identifier: MIT
 *
 * No calls, and no loops but over the bytes or bits that were asked for. Places are counted in bits from BYTES, because
 * fields may be bit fields; a number has at most 64.
 */
#ifndef NEURATH_CORE_COMMIT_BITS_H
#define NEURATH_CORE_COMMIT_BITS_H

#include <lib/base/types.h>

struct transfer_word {
    uint64_t value;
} __attribute__((packed, may_alias));

struct transfer_half {
    uint32_t value;
} __attribute__((packed, may_alias));

static inline void transfer_copy(uint8_t *to, const uint8_t *from, uint64_t len)
{
    for (; len >= 8; len -= 8, to += 8, from += 8)
        ((struct transfer_word *)to)->value = ((const struct transfer_word *)from)->value;
    for (; len; len--)
        *to++ = *from++;
}

static inline bool transfer_equal(const uint8_t *a, const uint8_t *b, uint64_t len)
{
    uint64_t other = 0;
    for (; len >= 32; len -= 32, a += 32, b += 32) {
        const struct transfer_word *x = (const struct transfer_word *)a;
        const struct transfer_word *y = (const struct transfer_word *)b;
        other |= (x[0].value ^ y[0].value) | (x[1].value ^ y[1].value) |
                 (x[2].value ^ y[2].value) | (x[3].value ^ y[3].value);
    }
    for (; len >= 8; len -= 8, a += 8, b += 8)
        other |= ((const struct transfer_word *)a)->value ^
                 ((const struct transfer_word *)b)->value;
    for (; len; len--)
        other |= *a++ ^ *b++;
    return !other;
}

static inline uint64_t transfer_mask(uint64_t bits)
{
    return bits >= 64 ? UINT64_MAX : (1ull << bits) - 1;
}

static inline uint64_t transfer_get(const uint8_t *bytes, uint64_t bit, uint64_t bits)
{
    uint64_t value = 0;
    if (bit % 8 == 0 && bits == 64)
        return ((const struct transfer_word *)(bytes + bit / 8))->value;
    if (bit % 8 == 0 && bits == 32)
        return ((const struct transfer_half *)(bytes + bit / 8))->value;
    if (bit % 8 == 0 && bits % 8 == 0) {
        for (uint64_t i = 0; i < bits / 8; i++)
            value |= (uint64_t)bytes[bit / 8 + i] << 8 * i;
        return value;
    }
    for (uint64_t i = 0; i < bits; i++)
        value |= (uint64_t)(bytes[(bit + i) / 8] >> (bit + i) % 8 & 1) << i;
    return value;
}

static inline void transfer_put(uint8_t *bytes, uint64_t bit, uint64_t bits,
                                uint64_t value)
{
    if (bit % 8 == 0 && bits == 64) {
        ((struct transfer_word *)(bytes + bit / 8))->value = value;
        return;
    }
    if (bit % 8 == 0 && bits == 32) {
        ((struct transfer_half *)(bytes + bit / 8))->value = (uint32_t)value;
        return;
    }
    if (bit % 8 == 0 && bits % 8 == 0) {
        for (uint64_t i = 0; i < bits / 8; i++)
            bytes[bit / 8 + i] = (uint8_t)(value >> 8 * i);
        return;
    }
    for (uint64_t i = 0; i < bits; i++) {
        uint8_t one = (uint8_t)(1u << (bit + i) % 8);
        uint8_t *at = &bytes[(bit + i) / 8];
        *at = value >> i & 1 ? (uint8_t)(*at | one) : (uint8_t)(*at & ~one);
    }
}

#endif
