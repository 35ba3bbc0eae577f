/* The listings: machines, releases, history, builds; and the server's status.
 * SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "http.h"
#include "table.h"
#include "text.h"
#include "view.h"

enum { PAGE = 500, LIMIT_DEFAULT = 50, QUERY_MAX = 1024 };

/* Which option becomes which word of the query. */
static const struct {
    enum option_id option;
    const char *word;
} filters[] = {
    {OPTION_MACHINE, "machine"}, {OPTION_CELL, "cell"},       {OPTION_COMMIT, "commit"},
    {OPTION_RESULT, "result"},   {OPTION_TRIGGER, "trigger"}, {OPTION_STATE, "state"},
    {OPTION_BRANCH, "branch"},   {OPTION_TAG, "tag"},
};

static void add_filters(const struct invocation *invocation, char *query)
{
    for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
        const char *value = invocation->value[filters[i].option];
        size_t used = strlen(query);
        char escaped[256];
        if (value != NULL) {
            http_escape(value, escaped, sizeof(escaped));
            snprintf(query + used, QUERY_MAX - used, "&%s=%s", filters[i].word, escaped);
        }
    }
}

/* Reads up to LIMIT rows, page by page. PAGE_WORD is how the next page is asked for.
 * GIVES *out (json_decref). */
static bool fetch_rows(struct http *http, const char *path, const char *query,
                       const char *page_word, long limit, json_t **out,
                       struct failure *failure)
{
    json_t *rows = json_array();
    char next[128] = "";

    while ((long)json_array_size(rows) < limit) {
        long left = limit - (long)json_array_size(rows);
        char url[QUERY_MAX + 256];
        json_t *answer = NULL;
        const json_t *following = NULL;
        size_t got = 0;

        snprintf(url, sizeof(url), "%s?limit=%ld%s%s%s%s", path, left < PAGE ? left : PAGE,
                 query, next[0] ? "&" : "", next[0] ? page_word : "", next);
        if (!http_get(http, url, &answer, failure)) {
            json_decref(rows);
            return false;
        }
        got = json_array_size(json_object_get(answer, "rows"));
        json_array_extend(rows, json_object_get(answer, "rows"));
        following = json_object_get(answer, "next");
        if (json_is_integer(following)) {
            snprintf(next, sizeof(next), "=%lld",
                     (long long)json_integer_value(following));
        } else if (json_is_string(following)) {
            char escaped[96];
            http_escape(json_string_value(following), escaped, sizeof(escaped));
            snprintf(next, sizeof(next), "=%s", escaped);
        }
        json_decref(answer);
        if (got == 0 || json_is_null(following) || following == NULL) {
            break;
        }
    }
    *out = rows;
    return true;
}

/* The common part of all listings. */
static bool list(const struct invocation *invocation, const char *path,
                 const char *page_word, void (*print)(const json_t *rows),
                 struct failure *failure)
{
    struct http *http = NULL;
    json_t *rows = NULL;
    char query[QUERY_MAX] = "";
    long limit = LIMIT_DEFAULT;
    bool done = false;

    if (!invocation_number(invocation, OPTION_LIMIT, 1, 1000000, &limit, failure)) {
        return false;
    }
    if (invocation_has(invocation, OPTION_ALL)) {
        limit = 100000000;
    }
    add_filters(invocation, query);
    done = http_open(invocation, &http, failure) &&
           fetch_rows(http, path, query, page_word, limit, &rows, failure);
    if (done && invocation->json) {
        view_json(rows, false);
    } else if (done) {
        print(rows);
    }
    json_decref(rows);
    http_destroy(http);
    return done;
}

static void print_machines(const json_t *rows)
{
    static const char *const headings[] = {
        "MACHINE", "STATE",   "RUNS",   "DESIRED",      ">RELEASE",
        ">DIFF",   ">UPTIME", ">SWAPS", "LAST CONTACT", "TAGS / REASON"};
    struct table *table = table_create(headings, 10);

    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        char commit[16], desired[16], release[24], differing[24], uptime[32], swaps[24],
            contact[32];
        char reason[512], last[640] = "";
        size_t used = 0;
        const json_t *tags = json_object_get(row, "tags");

        for (size_t t = 0; t < json_array_size(tags) && used < sizeof(last) - 70; t++) {
            used += (size_t)snprintf(last + used, sizeof(last) - used, "%s%.64s",
                                     t ? " " : "",
                                     json_string_value(json_array_get(tags, t)));
        }
        view_reason(json_object_get(row, "reason"), reason, sizeof(reason));
        if (reason[0] != '\0') {
            snprintf(last + used, sizeof(last) - used, "%s%s", used ? " · " : "", reason);
        }
        snprintf(release, sizeof(release), "v%lld",
                 (long long)view_number(row, "release", 0));
        snprintf(differing, sizeof(differing), "%lld",
                 (long long)view_number(row, "cells_differing", 0));
        snprintf(swaps, sizeof(swaps), "%lld",
                 (long long)view_number(row, "swaps_since_boot", 0));
        text_format_duration((double)view_number(row, "uptime_s", 0), uptime,
                             sizeof(uptime));
        text_format_time(view_text(row, "last_contact", NULL), contact, sizeof(contact));
        table_add(table, (const char *[]){
                             view_machine(row), view_text(row, "state", NULL),
                             view_commit(row, "commit", commit, sizeof(commit)),
                             view_commit(row, "desired_commit", desired, sizeof(desired)),
                             view_number(row, "release", 0) ? release : "-",
                             view_number(row, "cells_differing", -1) < 0 ? "-" : differing,
                             uptime, swaps, contact, last});
    }
    table_print(table, "no machines; `neurath lab up` starts one");
}

bool command_machines(const struct invocation *invocation, enum outcome *out_outcome,
                      struct failure *failure)
{
    (void)out_outcome;
    return list(invocation, "/api/v1/machines", "after", print_machines, failure);
}

static void print_releases(const json_t *rows)
{
    static const char *const headings[] = {">RELEASE", "TIME (UTC)", "COMMIT", "ADOPTED",
                                           "AUTHOR",   "CELLS",      "SUBJECT"};
    struct table *table = table_create(headings, 7);

    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        const json_t *adopted = json_object_get(row, "adopted");
        char version[24], time[32], commit[16], adoption[48] = "-", cells[256];

        snprintf(version, sizeof(version), "v%lld", (long long)view_release(row));
        text_format_time(view_text(row, "time", NULL), time, sizeof(time));
        if (json_is_object(adopted)) {
            snprintf(adoption, sizeof(adoption), "%lld/%lld",
                     (long long)view_number(adopted, "running", 0),
                     (long long)view_number(adopted, "machines", 0));
        }
        view_cells(json_object_get(row, "changed"), 3, cells, sizeof(cells));
        if (json_array_size(json_object_get(row, "needs_boot")) > 0) {
            snprintf(cells + strlen(cells), sizeof(cells) - strlen(cells),
                     " (needs boot)");
        }
        table_add(table,
                  (const char *[]){version, time,
                                   view_commit(row, "commit", commit, sizeof(commit)),
                                   adoption, view_text(row, "author", NULL), cells,
                                   view_text(row, "subject", NULL)});
    }
    table_print(table, "no releases yet; push a commit");
}

bool command_releases(const struct invocation *invocation, enum outcome *out_outcome,
                      struct failure *failure)
{
    (void)out_outcome;
    return list(invocation, "/api/v1/releases", "before", print_releases, failure);
}

static void print_history(const json_t *rows)
{
    static const char *const headings[] = {
        ">ID",     "TIME (UTC)", "MACHINE", ">RELEASE", "FROM",          "TO",
        "TRIGGER", "RESULT",     ">PAUSE",  ">SWAP",    "CELLS / REASON"};
    struct table *table = table_create(headings, 11);

    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        char id[24], time[32], release[24], from[16], to[16], pause[32] = "-",
                                                              swap[32] = "-";
        char cells[256], effects[480], reason[600], last[1400];
        double total = view_stage_total(json_object_get(row, "stage_ms"), false);

        snprintf(id, sizeof(id), "%lld", (long long)view_number(row, "id", 0));
        snprintf(release, sizeof(release), "v%lld",
                 (long long)view_number(row, "release", 0));
        text_format_time(view_text(row, "time", NULL), time, sizeof(time));
        if (json_is_number(json_object_get(row, "pause_ns"))) {
            text_format_nanoseconds((double)view_number(row, "pause_ns", 0), pause,
                                    sizeof(pause));
        }
        if (total > 0) {
            text_format_duration(total / 1000, swap, sizeof(swap));
        }
        view_cells(json_object_get(row, "cells"), 3, cells, sizeof(cells));
        view_reason(json_object_get(row, "reason"), reason, sizeof(reason));
        view_effects(row, effects, sizeof(effects));
        snprintf(last, sizeof(last), "%s%s%s%s%s", cells, effects[0] ? " · " : "",
                 effects, reason[0] ? " · " : "", reason);
        table_add(table,
                  (const char *[]){id, time, view_machine(row),
                                   view_number(row, "release", 0) ? release : "-",
                                   view_commit(row, "from_commit", from, sizeof(from)),
                                   view_commit(row, "to_commit", to, sizeof(to)),
                                   view_text(row, "trigger", NULL),
                                   view_text(row, "result", NULL), pause, swap, last});
    }
    table_print(table, "no swaps yet; push a commit");
}

bool command_history(const struct invocation *invocation, enum outcome *out_outcome,
                     struct failure *failure)
{
    (void)out_outcome;
    return list(invocation, "/api/v1/history", "before", print_history, failure);
}

static void print_builds(const json_t *rows)
{
    static const char *const headings[] = {">BUILD", "TIME (UTC)",      "COMMIT",
                                           "STATE",  ">SECONDS",        ">RELEASE",
                                           "AUTHOR", "SUBJECT / REASON"};
    struct table *table = table_create(headings, 8);

    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        char id[24], time[32], commit[16], seconds[24] = "-", release[24], reason[600],
                                           last[900];
        const json_t *took = json_object_get(row, "seconds");

        snprintf(id, sizeof(id), "%lld", (long long)view_number(row, "id", 0));
        text_format_time(view_text(row, "time", NULL), time, sizeof(time));
        if (json_is_number(took)) {
            snprintf(seconds, sizeof(seconds), "%.2f", json_number_value(took));
        }
        snprintf(release, sizeof(release), "v%lld",
                 (long long)view_number(row, "release", 0));
        view_reason(json_object_get(row, "reason"), reason, sizeof(reason));
        snprintf(last, sizeof(last), "%.240s%s%s", view_text(row, "subject", "-"),
                 reason[0] ? " · " : "", reason);
        table_add(table, (const char *[]){
                             id, time, view_commit(row, "commit", commit, sizeof(commit)),
                             view_text(row, "state", NULL), seconds,
                             view_number(row, "release", 0) ? release : "-",
                             view_text(row, "author", NULL), last});
    }
    table_print(table, "no builds yet; push a commit");
}

bool command_builds(const struct invocation *invocation, enum outcome *out_outcome,
                    struct failure *failure)
{
    (void)out_outcome;
    return list(invocation, "/api/v1/builds", "before", print_builds, failure);
}

static void print_status(const json_t *status)
{
    const json_t *channel = json_object_get(status, "channel");
    const json_t *source = json_is_object(channel) ? channel : status;
    const json_t *machines = json_object_get(status, "machines");
    const json_t *alarms = json_object_get(status, "alarms");
    const char *state = NULL;
    json_t *count = NULL;
    char commit[16];

    view_print("server   %s, version %s\n", view_text(status, "url", "-"),
               view_text(status, "version", "-"));
    if (view_number(source, "release", 0) == 0) {
        view_print("release  none yet\n");
    } else {
        view_print("release  v%lld of %s: %s\n",
                   (long long)view_number(source, "release", 0),
                   view_commit(source, "commit", commit, sizeof(commit)),
                   view_text(source, "subject", ""));
    }
    if (json_is_object(json_object_get(source, "hold"))) {
        const json_t *hold = json_object_get(source, "hold");
        view_print("hold     since %s%s%s; `neurath unhold --all` ends it\n",
                   view_text(hold, "since", "-"),
                   view_text(hold, "note", NULL) ? ": " : "", view_text(hold, "note", ""));
    }
    view_print("builds   %lld building, %lld queued\n",
               (long long)view_number(json_object_get(status, "builds"), "building", 0),
               (long long)view_number(json_object_get(status, "builds"), "queued", 0));
    view_print("machines %lld", (long long)view_number(machines, "total", 0));
    json_object_foreach((json_t *)machines, state, count)
    {
        if (strcmp(state, "total") != 0 && json_integer_value(count) > 0) {
            printf(", %lld ", (long long)json_integer_value(count));
            view_state(state);
        }
    }
    putchar('\n');
    for (size_t i = 0; i < json_array_size(alarms); i++) {
        const json_t *alarm = json_array_get(alarms, i);
        view_print("alarm    %s: %s\n", view_text(alarm, "code", "?"),
                   view_text(alarm, "text", ""));
    }
}

bool command_status(const struct invocation *invocation, enum outcome *out_outcome,
                    struct failure *failure)
{
    struct http *http = NULL;
    json_t *status = NULL;
    bool done = http_open(invocation, &http, failure) &&
                http_get(http, "/api/v1/status", &status, failure);

    (void)out_outcome;
    if (done && invocation->json) {
        view_json(status, false);
    } else if (done) {
        print_status(status);
    }
    json_decref(status);
    http_destroy(http);
    return done;
}
