/* Releases: reading, and the rules that a set of cells keeps.
 * SPDX-License-Identifier: MIT
 */
#include <manifest/manifest.h>

#include "frame.h"
#include "release.h"
#include "strict_json.h"
#include <manifest/signature/crypto.h>

#include <lib/base/memory.h>
#include <string.h>

/* Strings of a JSON array as an array of pointers into the document; GIVES *out. */
static enum manifest_status strings_read(const json_t *array, size_t max, size_t len_max,
                                         const char *const **out, size_t *out_count)
{
    size_t count = json_array_size(array);
    if (!json_is_array(array) || count > max)
        return MANIFEST_BAD_FIELD;
    const char **strings = memory_new_array(const char *, count ? count : 1);
    if (!strings)
        return MANIFEST_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        strings[i] = json_string_value(json_array_get(array, i));
        if (!strings[i] || strlen(strings[i]) > len_max) {
            free(strings);
            return MANIFEST_BAD_FIELD;
        }
    }
    *out = strings;
    *out_count = count;
    return MANIFEST_OK;
}

static enum manifest_status cell_read(const json_t *object, struct manifest_cell *out)
{
    struct fields fields;
    uint8_t abi[8] = {0};
    manifest_fields_init(&fields, object);
    out->name = manifest_field_name(&fields, "name");
    manifest_field_hex(&fields, "object", out->object, MANIFEST_HASH_LEN);
    out->length = manifest_field_u64(&fields, "length", 1, MANIFEST_OBJECT_MAX);
    manifest_field_hex(&fields, "abi", abi, sizeof abi);
    const json_t *uses = manifest_field_array(&fields, "uses", USES_MAX);
    if (fields.bad)
        return MANIFEST_BAD_FIELD;
    for (unsigned i = 0; i < sizeof abi; i++)
        out->abi = out->abi << 8 | abi[i];
    return strings_read(uses, USES_MAX, MANIFEST_NAME_MAX, &out->uses, &out->use_count);
}

static int cell_compare(const void *left, const void *right)
{
    const struct manifest_cell *a = left;
    const struct manifest_cell *b = right;
    return strcmp(a->name, b->name);
}

const struct manifest_cell *manifest_release_cell(const struct manifest_release *release,
                                                  const char *name)
{
    struct manifest_cell key = {.name = name};
    return release->cell_count ? bsearch(&key, release->cells, release->cell_count,
                                         sizeof key, cell_compare)
                               : NULL;
}

/* The hash over cells that are sorted by name. */
static enum manifest_status content_hash(const struct manifest_cell *cells, size_t count,
                                         uint8_t out_content[MANIFEST_HASH_LEN])
{
    enum { LINE_MAX = MANIFEST_NAME_MAX + 1 + 2 * MANIFEST_HASH_LEN + 1 };
    char *text = memory_new_array(char, count *LINE_MAX + 1);
    size_t len = 0;
    if (!text)
        return MANIFEST_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        size_t name_len = strlen(cells[i].name);
        memcpy(text + len, cells[i].name, name_len);
        len += name_len;
        text[len++] = ' ';
        manifest_hex_write(cells[i].object, MANIFEST_HASH_LEN, text + len);
        len += 2 * MANIFEST_HASH_LEN;
        text[len++] = '\n';
    }
    enum manifest_status status = manifest_hash(text, len, out_content);
    free(text);
    return status;
}

enum manifest_status manifest_content_id(const struct manifest_cell *cells, size_t count,
                                         uint8_t out_content[MANIFEST_HASH_LEN])
{
    if (count > MANIFEST_CELLS_MAX)
        return MANIFEST_BAD_SET;
    struct manifest_cell *sorted =
        memory_new_array(struct manifest_cell, count ? count : 1);
    if (!sorted)
        return MANIFEST_NO_MEMORY;
    enum manifest_status status = MANIFEST_OK;
    for (size_t i = 0; i < count; i++) {
        sorted[i] = cells[i];
        if (strlen(cells[i].name) > MANIFEST_NAME_MAX)
            status = MANIFEST_BAD_SET;
    }
    qsort(sorted, count, sizeof *sorted, cell_compare);
    if (status == MANIFEST_OK)
        status = content_hash(sorted, count, out_content);
    free(sorted);
    return status;
}

enum manifest_status manifest_release_check_set(const struct manifest_release *release)
{
    if (release->cell_count > MANIFEST_CELLS_MAX)
        return MANIFEST_BAD_SET;
    for (size_t i = 0; i < release->cell_count; i++) {
        const struct manifest_cell *cell = &release->cells[i];
        if (!manifest_name_valid(cell->name) || cell->length == 0 ||
            cell->length > MANIFEST_OBJECT_MAX || cell->use_count > USES_MAX)
            return MANIFEST_BAD_SET;
        if (i > 0 && strcmp(release->cells[i - 1].name, cell->name) >= 0)
            return MANIFEST_BAD_SET;
        for (size_t k = 0; k < cell->use_count; k++)
            if (!manifest_release_cell(release, cell->uses[k]))
                return MANIFEST_BAD_SET;
    }
    return MANIFEST_OK;
}

static enum manifest_status cells_read(const json_t *array, struct manifest_release *out)
{
    size_t count = json_array_size(array);
    out->cells = memory_new_array(struct manifest_cell, count ? count : 1);
    if (!out->cells)
        return MANIFEST_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        enum manifest_status status = cell_read(json_array_get(array, i), &out->cells[i]);
        if (status != MANIFEST_OK)
            return status;
        out->cell_count++;
    }
    qsort(out->cells, count, sizeof *out->cells, cell_compare);
    return MANIFEST_OK;
}

static void base_read(struct fields *fields, struct manifest_release *out)
{
    struct fields base;
    manifest_fields_init(&base, manifest_field_object(fields, "base"));
    manifest_field_hex(&base, "stub", out->stub, MANIFEST_HASH_LEN);
    out->has_image =
        manifest_field_hex_or_null(&base, "image", out->image, MANIFEST_HASH_LEN);
    out->image_length = manifest_field_u64(&base, "length", 0, STRICT_JSON_INTEGER_MAX);
    fields->bad = fields->bad || base.bad;
}

static enum manifest_status release_fields(const json_t *document,
                                           struct manifest_release *out)
{
    struct fields fields;
    uint8_t content[MANIFEST_HASH_LEN];
    manifest_fields_init(&fields, document);
    if (strcmp(manifest_field_string(&fields, "type", MANIFEST_TYPE_MAX),
               MANIFEST_TYPE_RELEASE) != 0)
        return MANIFEST_BAD_FIELD;
    out->version = manifest_field_u64(&fields, "version", 1, STRICT_JSON_INTEGER_MAX);
    out->channel = manifest_field_name(&fields, "channel");
    out->target = manifest_field_name(&fields, "target");
    manifest_field_hex_text(&fields, "commit", out->commit, 40);
    out->created_ms = manifest_field_time(&fields, "created");
    out->expires_ms = manifest_field_time(&fields, "expires");
    out->security = manifest_field_u64(&fields, "security", 0, STRICT_JSON_INTEGER_MAX);
    base_read(&fields, out);
    manifest_field_hex(&fields, "content", out->content, MANIFEST_HASH_LEN);
    out->has_previous =
        manifest_field_hex_or_null(&fields, "previous", out->previous, MANIFEST_HASH_LEN);
    const json_t *cells = manifest_field_array(&fields, "cells", MANIFEST_CELLS_MAX);
    const json_t *needs_boot = manifest_field_array(&fields, "needs_boot", NEEDS_BOOT_MAX);
    if (fields.bad)
        return MANIFEST_BAD_FIELD;
    enum manifest_status status =
        strings_read(needs_boot, NEEDS_BOOT_MAX, NEEDS_BOOT_LEN_MAX, &out->needs_boot,
                     &out->needs_boot_count);
    const json_t *consent = json_object_get(document, "consent");
    if (status == MANIFEST_OK && consent)
        status = strings_read(consent, MANIFEST_CONSENT_MAX, MANIFEST_CONSENT_LEN_MAX,
                              &out->consent, &out->consent_count);
    if (status == MANIFEST_OK)
        status = cells_read(cells, out);
    if (status == MANIFEST_OK)
        status = manifest_release_check_set(out);
    if (status == MANIFEST_OK)
        status = content_hash(out->cells, out->cell_count, content);
    if (status == MANIFEST_OK && memcmp(content, out->content, sizeof content) != 0)
        status = MANIFEST_BAD_SET;
    return status;
}

void manifest_release_fini(struct manifest_release *release)
{
    if (!release)
        return;
    for (size_t i = 0; release->cells && i < release->cell_count; i++)
        free((void *)release->cells[i].uses);
    free(release->cells);
    free((void *)release->needs_boot);
    free((void *)release->consent);
    json_decref(release->document);
    memset(release, 0, sizeof *release);
}

enum manifest_status manifest_release_open(const uint8_t *bytes, size_t len,
                                           const struct manifest_root *root,
                                           struct manifest_release *out)
{
    struct manifest_frame frame;
    struct manifest_release release = {0};
    json_t *document;
    enum manifest_status status = manifest_frame_decode(bytes, len, &frame);
    if (status != MANIFEST_OK)
        return status;
    if (!manifest_frame_is(&frame, MANIFEST_TYPE_RELEASE))
        return MANIFEST_WRONG_TYPE;
    status = manifest_frame_verify(&frame, root, MANIFEST_ROLE_RELEASE);
    if (status != MANIFEST_OK)
        return status;
    status = manifest_json_read(frame.payload, frame.payload_len, &document);
    if (status != MANIFEST_OK)
        return status;
    release.document = document;
    status = release_fields(document, &release);
    if (status != MANIFEST_OK)
        manifest_release_fini(&release);
    else
        *out = release;
    return status;
}
