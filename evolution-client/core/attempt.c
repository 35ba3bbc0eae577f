/* One attempt to reach a target: from news to the engine.
 * SPDX-License-Identifier: MIT
 *
 * States: IDLE → RELEASE → OBJECTS → SAVE → SWAP → TRIAL → IDLE, or back to IDLE from any of them with a reason.
 * consider() starts; superseded() drops what is not swapping yet for newer news; the rest moves in client_client_attempt_step().
 */
#include "private.h"

#include <lib/base/memory.h>
#include <stdio.h>
#include <string.h>

#define STATUS_GAP_NS (100 * MS)
#define BUSY_LIMIT_NS (30 * SECOND)
#define ENGINE_MARGIN_NS                                                                 \
    (30 * SECOND) /* a client that died in the swap is reverted after so long */

static bool is_target(const struct trust_news *a, const struct trust_news *b)
{
    return a->release == b->release &&
           memcmp(a->release_hash, b->release_hash, MANIFEST_HASH_LEN) == 0;
}

/* --- Ends ------------------------------------------------------------------------------------------------------- */

static void fetch_cancel(struct client *client)
{
    if (client->work_job != WORK_RELEASE && client->work_job != WORK_OBJECT)
        return;
    client->work_job = WORK_NONE;
    client_exchange_end(client, &client->exchanges[CLIENT_CHANNEL_WORK]);
}

static void attempt_clear(struct client *client)
{
    manifest_release_fini(&client->attempt.release);
    free(client->attempt.cells);
    client->attempt = (struct attempt){.stage = ATTEMPT_IDLE};
    client_cache_unpin(client);
    client->progress = true;
}

void client_attempt_end(struct client *client, uint64_t retry_ns)
{
    struct attempt *attempt = &client->attempt;
    if (!attempt->is_plan) {
        client->settled_release = attempt->news.release;
        memcpy(client->settled_hash, attempt->news.release_hash, MANIFEST_HASH_LEN);
        client->settled_until_ns = retry_ns ? client->now_ns + retry_ns : 0;
        if (client->pending.is_set) {
            client->pending.is_set = false;
            client_blob_touch(client);
        }
    }
    attempt_clear(client);
}

static bool told_before(struct client *client, const char *code)
{
    const struct attempt *attempt = &client->attempt;
    if (client->told_release == attempt->news.release &&
        strcmp(client->told_code, code) == 0)
        return true;
    client->told_release = attempt->news.release;
    snprintf(client->told_code, sizeof client->told_code, "%s", code);
    return false;
}

void client_attempt_refuse(struct client *client, const char *code, const char *text,
                           uint64_t retry_ns)
{
    if (client->attempt.is_plan || !told_before(client, code)) {
        client_log(client, "release %llu refused: %s",
                   (unsigned long long)client->attempt.news.release, code);
        client_attempt_report(client, "refused", code, text);
    }
    if (!client->attempt.is_plan) {
        client_set_reason(client, code);
        client->settled_as = CLIENT_BLOCKED;
    }
    client_attempt_end(client, retry_ns);
}

void client_attempt_note_refusal(struct client *client, const char *what,
                                 enum manifest_status status)
{
    char word[sizeof client->refusal];
    const char *code = manifest_status_code(status);
    snprintf(word, sizeof word, "%s %s", what, code);
    client_set_reason(client, code);
    if (strcmp(word, client->refusal) == 0)
        return;
    memcpy(client->refusal, word, sizeof word);
    client_log(client, "%s refused: %s", what, code);
    client_report_queue(
        client, "attempt",
        json_pack("{s:I, s:n, s:n, s:s?, s:o, s:[], s:s, s:{s:s, s:s, s:s}}", "attempt",
                  (json_int_t)++client->attempts, "release", "to_commit", "from_commit",
                  client->running.commit[0] ? client->running.commit : NULL,
                  "from_content", client_json_hash(client->running.content), "cells",
                  "result", "refused", "reason", "code", code, "text",
                  manifest_status_text(status), "cell", what));
}

void client_attempt_permanent(struct client *client)
{
    struct attempt *attempt = &client->attempt;
    trust_take_permanent(&client->trust, attempt->release.security);
    client->running.release = attempt->release.version;
    client->running.security = attempt->release.security;
    memcpy(client->running.commit, attempt->release.commit, sizeof client->running.commit);
    memcpy(client->running.content, attempt->release.content, MANIFEST_HASH_LEN);
    client_tries_clear(client, attempt->release.content);
    client_attempt_report(client, "permanent", NULL, NULL);
    client_log(client, "release %llu is permanent",
               (unsigned long long)attempt->release.version);
    client_set_reason(client, "");
    client->settled_as = CLIENT_RUNNING;
    client->told_code[0] = 0;
    client_blob_touch(client);
    client_attempt_end(client, 0);
}

/* --- Begin ------------------------------------------------------------------------------------------------------ */

static void begin(struct client *client, const struct trust_news *news, bool is_plan,
                  uint64_t command)
{
    struct attempt *attempt = &client->attempt;
    attempt_clear(client);
    attempt->stage = ATTEMPT_RELEASE;
    attempt->is_plan = is_plan;
    attempt->command = command;
    attempt->number = is_plan ? 0 : ++client->attempts;
    attempt->news = *news;
    attempt->from = client->running;
    attempt->news_ns = is_plan ? client->now_ns : client->news_ns;
    attempt->fetch_ns = client->now_ns;
    enum manifest_status status =
        is_plan ? MANIFEST_OK : trust_check_target(&client->trust, news);
    if (status != MANIFEST_OK)
        client_attempt_refuse(client, manifest_status_code(status),
                              manifest_status_text(status), 0);
}

static bool is_settled(const struct client *client)
{
    return client->settled_release == client->news.release &&
           memcmp(client->settled_hash, client->news.release_hash, MANIFEST_HASH_LEN) ==
               0 &&
           (client->settled_until_ns == 0 || client->now_ns < client->settled_until_ns);
}

/* What runs is known to be the target: nothing to do, and nothing to tell. */
static bool is_running(const struct client *client)
{
    const struct trust_state *state = &client->trust.state;
    return client->running.release == client->news.release &&
           state->release_version == client->news.release &&
           memcmp(state->release_hash, client->news.release_hash, MANIFEST_HASH_LEN) == 0;
}

static void consider(struct client *client)
{
    int64_t time_ms;
    if (!client->has_news || !client->contact ||
        !trust_time(&client->trust, client->now_ns, &time_ms))
        return;
    bool wanted = client->news.release != 0 && !is_settled(client);
    if (wanted && is_running(client)) {
        client->settled_release = client->news.release;
        memcpy(client->settled_hash, client->news.release_hash, MANIFEST_HASH_LEN);
        client->settled_until_ns = 0;
        client->settled_as = CLIENT_RUNNING;
        client_set_reason(client, "");
        wanted = false;
    }
    if (wanted) {
        begin(client, &client->news, false, 0);
    } else if (client->command_count > 0) {
        const struct command command = client->commands[0];
        struct trust_news news = {.release = command.release,
                                  .release_length = command.length};
        memcpy(news.release_hash, command.hash, MANIFEST_HASH_LEN);
        client->command_count--;
        memmove(&client->commands[0], &client->commands[1],
                client->command_count * sizeof client->commands[0]);
        begin(client, &news, true, command.id);
    } else if (client->settled_until_ns > client->now_ns) {
        client_wake_at(client, client->settled_until_ns);
    }
}

/* Newer news came before the engine had the old ones: only the newest count. */
static bool superseded(struct client *client)
{
    struct attempt *attempt = &client->attempt;
    if (attempt->is_plan || is_target(&attempt->news, &client->news))
        return false;
    fetch_cancel(client);
    if (client->pending.is_set) {
        client->pending.is_set = false;
        client_blob_touch(client);
    }
    attempt_clear(client);
    return true;
}

/* --- The release ------------------------------------------------------------------------------------------------ */

static enum manifest_status plan_release_open(struct client *client, const uint8_t *bytes,
                                              size_t len, struct manifest_release *out)
{
    const struct trust_news *news = &client->attempt.news;
    uint8_t hash[MANIFEST_HASH_LEN];
    enum manifest_status status = manifest_hash(bytes, len, hash);
    if (status != MANIFEST_OK)
        return status;
    if (memcmp(hash, news->release_hash, sizeof hash) != 0)
        return MANIFEST_WRONG_HASH;
    status = manifest_release_open(bytes, len, &client->trust.root, out);
    if (status == MANIFEST_OK && out->version != news->release) {
        manifest_release_fini(out);
        return MANIFEST_WRONG_VERSION;
    }
    return status;
}

static void cell_add(struct attempt *attempt, const char *name, const uint8_t *old_object,
                     const struct manifest_cell *next)
{
    struct attempt_cell *cell = &attempt->cells[attempt->cell_count++];
    snprintf(cell->name, sizeof cell->name, "%s", name);
    if (old_object) {
        cell->has_old = true;
        memcpy(cell->old_object, old_object, MANIFEST_HASH_LEN);
    }
    if (next) {
        cell->has_new = true;
        cell->length = next->length;
        memcpy(cell->new_object, next->object, MANIFEST_HASH_LEN);
    }
}

/* Lists the cells in which the release and what runs differ. */
static enum manifest_status differ(struct client *client, bool *out_same)
{
    struct attempt *attempt = &client->attempt;
    const struct manifest_release *release = &attempt->release;
    struct running_set set;
    uint8_t content[MANIFEST_HASH_LEN];
    enum manifest_status status = client_running_read(client, &set, content);
    if (status != MANIFEST_OK)
        return status;
    memcpy(attempt->from.content, content, sizeof content);
    attempt->cells =
        memory_new_array(struct attempt_cell, set.count + release->cell_count + 1);
    if (!attempt->cells) {
        free(set.cells);
        return MANIFEST_NO_MEMORY;
    }
    for (size_t i = 0; i < release->cell_count; i++) {
        const struct manifest_cell *next = &release->cells[i];
        const struct client_cell *old = client_running_find(&set, next->name);
        if (!old || memcmp(old->object, next->object, MANIFEST_HASH_LEN) != 0)
            cell_add(attempt, next->name, old ? old->object : NULL, next);
    }
    for (size_t i = 0; i < set.count; i++)
        if (!manifest_release_cell(release, set.cells[i].name))
            cell_add(attempt, set.cells[i].name, set.cells[i].object, NULL);
    *out_same = attempt->cell_count == 0;
    free(set.cells);
    return MANIFEST_OK;
}

static const struct quarantined *quarantine_of(const struct client *client)
{
    const struct attempt *attempt = &client->attempt;
    const struct quarantined *found =
        client_quarantine_find(client, false, attempt->release.content);
    for (size_t i = 0; i < attempt->cell_count && !found; i++)
        if (attempt->cells[i].has_new)
            found = client_quarantine_find(client, true, attempt->cells[i].new_object);
    return found;
}

/* The release is verified: is there anything to do, and may it be done? */
static void release_judge(struct client *client)
{
    static const uint8_t unknown[MANIFEST_HASH_LEN];
    struct attempt *attempt = &client->attempt;
    const struct quarantined *quarantined;
    bool same = false;
    enum manifest_status status = differ(client, &same);
    if (status != MANIFEST_OK) {
        client_attempt_refuse(client, manifest_status_code(status),
                              manifest_status_text(status), RETRY_SOON_NS);
        return;
    }
    if (memcmp(client->stub, unknown, sizeof unknown) != 0 &&
        memcmp(client->stub, attempt->release.stub, sizeof unknown) != 0) {
        client_attempt_refuse(client, "needs_boot",
                              "the boot stub differs: a boot is needed", 0);
        return;
    }
    if (same && !attempt->is_plan) {
        attempt->fetched_ns = client->now_ns;
        client_attempt_permanent(client);
        return;
    }
    quarantined = attempt->is_plan ? NULL : quarantine_of(client);
    if (quarantined) {
        char text[128];
        snprintf(text, sizeof text, "failed on this machine before (%s)",
                 quarantined->code);
        client_attempt_refuse(client, "quarantined", text, 0);
        return;
    }
    attempt->stage = ATTEMPT_OBJECTS;
    client->progress = true;
    if (attempt->is_plan)
        return;
    client->pending =
        (struct pending){.is_set = true, .release = attempt->release.version};
    memcpy(client->pending.content, attempt->release.content, MANIFEST_HASH_LEN);
    memcpy(client->pending.commit, attempt->release.commit, sizeof client->pending.commit);
    client_blob_touch(client);
}

void client_attempt_got_release(struct client *client, const uint8_t *bytes, size_t len)
{
    struct attempt *attempt = &client->attempt;
    enum manifest_status status =
        attempt->is_plan ? plan_release_open(client, bytes, len, &attempt->release)
                         : trust_check_release(&client->trust, &attempt->news, bytes, len,
                                               client->now_ns, &attempt->release);
    if (status != MANIFEST_OK) {
        client_attempt_refuse(client, manifest_status_code(status),
                              manifest_status_text(status), RETRY_SOON_NS);
        return;
    }
    attempt->has_release = true;
    if (!attempt->is_plan) {
        trust_take_release(&client->trust, &attempt->release, attempt->news.release_hash);
        client_blob_touch(client);
    }
    release_judge(client);
}

/* --- The swap --------------------------------------------------------------------------------------------------- */

static bool submit(struct client *client)
{
    struct client_installer *installer = &client->ports.installer;
    struct attempt *attempt = &client->attempt;
    char label[40];
    struct client_object *set =
        memory_new_array(struct client_object, attempt->cell_count + 1);
    const char **removed = memory_new_array(const char *, attempt->cell_count + 1);
    struct client_install install = {
        .set = set,
        .remove = removed,
        .consent = attempt->release.consent,
        .consent_count = attempt->release.consent_count,
        .trial_ns = client->trial_ns + ENGINE_MARGIN_NS,
        .label = label,
        .dry_run = attempt->is_plan,
    };
    snprintf(label, sizeof label, "release %llu",
             (unsigned long long)attempt->release.version);
    bool ready = set && removed;
    for (size_t i = 0; ready && i < attempt->cell_count; i++) {
        const struct attempt_cell *cell = &attempt->cells[i];
        if (!cell->has_new) {
            removed[install.remove_count++] = cell->name;
            continue;
        }
        const struct cached *object = client_cache_find(client, cell->new_object);
        if (!object) {
            attempt->stage = ATTEMPT_OBJECTS;
            ready = false;
            break;
        }
        struct client_object *entry = &set[install.set_count++];
        memcpy(entry->name, cell->name, sizeof entry->name);
        memcpy(entry->object, cell->new_object, MANIFEST_HASH_LEN);
        entry->bytes = object->bytes;
        entry->len = object->len;
    }
    if (ready)
        ready = installer->submit(installer->context, &install, &attempt->engine);
    free(set);
    free(removed);
    return ready;
}

static void save_step(struct client *client)
{
    struct attempt *attempt = &client->attempt;
    if (!attempt->is_plan && !client_blob_settle(client))
        return;
    if (attempt->submit_ns == 0)
        attempt->submit_ns = client->now_ns;
    if (submit(client)) {
        attempt->stage = ATTEMPT_SWAP;
        client->progress = true;
    } else if (client->now_ns - attempt->submit_ns > BUSY_LIMIT_NS) {
        client_attempt_refuse(client, "busy", "the swap engine does not take it",
                              RETRY_SOON_NS);
    } else {
        client_wake_at(client, client->now_ns + STATUS_GAP_NS);
    }
}

static void swap_failed(struct client *client)
{
    struct attempt *attempt = &client->attempt;
    const struct client_refusal *refusal = &attempt->engine_report.refusal;
    bool again = attempt->is_plan ||
                 client_tries_add(client, attempt->release.content) < INCONCLUSIVE_MAX;
    client_attempt_report(client, "failed", refusal->code[0] ? refusal->code : "failed",
                          refusal->text);
    client_set_reason(client, "failed");
    client->settled_as = CLIENT_BLOCKED;
    client_attempt_end(client, again ? RETRY_SOON_NS : 0);
}

/* A task that was in the way of a coupled set may be gone soon; all other refusals stand until the set changes. */
static void swap_refused(struct client *client)
{
    struct attempt *attempt = &client->attempt;
    const struct client_refusal *refusal = &attempt->engine_report.refusal;
    bool again = !attempt->is_plan && strcmp(refusal->code, "busy") == 0 &&
                 client_tries_add(client, attempt->release.content) < INCONCLUSIVE_MAX;
    client_attempt_refuse(client, refusal->code[0] ? refusal->code : "refused",
                          refusal->text, again ? RETRY_SOON_NS : 0);
}

static void swap_step(struct client *client)
{
    struct client_installer *installer = &client->ports.installer;
    struct attempt *attempt = &client->attempt;
    struct client_install_report *report = &attempt->engine_report;
    installer->status(installer->context, attempt->engine, report);
    switch (report->phase) {
    case CLIENT_INSTALL_IDLE:
    case CLIENT_INSTALL_BUSY:
        client_wake_at(client, client->now_ns + STATUS_GAP_NS);
        break;
    case CLIENT_INSTALL_TRIAL: client_trial_begin(client); break;
    case CLIENT_INSTALL_PERMANENT:
        client_trial_begin(client);
        client_attempt_permanent(client);
        break;
    case CLIENT_INSTALL_PLANNED:
        client_attempt_report(client, "planned", NULL, NULL);
        client_attempt_end(client, 0);
        break;
    case CLIENT_INSTALL_REFUSED: swap_refused(client); break;
    case CLIENT_INSTALL_REVERTED:
        client_attempt_reverted(client, "fault", report->cause, true);
        break;
    case CLIENT_INSTALL_FAILED: swap_failed(client); break;
    }
}

void client_attempt_step(struct client *client)
{
    struct attempt *attempt = &client->attempt;
    switch (attempt->stage) {
    case ATTEMPT_IDLE: consider(client); break;
    case ATTEMPT_RELEASE: superseded(client); break;
    case ATTEMPT_OBJECTS:
        if (superseded(client) || client_attempt_missing(client))
            break;
        attempt->fetched_ns = client->now_ns;
        attempt->stage = ATTEMPT_SAVE;
        client->progress = true;
        break;
    case ATTEMPT_SAVE:
        if (!superseded(client))
            save_step(client);
        break;
    case ATTEMPT_SWAP: swap_step(client); break;
    case ATTEMPT_TRIAL: client_trial_step(client); break;
    case ATTEMPT_VERDICT: client_verdict_step(client); break;
    }
}
