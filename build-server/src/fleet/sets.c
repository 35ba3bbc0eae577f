/* Puts sets together and releases them.
 * SPDX-License-Identifier: MIT */
#include "fleet/sets.h"

#include "base/clock.h"
#include "base/text.h"
#include "fleet/forecast.h"
#include "pipeline/steps.h"

#include <string.h>

#define NAMES_MAX 64

static void set_fini(struct set *set)
{
    cell_set_fini(&set->cells);
    json_decref(set->machines);
    json_decref(set->changed);
    json_decref(set->losses);
    json_decref(set->consent);
    memset(set, 0, sizeof *set);
}

void sets_fini(struct sets *sets)
{
    for (size_t i = 0; i < sets->count; i++)
        set_fini(&sets->set[i]);
    sets->count = 0;
}

static bool set_is_for(const struct set *set, const char *machine)
{
    size_t i;
    json_t *id;
    json_array_foreach(set->machines, i, id)
    {
        if (strcmp(json_string_value(id), machine) == 0)
            return true;
    }
    return json_array_size(set->machines) == 0;
}

const struct set *sets_of(const struct sets *sets, const char *machine)
{
    for (size_t i = 0; i < sets->count; i++)
        if (set_is_for(&sets->set[i], machine))
            return &sets->set[i];
    return NULL;
}

static enum result check_names(const json_t *names, struct problem *problem)
{
    size_t i;
    json_t *name;
    bool good = json_is_array(names) && json_array_size(names) > 0 &&
                json_array_size(names) <= NAMES_MAX;
    json_array_foreach((json_t *)names, i, name)
    {
        good = good && json_is_string(name);
    }
    return good ? RESULT_OK
                : problem_set(problem, RESULT_INVALID, "bad-request",
                              "\"cells\" must be 1 to %d names of cells", NAMES_MAX);
}

/* "a, b" */
static void list_names(const json_t *names, struct text_buffer *out)
{
    size_t i;
    json_t *name;
    json_array_foreach((json_t *)names, i, name)
    {
        text_appendf(out, "%s%s", i == 0 ? "" : ", ", json_string_value(name));
    }
}

/* --- The bases ---------------------------------------------------------------------------------- */

/* The newest release with the cells and the boot stub that MACHINE runs. 0: none. */
static int64_t release_of(struct server *server, const char *machine)
{
    return db_integer(server->db, 0,
                      "SELECT max(r.version) FROM releases r JOIN machines m ON "
                      "m.content = r.content AND r.stub = ifnull(m.stub, r.stub) WHERE "
                      "m.id = ? AND r.state = 'published'",
                      "s", machine);
}

static int64_t release_of_channel(struct server *server)
{
    return db_integer(server->db, 0, "SELECT release FROM channel WHERE name = ?", "s",
                      CHANNEL_NAME);
}

/* Lends the set on top of BASE, an empty one if there is none yet; NULL: they are too many. */
static struct set *set_on(struct sets *sets, int64_t base, int64_t from)
{
    for (size_t i = 0; i < sets->count; i++)
        if (sets->set[i].base == base)
            return &sets->set[i];
    if (sets->count == SETS_MAX)
        return NULL;
    struct set *set = &sets->set[sets->count++];
    *set = (struct set){.base = base, .from = from, .machines = json_array()};
    return set;
}

static enum result find_bases(struct server *server, const json_t *ids, bool all,
                              int64_t from, struct sets *out, struct problem *problem)
{
    int64_t channel = all ? release_of_channel(server) : 0;
    if (channel != 0)
        (void)set_on(out, channel, from);
    size_t i;
    json_t *id;
    json_array_foreach(all ? NULL : (json_t *)ids, i, id)
    {
        int64_t runs = release_of(server, json_string_value(id));
        if (runs == 0)
            return problem_set(problem, RESULT_REFUSED, "unknown",
                               "what machine %s runs is no release of this server",
                               json_string_value(id));
        struct set *set = set_on(out, runs, from);
        if (set == NULL)
            return problem_set(problem, RESULT_REFUSED, "different-versions",
                               "the machines run more than %d different versions: give "
                               "single cells to fewer at a time",
                               SETS_MAX);
        json_array_append(set->machines, id);
    }
    return out->count != 0 ? RESULT_OK
                           : problem_set(problem, RESULT_REFUSED, "no-release",
                                         "nothing is released yet");
}

/* The lock was let go: the sets are still what the machines need. */
static bool bases_stand(struct server *server, const struct sets *sets)
{
    for (size_t i = 0; i < sets->count; i++) {
        const struct set *set = &sets->set[i];
        size_t k;
        json_t *id;
        if (json_array_size(set->machines) == 0 && release_of_channel(server) != set->base)
            return false;
        json_array_foreach(set->machines, k, id)
        {
            if (release_of(server, json_string_value(id)) != set->base)
                return false;
        }
    }
    return true;
}

/* --- Planning ----------------------------------------------------------------------------------- */

enum result set_refused(const struct set *set, const json_t *names, const json_t *refusal,
                        struct problem *problem)
{
    TEXT_BUFFER_OWNED said = {.limit = 512};
    list_names(names, &said);
    const char *cell = json_string_value(json_object_get(refusal, "cell"));
    const char *text = json_string_value(json_object_get(refusal, "text"));
    return problem_set(problem, RESULT_REFUSED, "not-closed",
                       "%s of release %lld cannot go onto release %lld, whatever is "
                       "brought in: %.64s: %.400s",
                       said.failed || said.data == NULL ? "they" : said.data,
                       (long long)set->from, (long long)set->base,
                       cell == NULL ? "?" : cell, text == NULL ? "?" : text);
}

/* Keeps what PLAN says in SET; refuses it for anything but losses. */
static enum result judge(const json_t *plan, struct set *set, const json_t *names,
                         struct problem *problem)
{
    size_t i;
    json_t *refusal;
    set->losses = json_array();
    set->changed = json_incref(json_object_get(plan, "cells"));
    json_array_foreach(json_object_get(plan, "refusals"), i, refusal)
    {
        const char *code = json_string_value(json_object_get(refusal, "code"));
        if (code == NULL || strcmp(code, "consent") != 0)
            return set_refused(set, names, refusal, problem);
        json_array_append(set->losses, refusal);
    }
    return RESULT_OK;
}

static enum result plan_one(struct server *server, const json_t *names, struct set *set,
                            struct problem *problem)
{
    JSON_OWNED json_t *plan = NULL;
    TEXT_OWNED char *kept = db_text(
        server->db, "SELECT content FROM releases WHERE version = ?", "i", set->base);
    TEXT_OWNED char *picked = db_text(
        server->db, "SELECT content FROM releases WHERE version = ?", "i", set->from);
    server_unlock(server);
    enum result result =
        pick_set(server, kept, picked, names, &set->cells, &plan, problem);
    server_lock(server);
    return result == RESULT_OK ? judge(plan, set, names, problem) : result;
}

/* Leaves those out that change nothing; at least one has to. */
static enum result drop_same(struct sets *sets, const json_t *names,
                             struct problem *problem)
{
    int64_t base = sets->set[0].base, from = sets->set[0].from;
    size_t kept = 0;
    for (size_t i = 0; i < sets->count; i++) {
        if (json_array_size(sets->set[i].changed) == 0)
            set_fini(&sets->set[i]);
        else
            sets->set[kept++] = sets->set[i];
    }
    sets->count = kept;
    TEXT_BUFFER_OWNED said = {.limit = 512};
    list_names(names, &said);
    return kept > 0 ? RESULT_OK
                    : problem_set(problem, RESULT_REFUSED, "same-cells",
                                  "%s: the same in release %lld as in release %lld, "
                                  "which runs; nothing to deploy",
                                  said.failed || said.data == NULL ? "they" : said.data,
                                  (long long)from, (long long)base);
}

enum result sets_plan(struct server *server, const json_t *ids, bool all, int64_t from,
                      const json_t *names, struct sets *out, struct problem *problem)
{
    struct sets sets = {0};
    enum result result = check_names(names, problem);
    if (result == RESULT_OK)
        result = find_bases(server, ids, all, from, &sets, problem);
    for (size_t i = 0; i < sets.count && result == RESULT_OK; i++)
        result = plan_one(server, names, &sets.set[i], problem);
    if (result == RESULT_OK && !bases_stand(server, &sets))
        result = problem_set(problem, RESULT_BUSY, "moved",
                             "what runs changed meanwhile: ask again");
    if (result == RESULT_OK)
        result = drop_same(&sets, names, problem);
    if (result != RESULT_OK) {
        sets_fini(&sets);
        return result;
    }
    *out = sets;
    return RESULT_OK;
}

json_t *set_forecast(struct server *server, const struct set *set, const char *machine,
                     struct problem *problem)
{
    CELL_SET_OWNED running = {0};
    json_t *plan = NULL;
    TEXT_OWNED char *content =
        db_text(server->db, "SELECT content FROM machines WHERE id = ?", "s", machine);
    bool differs = forecast_stub_differs(server, machine, set->base);
    bool is_base =
        content != NULL &&
        db_integer(server->db, 0, "SELECT content = ? FROM releases WHERE version = ?",
                   "si", content, set->base) == 1;
    if (is_base) {
        plan = json_pack("{s:O, s:O}", "cells", set->changed, "refusals", set->losses);
    } else if (content == NULL ||
               cell_set_load(server->db, content, &running) != RESULT_OK) {
        problem_set(problem, RESULT_NOT_FOUND, "unknown", "what it runs is not known");
        return NULL;
    } else {
        server_unlock(server);
        enum result result = ways_plan_sets(server, &running, &set->cells, &plan, problem);
        server_lock(server);
        if (result != RESULT_OK)
            return NULL;
    }
    json_t *needs = json_array();
    if (differs)
        json_array_append_new(needs, json_string("boot stub"));
    json_object_set_new(plan, "needs_boot", needs);
    return plan;
}

/* --- The release -------------------------------------------------------------------------------- */

static enum result store_cells(struct server *server, const struct set *set)
{
    enum result result = db_begin(server->db);
    if (result != RESULT_OK)
        return result;
    result = cell_set_store(server->db, &set->cells, clock_now_ms());
    if (result == RESULT_OK)
        return db_commit(server->db);
    db_rollback(server->db);
    return result;
}

enum result set_release(struct server *server, struct set *set, const json_t *names,
                        const json_t *consent, const char *by, const char *note,
                        struct problem *problem)
{
    struct db *db = server->db;
    TEXT_OWNED char *commit =
        db_text(db, "SELECT commit_id FROM releases WHERE version = ?", "i", set->base);
    TEXT_OWNED char *stub =
        db_text(db, "SELECT stub FROM releases WHERE version = ?", "i", set->base);
    TEXT_OWNED char *from =
        db_text(db, "SELECT commit_id FROM releases WHERE version = ?", "i", set->from);
    TEXT_BUFFER_OWNED said = {.limit = 512};
    list_names(names, &said);
    text_appendf(&said, " of %.12s", from == NULL ? "?" : from);
    if (commit == NULL || stub == NULL || store_cells(server, set) != RESULT_OK)
        return problem_set(problem, RESULT_FAILED, "store", "the set cannot be stored");
    JSON_OWNED json_t *parts = json_pack("{s:I, s:I, s:O}", "base", set->base, "from",
                                         set->from, "cells", names);
    JSON_OWNED json_t *none = json_array();
    struct release_request request = {
        .parts = parts,
        .commit = commit,
        .content = set->cells.content,
        .stub = stub,
        .trigger = "manual",
        .by_kind = "operator",
        .by_name = by,
        .note = note != NULL || said.failed ? note : said.data,
        .before = release_of_channel(server),
        .changed = set->changed,
        .refusals = none,
        .needs_boot = none,
        .consent = consent,
    };
    return release_make(server, &request, &set->release, problem);
}
