/* Reads attempt reports.
 * SPDX-License-Identifier: MIT */
#include "fleet/report.h"

#include "base/text.h"

#include <manifest/manifest.h>
#include <stdlib.h>
#include <string.h>

#define WAITED_MAX 8

static bool is_one_of(const char *text, const char *const *words)
{
    for (; *words != NULL; words++) {
        if (strcmp(text, *words) == 0)
            return true;
    }
    return false;
}

static const char *const results[] = {"running",      "trial",   "permanent", "reverted",
                                      "inconclusive", "refused", "failed",    NULL};
static const char *const classes[] = {"text",   "data",    "signature", "add",
                                      "remove", "lineage", NULL};
static const char *const stages[] = {"notice",   "download", "load",  "verify",
                                     "redirect", "commit",   "trial", NULL};

const char *report_hex(const json_t *object, const char *key, size_t digits)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text_is_hex(text, digits) ? text : NULL;
}

/* Only the fields that operators know, stripped. GIVES; NULL: there is none. */
static json_t *clean_reason(const json_t *body)
{
    const json_t *reason = json_object_get(body, "reason");
    if (!json_is_object(reason))
        return NULL;
    json_t *clean = json_object();
    static const char *const keys[] = {"code", "text", "cell", "symbol", "dependent"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const char *text = json_string_value(json_object_get(reason, keys[i]));
        json_object_set_new(clean, keys[i],
                            text == NULL && i < 2 ? json_string("unknown")
                                                  : json_text_or_null(text));
    }
    return clean;
}

static char *read_reason(const json_t *body)
{
    JSON_OWNED json_t *clean = clean_reason(body);
    return clean == NULL ? NULL : json_text(clean);
}

static char *read_stages(const json_t *body)
{
    const json_t *given = json_object_get(body, "stage_ms");
    JSON_OWNED json_t *clean = json_object();
    for (size_t i = 0; stages[i] != NULL; i++) {
        json_t *value = json_object_get(given, stages[i]);
        if (json_is_integer(value) && json_integer_value(value) >= 0)
            json_object_set(clean, stages[i], value);
    }
    return json_text(clean);
}

static void take_figure(json_t *to, const json_t *body, const char *key)
{
    json_t *value = json_object_get(body, key);
    if (json_is_integer(value) && json_integer_value(value) >= 0)
        json_object_set(to, key, value);
}

static void take_names(json_t *to, const json_t *body, const char *key)
{
    const json_t *given = json_object_get(body, key);
    if (!json_is_array(given))
        return;
    json_t *names = json_array();
    for (size_t i = 0; i < json_array_size(given) && i < WAITED_MAX; i++) {
        const char *name = json_string_value(json_array_get(given, i));
        if (name != NULL && strlen(name) <= MANIFEST_NAME_MAX)
            json_array_append_new(names, json_text_or_null(name));
    }
    json_object_set_new(to, key, names);
}

json_t *report_effects(const json_t *body)
{
    static const char *const figures[] = {"drain_ns",         "waited_count",
                                          "migrated_objects", "migrated_bytes",
                                          "draining_objects", "retained_bytes"};
    json_t *clean = json_object();
    json_t *revertible = json_object_get(body, "revertible");
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++)
        take_figure(clean, body, figures[i]);
    take_names(clean, body, "waited");
    if (json_is_boolean(revertible))
        json_object_set(clean, "revertible", revertible);
    return clean;
}

enum result report_read(const json_t *body, struct report *out, struct problem *problem)
{
    memset(out, 0, sizeof *out);
    enum result result =
        json_take_integer(body, "attempt", 0, INT64_MAX / 2, &out->number, problem);
    if (result == RESULT_OK)
        result = json_maybe_integer(body, "release", 0, INT64_MAX / 2, 0, &out->release,
                                    problem);
    if (result == RESULT_OK)
        result = json_take_string(body, "result", 16, &out->result, problem);
    if (result == RESULT_OK && !is_one_of(out->result, results))
        result = problem_set(problem, RESULT_INVALID, "bad-request",
                             "\"result\" is not known");
    if (result == RESULT_OK)
        result = json_maybe_integer(body, "pause_ns", 0, INT64_MAX / 2, -1,
                                    &out->pause_ns, problem);
    if (result == RESULT_OK)
        result = json_maybe_integer(body, "from_release", 0, INT64_MAX / 2, 0,
                                    &out->from_release, problem);
    if (result == RESULT_OK)
        result =
            json_maybe_integer(body, "bytes", 0, INT64_MAX / 2, 0, &out->bytes, problem);
    if (result != RESULT_OK)
        return result;
    out->cells = json_object_get(body, "cells");
    if (json_array_size(out->cells) > MANIFEST_CELLS_MAX)
        return problem_set(problem, RESULT_INVALID, "bad-request", "too many cells");
    out->after_restart = json_is_true(json_object_get(body, "after_restart"));
    out->from_commit = report_hex(body, "from_commit", 40);
    out->to_commit = report_hex(body, "to_commit", 40);
    out->from_content = report_hex(body, "from_content", 64);
    out->reason = read_reason(body);
    out->stages = read_stages(body);
    JSON_OWNED json_t *effects = report_effects(body);
    out->effects = json_text(effects);
    return RESULT_OK;
}

void report_fini(struct report *report)
{
    free(report->reason);
    free(report->stages);
    free(report->effects);
    memset(report, 0, sizeof *report);
}

bool report_is_open(const char *result)
{
    return strcmp(result, "running") == 0 || strcmp(result, "trial") == 0;
}

const char *report_class(const json_t *cell)
{
    const char *class = json_string_value(json_object_get(cell, "class"));
    return class != NULL && is_one_of(class, classes) ? class : "text";
}

static json_t *clean_cells(const json_t *given)
{
    json_t *cells = json_array();
    for (size_t i = 0; i < json_array_size(given) && i < MANIFEST_CELLS_MAX; i++) {
        const json_t *cell = json_array_get(given, i);
        const char *name = json_string_value(json_object_get(cell, "name"));
        if (name == NULL || !manifest_name_valid(name))
            continue;
        json_array_append_new(cells, json_pack("{s:s, s:s?, s:s?, s:s}", "name", name,
                                               "old", report_hex(cell, "old", 64), "new",
                                               report_hex(cell, "new", 64), "class",
                                               report_class(cell)));
    }
    return cells;
}

json_t *report_plan(const json_t *body)
{
    JSON_OWNED json_t *effects = report_effects(body);
    json_t *reason = clean_reason(body);
    json_t *clean =
        json_pack("{s:o, s:o}", "cells", clean_cells(json_object_get(body, "cells")),
                  "reason", reason == NULL ? json_null() : reason);
    json_object_update(clean, effects);
    return clean;
}
