/* What an action is aimed at: a release by commit or number, machines by id, name, tag, or all.
 * SPDX-License-Identifier: MIT */
#include "fleet/actions.h"

#include "base/text.h"
#include "fleet/machines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum result target_by_number(struct server *server, const char *to,
                                    int64_t *out_release, struct problem *problem)
{
    int64_t version = strtoll(to, NULL, 10);
    if (db_integer(server->db, 0,
                   "SELECT 1 FROM releases WHERE version = ? AND state = 'published'",
                   "i", version) != 1)
        return problem_set(problem, RESULT_NOT_FOUND, "no-release",
                           "there is no release %s", to);
    *out_release = version;
    return RESULT_OK;
}

/* A commit without a release: say which case it is. */
static enum result not_released(struct server *server, const char *to,
                                struct problem *problem)
{
    char id[REPO_ID_LEN];
    TEXT_OWNED char *state = db_text(
        server->db,
        "SELECT state FROM builds WHERE commit_id LIKE ? || '%' ORDER BY id DESC LIMIT 1",
        "s", to);
    if (state != NULL)
        return problem_set(problem, RESULT_REFUSED, "not-released",
                           "commit %.12s has no release: its build is %s", to, state);
    if (repo_resolve(server->repo, to, id) == RESULT_OK)
        return problem_set(problem, RESULT_REFUSED, "not-released",
                           "commit %.12s was never built: only pushed heads of %s are",
                           id, server->options.branch);
    return problem_set(problem, RESULT_NOT_FOUND, "no-commit",
                       "there is no commit %.40s here", to);
}

enum result action_target(struct server *server, const char *to, int64_t *out_release,
                          struct problem *problem)
{
    size_t len = strlen(to);
    if (len > 0 && len < 7 && strspn(to, "0123456789") == len)
        return target_by_number(server, to, out_release, problem);
    if (len < 7 || len > 40 || !text_is_hex(to, len))
        return problem_set(
            problem, RESULT_INVALID, "bad-commit",
            "\"to\" must be 7 to 40 digits of a commit, or the number of a release");
    int64_t commits = db_integer(server->db, 0,
                                 "SELECT count(DISTINCT commit_id) FROM releases WHERE "
                                 "state = 'published' AND commit_id LIKE ? || "
                                 "'%'",
                                 "s", to);
    if (commits == 0)
        return not_released(server, to, problem);
    if (commits > 1)
        return problem_set(problem, RESULT_INVALID, "ambiguous",
                           "%s begins more than one commit", to);
    /* Not a set, nor what repeats one: it has the commit of its base, and other cells. */
    *out_release = db_integer(
        server->db, 0,
        "SELECT max(r.version) FROM releases r WHERE r.state = 'published' AND "
        "r.commit_id LIKE ? || '%' AND EXISTS (SELECT 1 FROM releases b WHERE b.kind = "
        "'build' AND b.commit_id = r.commit_id AND b.content = r.content AND b.stub = "
        "r.stub)",
        "s", to);
    return RESULT_OK;
}

static enum result add_machine(struct server *server, json_t *ids, const char *text,
                               struct problem *problem)
{
    char id[MACHINE_ID_LEN];
    enum result result = machine_find(server, text, id);
    if (result == RESULT_NOT_FOUND)
        return problem_set(problem, result, "no-machine", "there is no machine %.64s",
                           text);
    if (result != RESULT_OK)
        return problem_set(problem, result, "ambiguous",
                           "more than one machine is called %.64s", text);
    json_array_append_new(ids, json_string(id));
    return RESULT_OK;
}

static void add_rows(json_t *ids, struct db_rows *rows)
{
    while (db_next(rows))
        json_array_append_new(ids, json_string(row_text(rows, 0)));
    db_end(rows);
}

enum result action_machines(struct server *server, const json_t *body, bool *out_all,
                            json_t **out_ids, struct problem *problem)
{
    const char *machine;
    const char *tag;
    bool all;
    const json_t *list = json_object_get(body, "machines");
    enum result result = json_maybe_string(body, "machine", 64, NULL, &machine, problem);
    if (result == RESULT_OK)
        result = json_maybe_string(body, "tag", 64, NULL, &tag, problem);
    if (result == RESULT_OK)
        result = json_maybe_bool(body, "all", false, &all, problem);
    if (result != RESULT_OK)
        return result;
    if ((machine != NULL) + (tag != NULL) + all + (list != NULL) != 1)
        return problem_set(problem, RESULT_INVALID, "bad-request",
                           "give exactly one of machine, machines, tag, all");
    json_t *ids = json_array();
    if (machine != NULL)
        result = add_machine(server, ids, machine, problem);
    size_t i;
    json_t *item;
    json_array_foreach((json_t *)list, i, item)
    {
        if (result == RESULT_OK)
            result = json_is_string(item)
                         ? add_machine(server, ids, json_string_value(item), problem)
                         : problem_set(problem, RESULT_INVALID, "bad-request",
                                       "\"machines\" must be ids");
    }
    if (tag != NULL)
        add_rows(ids, db_query(server->db,
                               "SELECT machine FROM tags WHERE tag = ? ORDER BY machine",
                               "s", tag));
    if (all)
        add_rows(ids, db_query(server->db, "SELECT id FROM machines ORDER BY id", ""));
    if (result == RESULT_OK && !all && json_array_size(ids) == 0)
        result = problem_set(problem, RESULT_NOT_FOUND, "no-machine",
                             "no machine has the tag %.64s", tag == NULL ? "" : tag);
    if (result != RESULT_OK) {
        json_decref(ids);
        return result;
    }
    *out_all = all;
    *out_ids = ids;
    return RESULT_OK;
}
