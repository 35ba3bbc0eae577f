/* The text of an attempt's reports: cells, stage times, reasons.
 * SPDX-License-Identifier: MIT
 */
#include "private.h"

#include <string.h>

static json_t *hash_or_null(bool present, const uint8_t hash[MANIFEST_HASH_LEN])
{
    return present ? client_json_hash(hash) : json_null();
}

static const char *class_of(struct client *client, const struct attempt_cell *cell)
{
    struct client_installer *installer = &client->ports.installer;
    const char *class = NULL;
    if (client->attempt.submit_ns && installer->cell_class)
        class =
            installer->cell_class(installer->context, client->attempt.engine, cell->name);
    if (class)
        return class;
    if (!cell->has_old)
        return "add";
    return cell->has_new ? NULL : "remove";
}

static json_t *cells_value(struct client *client)
{
    const struct attempt *attempt = &client->attempt;
    json_t *cells = json_array();
    for (size_t i = 0; i < attempt->cell_count; i++) {
        const struct attempt_cell *cell = &attempt->cells[i];
        json_array_append_new(
            cells, json_pack("{s:s, s:o, s:o, s:s?}", "name", cell->name, "old",
                             hash_or_null(cell->has_old, cell->old_object), "new",
                             hash_or_null(cell->has_new, cell->new_object), "class",
                             class_of(client, cell)));
    }
    return cells;
}

/* Milliseconds from one moment to another, null when either has not come. */
static json_t *span(uint64_t from_ns, uint64_t to_ns)
{
    if (from_ns == 0 || to_ns < from_ns)
        return json_null();
    return json_integer((json_int_t)((to_ns - from_ns) / MS));
}

static json_t *engine_span(bool known, uint64_t ns)
{
    return known ? json_integer((json_int_t)(ns / MS)) : json_null();
}

static json_t *stages_value(const struct client *client)
{
    const struct attempt *attempt = &client->attempt;
    const struct client_install_report *engine = &attempt->engine_report;
    bool known = attempt->engine != 0 && engine->attempt == attempt->engine;
    uint64_t trial_now = attempt->verdict_ns ? attempt->verdict_ns : client->now_ns;
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "notice",
                     span(attempt->news_ns, attempt->fetch_ns), "download",
                     span(attempt->fetch_ns, attempt->fetched_ns), "load",
                     engine_span(known, engine->load_ns), "verify",
                     engine_span(known, engine->verify_ns), "redirect",
                     engine_span(known, engine->redirect_ns), "commit",
                     engine_span(known, engine->commit_ns), "trial",
                     span(attempt->trial_ns, trial_now));
}

static json_t *reason_value(const struct client *client, const char *code,
                            const char *text)
{
    const struct client_install_report *engine = &client->attempt.engine_report;
    const struct client_refusal *refusal = &engine->refusal;
    bool detail = refusal->code[0] && code && strcmp(code, refusal->code) == 0;
    const char *cell = detail ? refusal->cell : engine->cause_cell;
    if (!code)
        return json_null();
    return json_pack("{s:s, s:s, s:s?, s:s?, s:s?}", "code", code, "text",
                     text ? text : "", "cell", cell[0] ? cell : NULL, "symbol",
                     detail && refusal->symbol[0] ? refusal->symbol : NULL, "dependent",
                     detail && refusal->dependent[0] ? refusal->dependent : NULL);
}

static json_t *pause_value(const struct attempt *attempt)
{
    uint64_t ns = attempt->engine_report.pause_ns;
    return ns ? json_integer((json_int_t)ns) : json_null();
}

/* Engine texts may hold anything; JSON wants UTF-8, so other bytes become '?'. */
static void text_clean(char *out, size_t room, const char *text)
{
    size_t i = 0;
    for (; text && text[i] && i + 1 < room; i++)
        out[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
    out[i] = 0;
}

/* A figure of the engine; JSON's integers have a sign. */
static json_t *figure(uint64_t value)
{
    return json_integer(value > INT64_MAX / 4 ? INT64_MAX / 4 : (json_int_t)value);
}

/* Adds what the swap did, as far as the engine knows it, to BODY. */
static void add_effects(const struct attempt *attempt, json_t *body)
{
    const struct client_effects *effects = &attempt->engine_report.effects;
    char name[CLIENT_NAME_MAX + 1];
    bool ours = attempt->engine != 0 && attempt->engine_report.attempt == attempt->engine;
    if (!body || !ours || !effects->known)
        return;
    json_t *waited = json_array();
    for (uint32_t i = 0; i < effects->waited_count && i < CLIENT_WAITED_MAX; i++) {
        text_clean(name, sizeof name, effects->waited[i]);
        json_array_append_new(waited, json_string(name));
    }
    json_t *values =
        json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b}", "drain_ns",
                  figure(effects->drain_ns), "waited_count", figure(effects->waited_count),
                  "waited", waited, "migrated_objects", figure(effects->migrated_objects),
                  "migrated_bytes", figure(effects->migrated_bytes), "draining_objects",
                  figure(effects->draining_objects), "retained_bytes",
                  figure(effects->retained_bytes), "revertible", effects->revertible);
    if (values)
        json_object_update(body, values);
    json_decref(values);
}

/* The release that ran before, when the machine knew it. */
static json_t *release_value(uint64_t release)
{
    return release ? json_integer((json_int_t)release) : json_null();
}

void client_attempt_report(struct client *client, const char *result, const char *code,
                           const char *text)
{
    const struct attempt *attempt = &client->attempt;
    char clean[CLIENT_TEXT_MAX];
    bool known = attempt->has_release;
    text_clean(clean, sizeof clean, text);
    json_t *body;
    if (attempt->is_plan)
        body = json_pack("{s:I, s:I, s:s, s:o, s:o}", "command",
                         (json_int_t)attempt->command, "release",
                         (json_int_t)attempt->news.release, "result", result, "cells",
                         cells_value(client), "reason", reason_value(client, code, clean));
    else
        body = json_pack(
            "{s:I, s:I, s:s?, s:s?, s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:I}", "attempt",
            (json_int_t)attempt->number, "release", (json_int_t)attempt->news.release,
            "from_commit", attempt->from.commit[0] ? attempt->from.commit : NULL,
            "to_commit", known ? attempt->release.commit : NULL, "from_content",
            client_json_hash(attempt->from.content), "from_release",
            release_value(attempt->from.release), "cells", cells_value(client), "result",
            result, "reason", reason_value(client, code, clean), "pause_ns",
            pause_value(attempt), "stage_ms", stages_value(client), "bytes",
            (json_int_t)attempt->bytes);
    add_effects(attempt, body);
    client_report_queue(client, attempt->is_plan ? "plan" : "attempt", body);
}
