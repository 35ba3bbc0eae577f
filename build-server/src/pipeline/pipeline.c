/* The pipeline's thread: takes queued builds in order and leads each through the steps.
 * SPDX-License-Identifier: MIT
 *
 * States of a build row, and who makes the transition:
 *   queued → building      take_next()     only the newest queued one is built; older ones are superseded
 *   queued → superseded    take_next()
 *   building → built       ship()          with its release, published or held back
 *   building → failed      end_build()     nothing of it is published
 *   building → superseded  end_build()     a newer push came while it was built
 *   building → queued      pipeline_thread() at start, after a crash or an end in the middle, unless its release exists already
 * Invariants:
 *  1 At most one row is `building`, and only while this thread works on it.
 *  2 A row that is `built` names a release; a row that is `failed` names none.
 *  3 Of several queued rows the newest is shipped. Under pushes without a pause one is shipped at least
 *    every STARVATION_MS, so that a busy branch is not starved. */
#include "pipeline/steps.h"

#include "base/clock.h"
#include "base/files.h"
#include "base/log.h"
#include "base/text.h"
#include "fleet/hold.h"
#include "fleet/rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define STARVATION_MS 30000
#define IMAGE_RETRY_MS 2000LL
#define IMAGE_RETRY_MAX_MS 600000LL

void pipeline_changed(struct server *server)
{
    pthread_cond_broadcast(&server->builds_changed);
}

static void set_step(struct server *server, int64_t id, const char *step)
{
    server_lock(server);
    db_run(server->db, "UPDATE builds SET step = ? WHERE id = ?", "si", step, id);
    rows_publish_build(server, id);
    pipeline_changed(server);
    server_unlock(server);
}

/* Lock held. */
static void end_build(struct server *server, int64_t id, const char *state,
                      const struct problem *problem)
{
    db_run(server->db,
           "UPDATE builds SET state = ?, step = NULL, finished = ?, reason_code = ?, "
           "reason_text = ? "
           "WHERE id = ?",
           "sissi", state, clock_now_ms(), problem == NULL ? NULL : problem->code,
           problem == NULL ? NULL : problem->text, id);
    rows_publish_build(server, id);
    pipeline_changed(server);
}

/* Lock held. The newest queued build becomes `building`; the others are superseded. 0: none. */
static int64_t take_next(struct server *server)
{
    struct db *db = server->db;
    int64_t id = db_integer(
        db, 0, "SELECT id FROM builds WHERE state = 'queued' ORDER BY id DESC LIMIT 1",
        "");
    if (id == 0)
        return 0;
    int64_t older =
        db_integer(db, 0, "SELECT min(id) FROM builds WHERE state = 'queued'", "");
    int64_t now = clock_now_ms();
    if (db_begin(db) != RESULT_OK)
        return 0;
    db_run(db,
           "UPDATE builds SET state = 'superseded', finished = ?, reason_code = "
           "'superseded', "
           "reason_text = 'a newer push came before it was built' WHERE state = 'queued' "
           "AND id < ?",
           "ii", now, id);
    db_run(
        db, "UPDATE builds SET state = 'building', started = ?, step = 'checkout' WHERE id = ?",
        "ii", now, id);
    if (db_commit(db) != RESULT_OK)
        return 0;
    for (int64_t at = older; at <= id; at++)
        rows_publish_build(server, at);
    pipeline_changed(server);
    return id;
}

/* Invariant 3. Lock held. */
static bool is_superseded(struct server *server, int64_t id)
{
    int64_t newer = db_integer(
        server->db, 0, "SELECT count(*) FROM builds WHERE state = 'queued' AND id > ?",
        "i", id);
    if (newer == 0)
        return false;
    int64_t shipped = db_integer(
        server->db, 0, "SELECT max(finished) FROM builds WHERE state = 'built'", "");
    int64_t waiting_since = db_integer(
        server->db, 0, "SELECT min(created) FROM builds WHERE created > ?", "i", shipped);
    return clock_now_ms() - waiting_since < STARVATION_MS;
}

/* The trigger of a release that was made from a push. Lock held. */
static enum result make_release(struct server *server, const struct build *build,
                                const struct inspection *inspection,
                                struct problem *problem)
{
    TEXT_OWNED char *by =
        db_text(server->db, "SELECT by_name FROM builds WHERE id = ?", "i", build->id);
    bool kept_back = hold_keeps_back(server, inspection->set.content);
    struct release_request request = {
        .commit = build->commit,
        .content = inspection->set.content,
        .stub = inspection->set.stub,
        .build = build->id,
        .trigger = "push",
        .by_kind = "pusher",
        .by_name = by == NULL ? "unknown" : by,
        .for_channel = true,
        .held_back = kept_back,
        .before = inspection->base,
        .changed = inspection->changed,
        .refusals = inspection->refusals,
        .needs_boot = inspection->needs_boot,
        .ways = inspection->ways,
    };
    int64_t version = 0;
    enum result result = release_make(server, &request, &version, problem);
    if (result == RESULT_OK && !kept_back)
        hold_lift_for(server, inspection->set.content);
    return result;
}

/* Objects, content, release, timestamp. Takes the lock. */
static enum result ship(struct server *server, const struct build *build,
                        const struct inspection *inspection, struct problem *problem)
{
    set_step(server, build->id, "publish");
    enum result result = publish_objects(server, &inspection->set, problem);
    if (result != RESULT_OK)
        return result;
    server_lock(server);
    result = db_begin(server->db);
    if (result == RESULT_OK) {
        result = cell_set_store(server->db, &inspection->set, clock_now_ms());
        if (result == RESULT_OK)
            result = db_commit(server->db);
        else
            db_rollback(server->db);
    }
    if (result != RESULT_OK)
        problem_set(problem, result, "publish", "the cells cannot be recorded: %s",
                    result_name(result));
    if (result == RESULT_OK)
        result = make_release(server, build, inspection, problem);
    if (result == RESULT_OK)
        result = notify_refresh(server, problem);
    if (result == RESULT_OK)
        end_build(server, build->id, "built", NULL);
    server_unlock(server);
    return result;
}

/* Most commits name only sources that are here. */
static enum result run_sources(struct server *server, struct build *build,
                               struct problem *problem)
{
    TEXT_BUFFER_OWNED missing = {0};
    enum result result = sources_missing(server, "worktree", &missing, problem);
    if (result != RESULT_OK || missing.len == 0)
        return result;
    set_step(server, build->id, "sources");
    return sources_fetch(server, build, missing.data, problem);
}

static enum result run_steps(struct server *server, struct build *build,
                             struct problem *problem)
{
    struct inspection inspection;
    enum result result = checkout_commit(server, build->commit, "worktree", problem);
    if (result == RESULT_OK)
        result = run_sources(server, build, problem);
    if (result != RESULT_OK)
        return result;
    set_step(server, build->id, "compile");
    result = compile_commit(server, build, "worktree", 0, problem);
    if (result != RESULT_OK)
        return result;
    set_step(server, build->id, "inspect");
    result = inspect_build(server, &inspection, problem);
    if (result != RESULT_OK)
        return result;
    server_lock(server);
    bool superseded = is_superseded(server, build->id);
    server_unlock(server);
    if (superseded)
        result = problem_set(problem, RESULT_BUSY, "superseded",
                             "a newer push came while it was built");
    else
        result = ship(server, build, &inspection, problem);
    inspection_fini(&inspection);
    return result;
}

static void run_build(struct server *server, int64_t id)
{
    struct build build = {.id = id};
    struct problem problem = {"", ""};
    server_lock(server);
    TEXT_OWNED char *commit =
        db_text(server->db, "SELECT commit_id FROM builds WHERE id = ?", "i", id);
    server_unlock(server);
    text_copy(build.commit, sizeof build.commit, commit == NULL ? "" : commit);
    build.log_path = server_path(server, "log/build-%lld", (long long)id);
    int64_t start = clock_monotonic_ms();
    log_info("pipeline", "build %lld: commit %.10s", (long long)id, build.commit);
    enum result result = run_steps(server, &build, &problem);
    free(build.log_path);
    server_lock(server);
    bool released = db_integer(server->db, 0, "SELECT release FROM builds WHERE id = ?",
                               "i", id) != 0;
    if (result == RESULT_BUSY && atomic_load(&server->stopping)) {
        /* The row stays `building`: the next start takes it up again. */
        pipeline_changed(server);
    } else if (result == RESULT_BUSY) {
        end_build(server, id, "superseded", &problem);
    } else if (result != RESULT_OK && released) {
        /* Its release exists; the main loop tries again to sign or to announce it. */
        server_alarm(server, "release", problem.text);
        end_build(server, id, "built", NULL);
    } else if (result != RESULT_OK) {
        text_sanitise_line(problem.text);
        end_build(server, id, "failed", &problem);
    }
    server_unlock(server);
    log_info("pipeline", "build %lld: %s after %lld ms%s%s", (long long)id,
             result == RESULT_OK ? "released" : result_name(result),
             (long long)(clock_monotonic_ms() - start), result == RESULT_OK ? "" : ": ",
             problem.text);
}

/* A crash left a build in the middle: its release, when there is one, was brought to its end by
 * release_resume(); else it is built again. Lock held. */
static void resume_builds(struct server *server)
{
    db_run(server->db,
           "UPDATE builds SET state = 'built', step = NULL, finished = ? WHERE state = "
           "'building' AND "
           "release IS NOT NULL",
           "i", clock_now_ms());
    db_run(
        server->db, "UPDATE builds SET state = 'queued', step = NULL, started = NULL WHERE state = 'building'",
        "");
}

/* Releases that are offered, or run somewhere (a reset boots them), whose boot image is missing. */
#define IMAGES_WANTED                                                                    \
    " FROM releases WHERE state = 'published' AND image != 1 AND version IN (SELECT "    \
    "release FROM channel UNION SELECT release FROM orders UNION SELECT release FROM "   \
    "machines) "

/* The newest of them that is due. Lock held. 0: none. */
static int64_t next_image(struct server *server)
{
    return db_integer(server->db, 0,
                      "SELECT version" IMAGES_WANTED
                      "AND image_due <= ? ORDER BY version DESC LIMIT 1",
                      "i", clock_now_ms());
}

/* When the next one is due (ms since 1970). Lock held. INT64_MAX: never. */
static int64_t images_due(struct server *server)
{
    return db_integer(server->db, INT64_MAX, "SELECT min(image_due)" IMAGES_WANTED, "");
}

/* A failure may be the disk's or the moment's: it is tried again, later each time. */
static void make_image(struct server *server, int64_t version)
{
    struct problem problem = {"", ""};
    if (image_make(server, version, &problem) == RESULT_OK)
        return;
    server_lock(server);
    int64_t tries =
        db_integer(server->db, 0, "SELECT image_tries FROM releases WHERE version = ?",
                   "i", version);
    int64_t wait = tries < 9 ? IMAGE_RETRY_MS << tries : IMAGE_RETRY_MAX_MS;
    if (wait > IMAGE_RETRY_MAX_MS)
        wait = IMAGE_RETRY_MAX_MS;
    log_warning("image", "release %lld: %s; tried again in %lld s", (long long)version,
                problem.text, (long long)(wait / 1000));
    db_run(server->db,
           "UPDATE releases SET image = 2, image_tries = image_tries + 1, image_due = ? "
           "WHERE version = ?",
           "ii", clock_now_ms() + wait, version);
    server_unlock(server);
}

/* Sleeps until something moved, or an image is due. Lock held. */
static void wait_for_work(struct server *server)
{
    int64_t due = images_due(server);
    if (due == INT64_MAX) {
        pthread_cond_wait(&server->builds_changed, &server->lock);
        return;
    }
    int64_t left = due - clock_now_ms();
    int64_t until_ms = clock_monotonic_ms() + (left < 1 ? 1 : left);
    struct timespec until = {.tv_sec = until_ms / 1000,
                             .tv_nsec = until_ms % 1000 * 1000000};
    pthread_cond_clockwait(&server->builds_changed, &server->lock, CLOCK_MONOTONIC,
                           &until);
}

void *pipeline_thread(void *context)
{
    struct server *server = context;
    server_lock(server);
    resume_builds(server);
    while (!atomic_load(&server->stopping)) {
        int64_t id = take_next(server);
        int64_t image = id == 0 ? next_image(server) : 0;
        int64_t check = id == 0 && image == 0 ? reproduce_next(server) : 0;
        if (id == 0 && image == 0 && check == 0) {
            wait_for_work(server);
            continue;
        }
        server_unlock(server);
        if (id != 0)
            run_build(server, id);
        else if (image != 0)
            make_image(server, image);
        else
            reproduce_release(server, check);
        server_lock(server);
    }
    server_unlock(server);
    return NULL;
}
