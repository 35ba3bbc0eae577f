/* Strict JSON: one pass over the bytes bounds depth and numbers, then jansson parses.
 * SPDX-License-Identifier: MIT
 *
 * The first pass exists because jansson recurses up to 2,048 levels, which a kernel stack does not have, and because
 * reals and integers beyond 2^53-1 read differently in different readers. It need not be a parser: what it lets
 * through wrongly, jansson refuses.
 */
#include "strict_json.h"

#include <string.h>

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* Checks the number that starts at TEXT[I] and returns the index after it; 0: refused. */
static size_t number_check(const uint8_t *text, size_t len, size_t i)
{
    uint64_t value = 0;
    if (text[i] == '-')
        i++;
    while (i < len && is_digit(text[i])) {
        value = value * 10 + (uint64_t)(text[i++] - '0');
        if (value > STRICT_JSON_INTEGER_MAX)
            return 0;
    }
    if (i < len && (text[i] == '.' || text[i] == 'e' || text[i] == 'E'))
        return 0;
    return i;
}

/* The index after the string that starts at TEXT[I]; LEN when it does not end. */
static size_t string_skip(const uint8_t *text, size_t len, size_t i)
{
    for (i++; i < len && text[i] != '"'; i++)
        if (text[i] == '\\')
            i++;
    return i < len ? i + 1 : len;
}

static bool bounds_check(const uint8_t *text, size_t len)
{
    unsigned depth = 0;
    for (size_t i = 0; i < len;) {
        uint8_t c = text[i];
        if (c == '"') {
            i = string_skip(text, len, i);
            continue;
        }
        if (c == '-' || is_digit(c)) {
            i = number_check(text, len, i);
            if (i == 0)
                return false;
            continue;
        }
        if (c == '{' || c == '[') {
            if (++depth > MANIFEST_DEPTH_MAX)
                return false;
        } else if ((c == '}' || c == ']') && depth > 0) {
            depth--;
        }
        i++;
    }
    return true;
}

enum manifest_status manifest_json_read(const void *text, size_t len, json_t **out)
{
    json_error_t error;
    if (len > MANIFEST_FRAME_MAX || !bounds_check(text, len))
        return MANIFEST_BAD_JSON;
    json_t *document = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
    if (!document) /* jansson says what is wrong with a text, and nothing when an allocation fails */
        return error.text[0] ? MANIFEST_BAD_JSON : MANIFEST_NO_MEMORY;
    if (!json_is_object(document)) {
        json_decref(document);
        return MANIFEST_BAD_JSON;
    }
    *out = document;
    return MANIFEST_OK;
}

void manifest_fields_init(struct fields *fields, const json_t *object)
{
    fields->object = object;
    fields->bad = !json_is_object(object);
}

static const json_t *field_get(struct fields *fields, const char *name)
{
    const json_t *value = fields->bad ? NULL : json_object_get(fields->object, name);
    if (!value)
        fields->bad = true;
    return value;
}

const char *manifest_field_string(struct fields *fields, const char *name, size_t max)
{
    const json_t *value = field_get(fields, name);
    if (!json_is_string(value) || json_string_length(value) > max) {
        fields->bad = true;
        return "";
    }
    return json_string_value(value);
}

const char *manifest_field_name(struct fields *fields, const char *name)
{
    const char *text = manifest_field_string(fields, name, MANIFEST_NAME_MAX);
    if (!fields->bad && !manifest_name_valid(text))
        fields->bad = true;
    return fields->bad ? "" : text;
}

uint64_t manifest_field_u64(struct fields *fields, const char *name, uint64_t min,
                            uint64_t max)
{
    const json_t *value = field_get(fields, name);
    if (!json_is_integer(value) || json_integer_value(value) < 0 ||
        (uint64_t)json_integer_value(value) < min ||
        (uint64_t)json_integer_value(value) > max) {
        fields->bad = true;
        return min;
    }
    return (uint64_t)json_integer_value(value);
}

int64_t manifest_field_time(struct fields *fields, const char *name)
{
    int64_t ms = 0;
    const char *text = manifest_field_string(fields, name, MANIFEST_TIME_LEN);
    if (!fields->bad && !manifest_time_read(text, &ms))
        fields->bad = true;
    return ms;
}

void manifest_field_hex(struct fields *fields, const char *name, uint8_t *out, size_t len)
{
    const char *text = manifest_field_string(fields, name, 2 * len);
    if (!fields->bad && !manifest_hex_read(text, out, len))
        fields->bad = true;
}

bool manifest_field_hex_or_null(struct fields *fields, const char *name, uint8_t *out,
                                size_t len)
{
    if (json_is_null(field_get(fields, name)))
        return false;
    manifest_field_hex(fields, name, out, len);
    return !fields->bad;
}

const json_t *manifest_field_object(struct fields *fields, const char *name)
{
    const json_t *value = field_get(fields, name);
    if (!json_is_object(value)) {
        fields->bad = true;
        return NULL;
    }
    return value;
}

const json_t *manifest_field_array(struct fields *fields, const char *name, size_t max)
{
    const json_t *value = field_get(fields, name);
    if (!json_is_array(value) || json_array_size(value) > max) {
        fields->bad = true;
        return NULL;
    }
    return value;
}

void manifest_field_hex_text(struct fields *fields, const char *name, char *out,
                             size_t len)
{
    const char *text = manifest_field_string(fields, name, len);
    if (fields->bad || strlen(text) != len || strspn(text, "0123456789abcdef") != len) {
        fields->bad = true;
        out[0] = 0;
        return;
    }
    memcpy(out, text, len + 1);
}
