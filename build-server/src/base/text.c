/* Sanitising, hexadecimal, base64, growing buffers.
 * SPDX-License-Identifier: MIT */
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void text_copy(char *out, size_t capacity, const char *text)
{
    size_t len = text == NULL ? 0 : strnlen(text, capacity - 1);
    if (len > 0)
        memcpy(out, text, len);
    out[len] = '\0';
}

/* Length of the valid UTF-8 sequence at TEXT, or 0. *out_code is the character. */
static size_t decode(const unsigned char *text, uint32_t *out_code)
{
    unsigned char first = text[0];
    if (first < 0x80) {
        *out_code = first;
        return 1;
    }
    size_t len = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4)
        return 0;
    uint32_t code = first & (0xffu >> (len + 1));
    for (size_t i = 1; i < len; i++) {
        if ((text[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (text[i] & 0x3fu);
    }
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (code < least[len] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
        return 0;
    *out_code = code;
    return len;
}

static bool is_harmful(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code < 0xa0) ||
           (code >= 0x200b && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
           (code >= 0x2066 && code <= 0x2069) || code == 0xfeff;
}

static void sanitise(char *text, bool keep_newlines)
{
    const unsigned char *from = (const unsigned char *)text;
    char *to = text;
    while (*from != '\0') {
        uint32_t code = 0;
        size_t len = decode(from, &code);
        if (len == 0) {
            *to++ = '?';
            from++;
        } else if (keep_newlines && code == '\n') {
            *to++ = '\n';
            from++;
        } else if (keep_newlines && code == '\r') {
            from++;
        } else if (code == '\t') {
            *to++ = ' ';
            from++;
        } else if (is_harmful(code)) {
            *to++ = '?';
            from += len;
        } else {
            memmove(to, from, len);
            to += len;
            from += len;
        }
    }
    *to = '\0';
}

void text_sanitise_line(char *text)
{
    sanitise(text, false);
}

void text_sanitise_block(char *text)
{
    sanitise(text, true);
}

static const char hex_digits[] = "0123456789abcdef";

void text_hex(const uint8_t *bytes, size_t len, char *out)
{
    for (size_t i = 0; i < len; i++) {
        out[2 * i] = hex_digits[bytes[i] >> 4];
        out[2 * i + 1] = hex_digits[bytes[i] & 15];
    }
    out[2 * len] = '\0';
}

static int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    return -1;
}

bool text_is_hex(const char *text, size_t digits)
{
    if (text == NULL)
        return false;
    size_t i = 0;
    while (text[i] != '\0' && hex_value(text[i]) >= 0)
        i++;
    return text[i] == '\0' && i == digits;
}

enum result text_unhex(const char *text, uint8_t *out_bytes, size_t len)
{
    if (!text_is_hex(text, 2 * len))
        return RESULT_INVALID;
    for (size_t i = 0; i < len; i++)
        out_bytes[i] = (uint8_t)(hex_value(text[2 * i]) << 4 | hex_value(text[2 * i + 1]));
    return RESULT_OK;
}

bool text_is_name(const char *text, size_t max)
{
    if (text == NULL)
        return false;
    size_t i = 0;
    for (; text[i] != '\0' && i <= max; i++) {
        char c = text[i];
        bool alphanumeric =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!alphanumeric && (i == 0 || (c != '.' && c != '_' && c != '-')))
            return false;
    }
    return i > 0 && i <= max;
}

static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *text_base64(const uint8_t *bytes, size_t len)
{
    char *out = malloc((len + 2) / 3 * 4 + 1);
    if (out == NULL)
        return NULL;
    char *to = out;
    for (size_t i = 0; i < len; i += 3) {
        uint32_t group = (uint32_t)bytes[i] << 16;
        if (i + 1 < len)
            group |= (uint32_t)bytes[i + 1] << 8;
        if (i + 2 < len)
            group |= bytes[i + 2];
        *to++ = base64_digits[group >> 18];
        *to++ = base64_digits[group >> 12 & 63];
        *to++ = i + 1 < len ? base64_digits[group >> 6 & 63] : '=';
        *to++ = i + 2 < len ? base64_digits[group & 63] : '=';
    }
    *to = '\0';
    return out;
}

static int base64_value(char digit)
{
    const char *found = digit == '\0' ? NULL : strchr(base64_digits, digit);
    return found == NULL ? -1 : (int)(found - base64_digits);
}

enum result text_unbase64(const char *text, uint8_t **out_bytes, size_t *out_len)
{
    size_t len = strlen(text);
    if (len % 4 != 0)
        return RESULT_INVALID;
    size_t padding = len == 0 ? 0 : (text[len - 1] == '=') + (text[len - 2] == '=');
    uint8_t *bytes = malloc(len / 4 * 3 + 1);
    if (bytes == NULL)
        return RESULT_MEMORY;
    size_t count = 0;
    uint32_t group = 0;
    for (size_t i = 0; i < len; i++) {
        int value = i >= len - padding ? 0 : base64_value(text[i]);
        if (value < 0)
            goto invalid;
        group = group << 6 | (uint32_t)value;
        if (i % 4 == 3) {
            bytes[count++] = (uint8_t)(group >> 16);
            bytes[count++] = (uint8_t)(group >> 8);
            bytes[count++] = (uint8_t)group;
            group = 0;
        }
    }
    for (size_t i = 0; i < padding; i++) {
        if (bytes[--count] != 0)
            goto invalid;
    }
    *out_bytes = bytes;
    *out_len = count;
    return RESULT_OK;
invalid:
    free(bytes);
    return RESULT_INVALID;
}

bool text_equal_secret(const char *a, const char *b)
{
    size_t len = strlen(a);
    size_t other = strlen(b);
    volatile unsigned char difference = len == other ? 0 : 1;
    for (size_t i = 0; i < len; i++)
        difference |= (unsigned char)(a[i] ^ (i < other ? b[i] : 0));
    return difference == 0;
}

void text_buffer_fini(struct text_buffer *buffer)
{
    free(buffer->data);
    memset(buffer, 0, sizeof *buffer);
}

static bool reserve(struct text_buffer *buffer, size_t more)
{
    if (buffer->limit != 0 && buffer->len + more > buffer->limit)
        return false;
    size_t needed = buffer->len + more + 1;
    if (needed <= buffer->capacity)
        return true;
    size_t capacity = buffer->capacity < 256 ? 256 : buffer->capacity;
    while (capacity < needed)
        capacity *= 2;
    char *data = realloc(buffer->data, capacity);
    if (data == NULL)
        return false;
    buffer->data = data;
    buffer->capacity = capacity;
    return true;
}

void text_append(struct text_buffer *buffer, const char *bytes, size_t len)
{
    if (!reserve(buffer, len)) {
        buffer->failed = true;
        return;
    }
    memcpy(buffer->data + buffer->len, bytes, len);
    buffer->len += len;
    buffer->data[buffer->len] = '\0';
}

void text_appendf(struct text_buffer *buffer, const char *format, ...)
{
    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    int len = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (len < 0) {
        buffer->failed = true;
        return;
    }
    text_append(buffer, text, (size_t)len);
    free(text);
}

void text_release(char **text)
{
    free(*text);
    *text = NULL;
}
