/* The simulated ports: transport, installer, store, system; and the run through time.
 * SPDX-License-Identifier: MIT
 */
#include "sim.h"

#include <mbedtls/base64.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const cell_names[SIM_CELLS] = {"alpha", "beta", "gamma", "libc"};

/* --- Transport -------------------------------------------------------------------------------------------------- */

static void set_endpoint(void *context, const struct client_endpoint *endpoint)
{
    (void)context;
    assert_string_equal("neurath-lab", endpoint->server_name);
}

static void set_identity(void *context, const char *certificate, const uint8_t *key,
                         size_t len)
{
    struct sim *sim = context;
    sim->certificate_set = certificate != NULL;
    assert_true(!certificate || (key && len == 121));
}

static void set_time(void *context, int64_t unix_ms)
{
    ((struct sim *)context)->told_time_ms = unix_ms;
}

static bool is_deaf(const struct sim *sim)
{
    bool new_version =
        sim->phase == CLIENT_INSTALL_TRIAL &&
        (sim->fate == SIM_DEAF || sim->fate == SIM_DEAF_ABOVE) &&
        (sim->deaf_ns == 0 || sim->now_ns < sim->committed_ns + sim->deaf_ns);
    return sim->down || new_version || (sim->old_is_deaf && sim->reverts > 0);
}

static bool start_inside(void *context, enum client_channel channel,
                         const struct client_request *request)
{
    struct sim *sim = context;
    struct sim_answer *answer = &sim->answers[channel];
    assert_false(answer->active);
    free(answer->body);
    *answer = (struct sim_answer){.active = true,
                                  .length = -2,
                                  .cut_after = SIZE_MAX,
                                  .piece = 10000,
                                  .mutual = request->mutual,
                                  .range_from = request->range_from,
                                  .ready_ns = sim->now_ns + 2000000};
    snprintf(answer->method, sizeof answer->method, "%s", request->method);
    snprintf(answer->path, sizeof answer->path, "%s", request->path);
    assert_true(!request->mutual || sim->certificate_set);
    if (is_deaf(sim) && !sim->silent) {
        answer->refuse = CLIENT_NET_CONNECT;
        return true;
    }
    /* A poll that asks to wait is parked until there is news. */
    json_t *question = request->body_len ? json_loadb((const char *)request->body,
                                                      request->body_len, 0, NULL)
                                         : NULL;
    json_int_t wait_s = json_integer_value(json_object_get(question, "wait_s"));
    json_decref(question);
    if (wait_s > 0 && sim->signed_state == 0) {
        answer->parked = true;
        answer->ready_ns = sim->now_ns + (uint64_t)wait_s * SIM_SECOND;
        answer->body = malloc(request->body_len);
        memcpy(answer->body, request->body, request->body_len);
        answer->len = request->body_len;
        return true;
    }
    sim_serve(sim, answer, request->body, request->body_len);
    return true;
}

static void unpark(struct sim *sim, struct sim_answer *answer)
{
    uint8_t *body = answer->body;
    size_t len = answer->len;
    answer->parked = false;
    answer->ready_ns = sim->now_ns;
    answer->body = NULL;
    answer->len = 0;
    if (is_deaf(sim))
        answer->refuse = CLIENT_NET_CLOSED;
    else
        sim_serve(sim, answer, body, len);
    free(body);
}

static void next_head(struct sim_answer *answer, struct client_io_event *out)
{
    answer->head_sent = true;
    out->kind = CLIENT_IO_HEAD;
    out->head = (struct client_head){.status = answer->status,
                                     .length = answer->length == -2 ? (int64_t)answer->len
                                                                    : answer->length,
                                     .range_from = -1,
                                     .range_total = -1,
                                     .retry_after_s = answer->retry_after_s,
                                     .encoded = answer->encoded};
    if (answer->status == 206) {
        out->head.range_from = (int64_t)answer->range_from;
        out->head.range_total = (int64_t)(answer->range_from + answer->len);
    }
}

static void next_piece(struct sim *sim, struct sim_answer *answer,
                       struct client_io_event *out)
{
    size_t len = answer->endless ? answer->piece : answer->len - answer->sent;
    if (len > answer->piece)
        len = answer->piece;
    if (answer->sent + len > answer->cut_after)
        len = answer->cut_after - answer->sent;
    if (len == 0) {
        bool cut = answer->sent == answer->cut_after && answer->sent < answer->len;
        out->kind = cut ? CLIENT_IO_FAILED : CLIENT_IO_DONE;
        out->error = CLIENT_NET_CLOSED;
        answer->active = false;
        return;
    }
    out->kind = CLIENT_IO_BODY;
    out->data = answer->body + (answer->endless ? 0 : answer->sent);
    out->len = len;
    answer->sent += len;
    sim->bytes_served += len;
    answer->ready_ns = sim->now_ns + answer->piece_ns;
}

static void next_inside(void *context, enum client_channel channel,
                        struct client_io_event *out)
{
    struct sim *sim = context;
    struct sim_answer *answer = &sim->answers[channel];
    assert_true(answer->active);
    if (sim->silent && is_deaf(sim)) {
        out->kind = CLIENT_IO_PENDING;
        return;
    }
    if (answer->parked &&
        (sim->signed_state || sim->now_ns >= answer->ready_ns || is_deaf(sim)))
        unpark(sim, answer);
    if (answer->refuse) {
        out->kind = CLIENT_IO_FAILED;
        out->error = answer->refuse;
        answer->active = false;
        return;
    }
    if (answer->parked || sim->now_ns < answer->ready_ns) {
        out->kind = CLIENT_IO_PENDING;
        return;
    }
    if (!answer->head_sent)
        next_head(answer, out);
    else
        next_piece(sim, answer, out);
}

static void cancel(void *context, enum client_channel channel)
{
    ((struct sim *)context)->answers[channel].active = false;
}

/* --- Installer -------------------------------------------------------------------------------------------------- */

static size_t running_inside(void *context, struct client_cell *out, size_t max)
{
    struct sim *sim = context;
    size_t count = 0;
    for (unsigned i = 0; i < SIM_CELLS; i++) {
        struct bytes object;
        if (sim->running[i] == 0)
            continue;
        assert_true(count < max);
        sim_object(i, sim->running[i], &object);
        snprintf(out[count].name, sizeof out[count].name, "%s", cell_names[i]);
        assert_status(MANIFEST_OK,
                      manifest_hash(object.data, object.len, out[count].object));
        bytes_free(&object);
        count++;
    }
    return count;
}

static unsigned colour_of(unsigned cell, const uint8_t *bytes, size_t len)
{
    for (unsigned colour = 1; colour < 64; colour++) {
        struct bytes object;
        sim_object(cell, colour, &object);
        bool same = object.len == len && memcmp(object.data, bytes, len) == 0;
        bytes_free(&object);
        if (same)
            return colour;
    }
    fail_msg("an object was installed that the server never had");
    return 0;
}

static bool submit_inside(void *context, const struct client_install *install,
                          uint64_t *out_attempt)
{
    struct sim *sim = context;
    memcpy(sim->next, sim->running, sizeof sim->next);
    for (unsigned i = 0; i < SIM_CELLS; i++) {
        for (size_t k = 0; k < install->set_count; k++)
            if (strcmp(install->set[k].name, cell_names[i]) == 0)
                sim->next[i] = colour_of(i, install->set[k].bytes, install->set[k].len);
        for (size_t k = 0; k < install->remove_count; k++)
            if (strcmp(install->remove[k], cell_names[i]) == 0)
                sim->next[i] = 0;
    }
    sim->submits++;
    sim->dry_run = install->dry_run;
    sim->phase = CLIENT_INSTALL_BUSY;
    sim->submitted_ns = sim->now_ns;
    *out_attempt = ++sim->attempt;
    return true;
}

static void undo(struct sim *sim)
{
    memcpy(sim->running, sim->previous, sizeof sim->running);
    sim->phase = CLIENT_INSTALL_REVERTED;
}

static void engine_run(struct sim *sim)
{
    if (sim->phase == CLIENT_INSTALL_BUSY &&
        sim->now_ns >= sim->submitted_ns + sim->swap_ns) {
        if (sim->fate == SIM_REFUSED || sim->fate == SIM_BUSY)
            sim->phase = CLIENT_INSTALL_REFUSED;
        else if (sim->fate == SIM_FAILED)
            sim->phase = CLIENT_INSTALL_FAILED;
        else if (sim->dry_run)
            sim->phase = CLIENT_INSTALL_PLANNED;
        else {
            memcpy(sim->previous, sim->running, sizeof sim->running);
            memcpy(sim->running, sim->next, sizeof sim->running);
            sim->phase = CLIENT_INSTALL_TRIAL;
            sim->committed_ns = sim->now_ns;
        }
    }
    if (sim->phase == CLIENT_INSTALL_TRIAL && sim->fate == SIM_FAULT &&
        sim->now_ns >= sim->committed_ns + sim->fault_ns)
        undo(sim);
}

static void status(void *context, uint64_t attempt, struct client_install_report *out)
{
    struct sim *sim = context;
    engine_run(sim);
    assert_int_equal(sim->attempt, attempt);
    memset(out, 0, sizeof *out);
    out->attempt = attempt;
    out->phase = sim->phase;
    out->load_ns = 3000000;
    out->pause_ns = 4321;
    out->effects = (struct client_effects){
        .known =
            sim->phase == CLIENT_INSTALL_TRIAL || sim->phase == CLIENT_INSTALL_PERMANENT,
        .drain_ns = 77,
        .waited_count = 9,
        .waited = {"echo", "a\x1b\xff"},
        .migrated_objects = 2,
        .migrated_bytes = UINT64_MAX,
        .draining_objects = 3,
        .retained_bytes = 4096,
        .revertible = true,
    };
    if (sim->phase == CLIENT_INSTALL_REFUSED) {
        strcpy(out->refusal.code, sim->fate == SIM_BUSY ? "busy" : "undefined_symbol");
        strcpy(out->refusal.cell, "alpha");
        strcpy(out->refusal.symbol, "beta_missing");
    }
    if (sim->phase == CLIENT_INSTALL_REVERTED && (sim->fate == SIM_FAULT || sim->faulted)) {
        strcpy(out->cause, "page fault at 0x10");
        strcpy(out->cause_cell, "alpha");
    }
}

static const char *cell_class(void *context, uint64_t attempt, const char *name)
{
    (void)context;
    (void)attempt;
    (void)name;
    return "text";
}

static void confirm(void *context, uint64_t attempt)
{
    struct sim *sim = context;
    assert_int_equal(sim->attempt, attempt);
    assert_int_equal(CLIENT_INSTALL_TRIAL, sim->phase);
    sim->confirms++;
    sim->phase = CLIENT_INSTALL_PERMANENT;
}

static void revert(void *context, uint64_t attempt, const char *reason)
{
    struct sim *sim = context;
    assert_int_equal(sim->attempt, attempt);
    sim->reverts++;
    snprintf(sim->revert_reason, sizeof sim->revert_reason, "%s", reason);
    undo(sim);
}

static void extend(void *context, uint64_t attempt, uint64_t ns)
{
    (void)attempt;
    (void)ns;
    ((struct sim *)context)->extends++;
}

/* --- Store, system ---------------------------------------------------------------------------------------------- */

static bool put_inside(void *context, const uint8_t *blob, size_t len)
{
    struct sim *sim = context;
    if (sim->store_fails)
        return false;
    bytes_free(&sim->blob);
    sim->blob.data = malloc(len);
    memcpy(sim->blob.data, blob, len);
    sim->blob.len = len;
    return true;
}

static bool random_fill(void *context, uint8_t *out, size_t len)
{
    struct sim *sim = context;
    if (sim->no_random)
        return false;
    for (size_t i = 0; i < len; i++) {
        sim->random = sim->random * 1664525 + 1013904223;
        out[i] = (uint8_t)(sim->random >> 24);
    }
    return true;
}

static void log_line(void *context, const char *line)
{
    struct sim *sim = context;
    snprintf(sim->last_log, sizeof sim->last_log, "%s", line);
    if (getenv("SIM_LOG"))
        fprintf(stderr, "[%8.3f] %s\n", (double)sim->now_ns / 1e9, line);
}

static bool local_tests(void *context)
{
    const struct sim *sim = context;
    return !(sim->phase == CLIENT_INSTALL_TRIAL && sim->fate == SIM_DEAF && is_deaf(sim));
}

/* --- Ports that allocate, with the test told of it ------------------------------------------------------------------ */

static void tell(const struct sim *sim, bool entered)
{
    if (sim->in_port)
        sim->in_port(entered);
}

static bool start(void *context, enum client_channel channel,
                  const struct client_request *request)
{
    tell(context, true);
    bool done = start_inside(context, channel, request);
    tell(context, false);
    return done;
}

static void next(void *context, enum client_channel channel, struct client_io_event *out)
{
    tell(context, true);
    next_inside(context, channel, out);
    tell(context, false);
}

static size_t running(void *context, struct client_cell *out, size_t max)
{
    tell(context, true);
    size_t count = running_inside(context, out, max);
    tell(context, false);
    return count;
}

static bool submit(void *context, const struct client_install *install,
                   uint64_t *out_attempt)
{
    tell(context, true);
    bool done = submit_inside(context, install, out_attempt);
    tell(context, false);
    return done;
}

static bool put(void *context, const uint8_t *blob, size_t len)
{
    tell(context, true);
    bool done = put_inside(context, blob, len);
    tell(context, false);
    return done;
}

/* --- The world -------------------------------------------------------------------------------------------------- */

static void seed_write(struct sim *sim)
{
    size_t total = 0, room, written;
    for (size_t i = 0; i < 1; i++)
        total += sim->root_frames[i].len;
    room = (total + 2) / 3 * 4 + 1;
    char *roots = malloc(room);
    assert_int_equal(0, mbedtls_base64_encode((unsigned char *)roots, room, &written,
                                              sim->root_frames[0].data,
                                              sim->root_frames[0].len));
    json_t *seed =
        json_pack("{s:i, s:s, s:s, s:s, s:s, s:i, s:s, s:s, s:s, s:s, s:i, s:s?}",
                  "version", 1, "fleet", FIXTURE_FLEET, "root", roots, "ca", "CA",
                  "address", "10.0.2.2", "port", 8443, "server_name", "neurath-lab",
                  "token", "token", "channel", "main", "machine_name", "m1", "trial_ms",
                  3000, "reset", sim->seed_reset[0] ? sim->seed_reset : NULL);
    free(sim->seed);
    sim->seed = json_dumps(seed, 0);
    json_decref(seed);
    free(roots);
}

void sim_init(struct sim *sim)
{
    struct manifest_root root;
    memset(sim, 0, sizeof *sim);
    sim->root_signers[0] = 1;
    sim->release_signers[0] = 2;
    sim->timestamp_signers[0] = 3;
    sim->now_ns = 5 * SIM_SECOND;
    sim->server_time_ms = FIXTURE_NOW;
    sim->expires_ms = FIXTURE_NOW + 24 * FIXTURE_HOUR;
    sim->reports = json_array();
    sim->commands = json_array();
    sim->swap_ns = 20000000;
    sim->random = 12345;
    fixture_root(1, &root);
    root.expires_ms = FIXTURE_NOW + 1000 * FIXTURE_HOUR;
    sim_add_root(sim, &root, sim->root_signers);
    for (unsigned i = 0; i < SIM_CELLS; i++)
        sim->running[i] = 1;
    sim_release(sim, 1, sim->running);
}

static void drop_client(struct sim *sim)
{
    client_destroy(sim->client);
    sim->client = NULL;
    for (int i = 0; i < CLIENT_CHANNEL_COUNT; i++) {
        free(sim->answers[i].body);
        sim->answers[i] = (struct sim_answer){0};
    }
}

void sim_fini(struct sim *sim)
{
    drop_client(sim);
    for (size_t i = 0; i < SIM_RELEASES; i++)
        bytes_free(&sim->releases[i].frame);
    for (size_t i = 0; i < sim->root_count; i++)
        bytes_free(&sim->root_frames[i]);
    bytes_free(&sim->timestamp_frame);
    bytes_free(&sim->blob);
    json_decref(sim->reports);
    json_decref(sim->commands);
    free(sim->seed);
}

void sim_boot(struct sim *sim)
{
    const struct client_ports ports = {
        .transport = {sim, set_endpoint, set_identity, set_time, start, next, cancel},
        .installer = {.context = sim,
                      .running = running,
                      .submit = submit,
                      .status = status,
                      .cell_class = cell_class,
                      .confirm = confirm,
                      .revert = revert,
                      .extend = extend},
        .store = {sim, put},
        .system = {.context = sim,
                   .random = random_fill,
                   .log = log_line,
                   .local_tests = local_tests},
    };
    drop_client(sim);
    sim->certificate_set = false;
    sim->phase = CLIENT_INSTALL_IDLE;
    seed_write(sim);
    struct client_config config = sim->config;
    config.seed = sim->seed;
    config.seed_len = strlen(sim->seed);
    config.blob = sim->blob.data;
    config.blob_len = sim->blob.len;
    config.boot_ns = sim->now_ns;
    assert_int_equal(0, client_create(&config, &ports, &sim->client));
}

/* The next moment at which the world has something new for the client. */
static uint64_t world_next(const struct sim *sim, uint64_t wake_ns)
{
    for (int i = 0; i < CLIENT_CHANNEL_COUNT; i++) {
        const struct sim_answer *answer = &sim->answers[i];
        if (answer->active && answer->ready_ns < wake_ns)
            wake_ns = answer->ready_ns;
        if (answer->active && answer->parked && sim->signed_state)
            wake_ns = sim->now_ns;
    }
    if (sim->phase == CLIENT_INSTALL_BUSY && sim->submitted_ns + sim->swap_ns < wake_ns)
        wake_ns = sim->submitted_ns + sim->swap_ns;
    if (sim->phase == CLIENT_INSTALL_TRIAL && sim->fate == SIM_FAULT &&
        sim->committed_ns + sim->fault_ns < wake_ns)
        wake_ns = sim->committed_ns + sim->fault_ns;
    return wake_ns;
}

void sim_run(struct sim *sim, double seconds)
{
    uint64_t end_ns = sim->now_ns + (uint64_t)(seconds * 1e9);
    unsigned steps = 0;
    while (sim->now_ns < end_ns) {
        uint64_t wake_ns = client_step(sim->client, sim->now_ns);
        engine_run(sim);
        wake_ns = world_next(sim, wake_ns);
        sim->now_ns = wake_ns > sim->now_ns ? wake_ns : sim->now_ns + 100000;
        /* A client that spins is as wrong as one that stops. */
        assert_true(++steps < 200 * (seconds + 20));
    }
    sim->now_ns = end_ns;
    sim->steps = steps;
}

bool sim_runs(const struct sim *sim, const unsigned colours[SIM_CELLS])
{
    return memcmp(sim->running, colours, sizeof sim->running) == 0;
}

struct client_status sim_status(struct sim *sim)
{
    struct client_status out;
    client_status(sim->client, sim->now_ns, &out);
    return out;
}

const json_t *sim_last(const struct sim *sim, const char *kind)
{
    for (size_t i = json_array_size(sim->reports); i-- > 0;) {
        const json_t *report = json_array_get(sim->reports, i);
        if (strcmp(json_string_value(json_object_get(report, "kind")), kind) == 0)
            return report;
    }
    return NULL;
}

size_t sim_count(const struct sim *sim, const char *kind, const char *result)
{
    size_t count = 0;
    for (size_t i = 0; i < json_array_size(sim->reports); i++) {
        const json_t *report = json_array_get(sim->reports, i);
        const char *said = json_string_value(json_object_get(report, "result"));
        if (strcmp(json_string_value(json_object_get(report, "kind")), kind) == 0 &&
            (!result || (said && strcmp(said, result) == 0)))
            count++;
    }
    return count;
}

const char *sim_result(const struct sim *sim)
{
    const char *result =
        json_string_value(json_object_get(sim_last(sim, "attempt"), "result"));
    return result ? result : "none";
}

const char *sim_reason(const struct sim *sim)
{
    const json_t *reason = json_object_get(sim_last(sim, "attempt"), "reason");
    const char *code = json_string_value(json_object_get(reason, "code"));
    return code ? code : "none";
}
