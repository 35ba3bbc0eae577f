/* Strict JSON: jansson behind a first pass that bounds depth and numbers, and field readers that collect one verdict.
 * SPDX-License-Identifier: MIT
 */
#ifndef MANIFEST_STRICT_JSON_H
#define MANIFEST_STRICT_JSON_H

#include <manifest/manifest.h>

#define STRICT_JSON_INTEGER_MAX                                                          \
    9007199254740991 /* 2^53 - 1: what every JSON reader can hold */

/* Fields of one object. `bad` is set by the first reader that does not find what it wants, and stays. */
struct fields {
    const json_t *object;
    bool bad;
};

void manifest_fields_init(struct fields *fields, const json_t *object);
/* Borrowed from the document; "" after a failure. At most MAX bytes. */
const char *manifest_field_string(struct fields *fields, const char *name, size_t max);
/* A name as manifest_name_valid() wants it. */
const char *manifest_field_name(struct fields *fields, const char *name);
uint64_t manifest_field_u64(struct fields *fields, const char *name, uint64_t min,
                            uint64_t max);
int64_t manifest_field_time(struct fields *fields, const char *name);
/* Hex of exactly LEN bytes. */
void manifest_field_hex(struct fields *fields, const char *name, uint8_t *out, size_t len);
/* Hex of LEN bytes, or null: then false. A missing field is bad. */
bool manifest_field_hex_or_null(struct fields *fields, const char *name, uint8_t *out,
                                size_t len);
/* NULL after a failure. */
const json_t *manifest_field_object(struct fields *fields, const char *name);
const json_t *manifest_field_array(struct fields *fields, const char *name, size_t max);
/* Copies a string of exactly LEN lower-case hex digits, NUL-terminated. */
void manifest_field_hex_text(struct fields *fields, const char *name, char *out,
                             size_t len);

#endif
