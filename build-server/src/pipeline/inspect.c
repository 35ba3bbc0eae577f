/* Inspect: what did the build make, and is it well-formed? (What a swap to it would do: ways.c)
 * SPDX-License-Identifier: MIT
 *
 * The build's folder was written by a stranger's make file: it is read without following links, with
 * caps, and everything that it claims is checked. An object whose digest is already in the store is not
 * read again: the store's bytes are what counts. */
#include "pipeline/steps.h"

#include "adapt/planner/planner.h"
#include "base/files.h"
#include "base/log.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define INDEX_MAX (1024u * 1024)
#define STUB_MAX (1024u * 1024)

void inspection_fini(struct inspection *inspection)
{
    cell_set_fini(&inspection->set);
    json_decref(inspection->changed);
    json_decref(inspection->refusals);
    json_decref(inspection->needs_boot);
    json_decref(inspection->ways);
    memset(inspection, 0, sizeof *inspection);
}

static void digest(const void *bytes, size_t len, char out[static CELLS_DIGEST_LEN])
{
    uint8_t hash[MANIFEST_HASH_LEN];
    if (manifest_hash(bytes, len, hash) != MANIFEST_OK)
        abort();
    text_hex(hash, sizeof hash, out);
}

static enum result refuse_set(struct problem *problem, const char *name, const char *what)
{
    return problem_set(problem, RESULT_FAILED, "bad-cells", "cell %.64s: %s", name, what);
}

/* One line of build/cells/index: `name kind phase sha256 length`. */
static enum result read_index_line(const char *line, struct cell *out,
                                   struct problem *problem)
{
    char name[MANIFEST_NAME_MAX + 1];
    char kind[16];
    char phase[16];
    char object[CELLS_DIGEST_LEN];
    long long length = 0;
    int used = 0;
    if (sscanf(line, "%64s %15s %15s %64s %lld%n", name, kind, phase, object, &length,
               &used) != 5 ||
        line[used] != '\0' || !manifest_name_valid(name) || !text_is_hex(object, 64) ||
        length <= 0 || length > MANIFEST_OBJECT_MAX)
        return problem_set(problem, RESULT_FAILED, "bad-cells",
                           "build/cells/index has a line that is not valid");
    text_copy(out->name, sizeof out->name, name);
    text_copy(out->kind, sizeof out->kind, kind);
    text_copy(out->object, sizeof out->object, object);
    out->length = length;
    return RESULT_OK;
}

static enum result read_index(int build, struct cell_set *out, struct problem *problem)
{
    uint8_t *bytes = NULL;
    size_t len = 0;
    enum result result = files_read_beneath(build, "cells/index", INDEX_MAX, &bytes, &len);
    if (result != RESULT_OK)
        return problem_set(problem, RESULT_FAILED, "bad-cells",
                           "`make cells` left no readable build/cells/index");
    TEXT_OWNED char *text = (char *)bytes;
    size_t lines = 0;
    for (size_t i = 0; i < len; i++)
        lines += text[i] == '\n';
    if (lines == 0 || lines > MANIFEST_CELLS_MAX)
        return problem_set(problem, RESULT_FAILED, "bad-cells",
                           "a release has 1 to %d cells, not %zu", MANIFEST_CELLS_MAX,
                           lines);
    result = cell_set_init(out, lines);
    char *rest = text;
    for (size_t i = 0; i < lines && result == RESULT_OK; i++)
        result = read_index_line(strsep(&rest, "\n"), &out->cells[i], problem);
    return result;
}

/* Copies one object of the build to the staging folder when the store does not have it. */
static enum result stage_cell(struct server *server, int build, struct cell *cell,
                              struct problem *problem)
{
    TEXT_OWNED char *stored = publish_object_path(server, cell->object);
    if (files_exists(stored))
        return RESULT_OK;
    char path[128];
    snprintf(path, sizeof path, "cells/%s.o", cell->name);
    uint8_t *bytes = NULL;
    size_t len = 0;
    if (files_read_beneath(build, path, MANIFEST_OBJECT_MAX, &bytes, &len) != RESULT_OK)
        return refuse_set(problem, cell->name, "its object cannot be read");
    char object[CELLS_DIGEST_LEN];
    digest(bytes, len, object);
    enum result result = RESULT_OK;
    if (strcmp(object, cell->object) != 0 || (int64_t)len != cell->length) {
        result = refuse_set(problem, cell->name,
                            "its object is not the one that the index names");
    } else {
        TEXT_OWNED char *staged = publish_staging_path(server, object);
        result = files_write_durable(staged, bytes, len, 0644);
        cell->fresh = true;
        if (result != RESULT_OK)
            problem_set(problem, result, "staging", "%s: %s", staged, result_name(result));
    }
    free(bytes);
    return result;
}

static enum result stage_stub(struct server *server, int build, struct cell_set *set,
                              struct problem *problem)
{
    uint8_t *bytes = NULL;
    size_t len = 0;
    if (files_read_beneath(build, "boot/stub.elf", STUB_MAX, &bytes, &len) != RESULT_OK)
        return problem_set(problem, RESULT_FAILED, "bad-cells",
                           "`make cells` left no build/boot/stub.elf");
    digest(bytes, len, set->stub);
    TEXT_OWNED char *stored = publish_object_path(server, set->stub);
    TEXT_OWNED char *staged = publish_staging_path(server, set->stub);
    enum result result =
        files_exists(stored) ? RESULT_OK : files_write_durable(staged, bytes, len, 0644);
    free(bytes);
    if (result != RESULT_OK)
        problem_set(problem, result, "staging", "%s: %s", staged, result_name(result));
    return result;
}

/* What is known of an object from an earlier release. Lock held. */
static bool recall(struct server *server, struct cell *cell)
{
    DB_ROWS_OWNED struct db_rows *rows = db_query(
        server->db,
        "SELECT abi, uses_json, name FROM content_cells WHERE object = ? LIMIT 1", "s",
        cell->object);
    if (!db_next(rows) || strcmp(row_text(rows, 2), cell->name) != 0)
        return false;
    text_copy(cell->abi, sizeof cell->abi, row_text(rows, 0));
    cell->uses = json_stored(row_text(rows, 1));
    return true;
}

static enum result take_info(struct cell *cell, const json_t *info,
                             struct problem *problem)
{
    const char *error = json_string_value(json_object_get(info, "error"));
    if (error != NULL)
        return refuse_set(problem, cell->name, error);
    const char *name = json_string_value(json_object_get(info, "name"));
    const char *abi = json_string_value(json_object_get(info, "abi"));
    const char *kind = json_string_value(json_object_get(info, "kind"));
    if (name == NULL || abi == NULL || kind == NULL || strcmp(name, cell->name) != 0)
        return refuse_set(problem, cell->name, "its object says that it is another cell");
    if (strcmp(kind, "test") == 0)
        return refuse_set(problem, cell->name, "a test cell cannot be part of a release");
    text_copy(cell->abi, sizeof cell->abi, abi);
    text_copy(cell->kind, sizeof cell->kind, kind);
    cell->uses = json_incref(json_object_get(info, "uses"));
    return RESULT_OK;
}

static enum result take_infos(struct cell_set *set, const json_t *infos,
                              struct problem *problem)
{
    size_t at = 0;
    for (size_t i = 0; i < set->count; i++) {
        if (set->cells[i].uses != NULL)
            continue;
        enum result result =
            take_info(&set->cells[i], json_array_get(infos, at++), problem);
        if (result != RESULT_OK)
            return result;
    }
    return RESULT_OK;
}

/* What the set's cells are: known from earlier releases, or asked of the planner. Takes the lock. */
static enum result learn_cells(struct server *server, struct cell_set *set,
                               struct problem *problem)
{
    server_lock(server);
    for (size_t i = 0; i < set->count; i++)
        recall(server, &set->cells[i]);
    server_unlock(server);
    JSON_OWNED json_t *question = json_pack(
        "{s:o, s:[], s:[]}", "inspect", publish_files(server, set, true), "from", "to");
    if (json_array_size(json_object_get(question, "inspect")) == 0)
        return RESULT_OK;
    JSON_OWNED json_t *answer = NULL;
    enum result result = planner_ask(question, &answer, problem);
    if (result == RESULT_OK)
        result = take_infos(set, json_object_get(answer, "infos"), problem);
    return result;
}

enum result inspect_build(struct server *server, struct inspection *out,
                          struct problem *problem)
{
    memset(out, 0, sizeof *out);
    TEXT_OWNED char *path = server_path(server, "worktree/build");
    int build = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (build < 0)
        return problem_set(problem, result_of_errno(errno), "inspect", "%s: %s", path,
                           strerror(errno));
    publish_clean(server);
    enum result result = read_index(build, &out->set, problem);
    for (size_t i = 0; i < out->set.count && result == RESULT_OK; i++)
        result = stage_cell(server, build, &out->set.cells[i], problem);
    if (result == RESULT_OK)
        result = stage_stub(server, build, &out->set, problem);
    close(build);
    if (result == RESULT_OK && cell_set_seal(&out->set) != RESULT_OK)
        result = problem_set(problem, RESULT_FAILED, "bad-cells",
                             "two cells have the same name");
    if (result == RESULT_OK)
        result = learn_cells(server, &out->set, problem);
    if (result == RESULT_OK)
        result = ways_foresee(server, out, problem);
    if (result != RESULT_OK)
        inspection_fini(out);
    return result;
}

enum result inspect_names(int build, struct cell_set *out, struct problem *problem)
{
    uint8_t *bytes = NULL;
    size_t len = 0;
    struct cell_set set = {NULL, 0, "", ""};
    enum result result = read_index(build, &set, problem);
    if (result == RESULT_OK)
        result = files_read_beneath(build, "boot/stub.elf", STUB_MAX, &bytes, &len);
    if (result == RESULT_OK) {
        digest(bytes, len, set.stub);
        result = cell_set_seal(&set);
    }
    free(bytes);
    if (result != RESULT_OK) {
        cell_set_fini(&set);
        return result;
    }
    *out = set;
    return RESULT_OK;
}
