/* `plan`: what a commit would do to machines; nothing is changed.
 * SPDX-License-Identifier: MIT */
#include "plan.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "command.h"
#include "http.h"
#include "target.h"
#include "text.h"
#include "view.h"

/* What becomes of the objects whose form changes. */
static void print_migrations(const json_t *migrations)
{
    for (size_t i = 0; i < json_array_size(migrations); i++) {
        const json_t *migration = json_array_get(migrations, i);

        view_print("      migrates %s: %s\n", view_text(migration, "object", "?"),
                   view_text(migration, "text", "its form changes"));
    }
}

void plan_print_cells(const json_t *cells)
{
    for (size_t i = 0; i < json_array_size(cells); i++) {
        const json_t *cell = json_array_get(cells, i);
        const json_t *functions = json_object_get(cell, "functions");
        const json_t *with = json_object_get(cell, "with");

        view_print("  %s  %s", view_text(cell, "name", "?"),
                   view_text(cell, "class", "changed"));
        if (functions != NULL) {
            view_print("  functions: %lld changed, %lld added, %lld removed",
                       (long long)view_number(functions, "changed", 0),
                       (long long)view_number(functions, "added", 0),
                       (long long)view_number(functions, "removed", 0));
        }
        if (json_is_true(json_object_get(cell, "coupled"))) {
            view_print("; tasks inside are waited for");
        }
        for (size_t j = 0; j < json_array_size(with); j++) {
            view_print("%s%s", j == 0 ? "; changes together with " : ", ",
                       json_string_value(json_array_get(with, j)));
        }
        if (view_text(cell, "because", NULL) != NULL) {
            view_print("; brought in: %s", view_text(cell, "because", ""));
        }
        putchar('\n');
        print_migrations(json_object_get(cell, "migrations"));
    }
}

/* Prints the plan of one machine; false if it would refuse. */
static bool print_plan(const json_t *machine, bool json)
{
    const json_t *refusals = json_object_get(machine, "refusals");
    const json_t *needs = json_object_get(machine, "needs_boot");
    char text[1024], age[32];

    if (!json) {
        text_format_duration((double)view_number(machine, "age_s", 0), age, sizeof(age));
        view_cells(json_object_get(machine, "cells"), 1000, text, sizeof(text));
        view_print("%s: %s (planned by the %s%s%s)\n", view_machine(machine), text,
                   view_text(machine, "source", "server"),
                   view_number(machine, "age_s", 0) > 0 ? ", from a report of " : "",
                   view_number(machine, "age_s", 0) > 0 ? age : "");
        plan_print_cells(json_object_get(machine, "cells"));
        if (view_number(machine, "waited_count", 0) > 0) {
            view_waited_for(machine, text, sizeof(text));
            view_print("  would wait%s, as it is now\n", text);
        }
        if (view_number(machine, "migrated_objects", 0) > 0) {
            view_print("  migrates %lld objects (%lld bytes)\n",
                       (long long)view_number(machine, "migrated_objects", 0),
                       (long long)view_number(machine, "migrated_bytes", 0));
        }
        if (view_number(machine, "draining_objects", 0) > 0) {
            view_print("  %lld objects go on in a lineage that drains\n",
                       (long long)view_number(machine, "draining_objects", 0));
        }
        if (json_is_boolean(json_object_get(machine, "reversible"))) {
            view_print("  %s\n", json_is_true(json_object_get(machine, "reversible"))
                                     ? "can be taken back by a swap"
                                     : "can be taken back, though not without loss");
        }
    }
    fflush(stdout);
    for (size_t i = 0; i < json_array_size(refusals); i++) {
        struct failure refusal;
        view_reason(json_array_get(refusals, i), text, sizeof(text));
        failure_set(&refusal, view_text(json_array_get(refusals, i), "code", "refused"),
                    "%s would refuse: %.700s", view_machine(machine), text);
        if (strcmp(refusal.code, "needs_boot") == 0) {
            failure_remedy(&refusal, "deploy it, then `neurath reboot %s`",
                           view_machine(machine));
        }
        failure_print(&refusal, json);
    }
    for (size_t i = 0; i < json_array_size(needs); i++) {
        struct failure refusal;
        failure_set(&refusal, "needs_boot", "%s: this commit needs a boot: %s",
                    view_machine(machine), json_string_value(json_array_get(needs, i)));
        failure_remedy(&refusal, "deploy it, then `neurath reboot %s`",
                       view_machine(machine));
        failure_print(&refusal, json);
    }
    return json_array_size(refusals) == 0 && json_array_size(needs) == 0;
}

bool command_plan(const struct invocation *invocation, enum outcome *out_outcome,
                  struct failure *failure)
{
    HTTP_OWNED struct http *http = NULL;
    JSON_OWNED json_t *body = json_object();
    JSON_OWNED json_t *answer = NULL;
    const json_t *machines = NULL;
    bool done = target_check(invocation, NULL, true, failure) &&
                http_open(invocation, &http, failure) &&
                target_add_commit(http, invocation, body, failure) &&
                target_add(http, invocation, NULL, body, failure);

    target_add_names(invocation, OPTION_CELL, "cells", body);
    done = done && http_send(http, "POST", "/api/v1/plan", body, &answer, failure);

    if (done) {
        machines = json_object_get(answer, "rows");
        for (size_t i = 0; i < json_array_size(machines); i++) {
            if (!print_plan(json_array_get(machines, i), invocation->json)) {
                *out_outcome = OUTCOME_FAILED;
            }
        }
        if (invocation->json) {
            view_json(answer, false);
        } else if (json_array_size(machines) == 0) {
            puts("no machine is concerned");
        }
    }
    return done;
}
