/* The texts of payloads, for hosts: strict JSON, keys sorted, no blanks.
 * SPDX-License-Identifier: MIT
 */
#include <manifest/sign.h>

#include "release.h"
#include "strict_json.h"

#include <stdlib.h>
#include <string.h>

/* An object under construction: a failed step is remembered, so that one check at the end does. */
struct draft {
    json_t *object;
    bool failed;
};

static void draft_init(struct draft *draft, const char *type)
{
    draft->object = json_object();
    draft->failed = !draft->object;
    if (type && !draft->failed &&
        json_object_set_new(draft->object, "type", json_string(type)) != 0)
        draft->failed = true;
}

/* Takes VALUE; NULL is a failure. */
static void draft_set(struct draft *draft, const char *name, json_t *value)
{
    if (draft->failed) {
        json_decref(value);
        return;
    }
    if (json_object_set_new(draft->object, name, value) != 0)
        draft->failed = true;
}

static void draft_u64(struct draft *draft, const char *name, uint64_t value)
{
    draft_set(draft, name, json_integer((json_int_t)value));
}

static void draft_string(struct draft *draft, const char *name, const char *value)
{
    draft_set(draft, name, json_string(value));
}

static void draft_hex(struct draft *draft, const char *name, const uint8_t *bytes,
                      size_t len)
{
    char text[2 * MANIFEST_PUBLIC_LEN + 1];
    manifest_hex_write(bytes, len, text);
    draft_string(draft, name, text);
}

static void draft_time(struct draft *draft, const char *name, int64_t ms)
{
    char text[MANIFEST_TIME_LEN + 1];
    manifest_time_write(ms, text);
    draft_string(draft, name, text);
}

/* Takes ITEM. */
static void draft_append(struct draft *draft, json_t *array, json_t *item)
{
    if (json_array_append_new(array, item) != 0)
        draft->failed = true;
}

/* The object as a value for draft_set(): NULL if anything failed. */
static json_t *draft_value(struct draft *draft)
{
    if (draft->failed) {
        json_decref(draft->object);
        return NULL;
    }
    return draft->object;
}

static enum manifest_status draft_text(struct draft *draft, char **out)
{
    json_t *object = draft_value(draft);
    if (!object)
        return MANIFEST_NO_MEMORY;
    char *text = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(object);
    if (!text)
        return MANIFEST_NO_MEMORY;
    if (strlen(text) > MANIFEST_FRAME_MAX) {
        free(text);
        return MANIFEST_BAD_FRAME;
    }
    *out = text;
    return MANIFEST_OK;
}

/* --- Root ---------------------------------------------------------------------------------------------------- */

static json_t *role_value(const struct manifest_root *root,
                          const struct manifest_role_rule *rule)
{
    struct draft draft;
    json_t *ids = json_array();
    draft_init(&draft, NULL);
    for (unsigned i = 0; i < rule->key_count; i++) {
        char id[2 * MANIFEST_HASH_LEN + 1];
        manifest_hex_write(root->keys[rule->key[i]].id, MANIFEST_HASH_LEN, id);
        draft_append(&draft, ids, json_string(id));
    }
    draft_set(&draft, "keyids", ids);
    draft_u64(&draft, "threshold", rule->threshold);
    return draft_value(&draft);
}

static json_t *keys_value(const struct manifest_root *root)
{
    struct draft draft;
    draft_init(&draft, NULL);
    for (size_t i = 0; i < root->key_count; i++) {
        struct draft key;
        char id[2 * MANIFEST_HASH_LEN + 1];
        manifest_hex_write(root->keys[i].id, MANIFEST_HASH_LEN, id);
        draft_init(&key, NULL);
        draft_string(&key, "scheme", "ecdsa-p256");
        draft_hex(&key, "public", root->keys[i].public_key, MANIFEST_PUBLIC_LEN);
        draft_set(&draft, id, draft_value(&key));
    }
    return draft_value(&draft);
}

static bool root_valid(const struct manifest_root *root)
{
    uint8_t fleet[MANIFEST_MACHINE_LEN / 2];
    if (root->version == 0 || root->version > STRICT_JSON_INTEGER_MAX ||
        root->key_count > MANIFEST_KEYS_MAX ||
        !manifest_hex_read(root->fleet, fleet, sizeof fleet))
        return false;
    for (size_t i = 0; i < root->key_count; i++)
        if (!root->keys[i].usable)
            return false;
    for (int role = 0; role < MANIFEST_ROLE_COUNT; role++) {
        const struct manifest_role_rule *rule = &root->roles[role];
        if (rule->threshold == 0 || rule->threshold > rule->key_count ||
            rule->key_count > MANIFEST_KEYS_MAX)
            return false;
        for (unsigned i = 0; i < rule->key_count; i++)
            if (rule->key[i] >= root->key_count)
                return false;
    }
    return true;
}

enum manifest_status manifest_root_text(const struct manifest_root *root, char **out)
{
    struct draft draft, roles;
    if (!root_valid(root))
        return MANIFEST_BAD_FIELD;
    draft_init(&draft, MANIFEST_TYPE_ROOT);
    draft_u64(&draft, "version", root->version);
    draft_string(&draft, "fleet", root->fleet);
    draft_time(&draft, "expires", root->expires_ms);
    draft_set(&draft, "keys", keys_value(root));
    draft_init(&roles, NULL);
    draft_set(&roles, "root", role_value(root, &root->roles[MANIFEST_ROLE_ROOT]));
    draft_set(&roles, "release", role_value(root, &root->roles[MANIFEST_ROLE_RELEASE]));
    draft_set(&roles, "timestamp",
              role_value(root, &root->roles[MANIFEST_ROLE_TIMESTAMP]));
    draft_set(&draft, "roles", draft_value(&roles));
    return draft_text(&draft, out);
}

enum manifest_status manifest_root_add(struct manifest_root *root, enum manifest_role role,
                                       const struct manifest_key *key)
{
    struct manifest_role_rule *rule = &root->roles[role];
    size_t index = 0;
    while (index < root->key_count &&
           memcmp(root->keys[index].id, key->id, MANIFEST_HASH_LEN) != 0)
        index++;
    for (unsigned i = 0; i < rule->key_count; i++)
        if (rule->key[i] == index)
            return MANIFEST_OK;
    if (index == MANIFEST_KEYS_MAX || rule->key_count == MANIFEST_KEYS_MAX)
        return MANIFEST_BAD_FIELD;
    if (index == root->key_count)
        root->keys[root->key_count++] = *key;
    rule->key[rule->key_count++] = (uint8_t)index;
    return MANIFEST_OK;
}

/* --- Release ------------------------------------------------------------------------------------------------- */

static json_t *strings_value(const char *const *strings, size_t count)
{
    struct draft draft = {.object = json_array()};
    for (size_t i = 0; i < count; i++)
        draft_append(&draft, draft.object, json_string(strings[i]));
    return draft_value(&draft);
}

/* What needs a boot is told to people: more than a reader takes is cut, it never keeps a release back. */
static json_t *needs_boot_value(const struct manifest_release *release)
{
    struct draft draft = {.object = json_array()};
    for (size_t i = 0; i < release->needs_boot_count && i < NEEDS_BOOT_MAX; i++) {
        const char *text = release->needs_boot[i];
        size_t len = strnlen(text, NEEDS_BOOT_LEN_MAX);
        while (text[len] && len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
            len--;
        draft_append(&draft, draft.object, json_stringn(text, len));
    }
    return draft_value(&draft);
}

static json_t *cell_value(const struct manifest_cell *cell)
{
    struct draft draft;
    uint8_t abi[8];
    for (unsigned i = 0; i < sizeof abi; i++)
        abi[i] = (uint8_t)(cell->abi >> (56 - 8 * i));
    draft_init(&draft, NULL);
    draft_string(&draft, "name", cell->name);
    draft_hex(&draft, "object", cell->object, MANIFEST_HASH_LEN);
    draft_u64(&draft, "length", cell->length);
    draft_hex(&draft, "abi", abi, sizeof abi);
    draft_set(&draft, "uses", strings_value(cell->uses, cell->use_count));
    return draft_value(&draft);
}

static json_t *base_value(const struct manifest_release *release)
{
    struct draft draft;
    draft_init(&draft, NULL);
    draft_hex(&draft, "stub", release->stub, MANIFEST_HASH_LEN);
    if (release->has_image)
        draft_hex(&draft, "image", release->image, MANIFEST_HASH_LEN);
    else
        draft_set(&draft, "image", json_null());
    draft_u64(&draft, "length", release->image_length);
    return draft_value(&draft);
}

static int cell_compare(const void *left, const void *right)
{
    const struct manifest_cell *a = left;
    const struct manifest_cell *b = right;
    return strcmp(a->name, b->name);
}

static enum manifest_status release_valid(const struct manifest_release *sorted)
{
    uint8_t commit[20];
    if (sorted->version == 0 || sorted->version > STRICT_JSON_INTEGER_MAX ||
        sorted->security > STRICT_JSON_INTEGER_MAX ||
        !manifest_name_valid(sorted->channel) || !manifest_name_valid(sorted->target) ||
        !manifest_hex_read(sorted->commit, commit, sizeof commit) ||
        sorted->consent_count > MANIFEST_CONSENT_MAX)
        return MANIFEST_BAD_FIELD;
    for (size_t i = 0; i < sorted->consent_count; i++)
        if (strlen(sorted->consent[i]) > MANIFEST_CONSENT_LEN_MAX)
            return MANIFEST_BAD_FIELD;
    return manifest_release_check_set(sorted);
}

/* Reads a JSON text of the caller's; TEXT NULL: EMPTY. */
static json_t *text_value(const char *text, const char *empty)
{
    return json_loads(text ? text : empty, JSON_REJECT_DUPLICATES, NULL);
}

static enum manifest_status release_compose(const struct manifest_release *release,
                                            const uint8_t content[MANIFEST_HASH_LEN],
                                            char **out)
{
    struct draft draft;
    json_t *cells = json_array();
    draft_init(&draft, MANIFEST_TYPE_RELEASE);
    draft_u64(&draft, "version", release->version);
    draft_string(&draft, "channel", release->channel);
    draft_string(&draft, "target", release->target);
    draft_string(&draft, "commit", release->commit);
    draft_time(&draft, "created", release->created_ms);
    draft_time(&draft, "expires", release->expires_ms);
    draft_u64(&draft, "security", release->security);
    draft_set(&draft, "base", base_value(release));
    draft_hex(&draft, "content", content, MANIFEST_HASH_LEN);
    if (release->has_previous)
        draft_hex(&draft, "previous", release->previous, MANIFEST_HASH_LEN);
    else
        draft_set(&draft, "previous", json_null());
    draft_set(&draft, "needs_boot", needs_boot_value(release));
    if (release->consent_count > 0)
        draft_set(&draft, "consent",
                  strings_value(release->consent, release->consent_count));
    draft_set(&draft, "provenance", text_value(release->provenance, "{}"));
    draft_set(&draft, "edges", text_value(release->edges, "[]"));
    for (size_t i = 0; i < release->cell_count; i++)
        draft_append(&draft, cells, cell_value(&release->cells[i]));
    draft_set(&draft, "cells", cells);
    return draft_text(&draft, out);
}

enum manifest_status manifest_release_text(const struct manifest_release *release,
                                           char **out)
{
    struct manifest_release sorted = *release;
    uint8_t content[MANIFEST_HASH_LEN];
    if (release->cell_count > MANIFEST_CELLS_MAX)
        return MANIFEST_BAD_SET;
    sorted.cells =
        calloc(release->cell_count ? release->cell_count : 1, sizeof *sorted.cells);
    if (!sorted.cells)
        return MANIFEST_NO_MEMORY;
    if (release->cell_count > 0)
        memcpy(sorted.cells, release->cells, release->cell_count * sizeof *sorted.cells);
    qsort(sorted.cells, sorted.cell_count, sizeof *sorted.cells, cell_compare);
    enum manifest_status status = release_valid(&sorted);
    if (status == MANIFEST_OK)
        status = manifest_content_id(sorted.cells, sorted.cell_count, content);
    if (status == MANIFEST_OK)
        status = release_compose(&sorted, content, out);
    free(sorted.cells);
    return status;
}

/* --- Timestamp, fresh ---------------------------------------------------------------------------------------- */

enum manifest_status manifest_timestamp_text(const struct manifest_timestamp *timestamp,
                                             char **out)
{
    struct draft draft, release;
    if (timestamp->counter == 0 || timestamp->counter > STRICT_JSON_INTEGER_MAX ||
        timestamp->release == 0 || timestamp->release > STRICT_JSON_INTEGER_MAX ||
        timestamp->release_length == 0 || timestamp->release_length > MANIFEST_FRAME_MAX ||
        !manifest_name_valid(timestamp->channel))
        return MANIFEST_BAD_FIELD;
    draft_init(&draft, MANIFEST_TYPE_TIMESTAMP);
    draft_u64(&draft, "counter", timestamp->counter);
    draft_string(&draft, "channel", timestamp->channel);
    draft_time(&draft, "time", timestamp->time_ms);
    draft_time(&draft, "expires", timestamp->expires_ms);
    draft_hex(&draft, "orders_root", timestamp->orders_root, MANIFEST_HASH_LEN);
    draft_init(&release, NULL);
    draft_u64(&release, "version", timestamp->release);
    draft_hex(&release, "hash", timestamp->release_hash, MANIFEST_HASH_LEN);
    draft_u64(&release, "length", timestamp->release_length);
    if (timestamp->rollback)
        draft_string(&release, "intent", "rollback");
    draft_set(&draft, "release", draft_value(&release));
    return draft_text(&draft, out);
}

enum manifest_status manifest_fresh_text(const struct manifest_fresh *fresh, char **out)
{
    struct draft draft;
    uint8_t boot_id[16];
    if (!manifest_hex_read(fresh->boot_id, boot_id, sizeof boot_id))
        return MANIFEST_BAD_FIELD;
    draft_init(&draft, MANIFEST_TYPE_FRESH);
    draft_hex(&draft, "nonce", fresh->nonce, sizeof fresh->nonce);
    draft_string(&draft, "boot_id", fresh->boot_id);
    draft_hex(&draft, "timestamp_hash", fresh->timestamp_hash, MANIFEST_HASH_LEN);
    draft_time(&draft, "time", fresh->time_ms);
    return draft_text(&draft, out);
}
