/* Strict JSON on top of jansson.
 * SPDX-License-Identifier: MIT */
#include "base/json.h"

#include "base/clock.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 16

/* Counts brackets outside strings, so that jansson never recurses deeper than we allow. */
static bool too_deep(const char *text, size_t len)
{
    int depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (in_string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > DEPTH_MAX)
                return true;
        } else if (c == '}' || c == ']') {
            depth--;
        }
    }
    return false;
}

enum result json_read(const char *text, size_t len, json_t **out_object,
                      struct problem *problem)
{
    if (too_deep(text, len))
        return problem_set(problem, RESULT_INVALID, "bad-json",
                           "the JSON is nested too deeply");
    json_error_t error;
    json_t *value = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
    if (value == NULL) {
        char detail[sizeof error.text];
        memcpy(detail, error.text, sizeof detail);
        detail[sizeof detail - 1] = '\0';
        text_sanitise_line(detail);
        return problem_set(problem, RESULT_INVALID, "bad-json", "not JSON: %s (line %d)",
                           detail, error.line);
    }
    if (!json_is_object(value)) {
        json_decref(value);
        return problem_set(problem, RESULT_INVALID, "bad-json",
                           "the body must be a JSON object");
    }
    *out_object = value;
    return RESULT_OK;
}

char *json_text(const json_t *value)
{
    return json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
}

static enum result wrong(struct problem *problem, const char *key, const char *what)
{
    return problem_set(problem, RESULT_INVALID, "bad-request", "\"%s\" must be %s", key,
                       what);
}

enum result json_take_string(const json_t *object, const char *key, size_t max,
                             const char **out_text, struct problem *problem)
{
    const json_t *value = json_object_get(object, key);
    if (!json_is_string(value))
        return wrong(problem, key, "a string");
    if (json_string_length(value) > max)
        return wrong(problem, key, "shorter");
    *out_text = json_string_value(value);
    return RESULT_OK;
}

enum result json_take_integer(const json_t *object, const char *key, int64_t least,
                              int64_t most, int64_t *out_value, struct problem *problem)
{
    const json_t *value = json_object_get(object, key);
    if (!json_is_integer(value))
        return wrong(problem, key, "an integer");
    int64_t number = json_integer_value(value);
    if (number < least || number > most)
        return problem_set(problem, RESULT_INVALID, "bad-request",
                           "\"%s\" must be between %lld and %lld", key, (long long)least,
                           (long long)most);
    *out_value = number;
    return RESULT_OK;
}

enum result json_take_hex(const json_t *object, const char *key, size_t digits,
                          const char **out_text, struct problem *problem)
{
    const char *text = json_string_value(json_object_get(object, key));
    if (!text_is_hex(text, digits))
        return problem_set(problem, RESULT_INVALID, "bad-request",
                           "\"%s\" must be %zu lower-case hexadecimal digits", key,
                           digits);
    *out_text = text;
    return RESULT_OK;
}

static bool absent(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return value == NULL || json_is_null(value);
}

enum result json_maybe_string(const json_t *object, const char *key, size_t max,
                              const char *fallback, const char **out_text,
                              struct problem *problem)
{
    if (absent(object, key)) {
        *out_text = fallback;
        return RESULT_OK;
    }
    return json_take_string(object, key, max, out_text, problem);
}

enum result json_maybe_integer(const json_t *object, const char *key, int64_t least,
                               int64_t most, int64_t fallback, int64_t *out_value,
                               struct problem *problem)
{
    if (absent(object, key)) {
        *out_value = fallback;
        return RESULT_OK;
    }
    return json_take_integer(object, key, least, most, out_value, problem);
}

enum result json_maybe_bool(const json_t *object, const char *key, bool fallback,
                            bool *out_value, struct problem *problem)
{
    if (absent(object, key)) {
        *out_value = fallback;
        return RESULT_OK;
    }
    const json_t *value = json_object_get(object, key);
    if (!json_is_boolean(value))
        return wrong(problem, key, "true or false");
    *out_value = json_is_true(value);
    return RESULT_OK;
}

json_t *json_text_or_null(const char *text)
{
    if (text == NULL)
        return json_null();
    char *copy = strdup(text);
    if (copy == NULL)
        return json_null();
    text_sanitise_block(copy);
    json_t *value = json_string(copy);
    free(copy);
    return value == NULL ? json_null() : value;
}

json_t *json_time(int64_t ms)
{
    if (ms == 0)
        return json_null();
    char text[CLOCK_TEXT_LEN];
    clock_format(ms, text);
    return json_string(text);
}

json_t *json_stored(const char *text)
{
    json_t *value = text == NULL ? NULL : json_loads(text, JSON_DECODE_ANY, NULL);
    return value == NULL ? json_null() : value;
}

void json_release(json_t **value)
{
    json_decref(*value);
    *value = NULL;
}
