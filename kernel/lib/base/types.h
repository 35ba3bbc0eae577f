/* The fixed-width types, and the small helpers for sizes, fields and little-endian bytes that every cell uses. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_LIB_BASE_TYPES_H
#define NEURATH_LIB_BASE_TYPES_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

/* The object of type TYPE whose member MEMBER is at POINTER. */
#define container_of(pointer, type, member)                                              \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

/* The compiler checks these; they cost nothing at run time. */
#define NODISCARD __attribute__((warn_unused_result))
#define PRINTF_LIKE(format_index, first_index)                                           \
    __attribute__((format(printf, format_index, first_index)))
#define NORETURN __attribute__((noreturn))
/* The function gives memory that DESTROY ends. */
#ifdef __clang__
#define GIVES_MEMORY(destroy) __attribute__((malloc, warn_unused_result))
#else
#define GIVES_MEMORY(destroy)                                                            \
    __attribute__((malloc, malloc(destroy, 1), warn_unused_result))
#endif

/* The addresses begin .. end - 1. */
struct address_range {
    uint64_t begin;
    uint64_t end;
};

#define PAGE_SIZE 4096u
#define PAGE_MASK 0xffful

#define NS_PER_US 1000ul
#define NS_PER_MS 1000000ul
#define NS_PER_S 1000000000ul

static inline uint64_t min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}
static inline uint64_t max_u64(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* ALIGN is a power of two. */
static inline uint64_t align_down(uint64_t value, uint64_t align)
{
    return value & ~(align - 1);
}
static inline uint64_t align_up(uint64_t value, uint64_t align)
{
    return (value + align - 1) & ~(align - 1);
}

static inline uint16_t get_le16(const void *bytes)
{
    const uint8_t *b = bytes;
    return (uint16_t)(b[0] | b[1] << 8);
}

static inline uint32_t get_le32(const void *bytes)
{
    const uint8_t *b = bytes;
    return (uint32_t)get_le16(b) | (uint32_t)get_le16(b + 2) << 16;
}

static inline uint64_t get_le64(const void *bytes)
{
    const uint8_t *b = bytes;
    return (uint64_t)get_le32(b) | (uint64_t)get_le32(b + 4) << 32;
}

static inline void put_le16(void *bytes, uint16_t value)
{
    uint8_t *b = bytes;
    b[0] = (uint8_t)value;
    b[1] = (uint8_t)(value >> 8);
}

static inline void put_le32(void *bytes, uint32_t value)
{
    uint8_t *b = bytes;
    put_le16(b, (uint16_t)value);
    put_le16(b + 2, (uint16_t)(value >> 16));
}

static inline void put_le64(void *bytes, uint64_t value)
{
    uint8_t *b = bytes;
    put_le32(b, (uint32_t)value);
    put_le32(b + 4, (uint32_t)(value >> 32));
}

#endif
