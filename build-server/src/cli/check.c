/* `check`: what would the working tree do to a machine, before any push.
 * SPDX-License-Identifier: MIT
 *
 * Builds the cells of the tree as it is (`make cells`), takes the objects that the machine, or
 * the newest release, runs, and asks the kernel's own planner, built for this host. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapt/planner/describe.h"
#include "command.h"
#include "http.h"
#include "plan.h"
#include "process.h"
#include "target.h"
#include "view.h"

enum { CELLS_MAX = 1024 };

/* A complete set of cells. */
struct set {
    size_t count;
    struct hosted_object objects[CELLS_MAX];
    char names[CELLS_MAX][65];
};

static void set_fini(struct set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        free((void *)(uintptr_t)set->objects[i].bytes);
    }
    set->count = 0;
}

static bool set_add(struct set *set, const char *name, const char *path,
                    struct failure *failure)
{
    struct hosted_object *object = &set->objects[set->count];
    char *bytes = NULL;

    if (set->count == CELLS_MAX) {
        return failure_set(failure, "too-many", "there are more than %d cells", CELLS_MAX);
    }
    bytes = place_read_file(path, &object->len);
    if (bytes == NULL) {
        return failure_set(failure, "no-object", "the object of cell %s is not at %s",
                           name, path);
    }
    snprintf(set->names[set->count], sizeof(set->names[0]), "%s", name);
    object->name = set->names[set->count];
    object->bytes = (const uint8_t *)bytes;
    set->count++;
    return true;
}

/* Builds the tree's cells and reads them. */
static bool build_tree(const struct invocation *invocation, struct set *out,
                       struct failure *failure)
{
    char tree[PLACE_PATH_MAX], path[PLACE_PATH_MAX], *index = NULL;
    const char *const words[] = {
        "make", "--no-print-directory", "-s", "-C", tree, "cells", NULL};
    const char *given = invocation->value[OPTION_TREE];
    bool good = true;

    if (given != NULL ? !place_path(tree, failure, "%s", given)
                      : !place_tree(tree, failure)) {
        return false;
    }
    if (process_run(words, NULL, "/dev/stderr") != 0) {
        failure_set(failure, "build-failed", "the tree in %s does not build", tree);
        return failure_remedy(failure, "see what the compiler said above");
    }
    if (!place_path(path, failure, "%s/build/cells/index", tree) ||
        (index = place_read_file(path, NULL)) == NULL) {
        return failure_set(failure, "no-index", "`make cells` left no %s", path);
    }
    for (char *line = strtok(index, "\n"); good && line != NULL;
         line = strtok(NULL, "\n")) {
        char name[65];
        if (sscanf(line, "%64s", name) == 1) {
            good = place_path(path, failure, "%s/build/cells/%s.o", tree, name) &&
                   set_add(out, name, path, failure);
        }
    }
    free(index);
    return good;
}

/* The lab keeps every released object below its state folder, under its digest. */
static bool take_objects(const char *state, const json_t *cells, const char *digest_field,
                         struct set *out, struct failure *failure)
{
    char path[PLACE_PATH_MAX];

    for (size_t i = 0; i < json_array_size(cells); i++) {
        const json_t *cell = json_array_get(cells, i);
        const char *digest = view_text(cell, digest_field, "");
        if (digest[0] == '\0') {
            continue; /* a cell that the machine does not run */
        }
        if (!place_path(path, failure, "%s/objects/%.2s/%.64s", state, digest, digest) ||
            !set_add(out, view_text(cell, "name", "?"), path, failure)) {
            return false;
        }
    }
    if (out->count == 0) {
        return failure_set(failure, "nothing-runs", "it is not known what runs there");
    }
    return true;
}

/* Reads what runs: on the machine that was named, else the newest release. */
static bool read_running(const struct invocation *invocation, struct http *http,
                         struct set *out, char *out_what, size_t what_len,
                         struct failure *failure)
{
    const char *machine = invocation->value[OPTION_MACHINE];
    const char *state = http_server(http)->state;
    json_t *row = NULL;
    json_t *status = NULL;
    json_int_t release = 0;
    char path[64];
    bool done = false;

    if (state[0] == '\0') {
        failure_set(failure, "not-local", "the objects of %s are not on this computer",
                    http_server(http)->url);
        return failure_remedy(failure,
                              "check works with a lab; use `neurath plan` after a push");
    }
    if (machine != NULL) {
        done = target_machine(http, machine, &row, failure) &&
               take_objects(state, json_object_get(row, "cells"), "running", out, failure);
        snprintf(out_what, what_len, "%s", machine);
        json_decref(row);
        return done;
    }
    if (!http_get(http, "/api/v1/status", &status, failure)) {
        return false;
    }
    release = view_number(json_object_get(status, "channel"), "release",
                          view_number(status, "release", 0));
    json_decref(status);
    if (release == 0) {
        failure_set(failure, "no-release", "nothing is released yet");
        return failure_remedy(failure, "push first");
    }
    snprintf(out_what, what_len, "a machine at v%lld", (long long)release);
    snprintf(path, sizeof(path), "/api/v1/releases/%lld", (long long)release);
    if (!http_get(http, path, &row, failure)) {
        return false;
    }
    done = take_objects(state,
                        json_is_array(json_object_get(row, "cell_set"))
                            ? json_object_get(row, "cell_set")
                            : json_object_get(row, "cells"),
                        "object", out, failure);
    json_decref(row);
    return done;
}

static struct planner_objects objects_of(const struct set *set)
{
    return (struct planner_objects){set->objects, set->count};
}

/* The plan in the shape that the server's plans have. GIVES an object. */
static json_t *plan_to_json(const struct hosted_plan *plan, const struct set *from,
                            const struct set *to)
{
    json_t *json = planner_describe(plan, objects_of(from), objects_of(to));
    bool swaps = plan->report.refusal_count == 0 && plan->cell_count > 0;

    json_object_set_new(json, "source", json_string("hosted"));
    json_object_set_new(json, "age_s", json_integer(0));
    json_object_set_new(json, "reversible",
                        swaps ? json_boolean(plan->revertible) : json_null());
    return json;
}

static void print_plan(const json_t *plan, const char *what, bool json)
{
    const json_t *cells = json_object_get(plan, "cells");
    const json_t *refusals = json_object_get(plan, "refusals");
    char text[1024];

    if (json) {
        view_json(plan, false);
    } else if (json_array_size(cells) == 0) {
        view_print("no cell differs from %s: nothing to swap\n", what);
    }
    if (!json) {
        plan_print_cells(cells);
    }
    fflush(stdout);
    for (size_t i = 0; i < json_array_size(refusals); i++) {
        struct failure failure;
        view_reason(json_array_get(refusals, i), text, sizeof(text));
        failure_set(&failure, view_text(json_array_get(refusals, i), "code", "refused"),
                    "%s would refuse: %.700s", what, text);
        failure_print(&failure, json);
    }
    if (!json && json_array_size(refusals) == 0 && json_array_size(cells) > 0) {
        view_print("%s would take it live, and can take it back%s\n", what,
                   json_is_false(json_object_get(plan, "reversible"))
                       ? ", though not without loss"
                       : "");
    }
}

bool command_check(const struct invocation *invocation, enum outcome *out_outcome,
                   struct failure *failure)
{
    struct set *from = calloc(1, sizeof(*from));
    struct set *to = calloc(1, sizeof(*to));
    struct http *http = NULL;
    struct hosted_plan plan;
    char what[128] = "";
    bool done = from != NULL && to != NULL && http_open(invocation, &http, failure) &&
                read_running(invocation, http, from, what, sizeof(what), failure) &&
                build_tree(invocation, to, failure);

    if (done && hosted_plan(from->objects, from->count, to->objects, to->count, &plan) !=
                    STATUS_OK) {
        done = failure_set(failure, "no-plan",
                           "the planner cannot work from what %s runs", what);
    } else if (done) {
        json_t *json = plan_to_json(&plan, from, to);
        print_plan(json, what, invocation->json);
        *out_outcome = plan.report.refusal_count > 0 ? OUTCOME_FAILED : OUTCOME_DONE;
        json_decref(json);
        hosted_plan_fini(&plan);
    }
    if (from != NULL && to != NULL) {
        set_fini(from);
        set_fini(to);
    }
    free(from);
    free(to);
    http_destroy(http);
    return done;
}
