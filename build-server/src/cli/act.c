/* Orders to the server: deploy, rollback, hold, unhold, pin, retry, reboot, tag, login.
 * SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "command.h"
#include "http.h"
#include "plan.h"
#include "table.h"
#include "target.h"
#include "text.h"
#include "view.h"
#include "wait.h"

/* True if a row of an order's answer says that the machine will not get there. */
static bool row_refuses(const json_t *row)
{
    const char *action = view_text(row, "action", "");

    return strcmp(action, "blocked") == 0 || strcmp(action, "boot") == 0 ||
           strcmp(action, "refused") == 0;
}

static bool any_refuses(const json_t *rows)
{
    for (size_t i = 0; i < json_array_size(rows); i++) {
        if (row_refuses(json_array_get(rows, i))) {
            return true;
        }
    }
    return false;
}

static void print_rows(const json_t *rows)
{
    static const char *const headings[] = {"MACHINE", "ACTION", "CELLS / REASON"};
    struct table *table = table_create(headings, 3);

    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        char cells[256] = "", reason[700], last[1000];
        if (json_array_size(json_object_get(row, "cells")) > 0) {
            view_cells(json_object_get(row, "cells"), 4, cells, sizeof(cells));
        }
        view_reason(json_object_get(row, "reason"), reason, sizeof(reason));
        snprintf(last, sizeof(last), "%s%s%s", cells, cells[0] && reason[0] ? " · " : "",
                 reason);
        table_add(table, (const char *[]){view_machine(row),
                                          view_text(row, "action", NULL), last});
    }
    table_print(table, "no machine is concerned");
}

/* One clear line on stderr for each machine that will not get there. */
static void complain(const json_t *rows, bool json)
{
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        struct failure failure;
        char reason[700];
        if (!row_refuses(row)) {
            continue;
        }
        view_reason(json_object_get(row, "reason"), reason, sizeof(reason));
        failure_set(&failure, view_text(row, "action", "refused"), "%s: %s%s%s",
                    view_machine(row), view_text(row, "action", "refused"),
                    reason[0] ? ": " : "", reason);
        if (strcmp(view_text(row, "action", ""), "boot") == 0) {
            failure_remedy(&failure, "`neurath reboot %s` boots the released image",
                           view_machine(row));
        }
        failure_print(&failure, json);
    }
}

/* What an order for single cells comes to, version by version. */
static void print_sets(const json_t *answer)
{
    const json_t *sets = json_object_get(answer, "sets");

    for (size_t i = 0; i < json_array_size(sets); i++) {
        const json_t *set = json_array_get(sets, i);
        if (json_array_size(sets) > 1) {
            printf("on top of v%lld:\n", (long long)view_number(set, "base", 0));
        }
        plan_print_cells(json_object_get(set, "cells"));
    }
}

/* What the order was released as: "release v7", or "releases v7, v8". */
static void print_releases(const json_t *answer)
{
    const json_t *sets = json_object_get(answer, "sets");

    if (json_array_size(sets) < 2) {
        printf("release v%lld, to:\n", (long long)view_number(answer, "release", 0));
        return;
    }
    for (size_t i = 0; i < json_array_size(sets); i++) {
        printf("%s v%lld", i == 0 ? "releases" : ",",
               (long long)view_number(json_array_get(sets, i), "release", 0));
    }
    printf(", to:\n");
}

/* deploy and rollback: sends the order, prints who is affected, waits if asked. */
static bool order(const struct invocation *invocation, const char *path,
                  enum outcome *out_outcome, struct failure *failure)
{
    HTTP_OWNED struct http *http = NULL;
    JSON_OWNED json_t *body = json_object();
    JSON_OWNED json_t *answer = NULL;
    const json_t *rows = NULL;
    long timeout_s = 120;
    bool dry = invocation_has(invocation, OPTION_DRY_RUN);
    bool done =
        invocation_number(invocation, OPTION_TIMEOUT, 1, 86400, &timeout_s, failure) &&
        target_check(invocation, NULL, true, failure) &&
        http_open(invocation, &http, failure) &&
        target_add_commit(http, invocation, body, failure) &&
        target_add(http, invocation, NULL, body, failure);

    target_add_names(invocation, OPTION_CELL, "cells", body);
    target_add_names(invocation, OPTION_CONSENT, "consent", body);
    if (done && invocation_has(invocation, OPTION_NOTE)) {
        json_object_set_new(body, "note", json_string(invocation->value[OPTION_NOTE]));
    }
    if (done && dry) {
        json_object_set_new(body, "dry_run", json_true());
    }
    done = done && http_send(http, "POST", path, body, &answer, failure);
    if (done) {
        rows = json_object_get(answer, "rows");
        if (!invocation->json) {
            if (dry) {
                printf("would do, to:\n");
            } else {
                print_releases(answer);
            }
            print_rows(rows);
            print_sets(answer);
            fflush(stdout);
        }
        if (any_refuses(rows)) {
            complain(rows, invocation->json);
            *out_outcome = OUTCOME_FAILED;
        }
        if (!dry && invocation_has(invocation, OPTION_WAIT) &&
            !wait_permanent(http, answer, timeout_s, invocation->json)) {
            *out_outcome = OUTCOME_FAILED;
        }
        if (invocation->json) {
            view_json(answer, false);
        }
    }
    return done;
}

bool command_deploy(const struct invocation *invocation, enum outcome *out_outcome,
                    struct failure *failure)
{
    return order(invocation, "/api/v1/deploy", out_outcome, failure);
}

bool command_rollback(const struct invocation *invocation, enum outcome *out_outcome,
                      struct failure *failure)
{
    return order(invocation, "/api/v1/rollback", out_outcome, failure);
}

bool command_order(const struct invocation *invocation, enum outcome *out_outcome,
                   struct failure *failure)
{
    const char *word = invocation->command->name;
    HTTP_OWNED struct http *http = NULL;
    JSON_OWNED json_t *body = json_object();
    JSON_OWNED json_t *answer = NULL;
    char path[64];
    bool done = target_check(invocation, invocation->argument[0], false, failure) &&
                http_open(invocation, &http, failure) &&
                target_add(http, invocation, invocation->argument[0], body, failure);

    if (invocation_has(invocation, OPTION_OFF)) {
        word = "unhold";
    } else if (done && invocation_has(invocation, OPTION_TO)) {
        done = target_add_commit(http, invocation, body, failure);
    }
    if (invocation_has(invocation, OPTION_NOTE)) {
        json_object_set_new(body, "note", json_string(invocation->value[OPTION_NOTE]));
    }
    snprintf(path, sizeof(path), "/api/v1/%s", word);
    done = done && http_send(http, "POST", path, body, &answer, failure);
    if (done && invocation->json) {
        view_json(answer, false);
    } else if (done && json_is_array(json_object_get(answer, "rows"))) {
        print_rows(json_object_get(answer, "rows"));
    }
    if (done && any_refuses(json_object_get(answer, "rows"))) {
        complain(json_object_get(answer, "rows"), invocation->json);
        *out_outcome = OUTCOME_FAILED;
    }
    return done;
}

/* False, as wrong usage, if there is neither a terminal to ask on nor --yes. */
static bool act_can_ask(const struct invocation *invocation, struct failure *failure)
{
    if (!isatty(STDIN_FILENO) && !invocation_has(invocation, OPTION_YES)) {
        failure_usage(failure, "%s asks first, and there is no terminal",
                      invocation->command->name);
        return failure_remedy(failure, "add --yes");
    }
    return true;
}

/* Asks on the terminal; without one the answer has to be --yes. */
bool act_confirm(const struct invocation *invocation, const char *question,
                 struct failure *failure)
{
    char line[16] = "";

    if (invocation_has(invocation, OPTION_YES)) {
        return true;
    }
    if (!act_can_ask(invocation, failure)) {
        return false;
    }
    fprintf(stderr, "%s [y/N] ", question);
    if (fgets(line, sizeof(line), stdin) == NULL || (line[0] != 'y' && line[0] != 'Y')) {
        return failure_set(failure, "not-confirmed", "nothing done");
    }
    return true;
}

bool command_reboot(const struct invocation *invocation, enum outcome *out_outcome,
                    struct failure *failure)
{
    HTTP_OWNED struct http *http = NULL;
    JSON_OWNED json_t *machine = NULL;
    JSON_OWNED json_t *answer = NULL;
    JSON_OWNED json_t *body = NULL;
    char question[256];
    long timeout_s = 120;
    bool done =
        invocation_number(invocation, OPTION_TIMEOUT, 1, 86400, &timeout_s, failure) &&
        act_can_ask(invocation, failure) && http_open(invocation, &http, failure) &&
        target_machine(http, invocation->argument[0], &machine, failure);

    if (done) {
        snprintf(question, sizeof(question),
                 "Reboot %.60s? Its state and connections will be lost.",
                 view_machine(machine));
        text_clean_line(question);
        body = json_pack("{s:s}", "machine", view_text(machine, "id", ""));
        if (invocation_has(invocation, OPTION_NOTE)) {
            json_object_set_new(body, "note", json_string(invocation->value[OPTION_NOTE]));
        }
        done = act_confirm(invocation, question, failure) &&
               http_send(http, "POST", "/api/v1/reboot", body, &answer, failure);
    }
    if (done && invocation->json) {
        view_json(answer, false);
    } else if (done) {
        view_print("%s boots the released image\n", view_machine(machine));
    }
    if (done && invocation_has(invocation, OPTION_WAIT) &&
        !wait_booted(http, machine, timeout_s, failure)) {
        *out_outcome = OUTCOME_FAILED;
        done = false;
    }
    return done;
}

static bool has_word(const json_t *words, const char *word)
{
    for (size_t i = 0; i < json_array_size(words); i++) {
        if (strcmp(json_string_value(json_array_get(words, i)), word) == 0) {
            return true;
        }
    }
    return false;
}

/* The tags that the machine is to have. GIVES an array. */
static json_t *new_tags(const struct invocation *invocation, const json_t *old_tags)
{
    json_t *given = json_array();
    json_t *tags = json_array();
    bool remove = invocation_has(invocation, OPTION_REMOVE);

    for (size_t i = 1; i < invocation->argument_count; i++) {
        json_array_append_new(given, json_string(invocation->argument[i]));
    }
    for (size_t i = 0; i < json_array_size(old_tags); i++) {
        const char *tag = json_string_value(json_array_get(old_tags, i));
        if (!remove || !has_word(given, tag)) {
            json_array_append_new(tags, json_string(tag));
        }
    }
    for (size_t i = 0; !remove && i < json_array_size(given); i++) {
        const char *tag = json_string_value(json_array_get(given, i));
        if (!has_word(tags, tag)) {
            json_array_append_new(tags, json_string(tag));
        }
    }
    json_decref(given);
    return tags;
}

bool command_tag(const struct invocation *invocation, enum outcome *out_outcome,
                 struct failure *failure)
{
    HTTP_OWNED struct http *http = NULL;
    JSON_OWNED json_t *machine = NULL;
    JSON_OWNED json_t *answer = NULL;
    JSON_OWNED json_t *body = NULL;
    const json_t *tags = NULL;
    char path[128];
    bool done = http_open(invocation, &http, failure) &&
                target_machine(http, invocation->argument[0], &machine, failure);

    (void)out_outcome;
    tags = json_object_get(machine, "tags");
    if (done && invocation->argument_count > 1) {
        body = json_pack("{s:o}", "tags", new_tags(invocation, tags));
        snprintf(path, sizeof(path), "/api/v1/machines/%.32s/tags",
                 view_text(machine, "id", ""));
        done = http_send(http, "PUT", path, body, &answer, failure);
        tags = json_object_get(answer, "tags") ? json_object_get(answer, "tags")
                                               : json_object_get(body, "tags");
    }
    if (done && invocation->json) {
        view_json(tags, false);
    } else if (done) {
        for (size_t i = 0; i < json_array_size(tags); i++) {
            view_print("%s\n", json_string_value(json_array_get(tags, i)));
        }
    }
    return done;
}

bool command_login(const struct invocation *invocation, enum outcome *out_outcome,
                   struct failure *failure)
{
    HTTP_OWNED struct http *http = NULL;
    JSON_OWNED json_t *answer = NULL;
    bool done = http_open(invocation, &http, failure) &&
                http_send(http, "POST", "/api/v1/login-code", NULL, &answer, failure);

    (void)out_outcome;
    if (done && invocation->json) {
        view_json(answer, false);
    } else if (done) {
        view_print("%s\n", view_text(answer, "url", ""));
    }
    return done;
}
