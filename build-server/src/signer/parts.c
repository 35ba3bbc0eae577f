/* The rules of sets.
 * SPDX-License-Identifier: MIT */
#include "signer/parts.h"

#include "base/files.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct check {
    const char *state;
    const struct journal *journal;
    const struct manifest_root *root;
    const struct manifest_release *set;
    char *why;
};

static enum result refuse(struct check *check, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static enum result refuse(struct check *check, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(check->why, PARTS_WHY_LEN, format, arguments);
    va_end(arguments);
    return RESULT_REFUSED;
}

/* Rule 1. GIVES *out (manifest_release_fini). */
static enum result open_part(struct check *check, int64_t version,
                             struct manifest_release *out)
{
    const struct journal_release *known = journal_find(check->journal, version);
    TEXT_OWNED char *path =
        files_path("%s/releases/%lld", check->state, (long long)version);
    uint8_t *bytes = NULL;
    size_t len = 0;
    if (known == NULL)
        return refuse(check, "release %lld was never signed here", (long long)version);
    if (files_read(path, MANIFEST_FRAME_MAX, &bytes, &len) != RESULT_OK)
        return refuse(check, "release %lld cannot be read", (long long)version);
    enum manifest_status status = manifest_release_open(bytes, len, check->root, out);
    free(bytes);
    if (status != MANIFEST_OK)
        return refuse(check, "release %lld: %s", (long long)version,
                      manifest_status_text(status));
    char content[JOURNAL_DIGEST_LEN];
    text_hex(out->content, sizeof out->content, content);
    if (out->version == (uint64_t)version && strcmp(content, known->content) == 0)
        return RESULT_OK;
    manifest_release_fini(out);
    return refuse(check, "release %lld is not the one that was signed",
                  (long long)version);
}

/* Rule 2. */
static enum result check_head(struct check *check, const struct manifest_release *base,
                              const struct manifest_release *other)
{
    const struct manifest_release *set = check->set;
    if (set->version <= base->version || set->version <= other->version)
        return refuse(check, "a set is later than its parts");
    if (strcmp(set->channel, base->channel) != 0 ||
        strcmp(set->channel, other->channel) != 0 ||
        strcmp(set->target, base->target) != 0 || strcmp(set->target, other->target) != 0)
        return refuse(check, "the parts are of another channel or target");
    if (memcmp(set->stub, base->stub, sizeof set->stub) != 0 ||
        strcmp(set->commit, base->commit) != 0)
        return refuse(check, "a set has the commit and the boot stub of its base");
    if (set->security < base->security || set->security < other->security)
        return refuse(check, "the security version is below that of a part");
    return RESULT_OK;
}

static bool uses(const struct manifest_cell *cell, const char *name)
{
    for (size_t i = 0; i < cell->use_count; i++) {
        if (strcmp(cell->uses[i], name) == 0)
            return true;
    }
    return false;
}

/* Rule 3, for one part. */
static bool is_of(const struct manifest_cell *cell, const struct manifest_release *part)
{
    const struct manifest_cell *own = manifest_release_cell(part, cell->name);
    if (own == NULL || own->length != cell->length || own->abi != cell->abi ||
        memcmp(own->object, cell->object, sizeof own->object) != 0)
        return false;
    for (size_t i = 0; i < own->use_count; i++) {
        if (!uses(cell, own->uses[i]))
            return false;
    }
    return true;
}

static enum result check_cells(struct check *check, const struct manifest_release *base,
                               const struct manifest_release *other)
{
    for (size_t i = 0; i < check->set->cell_count; i++) {
        const struct manifest_cell *cell = &check->set->cells[i];
        if (!is_of(cell, base) && !is_of(cell, other))
            return refuse(check, "cell %s is not that of release %llu or %llu",
                          cell->name, (unsigned long long)base->version,
                          (unsigned long long)other->version);
    }
    for (size_t i = 0; i < base->cell_count; i++) {
        const char *name = base->cells[i].name;
        if (manifest_release_cell(other, name) != NULL &&
            manifest_release_cell(check->set, name) == NULL)
            return refuse(check, "cell %s is in both parts and not in the set", name);
    }
    return RESULT_OK;
}

enum result parts_check(const char *state, const struct journal *journal,
                        const struct manifest_root *root,
                        const struct manifest_release *set, struct journal_parts parts,
                        char out_why[static PARTS_WHY_LEN])
{
    struct check check = {state, journal, root, set, out_why};
    struct manifest_release base;
    struct manifest_release other;
    enum result result = open_part(&check, parts.base, &base);
    if (result != RESULT_OK)
        return result;
    result = open_part(&check, parts.other, &other);
    if (result == RESULT_OK) {
        result = check_head(&check, &base, &other);
        if (result == RESULT_OK)
            result = check_cells(&check, &base, &other);
        manifest_release_fini(&other);
    }
    manifest_release_fini(&base);
    return result;
}
