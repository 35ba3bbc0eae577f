/* `show`: everything about one machine, release, swap or build.
 * SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "http.h"
#include "table.h"
#include "text.h"
#include "view.h"

/* Prints "label   text", unless TEXT is empty. */
static void print_field(const char *label, const char *text)
{
    if (text != NULL && text[0] != '\0') {
        view_print("%-12s %s\n", label, text);
    }
}

static void print_number(const char *label, const json_t *row, const char *field)
{
    if (json_is_number(json_object_get(row, field))) {
        printf("%-12s %lld\n", label, (long long)view_number(row, field, 0));
    }
}

static void print_time(const char *label, const json_t *row, const char *field)
{
    char time[32];

    if (view_text(row, field, NULL) != NULL) {
        text_format_time(view_text(row, field, NULL), time, sizeof(time));
        printf("%-12s %s UTC\n", label, time);
    }
}

static void print_reason(const char *label, const json_t *reason)
{
    char text[1024];

    print_field(label, view_reason(reason, text, sizeof(text)));
}

static void print_by(const json_t *row)
{
    const json_t *by = json_object_get(row, "by");

    if (json_is_object(by)) {
        view_print("%-12s %s (%s)\n", "by", view_text(by, "name", "?"),
                   view_text(by, "kind", "?"));
    }
}

/* The cells of a swap: what each was and became. */
static void print_changes(const json_t *cells)
{
    static const char *const headings[] = {"CELL", "CLASS", "OLD", "NEW"};
    struct table *table = NULL;

    if (!json_is_array(cells)) {
        return;
    }
    putchar('\n');
    table = table_create(headings, 4);
    for (size_t i = 0; i < json_array_size(cells); i++) {
        const json_t *cell = json_array_get(cells, i);
        char old[16], new[16];
        table_add(table, (const char *[]){view_text(cell, "name", NULL),
                                          view_text(cell, "class", NULL),
                                          view_commit(cell, "old", old, sizeof(old)),
                                          view_commit(cell, "new", new, sizeof(new))});
    }
    table_print(table, "no cell differs: nothing to swap");
}

static void print_refusals(const json_t *refusals)
{
    for (size_t i = 0; i < json_array_size(refusals); i++) {
        print_reason("refused", json_array_get(refusals, i));
    }
}

static void print_needs_boot(const json_t *row)
{
    const json_t *needs = json_object_get(row, "needs_boot");

    for (size_t i = 0; i < json_array_size(needs); i++) {
        print_field("needs boot", json_string_value(json_array_get(needs, i)));
    }
}

static void print_machine(const json_t *row)
{
    const json_t *hold = json_object_get(row, "held");
    const json_t *quarantine = json_object_get(row, "quarantine");
    const json_t *cells = json_object_get(row, "cells");
    char text[640];

    view_print("%-12s %s (%s)\n", "machine", view_machine(row), view_text(row, "id", "?"));
    printf("%-12s ", "state");
    view_state(view_text(row, "state", "?"));
    putchar('\n');
    print_reason("reason", json_object_get(row, "reason"));
    print_field("runs", view_text(row, "commit", "nothing yet"));
    print_field("desired", view_text(row, "desired_commit", "-"));
    print_number("release", row, "release");
    print_number("differing", row, "cells_differing");
    text_format_duration((double)view_number(row, "uptime_s", 0), text, sizeof(text));
    print_field("uptime", text);
    print_number("swaps", row, "swaps_since_boot");
    if (json_is_number(json_object_get(row, "last_pause_ns"))) {
        text_format_nanoseconds((double)view_number(row, "last_pause_ns", 0), text,
                                sizeof(text));
        print_field("last pause", text);
    }
    print_time("last contact", row, "last_contact");
    print_time("enrolled", row, "enrolled");
    print_field("boot id", view_text(row, "boot_id", NULL));
    if (json_is_object(hold)) {
        view_print("%-12s %s since %s %s\n", view_text(hold, "kind", "hold"),
                   view_text(hold, "commit", ""), view_text(hold, "since", "-"),
                   view_text(hold, "note", ""));
    }
    for (size_t i = 0; i < json_array_size(quarantine); i++) {
        const json_t *entry = json_array_get(quarantine, i);
        char reason[512];
        view_print("%-12s %.10s %s; `neurath retry %s` tries again\n", "quarantine",
                   view_text(entry, "content", "?"),
                   view_reason(json_object_get(entry, "reason"), reason, sizeof(reason)),
                   view_machine(row));
    }
    for (size_t i = 0; i < json_array_size(cells); i++) {
        const json_t *cell = json_array_get(cells, i);
        const char *running = view_text(cell, "running", "-");
        const char *desired = view_text(cell, "desired", "-");
        if (strcmp(running, desired) != 0) {
            view_print("%-12s %s runs %.10s, desired %.10s\n", "cell",
                       view_text(cell, "name", "?"), running, desired);
        }
    }
}

static void print_release(const json_t *row)
{
    const json_t *adopted = json_object_get(row, "adopted");

    printf("%-12s v%lld\n", "release", (long long)view_release(row));
    print_field("commit", view_text(row, "commit", "-"));
    print_field("subject", view_text(row, "subject", NULL));
    print_field("author", view_text(row, "author", NULL));
    print_time("time", row, "time");
    print_field("channel", view_text(row, "channel", NULL));
    print_field("state", view_text(row, "state", NULL));
    if (json_is_number(json_object_get(row, "of"))) {
        printf("%-12s v%lld, issued again\n", "content of",
               (long long)view_number(row, "of", 0));
    }
    print_field("content", view_text(row, "content", NULL));
    print_time("expires", row, "expires");
    if (json_is_object(adopted)) {
        printf("%-12s %lld of %lld machines\n", "adopted",
               (long long)view_number(adopted, "running", 0),
               (long long)view_number(adopted, "machines", 0));
    }
    print_by(row);
    print_field("note", view_text(row, "note", NULL));
    print_needs_boot(row);
    print_refusals(json_object_get(row, "refusals"));
    print_changes(json_object_get(row, "changed"));
}

static void print_swap(const json_t *row)
{
    const json_t *stages = json_object_get(row, "stage_ms");
    const char *name = NULL;
    json_t *value = NULL;
    char text[64], effects[480];

    print_number("swap", row, "id");
    print_time("time", row, "time");
    view_print("%-12s %s (%s)\n", "machine", view_machine(row),
               view_text(row, "machine", "?"));
    print_number("release", row, "release");
    view_print("%-12s %s %s\n", "from", view_text(row, "from_commit", "-"),
               view_text(row, "from_subject", ""));
    view_print("%-12s %s %s\n", "to", view_text(row, "to_commit", "-"),
               view_text(row, "to_subject", ""));
    print_field("trigger", view_text(row, "trigger", NULL));
    print_number("cause", row, "cause");
    print_by(row);
    print_field("note", view_text(row, "note", NULL));
    printf("%-12s ", "result");
    view_state(view_text(row, "result", "?"));
    putchar('\n');
    print_reason("reason", json_object_get(row, "reason"));
    if (json_is_number(json_object_get(row, "pause_ns"))) {
        text_format_nanoseconds((double)view_number(row, "pause_ns", 0), text,
                                sizeof(text));
        print_field("pause", text);
    }
    json_object_foreach((json_t *)stages, name, value)
    {
        view_print("%-12s %.3g ms\n", name, json_number_value(value));
    }
    print_number("bytes", row, "bytes");
    if (view_effects(row, effects, sizeof(effects))[0] != '\0') {
        print_field("effects", effects);
    }
    print_number("retained", row, "retained_bytes");
    print_changes(json_object_get(row, "cells"));
}

static void print_build(const json_t *row)
{
    print_number("build", row, "id");
    print_time("time", row, "time");
    print_field("commit", view_text(row, "commit", "-"));
    print_field("subject", view_text(row, "subject", NULL));
    print_field("author", view_text(row, "author", NULL));
    print_field("branch", view_text(row, "branch", NULL));
    printf("%-12s ", "state");
    view_state(view_text(row, "state", "?"));
    putchar('\n');
    print_field("step", view_text(row, "step", NULL));
    if (json_is_number(json_object_get(row, "seconds"))) {
        printf("%-12s %.2f\n", "seconds",
               json_number_value(json_object_get(row, "seconds")));
    }
    print_number("release", row, "release");
    print_reason("reason", json_object_get(row, "reason"));
}

/* The compiler's output follows the build's fields. */
static bool print_build_log(struct http *http, const char *id, struct failure *failure)
{
    char path[256];
    char *log = NULL;

    snprintf(path, sizeof(path), "/api/v1/builds/%.200s/log", id);
    if (!http_get_text(http, path, &log, failure)) {
        return false;
    }
    if (log[0] != '\0') {
        view_print("\n%s%s", log, log[strlen(log) - 1] == '\n' ? "" : "\n");
    }
    free(log);
    return true;
}

bool command_show(const struct invocation *invocation, enum outcome *out_outcome,
                  struct failure *failure)
{
    static const struct {
        const char *word;
        const char *path;
        void (*print)(const json_t *row);
    } kinds[] = {
        {"machine", "/api/v1/machines/", print_machine},
        {"release", "/api/v1/releases/", print_release},
        {"swap", "/api/v1/history/", print_swap},
        {"build", "/api/v1/builds/", print_build},
    };
    const char *id = invocation->argument[1];
    struct http *http = NULL;
    json_t *row = NULL;
    char path[512], escaped[400];
    size_t kind = 0;
    bool done = false;

    (void)out_outcome;
    while (kind < 4 && strcmp(kinds[kind].word, invocation->argument[0]) != 0) {
        kind++;
    }
    if (kind == 4) {
        failure_usage(failure, "cannot show a '%s'", invocation->argument[0]);
        return failure_remedy(failure, "it is one of: machine, release, swap, build");
    }
    if (kind == 1 && id[0] == 'v') {
        id++;
    }
    if (kind != 0 && (id[0] == '\0' || strspn(id, "0123456789") != strlen(id))) {
        return failure_usage(failure, "the id of a %s is a number, not '%s'",
                             kinds[kind].word, invocation->argument[1]);
    }
    http_escape(id, escaped, sizeof(escaped));
    snprintf(path, sizeof(path), "%s%s", kinds[kind].path, escaped);
    done = http_open(invocation, &http, failure) && http_get(http, path, &row, failure);
    if (done && invocation->json) {
        view_json(row, false);
    } else if (done) {
        kinds[kind].print(row);
        done = kind != 3 || print_build_log(http, escaped, failure);
    }
    json_decref(row);
    http_destroy(http);
    return done;
}
