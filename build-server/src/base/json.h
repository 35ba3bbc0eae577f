/* Strict reading and easy writing of JSON (jansson); every other file includes jansson through here.
 * SPDX-License-Identifier: MIT
 *
 * Reading: json_read() refuses duplicate keys, NUL characters, trailing bytes, depth above 16. The
 * take functions check the type and the range; a missing or wrong member gives RESULT_INVALID and a
 * problem that names it. Strings that they give are lent by the object.
 * Writing: rows are built with jansson's json_pack and json_object_set_new. */
#ifndef NEURATH_BASE_JSON_H
#define NEURATH_BASE_JSON_H

#include "base/result.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* GIVES the object for json_decref(). The top level must be an object. */
NODISCARD enum result json_read(const char *text, size_t len, json_t **out_object,
                                struct problem *problem);

/* GIVES compact text for free(); NULL without memory. */
char *json_text(const json_t *value);

/* Required members. */
NODISCARD enum result json_take_string(const json_t *object, const char *key, size_t max,
                                       const char **out_text, struct problem *problem);
NODISCARD enum result json_take_integer(const json_t *object, const char *key,
                                        int64_t least, int64_t most, int64_t *out_value,
                                        struct problem *problem);
NODISCARD enum result json_take_hex(const json_t *object, const char *key, size_t digits,
                                    const char **out_text, struct problem *problem);

/* Optional members: the fallback when absent or null, RESULT_INVALID when of another type. */
NODISCARD enum result json_maybe_string(const json_t *object, const char *key, size_t max,
                                        const char *fallback, const char **out_text,
                                        struct problem *problem);
NODISCARD enum result json_maybe_integer(const json_t *object, const char *key,
                                         int64_t least, int64_t most, int64_t fallback,
                                         int64_t *out_value, struct problem *problem);
NODISCARD enum result json_maybe_bool(const json_t *object, const char *key, bool fallback,
                                      bool *out_value, struct problem *problem);

/* A JSON string or null; never fails on bad UTF-8 (sanitised first). */
json_t *json_text_or_null(const char *text);

/* RFC 3339 text, or null when MS is 0. */
json_t *json_time(int64_t ms);

/* Parses TEXT that we stored ourselves; null when TEXT is NULL or damaged. */
json_t *json_stored(const char *text);

void json_release(json_t **value);
#define JSON_OWNED __attribute__((cleanup(json_release)))

#endif
