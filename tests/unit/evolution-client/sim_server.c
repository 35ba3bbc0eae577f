/* The simulated server: machine protocol over fixture keys.
 * SPDX-License-Identifier: MIT
 */
#include "sim.h"

#include <mbedtls/base64.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const cell_names[SIM_CELLS] = {"alpha", "beta", "gamma", "libc"};

static char *base64(const uint8_t *bytes, size_t len)
{
    size_t room = (len + 2) / 3 * 4 + 1, written;
    char *text = malloc(room);
    assert_int_equal(
        0, mbedtls_base64_encode((unsigned char *)text, room, &written, bytes, len));
    return text;
}

void sim_object(unsigned cell, unsigned colour, struct bytes *out)
{
    out->len = SIM_OBJECT_LEN + cell;
    out->data = malloc(out->len);
    for (size_t i = 0; i < out->len; i++)
        out->data[i] = (uint8_t)(i * 31 + cell * 7 + colour * 131 + (i >> 8));
}

void sim_build(struct sim *sim, uint64_t version, const unsigned colours[SIM_CELLS])
{
    struct sim_release *entry = &sim->releases[version];
    bytes_free(&entry->frame);
    snprintf(entry->commit, sizeof entry->commit, "%040llx", (unsigned long long)version);
    fixture_release(version, 1, &entry->release);
    memcpy(entry->release.commit, entry->commit, sizeof entry->commit);
    memset(entry->release.stub, sim->stub, sizeof entry->release.stub);
    entry->release.cells = entry->cells;
    entry->release.cell_count = 0;
    entry->release.expires_ms = sim->expires_ms;
    for (unsigned i = 0; i < SIM_CELLS; i++) {
        struct bytes object;
        if (colours[i] == 0)
            continue;
        struct manifest_cell *cell = &entry->cells[entry->release.cell_count++];
        sim_object(i, colours[i], &object);
        *cell = (struct manifest_cell){.name = cell_names[i], .length = object.len};
        assert_status(MANIFEST_OK, manifest_hash(object.data, object.len, cell->object));
        bytes_free(&object);
    }
    entry->frame = fixture_release_frame(&entry->release, sim->release_signers);
    assert_status(MANIFEST_OK,
                  manifest_hash(entry->frame.data, entry->frame.len, entry->hash));
}

void sim_name(struct sim *sim, uint64_t version)
{
    sim->channel_release = version;
    sim->signed_state++;
}

void sim_release(struct sim *sim, uint64_t version, const unsigned colours[SIM_CELLS])
{
    sim_build(sim, version, colours);
    sim_name(sim, version);
}

void sim_order(struct sim *sim, enum manifest_intent intent, uint64_t counter,
               uint64_t release)
{
    sim->order =
        (struct manifest_order){.intent = intent, .counter = counter, .release = release};
    if (release) {
        memcpy(sim->order.hash, sim->releases[release].hash, 32);
        sim->order.length = sim->releases[release].frame.len;
    }
    sim->has_order = counter != 0;
    sim->signed_state++;
}

void sim_add_root(struct sim *sim, const struct manifest_root *root,
                  const unsigned *signers)
{
    sim->root = *root;
    sim->root_frames[sim->root_count++] = fixture_root_frame(root, signers);
    sim->signed_state++;
}

static struct manifest_orders *orders_of(struct sim *sim, const char *machine)
{
    struct manifest_orders *orders;
    struct manifest_order list[2] = {
        {.machine = "0000000000000001", .intent = MANIFEST_INTENT_HOLD, .counter = 1}};
    memcpy(sim->order.machine, machine, sizeof sim->order.machine);
    list[1] = sim->order;
    assert_status(MANIFEST_OK,
                  manifest_orders_create(list, sim->has_order ? 2 : 1, &orders));
    return orders;
}

/* A timestamp for the present state: a new counter only when something changed. */
static void timestamp_sign(struct sim *sim, const struct manifest_orders *orders)
{
    static const struct sim_release none;
    struct manifest_timestamp timestamp;
    const struct sim_release *release = &sim->releases[sim->channel_release];
    if (sim->timestamp_frame.data && sim->signed_state == 0)
        return;
    if (sim->signed_state)
        sim->counter++;
    sim->signed_state = 0;
    if (sim->channel_release == 0)
        release = &none;
    fixture_timestamp(sim->counter, sim->channel_release, &release->frame, &timestamp);
    timestamp.expires_ms = sim->expires_ms;
    timestamp.time_ms = sim->server_time_ms;
    timestamp.rollback = sim->rollback;
    manifest_orders_root(orders, timestamp.orders_root);
    bytes_free(&sim->timestamp_frame);
    sim->timestamp_frame = fixture_timestamp_frame(&timestamp, sim->timestamp_signers);
}

static void answer_json(struct sim_answer *answer, json_t *body)
{
    free(answer->body);
    answer->body = (uint8_t *)json_dumps(body, JSON_COMPACT);
    answer->len = strlen((char *)answer->body);
    answer->status = 200;
    json_decref(body);
}

static void serve_poll(struct sim *sim, struct sim_answer *answer, const json_t *question)
{
    struct manifest_fresh fresh;
    char machine[17];
    struct client_status status = sim_status(sim);
    memcpy(machine, status.machine, sizeof machine);
    sim->polls++;
    snprintf(sim->last_state, sizeof sim->last_state, "%s",
             json_string_value(json_object_get(question, "state")));
    struct manifest_orders *orders = orders_of(sim, machine);
    timestamp_sign(sim, orders);
    fixture_fresh(&sim->timestamp_frame, 0, &fresh);
    assert_true(manifest_hex_read(json_string_value(json_object_get(question, "nonce")),
                                  fresh.nonce, sizeof fresh.nonce));
    snprintf(fresh.boot_id, sizeof fresh.boot_id, "%s",
             json_string_value(json_object_get(question, "boot_id")));
    fresh.time_ms = sim->server_time_ms + (int64_t)(sim->now_ns / 1000000);
    struct bytes fresh_frame = fixture_fresh_frame(&fresh, sim->timestamp_signers);
    char *timestamp_text = base64(sim->timestamp_frame.data, sim->timestamp_frame.len);
    char *fresh_text = base64(fresh_frame.data, fresh_frame.len);
    json_t *proof;
    assert_status(MANIFEST_OK, manifest_orders_prove(orders, machine, &proof));
    json_t *roots = json_array();
    json_int_t known = json_integer_value(json_object_get(question, "root_version"));
    for (size_t i = (size_t)known; i < sim->root_count; i++) {
        char *text = base64(sim->root_frames[i].data, sim->root_frames[i].len);
        json_array_append_new(roots, json_string(text));
        free(text);
    }
    json_t *commands = json_array();
    json_int_t done = json_integer_value(json_object_get(question, "commands_done"));
    for (size_t i = 0; i < json_array_size(sim->commands); i++) {
        json_t *command = json_array_get(sim->commands, i);
        if (json_integer_value(json_object_get(command, "id")) > done)
            json_array_append(commands, command);
    }
    answer_json(answer, json_pack("{s:s, s:s, s:o, s:o, s:o}", "timestamp",
                                  timestamp_text, "fresh", fresh_text, "order", proof,
                                  "roots", roots, "commands", commands));
    sim->told_counter = sim->counter;
    free(timestamp_text);
    free(fresh_text);
    bytes_free(&fresh_frame);
    manifest_orders_destroy(orders);
}

static void serve_enroll(struct sim *sim, struct sim_answer *answer,
                         const json_t *question)
{
    uint8_t public_key[65], id[32], proof[64], digest[32];
    char machine[17], text[400];
    const char *hex = json_string_value(json_object_get(question, "public_key"));
    assert_false(answer->mutual);
    assert_true(manifest_hex_read(hex, public_key, sizeof public_key));
    assert_true(manifest_hex_read(json_string_value(json_object_get(question, "proof")),
                                  proof, sizeof proof));
    snprintf(text, sizeof text, "neurath-enroll\n%s\n%s", "token", hex);
    assert_status(MANIFEST_OK, manifest_hash(text, strlen(text), digest));
    /* The proof is judged as a signature of the key would be: by a root of which it is the only key. */
    assert_status(MANIFEST_OK, manifest_hash(public_key, sizeof public_key, id));
    manifest_hex_write(id, 8, machine);
    sim->enrolments++;
    answer_json(answer,
                json_pack("{s:s, s:s}", "machine", machine, "certificate", "CERTIFICATE"));
}

static void serve_report(struct sim *sim, struct sim_answer *answer, json_t *report)
{
    json_array_append(sim->reports, report);
    answer_json(answer,
                json_pack("{s:O}", "acknowledged", json_object_get(report, "sequence")));
}

static void answer_bytes(struct sim *sim, struct sim_answer *answer, const uint8_t *data,
                         size_t len)
{
    size_t from = (size_t)answer->range_from;
    answer->status = from ? 206 : 200;
    if (from > len)
        from = len;
    answer->body = malloc(len - from + 1);
    memcpy(answer->body, data + from, len - from);
    answer->len = len - from;
    (void)sim;
}

static void serve_object(struct sim *sim, struct sim_answer *answer)
{
    uint8_t wanted[32], hash[32];
    sim->object_requests++;
    if (!manifest_hex_read(strrchr(answer->path, '/') + 1, wanted, sizeof wanted))
        return;
    for (unsigned cell = 0; cell < SIM_CELLS; cell++)
        for (unsigned colour = 1; colour < 64; colour++) {
            struct bytes object;
            sim_object(cell, colour, &object);
            assert_status(MANIFEST_OK, manifest_hash(object.data, object.len, hash));
            bool found = memcmp(hash, wanted, sizeof hash) == 0;
            if (found)
                answer_bytes(sim, answer, object.data, object.len);
            bytes_free(&object);
            if (found)
                return;
        }
}

void sim_serve(struct sim *sim, struct sim_answer *answer, const uint8_t *body, size_t len)
{
    json_t *question =
        len ? json_loadb((const char *)body, len, JSON_REJECT_DUPLICATES, NULL) : NULL;
    sim->requests++;
    answer->status = 404;
    if (strcmp(answer->path, "/m/v1/enroll") == 0)
        serve_enroll(sim, answer, question);
    else if (strcmp(answer->path, "/m/v1/poll") == 0)
        serve_poll(sim, answer, question);
    else if (strcmp(answer->path, "/m/v1/report") == 0)
        serve_report(sim, answer, question);
    else if (strncmp(answer->path, "/m/v1/objects/", 14) == 0)
        serve_object(sim, answer);
    else if (strncmp(answer->path, "/m/v1/release/", 14) == 0) {
        unsigned long version = strtoul(answer->path + 14, NULL, 10);
        if (version < SIM_RELEASES && sim->releases[version].frame.data)
            answer_bytes(sim, answer, sim->releases[version].frame.data,
                         sim->releases[version].frame.len);
    }
    json_decref(question);
    if (sim->bend)
        sim->bend(sim, answer);
}
