/* Reproduce: once a release is permanent somewhere, its commit is built again in a clean folder, and the
 * digests are compared.
 * SPDX-License-Identifier: MIT
 *
 * The folder that pushes are built in lives on from build to build: a hostile commit could leave
 * something in it that a later, honest commit then ships. A difference turns the build into
 * `unreproduced`, raises an alarm, and empties that folder. The rebuild is niced and gives way to pushes.
 * meta row `reproduced:<V>`: the release needs no further look. */
#include "pipeline/steps.h"

#include "base/files.h"
#include "base/log.h"
#include "base/text.h"
#include "fleet/rows.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FOLDER "worktree-check"
#define NICENESS 19

int64_t reproduce_next(struct server *server)
{
    if (!server->options.reproduce)
        return 0;
    return db_integer(
        server->db, 0,
        "SELECT r.version FROM channel c JOIN releases r ON r.version = c.release WHERE "
        "c.name = ? AND r.kind = 'build' AND EXISTS (SELECT 1 FROM history h WHERE "
        "h.release = r.version AND h.result = 'permanent') AND NOT EXISTS (SELECT 1 FROM "
        "meta m WHERE m.key = 'reproduced:' || r.version)",
        "s", CHANNEL_NAME);
}

/* Lock held. */
void reproduce_give_way(struct server *server)
{
    uint64_t one = 1;
    if (!server->reproducing)
        return;
    atomic_store(&server->cancel, true);
    (void)!write(server->cancel_fd, &one, sizeof one);
}

/* Builds COMMIT from nothing, and reads what it made. */
static enum result rebuild(struct server *server, struct build *build,
                           struct cell_set *out, struct problem *problem)
{
    TEXT_OWNED char *output = server_path(server, FOLDER "/build");
    enum result result = files_remove_tree(output);
    if (result == RESULT_OK)
        result = checkout_commit(server, build->commit, FOLDER, problem);
    if (result == RESULT_OK)
        result = compile_commit(server, build, FOLDER, NICENESS, problem);
    if (result != RESULT_OK)
        return result;
    int fd = open(output, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return RESULT_IO;
    result = inspect_names(fd, out, problem);
    close(fd);
    return result;
}

/* Names what differs, for people; empty: nothing. Lock held. */
static void compare(struct server *server, int64_t version, const struct cell_set *again,
                    struct text_buffer *out_text)
{
    CELL_SET_OWNED released = {0};
    if (cell_set_of_release(server->db, version, &released) != RESULT_OK)
        return;
    if (strcmp(released.stub, again->stub) != 0)
        text_appendf(out_text, " the boot stub");
    JSON_OWNED json_t *different = cell_set_difference(&released, again);
    size_t i;
    json_t *row;
    json_array_foreach(different, i, row)
    {
        text_appendf(out_text, " %s", json_string_value(json_object_get(row, "name")));
    }
}

/* Lock held. */
static void note_difference(struct server *server, int64_t version, const char *names)
{
    char text[512];
    snprintf(text, sizeof text, "a clean build of release %lld gives other cells:%s",
             (long long)version, names);
    db_run(server->db,
           "UPDATE builds SET state = 'unreproduced', reason_code = 'unreproduced', "
           "reason_text = ? WHERE release = ?",
           "si", text, version);
    server_alarm(server, "unreproduced", text);
    rows_publish_build(server, db_integer(server->db, 0,
                                          "SELECT build FROM releases WHERE version = ?",
                                          "i", version));
    TEXT_OWNED char *output = server_path(server, "worktree/build");
    if (files_remove_tree(output) != RESULT_OK)
        log_error("reproduce", "%s cannot be emptied", output);
}

/* Lock held. */
static void conclude(struct server *server, int64_t version, enum result result,
                     const struct cell_set *again, const struct problem *problem)
{
    TEXT_BUFFER_OWNED names = {.limit = 400};
    if (result == RESULT_BUSY)
        return;
    bool judged = result == RESULT_OK || result == RESULT_FAILED;
    if (result == RESULT_OK)
        compare(server, version, again, &names);
    else
        text_appendf(&names, " none, it does not build (%s)", problem->text);
    if (!judged) {
        log_warning("reproduce", "release %lld could not be built again: %s",
                    (long long)version, problem->text);
    } else if (names.len > 0) {
        note_difference(server, version, names.data);
    } else {
        server_alarm_clear(server, "unreproduced");
        log_info("reproduce", "release %lld: a clean build gives the same cells",
                 (long long)version);
    }
    const char *verdict = !judged ? "error" : names.len > 0 ? "different" : "same";
    char key[64];
    snprintf(key, sizeof key, "reproduced:%lld", (long long)version);
    db_run(server->db, "INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", "ss",
           key, verdict);
}

void reproduce_release(struct server *server, int64_t version)
{
    struct build build = {.log_path = server_path(server, "log/rebuild")};
    struct problem problem = {"", ""};
    CELL_SET_OWNED again = {0};
    uint64_t ignored;
    server_lock(server);
    TEXT_OWNED char *commit = db_text(
        server->db, "SELECT commit_id FROM releases WHERE version = ?", "i", version);
    text_copy(build.commit, sizeof build.commit, commit);
    server->reproducing = true;
    server_unlock(server);
    enum result result = rebuild(server, &build, &again, &problem);
    server_lock(server);
    server->reproducing = false;
    if (!atomic_load(&server->stopping)) {
        atomic_store(&server->cancel, false);
        (void)!read(server->cancel_fd, &ignored, sizeof ignored);
    }
    conclude(server, version, result, &again, &problem);
    server_unlock(server);
    free(build.log_path);
}
