/* The buffer in which jansson gathers tokens and texts: what it has to give up is refused by its reader.
 * SPDX-License-Identifier: MIT
 *
 * jansson's reader does not ask whether a character of a token found room. In jansson's own buffer, which is left out, it is then
 * missing: a number becomes another one, and the end of a string is looked for behind the buffer. Here the contents of a buffer
 * that cannot grow become `spoiled`: as a string it ends in an escape that does not exist, as a number it has no digits
 * (json_port_integer()), and whatever comes behind it does not mend that. It lasts until the buffer is cleared.
 */
#include "private.h"

#include <jansson.h>
#include <strbuffer.h>
#include <string.h>

enum { LEN_MIN = 16 };

static const char spoiled[] = "\"\\u....\"";
_Static_assert(sizeof spoiled <= LEN_MIN, "every buffer has room for it");

int strbuffer_init(strbuffer_t *buffer)
{
    *buffer = (strbuffer_t){.value = jsonp_malloc(LEN_MIN), .size = LEN_MIN};
    if (buffer->value == NULL)
        return -1;
    buffer->value[0] = '\0';
    return 0;
}

void strbuffer_close(strbuffer_t *buffer)
{
    jsonp_free(buffer->value);
    *buffer = (strbuffer_t){0};
}

void strbuffer_clear(strbuffer_t *buffer)
{
    buffer->length = 0;
    buffer->value[0] = '\0';
}

const char *strbuffer_value(const strbuffer_t *buffer)
{
    return buffer->value;
}

char *strbuffer_steal_value(strbuffer_t *buffer)
{
    char *value = buffer->value;
    *buffer = (strbuffer_t){0};
    return value;
}

/* Gives false if LEN more bytes and the end do not fit. */
static bool make_room(strbuffer_t *buffer, size_t len)
{
    size_t size;
    if (len < buffer->size - buffer->length)
        return true;
    if (__builtin_add_overflow(buffer->length, len, &size) || size > SIZE_MAX / 2 - 1)
        return false;
    size = 2 * (size + 1);
    char *larger = jsonp_malloc(size);
    if (larger == NULL)
        return false;
    memcpy(larger, buffer->value, buffer->length);
    jsonp_free(buffer->value);
    buffer->value = larger;
    buffer->size = size;
    return true;
}

int strbuffer_append_bytes(strbuffer_t *buffer, const char *data, size_t len)
{
    if (!make_room(buffer, len)) {
        memcpy(buffer->value, spoiled, sizeof spoiled);
        buffer->length = sizeof spoiled - 1;
        return -1;
    }
    memcpy(buffer->value + buffer->length, data, len);
    buffer->length += len;
    buffer->value[buffer->length] = '\0';
    return 0;
}

int strbuffer_append_byte(strbuffer_t *buffer, char byte)
{
    return strbuffer_append_bytes(buffer, &byte, 1);
}

char strbuffer_pop(strbuffer_t *buffer)
{
    if (buffer->length == 0)
        return '\0';
    char last = buffer->value[--buffer->length];
    buffer->value[buffer->length] = '\0';
    return last;
}
