/* The operators' listener: routes, and the handlers that need few lines.
 * SPDX-License-Identifier: MIT */
#include "api/api.h"

#include "api/answers.h"
#include "api/auth.h"
#include "api/events.h"
#include "api/lists.h"
#include "api/plan.h"
#include "api/site.h"
#include "base/clock.h"
#include "base/embed.h"
#include "base/files.h"
#include "base/text.h"
#include "fleet/actions.h"
#include "fleet/machines.h"
#include "fleet/rows.h"
#include "pipeline/steps.h"
#include "signer/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

EMBED_FILE(openapi, "build-server/openapi.json");

#define LOG_MAX (8u * 1024 * 1024)

struct call {
    struct server *server;
    struct http_request *request;
    struct http_answer *answer;
    char argument[128]; /* the {…} of the route */
    char by[AUTH_NAME_LEN];
    const char *action; /* name of the action for the routes that share a handler */
};

static void row_or_404(struct call *call, json_t *row)
{
    if (row == NULL)
        answer_error(call->answer, 404, "not-found", "there is no such row");
    else
        answer_json(call->answer, 200, row);
}

static int64_t number(const struct call *call)
{
    char *end = NULL;
    errno = 0;
    long long value = strtoll(call->argument, &end, 10);
    return errno != 0 || *end != '\0' || value < 0 ? -1 : value;
}

static void get_status(struct call *call)
{
    answer_json(call->answer, 200, rows_status(call->server));
}

static void get_machines(struct call *call)
{
    list_machines(call->server, call->request, call->answer);
}

static bool find_machine(struct call *call, char out_id[MACHINE_ID_LEN])
{
    enum result result = machine_find(call->server, call->argument, out_id);
    if (result == RESULT_INVALID)
        answer_error(call->answer, 409, "ambiguous",
                     "more than one machine has this name; use the id");
    else if (result != RESULT_OK)
        answer_error(call->answer, 404, "not-found", "there is no such machine");
    return result == RESULT_OK;
}

static void get_machine(struct call *call)
{
    char id[MACHINE_ID_LEN];
    if (find_machine(call, id))
        row_or_404(call, rows_machine_detail(call->server, id));
}

static void get_machine_log(struct call *call)
{
    char id[MACHINE_ID_LEN];
    if (find_machine(call, id))
        list_machine_log(call->server, call->request, call->answer, id);
}

/* All root frames, one after another, base64. GIVES (free()). */
static char *seed_roots(const struct server *server)
{
    struct text_buffer all = {0};
    size_t i;
    json_t *root;
    json_array_foreach(server->roots, i, root)
    {
        uint8_t *frame = NULL;
        size_t len = 0;
        if (text_unbase64(json_string_value(root), &frame, &len) != RESULT_OK)
            continue;
        text_append(&all, (char *)frame, len);
        free(frame);
    }
    char *text = text_base64((uint8_t *)all.data, all.len);
    text_buffer_fini(&all);
    return text;
}

static void get_seed(struct call *call)
{
    struct server *server = call->server;
    const char *address = http_query(call->request, "address");
    const char *trial = http_query(call->request, "trial_ms");
    char id[MACHINE_ID_LEN];
    if (!text_is_name(call->argument, 64)) {
        answer_error(call->answer, 400, "bad-request", "not a machine's name");
        return;
    }
    bool known = machine_find(server, call->argument, id) == RESULT_OK;
    TEXT_OWNED char *name =
        known ? db_text(server->db, "SELECT name FROM machines WHERE id = ?", "s", id)
              : strdup(call->argument);
    TEXT_OWNED char *blob =
        known ? db_text(server->db, "SELECT blob FROM machines WHERE id = ?", "s", id)
              : NULL;
    TEXT_OWNED char *roots = seed_roots(server);
    json_t *seed = json_pack("{s:i, s:s, s:s, s:s, s:s, s:i, s:s, s:s, s:s, s:s, s:s?}",
                             "version", 1, "fleet", server->fleet, "root", roots, "ca",
                             server->ca, "address", address == NULL ? "10.0.2.2" : address,
                             "port", (int)http_port(server->machines), "server_name",
                             SIGNER_SERVER_NAME, "token", server->enrol_token, "channel",
                             CHANNEL_NAME, "machine_name", name, "blob", blob);
    long trial_ms = trial == NULL ? 0 : strtol(trial, NULL, 10);
    if (trial_ms > 0)
        json_object_set_new(seed, "trial_ms", json_integer(trial_ms));
    answer_json(call->answer, 200, seed);
}

static void get_history(struct call *call)
{
    list_history(call->server, call->request, call->answer);
}

static void get_attempt(struct call *call)
{
    row_or_404(call, rows_attempt(call->server, number(call)));
}

static void get_releases(struct call *call)
{
    list_releases(call->server, call->request, call->answer);
}

static void get_release(struct call *call)
{
    row_or_404(call, rows_release_detail(call->server, number(call)));
}

static void answer_our_file(struct call *call, const char *path, size_t limit,
                            const char *type)
{
    uint8_t *bytes = NULL;
    size_t len = 0;
    if (files_read(path, limit, &bytes, &len) != RESULT_OK) {
        answer_error(call->answer, 404, "not-found", "there is no such file");
        return;
    }
    call->answer->body = (char *)bytes;
    call->answer->body_len = len;
    http_answer_header(call->answer, "Content-Type", "%s", type);
    http_answer_header(call->answer, "Cache-Control", "no-store");
}

static void get_frame(struct call *call)
{
    TEXT_OWNED char *path =
        server_path(call->server, "releases/%lld", (long long)number(call));
    answer_our_file(call, path, 1u << 20, "application/octet-stream");
}

static void get_builds(struct call *call)
{
    list_builds(call->server, call->request, call->answer);
}

static void get_build(struct call *call)
{
    row_or_404(call, rows_build(call->server, number(call)));
}

static void get_build_log(struct call *call)
{
    TEXT_OWNED char *path =
        server_path(call->server, "log/build-%lld", (long long)number(call));
    answer_our_file(call, path, LOG_MAX, "text/plain; charset=utf-8");
}

static void retry_build(struct call *call)
{
    struct db *db = call->server->db;
    db_run(db,
           "INSERT INTO builds (commit_id, branch, state, by_kind, by_name, created) "
           "SELECT commit_id, "
           "branch, 'queued', 'operator', ?, ? FROM builds WHERE id = ?",
           "sii", call->by, clock_now_ms(), number(call));
    if (db_changes(db) == 0) {
        row_or_404(call, NULL);
        return;
    }
    int64_t id = db_last_id(db);
    pipeline_changed(call->server);
    rows_publish_build(call->server, id);
    row_or_404(call, rows_build(call->server, id));
}

static void get_events(struct call *call)
{
    const char *last = http_header(call->request, "Last-Event-ID");
    if (last == NULL)
        last = http_query(call->request, "after");
    events_answer(call->server->events, last == NULL ? 0 : strtoll(last, NULL, 10),
                  call->answer);
}

static void get_openapi(struct call *call)
{
    http_answer_text(call->answer, 200, "application/json", openapi_bytes);
}

static void get_metrics(struct call *call)
{
    site_metrics(call->server, call->answer);
}

static void make_login_code(struct call *call)
{
    auth_login_code(call->server, call->answer);
}

static void logout(struct call *call)
{
    auth_logout(call->server, call->request, call->answer);
}

static void run_action(struct call *call)
{
    JSON_OWNED json_t *body = NULL;
    json_t *reply = NULL;
    struct problem problem = {"", ""};
    enum result result =
        json_read(call->request->body, call->request->body_len, &body, &problem);
    if (result == RESULT_OK)
        result = action_run(call->server, call->action, body, call->by, &reply, &problem);
    if (result == RESULT_OK)
        answer_json(call->answer, 200, reply);
    else
        answer_problem(call->answer, result, &problem);
}

static void run_plan(struct call *call)
{
    plan_answer(call->server, call->request, call->answer);
}

static void put_tags(struct call *call)
{
    char id[MACHINE_ID_LEN];
    JSON_OWNED json_t *body = NULL;
    struct problem problem = {"", ""};
    if (!find_machine(call, id))
        return;
    if (json_read(call->request->body, call->request->body_len, &body, &problem) !=
        RESULT_OK) {
        answer_problem(call->answer, RESULT_INVALID, &problem);
        return;
    }
    json_t *tags = json_object_get(body, "tags");
    size_t i;
    json_t *tag;
    bool valid = json_is_array(tags) && json_array_size(tags) <= 32;
    json_array_foreach(tags, i, tag)
    {
        valid = valid && text_is_name(json_string_value(tag), 64);
    }
    if (!valid) {
        answer_error(
            call->answer, 400,
            "bad-request", "\"tags\" must be at most 32 words of letters, digits, dot, dash, underscore");
        return;
    }
    struct db *db = call->server->db;
    enum result result = db_begin(db);
    db_run(db, "DELETE FROM tags WHERE machine = ?", "s", id);
    json_array_foreach(tags, i, tag)
    {
        db_run(db, "INSERT OR IGNORE INTO tags (machine, tag) VALUES (?, ?)", "ss", id,
               json_string_value(tag));
    }
    if (result == RESULT_OK)
        result = db_commit(db);
    if (result != RESULT_OK) {
        answer_error(call->answer, 503, "store", "the tags cannot be stored");
        return;
    }
    rows_publish_machine(call->server, id);
    row_or_404(call, rows_machine(call->server, id));
}

#define ACTION(name)                                                                     \
    {                                                                                    \
        "POST", "/api/v1/" name, run_action, name                                        \
    }

/* `*` stands for one segment, kept in call->argument. */
static const struct route {
    const char *method;
    const char *pattern;
    void (*run)(struct call *);
    const char *action;
} routes[] = {
    {"GET", "/api/v1/status", get_status, NULL},
    {"GET", "/api/v1/machines", get_machines, NULL},
    {"GET", "/api/v1/machines/*", get_machine, NULL},
    {"GET", "/api/v1/machines/*/seed", get_seed, NULL},
    {"GET", "/api/v1/machines/*/log", get_machine_log, NULL},
    {"PUT", "/api/v1/machines/*/tags", put_tags, NULL},
    {"GET", "/api/v1/history", get_history, NULL},
    {"GET", "/api/v1/history/*", get_attempt, NULL},
    {"GET", "/api/v1/releases", get_releases, NULL},
    {"GET", "/api/v1/releases/*", get_release, NULL},
    {"GET", "/api/v1/releases/*/frame", get_frame, NULL},
    {"GET", "/api/v1/builds", get_builds, NULL},
    {"GET", "/api/v1/builds/*", get_build, NULL},
    {"GET", "/api/v1/builds/*/log", get_build_log, NULL},
    {"POST", "/api/v1/builds/*/retry", retry_build, NULL},
    {"GET", "/api/v1/events", get_events, NULL},
    {"GET", "/api/v1/openapi.json", get_openapi, NULL},
    {"GET", "/metrics", get_metrics, NULL},
    {"POST", "/api/v1/login-code", make_login_code, NULL},
    {"POST", "/api/v1/logout", logout, NULL},
    {"POST", "/api/v1/plan", run_plan, NULL},
    ACTION("rollback"),
    ACTION("deploy"),
    ACTION("hold"),
    ACTION("unhold"),
    ACTION("pin"),
    ACTION("retry"),
    ACTION("reboot"),
};

/* Matches PATH, and copies what stands for `*`. */
static bool matches(const char *pattern, const char *path, char out_argument[128])
{
    while (*pattern != '\0') {
        if (*pattern != '*') {
            if (*pattern++ != *path++)
                return false;
            continue;
        }
        size_t len = strcspn(path, "/");
        if (len == 0 || len >= 128)
            return false;
        memcpy(out_argument, path, len);
        out_argument[len] = '\0';
        path += len;
        pattern++;
    }
    return *path == '\0';
}

/* Lock held. */
static void route_api(struct server *server, struct http_request *request,
                      struct http_answer *answer)
{
    struct call call = {.server = server, .request = request, .answer = answer};
    const struct route *found = NULL;
    bool path_known = false;
    for (size_t i = 0; i < sizeof routes / sizeof routes[0] && found == NULL; i++) {
        if (!matches(routes[i].pattern, request->path, call.argument))
            continue;
        path_known = true;
        if (strcmp(routes[i].method, request->method) == 0)
            found = &routes[i];
    }
    if (!auth_check(server, request, answer, call.by))
        return;
    if (found == NULL) {
        answer_error(answer, path_known ? 405 : 404,
                     path_known ? "bad-method" : "not-found",
                     path_known ? "this address does not take this method"
                                : "there is nothing here");
        return;
    }
    call.action = found->action;
    found->run(&call);
}

void api_operator(void *context, struct http_request *request, struct http_answer *answer)
{
    struct server *server = context;
    const char *path = request->path;
    bool get = strcmp(request->method, "GET") == 0 || strcmp(request->method, "HEAD") == 0;
    site_headers(answer);
    if (!auth_host(server, request, answer))
        return;
    if (get && strncmp(path, "/api/", 5) != 0 && strcmp(path, "/metrics") != 0 &&
        strcmp(path, "/login") != 0 && strcmp(path, "/healthz") != 0) {
        site_file(server, request, answer);
        return;
    }
    server_lock(server);
    if (get && strcmp(path, "/healthz") == 0)
        site_health(server, answer);
    else if (get && strcmp(path, "/login") == 0)
        auth_login(server, request, answer);
    else
        route_api(server, request, answer);
    server_unlock(server);
}
