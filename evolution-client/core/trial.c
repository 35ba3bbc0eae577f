/* The trial of what was just swapped in, and the verdict on it.
 * SPDX-License-Identifier: MIT
 *
 * Contact is an exchange that began after the commit and that the server answered. With contact the trial ends as
 * `permanent` in time. Without, the machine asks its own network: if that fails too, the new version is to blame and
 * goes; if it is sound, the server may be away, and the trial is extended for a while. After a revert for want of
 * contact the old version shows who was right: if it cannot reach the server either, nothing was learnt.
 */
#include "private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXTENSIONS_NS (90 * SECOND)
#define EXTENSION_MIN_NS SECOND
#define PROBE_GAP_NS SECOND
/* Asked once a second. The first look finds what nobody had asked for yet, and on a busy host an answer waits for seconds behind
 * other traffic. */
#define UNSOUND_NS (5 * SECOND)
#define VERDICT_NS (30 * SECOND)
#define STATUS_GAP_NS (250 * MS)

void client_trial_begin(struct client *client)
{
    struct attempt *attempt = &client->attempt;
    attempt->stage = ATTEMPT_TRIAL;
    attempt->trial_ns = client->now_ns;
    attempt->trial_end_ns = client->now_ns + client->trial_ns;
    attempt->contact = false;
    client->swaps++;
    client->running.release = attempt->release.version;
    memcpy(client->running.commit, attempt->release.commit, sizeof client->running.commit);
    memcpy(client->running.content, attempt->release.content, MANIFEST_HASH_LEN);
    client_log(client, "release %llu is in trial",
               (unsigned long long)attempt->release.version);
    client_attempt_report(client, "trial", NULL, NULL);
}

static void revert(struct client *client, const char *code)
{
    struct client_installer *installer = &client->ports.installer;
    snprintf(client->attempt.revert_code, sizeof client->attempt.revert_code, "%s", code);
    client_log(client, "reverting: %s", code);
    installer->revert(installer->context, client->attempt.engine, code);
}

/* Asks the machine's own network once a second while the server is not heard: one failed test may be chance. */
static void probe(struct client *client)
{
    struct client_system *system = &client->ports.system;
    struct attempt *attempt = &client->attempt;
    if (attempt->contact || client->now_ns < attempt->probe_ns)
        return;
    attempt->probe_ns = client->now_ns + PROBE_GAP_NS;
    if (system->local_tests(system->context))
        attempt->unsound_ns = 0;
    else if (attempt->unsound_ns == 0)
        attempt->unsound_ns = client->now_ns;
}

/* The trial's time is over. */
static void judge(struct client *client)
{
    struct client_installer *installer = &client->ports.installer;
    struct attempt *attempt = &client->attempt;
    uint64_t last_ns = attempt->trial_ns + client->trial_ns + EXTENSIONS_NS;
    if (attempt->contact) {
        installer->confirm(installer->context, attempt->engine);
        return;
    }
    bool unsound =
        attempt->unsound_ns != 0 && client->now_ns >= attempt->unsound_ns + UNSOUND_NS;
    if (client->now_ns >= last_ns || unsound) {
        revert(client, "no_contact");
        return;
    }
    uint64_t more_ns = client->trial_ns / 2;
    if (more_ns < EXTENSION_MIN_NS)
        more_ns = EXTENSION_MIN_NS;
    installer->extend(installer->context, attempt->engine, more_ns);
    attempt->trial_end_ns = client->now_ns + more_ns;
}

/* A rollback to something else ends a trial at once. */
static bool rollback_wanted(const struct client *client)
{
    const struct attempt *attempt = &client->attempt;
    return client->has_news && client->news.rollback &&
           (client->news.release != attempt->news.release ||
            memcmp(client->news.release_hash, attempt->news.release_hash,
                   MANIFEST_HASH_LEN) != 0);
}

/* Whether the engine has brought the trial to an end. It may have found a fault, or a CPU that is stuck, when the client wanted
 * the version back because nothing was heard any more: then that is the cause. */
static bool ended(struct client *client)
{
    struct client_installer *installer = &client->ports.installer;
    struct attempt *attempt = &client->attempt;
    struct client_install_report *report = &attempt->engine_report;
    installer->status(installer->context, attempt->engine, report);
    if (report->phase == CLIENT_INSTALL_PERMANENT) {
        client_attempt_permanent(client);
        return true;
    }
    if (report->phase == CLIENT_INSTALL_TRIAL || report->phase == CLIENT_INSTALL_BUSY)
        return false;
    if (attempt->revert_code[0] && !report->cause_cell[0])
        client_attempt_reverted(client, attempt->revert_code, report->cause, false);
    else
        client_attempt_reverted(client, "fault", report->cause, true);
    return true;
}

void client_trial_step(struct client *client)
{
    struct attempt *attempt = &client->attempt;
    if (ended(client))
        return;
    if (!attempt->revert_code[0]) {
        probe(client);
        if (rollback_wanted(client))
            revert(client, "rollback");
        else if (client->now_ns >= attempt->trial_end_ns)
            judge(client);
        if (ended(client))
            return;
    }
    uint64_t next_ns = client->now_ns + STATUS_GAP_NS;
    client_wake_at(client, next_ns);
    if (attempt->trial_end_ns > client->now_ns)
        client_wake_at(client, attempt->trial_end_ns);
}

/* Keeps what failed from being tried again: the content, and the object when it is clear which. */
static void condemn(struct client *client, const char *code)
{
    struct attempt *attempt = &client->attempt;
    const struct attempt_cell *culprit = NULL;
    size_t changed = 0;
    client_quarantine_add(client, false, attempt->release.content, code);
    for (size_t i = 0; i < attempt->cell_count; i++) {
        const struct attempt_cell *cell = &attempt->cells[i];
        if (!cell->has_new)
            continue;
        changed++;
        if (changed == 1 || strcmp(cell->name, attempt->engine_report.cause_cell) == 0)
            culprit = cell;
    }
    if (culprit &&
        (changed == 1 || strcmp(culprit->name, attempt->engine_report.cause_cell) == 0))
        client_quarantine_add(client, true, culprit->new_object, code);
}

void client_attempt_reverted(struct client *client, const char *code, const char *text,
                             bool quarantine)
{
    struct attempt *attempt = &client->attempt;
    client->running = attempt->from;
    client_set_reason(client, code);
    client->settled_as = CLIENT_REVERTED;
    client_log(client, "release %llu reverted: %s %s",
               (unsigned long long)attempt->release.version, code, text);
    if (strcmp(code, "no_contact") == 0) {
        attempt->stage = ATTEMPT_VERDICT;
        attempt->contact = false;
        attempt->verdict_ns = client->now_ns;
        client->poll_ns = client->now_ns;
        client_backoff_clear(&client->poll_backoff);
        /* What was asked before says nothing of the version that is back, and is waited for for as long as a poll lasts. */
        client_exchange_end(client, &client->exchanges[CLIENT_CHANNEL_POLL]);
        client->progress = true;
        return;
    }
    if (quarantine)
        condemn(client, code);
    client_attempt_report(client, "reverted", code, text);
    client_blob_touch(client);
    client_attempt_end(client, 0);
}

void client_verdict_step(struct client *client)
{
    struct attempt *attempt = &client->attempt;
    uint64_t limit_ns = client->trial_ns > VERDICT_NS ? client->trial_ns : VERDICT_NS;
    if (attempt->contact) {
        condemn(client, "no_contact");
        client_attempt_report(client, "reverted", "no_contact",
                              "the server could not be reached, and can be again");
        client_attempt_end(client, 0);
        return;
    }
    if (client->now_ns < attempt->verdict_ns + limit_ns) {
        client_wake_at(client, attempt->verdict_ns + limit_ns);
        return;
    }
    bool last = client_tries_add(client, attempt->release.content) >= INCONCLUSIVE_MAX;
    if (last)
        client_quarantine_add(client, false, attempt->release.content,
                              "inconclusive_limit");
    client_attempt_report(client, "inconclusive",
                          last ? "inconclusive_limit" : "no_contact",
                          "the server could not be reached before or after");
    client_attempt_end(client, last ? 0 : EXTENSION_MIN_NS);
}

void client_attempt_after_restart(struct client *client)
{
    struct pending *pending = &client->pending;
    const char *result = "permanent";
    const char *code = NULL;
    if (!pending->is_set)
        return;
    if (memcmp(client->running.content, pending->content, MANIFEST_HASH_LEN) == 0) {
        client->running.release = pending->release;
        memcpy(client->running.commit, pending->commit, sizeof client->running.commit);
        client_tries_clear(client, pending->content);
    } else {
        code = "reset_in_trial";
        bool last = client_tries_add(client, pending->content) >= INCONCLUSIVE_MAX;
        result = client->seed.reset_by_guest || last ? "reverted" : "inconclusive";
        if (client->seed.reset_by_guest || last)
            client_quarantine_add(client, false, pending->content, code);
    }
    json_t *reason = code
                         ? json_pack("{s:s, s:s}", "code", code, "text",
                                     "the machine went down during the swap or its trial")
                         : json_null();
    client_report_queue(
        client, "attempt",
        json_pack("{s:I, s:b, s:I, s:s, s:s?, s:o, s:s, s:o}", "attempt",
                  (json_int_t)++client->attempts, "after_restart", 1, "release",
                  (json_int_t)pending->release, "to_commit", pending->commit,
                  "from_commit", client->running.commit[0] ? client->running.commit : NULL,
                  "from_content", client_json_hash(client->running.content), "result",
                  result, "reason", reason));
    pending->is_set = false;
    client_blob_touch(client);
}
