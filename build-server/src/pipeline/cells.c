/* Sets of cells: identity, storage, difference.
 * SPDX-License-Identifier: MIT */
#include "pipeline/cells.h"

#include "adapt/sqlite/db.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void cell_set_fini(struct cell_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        json_decref(set->cells[i].uses);
    free(set->cells);
    memset(set, 0, sizeof *set);
}

enum result cell_set_init(struct cell_set *set, size_t count)
{
    memset(set, 0, sizeof *set);
    set->cells = calloc(count + 1, sizeof *set->cells);
    if (set->cells == NULL)
        return RESULT_MEMORY;
    set->count = count;
    return RESULT_OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct cell *)a)->name, ((const struct cell *)b)->name);
}

enum result cell_set_seal(struct cell_set *set)
{
    if (set->count == 0 || set->count > MANIFEST_CELLS_MAX)
        return RESULT_INVALID;
    qsort(set->cells, set->count, sizeof *set->cells, by_name);
    struct manifest_cell *cells = calloc(set->count, sizeof *cells);
    if (cells == NULL)
        return RESULT_MEMORY;
    enum result result = RESULT_OK;
    for (size_t i = 0; i < set->count && result == RESULT_OK; i++) {
        if (i > 0 && strcmp(set->cells[i - 1].name, set->cells[i].name) == 0)
            result = RESULT_INVALID;
        cells[i].name = set->cells[i].name;
        cells[i].length = (uint64_t)set->cells[i].length;
        if (text_unhex(set->cells[i].object, cells[i].object, MANIFEST_HASH_LEN) !=
            RESULT_OK)
            result = RESULT_INVALID;
    }
    uint8_t content[MANIFEST_HASH_LEN];
    if (result == RESULT_OK &&
        manifest_content_id(cells, set->count, content) != MANIFEST_OK)
        result = RESULT_INVALID;
    if (result == RESULT_OK)
        text_hex(content, sizeof content, set->content);
    free(cells);
    return result;
}

const struct cell *cell_set_find(const struct cell_set *set, const char *name)
{
    size_t low = 0;
    size_t high = set->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(set->cells[middle].name, name);
        if (order == 0)
            return &set->cells[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

enum result cell_set_load(struct db *db, const char *content, struct cell_set *out)
{
    if (db_integer(db, 0, "SELECT 1 FROM contents WHERE id = ?", "s", content) != 1)
        return RESULT_NOT_FOUND;
    int64_t count = db_integer(
        db, 0, "SELECT count(*) FROM content_cells WHERE content = ?", "s", content);
    struct cell_set set;
    enum result result = cell_set_init(&set, (size_t)count);
    if (result != RESULT_OK)
        return result;
    text_copy(set.content, sizeof set.content, content);
    DB_ROWS_OWNED struct db_rows *rows =
        db_query(db,
                 "SELECT name, object, length, abi, kind, uses_json FROM content_cells "
                 "WHERE content = ? ORDER BY name",
                 "s", content);
    for (size_t i = 0; i < set.count && db_next(rows); i++) {
        struct cell *cell = &set.cells[i];
        text_copy(cell->name, sizeof cell->name, row_text(rows, 0));
        text_copy(cell->object, sizeof cell->object, row_text(rows, 1));
        cell->length = row_integer(rows, 2);
        text_copy(cell->abi, sizeof cell->abi, row_text(rows, 3));
        text_copy(cell->kind, sizeof cell->kind, row_text(rows, 4));
        cell->uses = json_stored(row_text(rows, 5));
    }
    *out = set;
    return RESULT_OK;
}

enum result cell_set_of_release(struct db *db, int64_t version, struct cell_set *out)
{
    TEXT_OWNED char *content =
        db_text(db, "SELECT content FROM releases WHERE version = ?", "i", version);
    TEXT_OWNED char *stub =
        db_text(db, "SELECT stub FROM releases WHERE version = ?", "i", version);
    if (content == NULL || stub == NULL)
        return RESULT_NOT_FOUND;
    enum result result = cell_set_load(db, content, out);
    if (result == RESULT_OK)
        text_copy(out->stub, sizeof out->stub, stub);
    return result;
}

enum result cell_set_store(struct db *db, const struct cell_set *set, int64_t now_ms)
{
    if (db_integer(db, 0, "SELECT 1 FROM contents WHERE id = ?", "s", set->content) == 1)
        return RESULT_OK;
    enum result result = db_run(db, "INSERT INTO contents (id, created) VALUES (?, ?)",
                                "si", set->content, now_ms);
    for (size_t i = 0; i < set->count && result == RESULT_OK; i++) {
        const struct cell *cell = &set->cells[i];
        TEXT_OWNED char *uses = json_text(cell->uses);
        result =
            db_run(db,
                   "INSERT INTO content_cells (content, name, object, length, abi, kind, "
                   "uses_json) VALUES (?, ?, ?, ?, ?, ?, ?)",
                   "sssisss", set->content, cell->name, cell->object, cell->length,
                   cell->abi, cell->kind, uses);
    }
    return result;
}

static void add_difference(json_t *list, const char *name, const char *old,
                           const char *fresh, const char *class)
{
    json_array_append_new(list, json_pack("{s:s, s:s?, s:s?, s:s}", "name", name, "old",
                                          old, "new", fresh, "class", class));
}

json_t *cell_set_difference(const struct cell_set *old_set, const struct cell_set *new_set)
{
    json_t *list = json_array();
    size_t i = 0;
    size_t j = 0;
    while (i < old_set->count || j < new_set->count) {
        const struct cell *old = i < old_set->count ? &old_set->cells[i] : NULL;
        const struct cell *fresh = j < new_set->count ? &new_set->cells[j] : NULL;
        int order = old == NULL ? 1 : fresh == NULL ? -1 : strcmp(old->name, fresh->name);
        if (order < 0) {
            add_difference(list, old->name, old->object, NULL, "remove");
        } else if (order > 0) {
            add_difference(list, fresh->name, NULL, fresh->object, "add");
        } else if (strcmp(old->object, fresh->object) != 0) {
            add_difference(list, old->name, old->object, fresh->object, "text");
        }
        i += order <= 0;
        j += order >= 0;
    }
    return list;
}
