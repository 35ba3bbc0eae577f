/* The client: start, steps, status.
 * SPDX-License-Identifier: MIT
 *
 * Two channels and one attempt move side by side; each step lets every part go on until none has anything to do.
 *   poll channel    enrol → poll → poll → …               poll.c
 *   work channel    blob, reports, release, objects        work.c
 *   attempt         IDLE → RELEASE → OBJECTS → SAVE → SWAP → TRIAL → IDLE      attempt.c, trial.c
 *
 * Invariants:
 *  1 Nothing is requested before seed and roots are found sound (else CLIENT_DISABLED for good).
 *  2 Nothing is fetched that news, verified and in time, did not name; nothing is installed whose hash a verified
 *    release did not name; and only a whole set.
 *  3 Before the engine gets a set, the intent is kept (store and, where the server keeps blobs, acknowledged), so that a
 *    reset in the trial is known afterwards.
 *  4 No wait is for ever: each exchange has a deadline, each failure a back-off with an end, each trial an end.
 *  5 What failed in trial is in quarantine before the next attempt is considered.
 *  6 A report leaves the queue when the server acknowledged it, refused it three times, or the queue is full.
 */
#include "private.h"

#include <lib/base/memory.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define TRIAL_DEFAULT_NS (60 * SECOND)
#define IDLE_NS (60 * SECOND)
enum { ROUNDS_MAX = 64, FAULT_TEXT_MAX = 4000 };

const char *client_state_word(enum client_state state)
{
    static const char *const words[] = {
        [CLIENT_DISABLED] = "disabled", [CLIENT_ENROLLING] = "enrolling",
        [CLIENT_RUNNING] = "running",   [CLIENT_UPDATING] = "updating",
        [CLIENT_TRIAL] = "trial",       [CLIENT_BLOCKED] = "blocked",
        [CLIENT_HELD] = "held",         [CLIENT_REVERTED] = "reverted",
    };
    size_t i = (size_t)state;
    return i < sizeof words / sizeof words[0] ? words[i] : "unknown";
}

void client_log(struct client *client, const char *format, ...)
{
    char line[256];
    va_list arguments;
    if (!client->ports.system.log)
        return;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    client->ports.system.log(client->ports.system.context, line);
}

void client_wake_at(struct client *client, uint64_t ns)
{
    if (ns < client->wake_ns)
        client->wake_ns = ns;
}

void client_set_reason(struct client *client, const char *code)
{
    snprintf(client->reason, sizeof client->reason, "%s", code);
}

char *client_text_copy(const char *text)
{
    size_t len = strlen(text) + 1;
    char *copy = memory_new_array(char, len);
    if (copy)
        memcpy(copy, text, len);
    return copy;
}

void client_note_contact(struct client *client, uint64_t started_ns)
{
    struct attempt *attempt = &client->attempt;
    client->contact = true;
    client->contact_ns = client->now_ns;
    if ((attempt->stage == ATTEMPT_TRIAL && started_ns >= attempt->trial_ns) ||
        (attempt->stage == ATTEMPT_VERDICT && started_ns >= attempt->verdict_ns))
        attempt->contact = true;
}

void client_forget_certificate(struct client *client)
{
    if (!client->certificate)
        return;
    client_log(client, "the server does not accept the certificate: enrolling again");
    free(client->certificate);
    client->certificate = NULL;
    client_identity_apply(client);
    client_blob_touch(client);
}

enum client_state client_state_of(const struct client *client)
{
    if (client->disabled)
        return CLIENT_DISABLED;
    if (!client->certificate)
        return CLIENT_ENROLLING;
    if (client->attempt.stage == ATTEMPT_TRIAL)
        return CLIENT_TRIAL;
    if (client->attempt.stage == ATTEMPT_VERDICT)
        return CLIENT_REVERTED;
    if (client->attempt.stage != ATTEMPT_IDLE && !client->attempt.is_plan)
        return CLIENT_UPDATING;
    if (client->has_news && client->news.release == 0)
        return CLIENT_HELD;
    if (client->has_news && client->settled_release == client->news.release)
        return client->settled_as;
    return CLIENT_RUNNING;
}

/* --- Start ------------------------------------------------------------------------------------------------------ */

/* Reads the blob: the store's before the seed's. A damaged one is given up, loudly. */
static void blob_load(struct client *client, const uint8_t *blob, size_t len,
                      struct trust_state *state, bool *has_state)
{
    if (!blob || len == 0) {
        blob = client->seed.blob;
        len = client->seed.blob_len;
    }
    memcpy(client->blob_state, "none", sizeof "none");
    *has_state = false;
    if (!blob || len == 0)
        return;
    if (client_blob_read(client, blob, len, state, has_state) == MANIFEST_OK) {
        memcpy(client->blob_state, "ok", sizeof "ok");
    } else {
        memcpy(client->blob_state, "lost", sizeof "lost");
        client_log(client, "the kept state cannot be read: starting anew");
    }
}

static enum manifest_status roots_load(struct client *client,
                                       const struct trust_state *state)
{
    enum manifest_status status =
        trust_start(&client->trust, client->seed.roots, client->seed.roots_len, state,
                    client->root_frame, client->root_frame_len);
    if (status != MANIFEST_OK)
        return status;
    if (strcmp(client->trust.root.fleet, client->seed.fleet) != 0)
        return MANIFEST_WRONG_FLEET;
    snprintf(client->trust.channel, sizeof client->trust.channel, "%s",
             client->seed.channel);
    snprintf(client->trust.target, sizeof client->trust.target, "x86_64");
    return MANIFEST_OK;
}

/* Keeps the frame of the newest root of the seed, for the blob. */
static enum manifest_status root_keep(struct client *client)
{
    const uint8_t *roots = client->seed.roots;
    size_t len = 0;
    struct manifest_root *root = memory_new(struct manifest_root);
    enum manifest_status status = root ? MANIFEST_OK : MANIFEST_NO_MEMORY;
    for (size_t at = 0; status == MANIFEST_OK && at < client->seed.roots_len; at += len) {
        status = manifest_frame_length(roots + at, client->seed.roots_len - at, &len);
        if (status != MANIFEST_OK || at + len < client->seed.roots_len)
            continue;
        status = manifest_root_open(roots + at, len, NULL, root);
        if (status != MANIFEST_OK || root->version != client->trust.root.version)
            break;
        uint8_t *frame = memory_new_array(uint8_t, len);
        if (!frame) {
            status = MANIFEST_NO_MEMORY;
            break;
        }
        memcpy(frame, roots + at, len);
        free(client->root_frame);
        client->root_frame = frame;
        client->root_frame_len = len;
    }
    free(root);
    return status;
}

/* What was booted is known by its signed release when the image carries it, and so is the boot stub. */
static void boot_release(struct client *client, const uint8_t *frame, size_t len)
{
    static const uint8_t unknown[MANIFEST_HASH_LEN];
    struct manifest_release release;
    uint8_t hash[MANIFEST_HASH_LEN];
    if (!frame || manifest_hash(frame, len, hash) != MANIFEST_OK ||
        manifest_release_open(frame, len, &client->trust.root, &release) != MANIFEST_OK)
        return;
    if (memcmp(release.content, client->running.content, sizeof release.content) == 0) {
        client->running.release = release.version;
        client->running.security = release.security;
        memcpy(client->running.commit, release.commit, sizeof client->running.commit);
        if (memcmp(client->stub, unknown, sizeof unknown) == 0)
            memcpy(client->stub, release.stub, sizeof client->stub);
        if (release.version > client->trust.state.release_version)
            trust_take_release(&client->trust, &release, hash);
        trust_take_permanent(&client->trust, release.security);
    }
    manifest_release_fini(&release);
}

static enum manifest_status start(struct client *client,
                                  const struct client_config *config)
{
    struct trust_state *state = memory_new(struct trust_state);
    bool has_state;
    if (!state)
        return MANIFEST_NO_MEMORY;
    enum manifest_status status =
        client_seed_read(config->seed, config->seed_len, &client->seed);
    if (status == MANIFEST_OK) {
        blob_load(client, config->blob, config->blob_len, state, &has_state);
        status = roots_load(client, has_state ? state : NULL);
    }
    free(state);
    if (status == MANIFEST_OK)
        status = root_keep(client);
    if (status == MANIFEST_OK)
        status = client_running_start(client);
    if (status != MANIFEST_OK)
        return status;
    client->blob_time_ms = client->trust.state.time_floor_ms;
    if (client->trial_ns == 0)
        client->trial_ns = client->seed.trial_ms * MS;
    if (client->trial_ns == 0)
        client->trial_ns = TRIAL_DEFAULT_NS;
    boot_release(client, config->release, config->release_len);
    return MANIFEST_OK;
}

static void endpoint_tell(struct client *client)
{
    struct client_transport *transport = &client->ports.transport;
    const struct client_endpoint endpoint = {.address = client->seed.address,
                                             .port = client->seed.port,
                                             .server_name = client->seed.server_name,
                                             .ca_pem = client->seed.ca};
    transport->set_endpoint(transport->context, &endpoint);
}

int client_create(const struct client_config *config, const struct client_ports *ports,
                  struct client **out)
{
    struct client *client = memory_new(struct client);
    if (!client)
        return -1;
    client->ports = *ports;
    client->trial_ns = config->trial_ns;
    client->boot_ns = config->boot_ns;
    client->report_blob = config->report_blob;
    memcpy(client->blob_state, "none", sizeof "none");
    memcpy(client->stub, config->stub, sizeof client->stub);
    for (int channel = 0; channel < CLIENT_CHANNEL_COUNT; channel++)
        client->exchanges[channel].channel = (enum client_channel)channel;
    enum manifest_status status = start(client, config);
    if (status == MANIFEST_NO_MEMORY) {
        client_destroy(client);
        return -1;
    }
    if (status != MANIFEST_OK) {
        client->disabled = true;
        client_set_reason(client, manifest_status_code(status));
        client_log(client,
                   "DISABLED: the seed is not sound (%s). This machine takes no "
                   "updates.",
                   manifest_status_text(status));
    } else {
        endpoint_tell(client);
    }
    *out = client;
    return 0;
}

void client_destroy(struct client *client)
{
    if (!client)
        return;
    for (int channel = 0; channel < CLIENT_CHANNEL_COUNT; channel++)
        client_exchange_end(client, &client->exchanges[channel]);
    while (client->report_count > 0)
        client_report_drop_first(client);
    manifest_release_fini(&client->attempt.release);
    free(client->attempt.cells);
    client_cache_fini(client);
    free(client->partial);
    free(client->root_frame);
    free(client->certificate);
    client_seed_fini(&client->seed);
    manifest_secret_wipe(&client->secret);
    free(client);
}

/* What needs random numbers: the boot's id and the device key. false: not yet. */
static bool begin(struct client *client)
{
    uint8_t id[16];
    if (!client_random(client, id, sizeof id) || !client_identity_ensure(client))
        return false;
    manifest_hex_write(id, sizeof id, client->trust.boot_id);
    client_identity_apply(client);
    client_report_boot(client);
    client_attempt_after_restart(client);
    if (client->report_blob)
        client_blob_touch(client);
    client->started = true;
    return true;
}

/* --- Steps ------------------------------------------------------------------------------------------------------ */

uint64_t client_step(struct client *client, uint64_t now_ns)
{
    client->now_ns = now_ns;
    client->wake_ns = now_ns + IDLE_NS;
    if (client->disabled)
        return UINT64_MAX;
    if (!client->started && !begin(client)) {
        client_set_reason(client, "random");
        return now_ns + SECOND;
    }
    for (int round = 0; round < ROUNDS_MAX; round++) {
        client->progress = false;
        client_poll_step(client);
        client_attempt_step(client);
        client_work_step(client);
        if (client->blob_dirty && !client_blob_settle(client))
            client_wake_at(client, now_ns + SECOND);
        if (!client->progress)
            return client->wake_ns;
        client->wake_ns = now_ns + IDLE_NS;
    }
    return now_ns;
}

void client_status(const struct client *client, uint64_t now_ns, struct client_status *out)
{
    const struct trust_state *state = &client->trust.state;
    memset(out, 0, sizeof *out);
    out->state = client_state_of(client);
    memcpy(out->machine, client->machine, sizeof out->machine);
    memcpy(out->boot_id, client->trust.boot_id, sizeof out->boot_id);
    out->release = client->running.release;
    memcpy(out->commit, client->running.commit, sizeof out->commit);
    memcpy(out->content, client->running.content, sizeof out->content);
    out->target = client->has_news ? client->news.release : 0;
    out->contact = client->contact;
    out->contact_ns = client->contact_ns;
    out->time_known = trust_time(&client->trust, now_ns, &out->time_ms);
    out->root_version = state->root_version;
    out->timestamp_counter = state->timestamp_counter;
    out->release_version = state->release_version;
    out->security_floor = state->security_floor;
    out->bytes_fetched = client->bytes_fetched;
    out->polls = client->polls;
    out->failures = client->failures;
    out->swaps = client->swaps;
    out->reports_waiting = client->report_count;
    out->quarantined = client->quarantine_count;
    memcpy(out->reason, client->reason, sizeof out->reason);
}

void client_retry(struct client *client)
{
    client->quarantine_count = 0;
    client->tries_count = 0;
    client->settled_release = 0;
    client->told_code[0] = 0;
    client->refusal[0] = 0;
    client_blob_touch(client);
}

void client_wake(struct client *client)
{
    client->poll_ns = 0;
    client->poll_backoff.until_ns = 0;
    client->work_backoff.until_ns = 0;
}

void client_report_fault(struct client *client, const char *cell, const char *text)
{
    char clean[FAULT_TEXT_MAX + 1];
    size_t len = 0;
    for (; text[len] && len < FAULT_TEXT_MAX; len++)
        clean[len] =
            (text[len] >= ' ' && text[len] <= '~') || text[len] == '\n' ? text[len] : '?';
    clean[len] = 0;
    client_report_queue(client, "fault",
                        json_pack("{s:s, s:s}", "cell", cell, "text", clean));
}
