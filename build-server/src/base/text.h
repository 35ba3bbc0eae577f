/* Text that came from outside: control characters, hexadecimal, base64, growing buffers.
 * SPDX-License-Identifier: MIT
 *
 * Everything that a commit, a compiler or a machine says passes through text_sanitise* before it
 * reaches a terminal, a log or the API. */
#ifndef NEURATH_BASE_TEXT_H
#define NEURATH_BASE_TEXT_H

#include "base/result.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Copies TEXT (NULL = empty) into OUT, cut to fit and terminated. CAPACITY is not 0. */
void text_copy(char *out, size_t capacity, const char *text);

/* Replaces in place every control character (C0, DEL, C1 in UTF-8), bidirectional override and
 * invalid UTF-8 byte by '?'. Newlines and tabs go too (a tab becomes a space). */
void text_sanitise_line(char *text);

/* The same, but keeps newlines; carriage returns are dropped, tabs become spaces. */
void text_sanitise_block(char *text);

/* Lower-case hexadecimal; OUT needs 2 * len + 1 bytes. */
void text_hex(const uint8_t *bytes, size_t len, char *out);

/* Exactly LEN bytes from 2 * LEN lower-case digits. RESULT_INVALID otherwise. */
NODISCARD enum result text_unhex(const char *text, uint8_t *out_bytes, size_t len);

/* True when TEXT is exactly DIGITS lower-case hexadecimal digits. */
bool text_is_hex(const char *text, size_t digits);

/* True when TEXT is 1..max of [A-Za-z0-9._-] and starts with a letter or digit. */
bool text_is_name(const char *text, size_t max);

/* GIVES base64 with padding, for free(); NULL without memory. */
char *text_base64(const uint8_t *bytes, size_t len);

/* Strict: padding required, no white space, no stray bits. GIVES *out_bytes for free(). */
NODISCARD enum result text_unbase64(const char *text, uint8_t **out_bytes,
                                    size_t *out_len);

/* Compares two strings in time that depends only on the length of A. */
bool text_equal_secret(const char *a, const char *b);

/* A growing, always terminated string. Zero-initialise; text_buffer_fini() ends it. When memory runs
 * out, or it would pass LIMIT (0: none), it stays as it was and `failed` is set. */
struct text_buffer {
    char *data;
    size_t len;
    size_t capacity;
    size_t limit;
    bool failed;
};

void text_buffer_fini(struct text_buffer *buffer);
void text_append(struct text_buffer *buffer, const char *bytes, size_t len);
void text_appendf(struct text_buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#define TEXT_BUFFER_OWNED __attribute__((cleanup(text_buffer_fini))) struct text_buffer

/* For `TEXT_OWNED char *x`: frees at the end of the block. */
void text_release(char **text);
#define TEXT_OWNED __attribute__((cleanup(text_release)))

#endif
