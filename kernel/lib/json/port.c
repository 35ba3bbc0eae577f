/* Gives jansson its memory, hash seed and integers, and refuses real numbers and files.
 * SPDX-License-Identifier: MIT
 */
#include "private.h"

#include <errno.h>
#include <lib/base/atomic.h>
#include <lib/random/random.h>
#include <limits.h>
#include <mm/heap/heap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct strbuffer;

char *jsonp_strdup(const char *text);
char *jsonp_strndup(const char *text, size_t len);
int json_port_no_character(FILE *file);

extern volatile uint32_t hashtable_seed;
void json_object_seed(size_t seed);
int jsonp_strtod(struct strbuffer *text, long *out);
int jsonp_dtostr(char *out, size_t cap, long value, int precision);
long long json_port_integer(const char *text, char **end, int *out_error);
int *json_port_error(const void *frame);

/* ---- memory ---- */

static uint64_t refused; /* [a] */

/* Lends MEMORY; counts when there is none. */
static void *counted(void *memory)
{
    if (memory == NULL)
        atomic_add(&refused, 1);
    return memory;
}

uint64_t json_port_refused(void)
{
    return atomic_load(&refused);
}

void *jsonp_malloc(size_t len)
{
    return len == 0 ? NULL : counted(heap_alloc(len));
}

void jsonp_free(void *memory)
{
    heap_free(memory);
}

char *jsonp_strndup(const char *text, size_t len)
{
    char *copy = counted(heap_alloc(len + 1));

    if (copy == NULL)
        return NULL;
    memcpy(copy, text, len);
    copy[len] = '\0';
    return copy;
}

char *jsonp_strdup(const char *text)
{
    return jsonp_strndup(text, strlen(text));
}

/* ---- hash seed ---- */

volatile uint32_t hashtable_seed;

/* jansson calls this before it makes its first object. The seed keeps an outsider from choosing colliding keys. */
void json_object_seed(size_t seed)
{
    uint32_t value = (uint32_t)seed;
    uint32_t expected = 0;

    if (value == 0 && random_fill(&value, sizeof value) != STATUS_OK)
        value = 1;
    if (value == 0)
        value = 1;
    __atomic_compare_exchange_n(&hashtable_seed, &expected, value, false,
                                __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

/* ---- numbers ---- */

enum { ERROR_PLACES = 64 };

/* A task that is in the middle of reading a number is known by its stack frame. */
static int error_places[ERROR_PLACES];

int *json_port_error(const void *frame)
{
    uint64_t spread = (uintptr_t)frame * UINT64_C(0x9e3779b97f4a7c15);

    return &error_places[spread >> 58];
}

/* Reads the digits of a JSON integer; jansson has checked that there is nothing else, unless memory ran out (buffer.c). */
long long json_port_integer(const char *text, char **end, int *out_error)
{
    bool negative = *text == '-';
    long long value = 0;

    if (negative)
        text++;
    *out_error = *text >= '0' && *text <= '9' ? 0 : ERANGE;
    for (; *text >= '0' && *text <= '9'; text++) {
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_sub_overflow(value, *text - '0', &value))
            *out_error = ERANGE;
    }
    if (!negative && value == LLONG_MIN)
        *out_error = ERANGE;
    *end = (char *)text;
    if (*out_error != 0)
        return negative ? LLONG_MIN : LLONG_MAX;
    return negative ? value : -value;
}

/* Every real number is refused as if it were too large. */
int jsonp_strtod(struct strbuffer *text, long *out)
{
    (void)text;
    *out = 0;
    return -1;
}

int jsonp_dtostr(char *out, size_t cap, long value, int precision)
{
    (void)out;
    (void)cap;
    (void)value;
    (void)precision;
    return -1;
}

int json_port_no_character(FILE *file)
{
    (void)file;
    return EOF;
}
