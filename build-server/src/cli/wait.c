/* Watches the history until an order is done.
 * SPDX-License-Identifier: MIT */
#include "wait.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "view.h"

enum { LOOK_MS = 150 };

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void rest(void)
{
    struct timespec pause = {0, LOOK_MS * 1000000};

    nanosleep(&pause, NULL);
}

/* The newest attempt (not a revert) of MACHINE among ROWS, newest first; NULL if none. */
static const json_t *attempt_of(const json_t *rows, const char *machine)
{
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        if (strcmp(view_text(row, "machine", ""), machine) == 0 &&
            strcmp(view_text(row, "trigger", ""), "revert") != 0) {
            return row;
        }
    }
    return NULL;
}

/* Looks at one machine's ROW of the answer; sets its `result` when it is settled. */
static void look(json_t *row, const json_t *history, bool json, bool *out_good)
{
    const json_t *attempt = attempt_of(history, view_text(row, "machine", ""));
    const char *result = view_text(attempt, "result", "");
    char reason[700];

    if (strcmp(result, "permanent") == 0) {
        json_object_set_new(row, "result", json_string(result));
        if (!json) {
            view_print("%s: permanent\n", view_machine(row));
        }
    } else if (result[0] != '\0' && strcmp(result, "running") != 0 &&
               strcmp(result, "trial") != 0 && strcmp(result, "inconclusive") != 0) {
        struct failure failure;
        json_object_set_new(row, "result", json_string(result));
        view_reason(json_object_get(attempt, "reason"), reason, sizeof(reason));
        failure_set(&failure, result, "%s: %s%s%s", view_machine(row), result,
                    reason[0] ? ": " : "", reason);
        failure_remedy(&failure, "see `neurath show swap %lld`",
                       (long long)view_number(attempt, "id", 0));
        failure_print(&failure, json);
        *out_good = false;
    }
    fflush(stdout);
}

/* How many rows still have no `result`. Rows that have nothing to wait for get one here. */
static size_t count_open(json_t *rows)
{
    size_t open = 0;

    for (size_t i = 0; i < json_array_size(rows); i++) {
        json_t *row = json_array_get(rows, i);
        const char *action = view_text(row, "action", "swap");
        if (json_object_get(row, "result") != NULL) {
            continue;
        }
        if (strcmp(action, "nothing") == 0 || strcmp(action, "none") == 0) {
            json_object_set_new(row, "result", json_string("permanent"));
        } else if (strcmp(action, "swap") == 0 || strcmp(action, "wait") == 0) {
            open++;
        } else {
            json_object_set_new(row, "result", json_string("refused"));
        }
    }
    return open;
}

/* Looks for the attempts at RELEASE. False: the server refuses to tell. */
static bool look_at_release(struct http *http, int64_t release, json_t *rows, bool json,
                            bool *out_good)
{
    struct failure failure = {0};
    json_t *history = NULL;
    char path[128];

    snprintf(path, sizeof(path), "/api/v1/history?limit=500&release=%lld",
             (long long)release);
    if (!http_get(http, path, &history, &failure)) {
        if (strcmp(failure.code, "no-server") == 0) {
            return true;
        }
        failure_print(&failure, json);
        return false;
    }
    for (size_t i = 0; i < json_array_size(rows); i++) {
        json_t *row = json_array_get(rows, i);
        if (json_object_get(row, "result") == NULL) {
            look(row, json_object_get(history, "rows"), json, out_good);
        }
    }
    json_decref(history);
    return true;
}

/* Single cells go out as one release for each version that runs. */
static bool look_at_all(struct http *http, const json_t *answer, bool json, bool *out_good)
{
    const json_t *sets = json_object_get(answer, "sets");
    json_t *rows = json_object_get(answer, "rows");
    size_t count = json_array_size(sets);

    for (size_t i = 0; i < count; i++) {
        if (!look_at_release(http, view_number(json_array_get(sets, i), "release", 0),
                             rows, json, out_good)) {
            return false;
        }
    }
    return count > 0 ||
           look_at_release(http, view_number(answer, "release", 0), rows, json, out_good);
}

bool wait_permanent(struct http *http, json_t *answer, long timeout_s, bool json)
{
    json_t *rows = json_object_get(answer, "rows");
    int64_t end = now_ms() + timeout_s * 1000;
    struct failure failure = {0};
    bool good = true;

    while (count_open(rows) > 0 && now_ms() < end) {
        if (!look_at_all(http, answer, json, &good)) {
            return false;
        }
        rest();
    }
    for (size_t i = 0; i < json_array_size(rows); i++) {
        json_t *row = json_array_get(rows, i);
        if (json_object_get(row, "result") == NULL) {
            failure_set(&failure, "timeout", "%s: not permanent after %ld s",
                        view_machine(row), timeout_s);
            failure_remedy(&failure, "see `neurath show machine %s`", view_machine(row));
            failure_print(&failure, json);
            good = false;
        }
    }
    return good;
}

bool wait_booted(struct http *http, const json_t *machine, long timeout_s,
                 struct failure *failure)
{
    int64_t end = now_ms() + timeout_s * 1000;
    const char *boot_id = view_text(machine, "boot_id", "");
    char path[128];

    snprintf(path, sizeof(path), "/api/v1/machines/%.32s", view_text(machine, "id", ""));
    while (now_ms() < end) {
        json_t *row = NULL;
        if (http_get(http, path, &row, failure)) {
            bool booted = strcmp(view_text(row, "boot_id", boot_id), boot_id) != 0 &&
                          strcmp(view_text(row, "state", ""), "running") == 0;
            json_decref(row);
            if (booted) {
                return true;
            }
        }
        rest();
    }
    failure_set(failure, "timeout", "%s is not back after %ld s", view_machine(machine),
                timeout_s);
    return failure_remedy(failure, "see `neurath log %s`", view_machine(machine));
}
