/* Publish: objects go from the staging folder into the content-addressed store, durably.
 * SPDX-License-Identifier: MIT
 *
 * objects/ab/<digest>. An object is synced before it gets its name and its folder after, so that a
 * name in the store always stands for whole bytes. Objects without a release are harmless: the machine
 * listener serves only what a signed release names. */
#include "pipeline/steps.h"

#include "base/files.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

char *publish_object_path(const struct server *server, const char *object)
{
    return server_path(server, "objects/%.2s/%s", object, object);
}

char *publish_staging_path(const struct server *server, const char *object)
{
    return server_path(server, "objects/staging/%s", object);
}

json_t *publish_files(const struct server *server, const struct cell_set *set,
                      bool unknown_only)
{
    json_t *list = json_array();
    for (size_t i = 0; i < set->count; i++) {
        const struct cell *cell = &set->cells[i];
        if (unknown_only && cell->uses != NULL)
            continue;
        TEXT_OWNED char *path = cell->fresh ? publish_staging_path(server, cell->object)
                                            : publish_object_path(server, cell->object);
        json_array_append_new(list,
                              json_pack("{s:s, s:s}", "name", cell->name, "path", path));
    }
    return list;
}

static enum result publish_one(struct server *server, const char *object)
{
    TEXT_OWNED char *from = publish_staging_path(server, object);
    TEXT_OWNED char *to = publish_object_path(server, object);
    TEXT_OWNED char *folder = server_path(server, "objects/%.2s", object);
    if (files_exists(to))
        return RESULT_OK;
    enum result result = files_make_folder(folder, 0755);
    if (result != RESULT_OK)
        return result;
    int fd = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return result_of_errno(errno);
    if (fsync(fd) != 0 || rename(from, to) != 0)
        result = result_of_errno(errno);
    close(fd);
    return result == RESULT_OK ? files_sync_folder(folder) : result;
}

enum result publish_objects(struct server *server, const struct cell_set *set,
                            struct problem *problem)
{
    enum result result = RESULT_OK;
    for (size_t i = 0; i < set->count && result == RESULT_OK; i++) {
        if (set->cells[i].fresh)
            result = publish_one(server, set->cells[i].object);
    }
    if (result == RESULT_OK && set->stub[0] != '\0')
        result = publish_one(server, set->stub);
    if (result == RESULT_OK) {
        TEXT_OWNED char *store = server_path(server, "objects");
        result = files_sync_folder(store);
    }
    if (result != RESULT_OK)
        return problem_set(problem, result, "publish", "the objects cannot be stored: %s",
                           result == RESULT_FULL ? "no space left on the disk"
                                                 : result_name(result));
    return RESULT_OK;
}

void publish_clean(struct server *server)
{
    TEXT_OWNED char *staging = server_path(server, "objects/staging");
    (void)!files_remove_tree(staging);
    (void)!files_make_folder(staging, 0700);
}
