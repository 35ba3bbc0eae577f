/* `watch`: what happens, live, one readable line for each step.
 * SPDX-License-Identifier: MIT
 *
 * The stream gives rows whenever they change; this file remembers what it last printed of each
 * row, and prints only steps: a build's states, a release, a swap's results, a machine's states.
 * Times since the push are taken from the build's row, so they are right after a reconnect too. */
#include "watch.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "command.h"
#include "text.h"
#include "view.h"

enum { REMEMBERED = 256 };

/* What was last said about a row. */
struct said {
    char kind; /* b build, h history, m machine, r release */
    char key[24];
    char what[120];
};

/* When a commit was pushed. */
struct pushed {
    char commit[41];
    int64_t time_ms;
};

struct watch {
    bool json;
    const char *machine; /* only this one, by id or name; NULL: all */
    struct said said[REMEMBERED];
    size_t said_next;
    struct pushed pushed[64];
    size_t pushed_next;
    watch_tick_fn tick;
    void *context;
};

static volatile sig_atomic_t watch_stop_signal;
static volatile int watch_stop;

static void stop(int number)
{
    watch_stop_signal = number;
    watch_stop = 1;
}

void watch_catch_signals(void)
{
    struct sigaction action = {.sa_handler = stop};

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
}

const volatile int *watch_stop_flag(void)
{
    return &watch_stop;
}

/* True if WHAT about the row is news; remembers it. */
static bool is_news(struct watch *watch, char kind, const char *key, const char *what)
{
    struct said *entry = NULL;

    for (size_t i = 0; i < REMEMBERED && entry == NULL; i++) {
        if (watch->said[i].kind == kind && strcmp(watch->said[i].key, key) == 0) {
            entry = &watch->said[i];
        }
    }
    if (entry == NULL) {
        entry = &watch->said[watch->said_next++ % REMEMBERED];
        entry->kind = kind;
        snprintf(entry->key, sizeof(entry->key), "%s", key);
        entry->what[0] = '\0';
    }
    if (strncmp(entry->what, what, sizeof(entry->what) - 1) == 0) {
        return false;
    }
    snprintf(entry->what, sizeof(entry->what), "%s", what);
    return true;
}

static int64_t pushed_ms(const struct watch *watch, const char *commit)
{
    for (size_t i = 0; i < 64; i++) {
        if (commit[0] != '\0' && strcmp(watch->pushed[i].commit, commit) == 0) {
            return watch->pushed[i].time_ms;
        }
    }
    return -1;
}

static void remember_push(struct watch *watch, const json_t *build)
{
    const char *commit = view_text(build, "commit", "");
    struct pushed *entry = &watch->pushed[watch->pushed_next % 64];

    if (pushed_ms(watch, commit) < 0) {
        snprintf(entry->commit, sizeof(entry->commit), "%.40s", commit);
        entry->time_ms = text_parse_time(view_text(build, "time", NULL));
        watch->pushed_next++;
    }
}

/* Starts a line: time of day, then who. */
static void lead(const char *who, const char *word)
{
    struct timespec now;
    struct tm parts;
    char head[64];

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &parts);
    snprintf(head, sizeof(head), "%.24s", who);
    text_clean_line(head);
    printf("%02d:%02d:%02d.%03ld  %-10s ", parts.tm_hour, parts.tm_min, parts.tm_sec,
           now.tv_nsec / 1000000, head);
    if (word != NULL) {
        view_state(word);
    }
}

/* " · 1.42 s after the push", from the times that the server wrote into the rows. */
static void print_since(const struct watch *watch, const char *commit)
{
    int64_t start = pushed_ms(watch, commit);
    struct timespec now;
    char text[32];

    clock_gettime(CLOCK_REALTIME, &now);
    if (start >= 0) {
        text_format_duration((double)(now.tv_sec * 1000 + now.tv_nsec / 1000000 - start) /
                                 1000,
                             text, sizeof(text));
        printf(" · %s after the push", text);
    }
}

static void on_build(struct watch *watch, const json_t *row)
{
    const char *state = view_text(row, "state", "?");
    char key[24], who[40], commit[16], reason[700];

    remember_push(watch, row);
    snprintf(key, sizeof(key), "%lld", (long long)view_number(row, "id", 0));
    if (!is_news(watch, 'b', key, state)) {
        return;
    }
    snprintf(who, sizeof(who), "build %s", key);
    lead(who, state);
    view_print("  %s \"%.80s\" by %.40s",
               view_commit(row, "commit", commit, sizeof(commit)),
               view_text(row, "subject", ""), view_text(row, "author", "?"));
    if (json_is_number(json_object_get(row, "seconds"))) {
        printf(" in %.2f s", json_number_value(json_object_get(row, "seconds")));
    }
    view_reason(json_object_get(row, "reason"), reason, sizeof(reason));
    if (reason[0] != '\0') {
        view_print("\n    %s\n    see: neurath show build %s", reason, key);
    }
    putchar('\n');
}

static void on_release(struct watch *watch, const json_t *row)
{
    char key[24], who[40], commit[16], cells[300], what[64];

    snprintf(key, sizeof(key), "%lld", (long long)view_release(row));
    snprintf(what, sizeof(what), "%s", view_text(row, "state", "published"));
    if (strcmp(what, "allocated") == 0 || !is_news(watch, 'r', key, what) ||
        strcmp(what, "signed") == 0) {
        return;
    }
    snprintf(who, sizeof(who), "v%s", key);
    lead(who, NULL);
    view_print("released  %s: %s", view_commit(row, "commit", commit, sizeof(commit)),
               view_cells(json_object_get(row, "changed"), 5, cells, sizeof(cells)));
    if (json_array_size(json_object_get(row, "needs_boot")) > 0) {
        fputs(" · needs a boot", stdout);
    }
    print_since(watch, view_text(row, "commit", ""));
    putchar('\n');
}

static void on_history(struct watch *watch, const json_t *row)
{
    const char *result = view_text(row, "result", "?");
    const char *trigger = view_text(row, "trigger", "");
    char key[24], cells[300], reason[700], text[40], commit[16];

    snprintf(key, sizeof(key), "%lld", (long long)view_number(row, "id", 0));
    if (!is_news(watch, 'h', key, result)) {
        return;
    }
    lead(view_machine(row), result);
    view_print("  v%lld %s: %s", (long long)view_number(row, "release", 0),
               view_commit(row, "to_commit", commit, sizeof(commit)),
               view_cells(json_object_get(row, "cells"), 5, cells, sizeof(cells)));
    if (strcmp(trigger, "push") != 0) {
        view_print(" (%s)", trigger);
    }
    if (json_is_number(json_object_get(row, "pause_ns"))) {
        text_format_nanoseconds((double)view_number(row, "pause_ns", 0), text,
                                sizeof(text));
        printf(" · pause %s", text);
    }
    if (strcmp(trigger, "push") == 0) {
        print_since(watch, view_text(row, "to_commit", ""));
    }
    view_reason(json_object_get(row, "reason"), reason, sizeof(reason));
    if (reason[0] != '\0') {
        view_print("\n    %s", reason);
    }
    putchar('\n');
}

static void on_machine(struct watch *watch, const json_t *row)
{
    const char *state = view_text(row, "state", "?");
    char reason[700], what[120], commit[16];

    view_reason(json_object_get(row, "reason"), reason, sizeof(reason));
    snprintf(what, sizeof(what), "%.20s %.90s", state, reason);
    /* Swaps speak for themselves; only what the history does not say is printed. */
    if (!is_news(watch, 'm', view_text(row, "id", ""), what) ||
        strcmp(state, "updating") == 0 || strcmp(state, "trial") == 0 ||
        strcmp(state, "behind") == 0) {
        return;
    }
    lead(view_machine(row), state);
    view_print("  at %s", view_commit(row, "commit", commit, sizeof(commit)));
    if (reason[0] != '\0') {
        view_print(" · %s", reason);
    }
    putchar('\n');
}

/* True if the event is about another machine than the one that is watched. */
static bool is_other_machine(const struct watch *watch, const char *name,
                             const json_t *row)
{
    const char *id = strcmp(name, "machine") == 0 ? view_text(row, "id", "")
                                                  : view_text(row, "machine", "");

    return watch->machine != NULL &&
           (strcmp(name, "machine") == 0 || strcmp(name, "history") == 0) &&
           strcmp(watch->machine, id) != 0 &&
           strcmp(watch->machine, view_machine(row)) != 0;
}

static bool on_event(void *context, const char *name, json_t *row, int64_t id)
{
    struct watch *watch = context;

    if (name == NULL) {
        return watch->tick == NULL || watch->tick(watch->context);
    }
    if (is_other_machine(watch, name, row)) {
        return true;
    }
    if (watch->json) {
        json_t *line =
            json_pack("{s:s, s:I, s:O}", "event", name, "id", (json_int_t)id, "row", row);
        view_json(line, true);
        json_decref(line);
    } else if (strcmp(name, "build") == 0) {
        on_build(watch, row);
    } else if (strcmp(name, "release") == 0) {
        on_release(watch, row);
    } else if (strcmp(name, "history") == 0) {
        on_history(watch, row);
    } else if (strcmp(name, "machine") == 0) {
        on_machine(watch, row);
    } else if (strcmp(name, "server") == 0 &&
               json_is_object(json_object_get(row, "alarm"))) {
        lead("server", NULL);
        view_print("%s\n", view_text(json_object_get(row, "alarm"), "text", "alarm"));
    }
    return fflush(stdout) == 0;
}

static bool on_connection(void *context, const char *why)
{
    struct watch *watch = context;

    if (!watch->json) {
        lead("watch", NULL);
        if (why != NULL) {
            view_print("%s; trying again\n", why);
        } else {
            puts("the server is back");
        }
        fflush(stdout);
    }
    return true;
}

bool watch_run(struct http *http, const char *machine, bool json, watch_tick_fn tick,
               void *context, struct failure *failure)
{
    struct watch *watch = calloc(1, sizeof(*watch));
    json_t *rows = NULL;
    bool good = true;

    if (watch == NULL) {
        return failure_set(failure, "no-memory", "out of memory");
    }
    watch->json = json;
    watch->machine = machine;
    watch->tick = tick;
    watch->context = context;
    /* Known builds and machines first, so that old rows that change are not taken for news. */
    if (http_get(http, "/api/v1/builds?limit=50", &rows, failure)) {
        for (size_t i = 0; i < json_array_size(json_object_get(rows, "rows")); i++) {
            remember_push(watch, json_array_get(json_object_get(rows, "rows"), i));
        }
        json_decref(rows);
        good = http_follow(http, -1, on_event, on_connection, watch, &watch_stop, failure);
    } else {
        good = false;
    }
    free(watch);
    return good;
}

bool command_watch(const struct invocation *invocation, enum outcome *out_outcome,
                   struct failure *failure)
{
    struct http *http = NULL;
    bool done = false;

    (void)out_outcome;
    watch_catch_signals();
    if (!http_open(invocation, &http, failure)) {
        return false;
    }
    if (!invocation->json) {
        view_print("watching %s; Ctrl-C ends\n", http_server(http)->url);
        fflush(stdout);
    }
    done = watch_run(http, invocation->value[OPTION_MACHINE], invocation->json, NULL,
                     NULL, failure);
    http_destroy(http);
    return done;
}
