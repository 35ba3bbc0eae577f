/* Enrolment, contact, finding machines.
 * SPDX-License-Identifier: MIT */
#include "fleet/machines.h"

#include "adapt/tls/certs.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "fleet/attempts.h"
#include "fleet/rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BOOTS_KEPT 8

static enum result check_proof(const char *token, const char *public_key,
                               const char *proof, struct problem *problem)
{
    uint8_t key[CERTS_PUBLIC_LEN];
    uint8_t signature[64];
    TEXT_BUFFER_OWNED text = {0};
    text_appendf(&text, "neurath-enroll\n%s\n%s", token, public_key);
    if (text.failed || text_unhex(public_key, key, sizeof key) != RESULT_OK ||
        text_unhex(proof, signature, sizeof signature) != RESULT_OK ||
        certs_verify(key, text.data, text.len, signature) != RESULT_OK)
        return problem_set(problem, RESULT_REFUSED, "bad-proof",
                           "the proof is not a signature by the given key");
    return RESULT_OK;
}

static enum result store_machine(struct server *server, const char *id, const char *name,
                                 const char *public_key)
{
    enum result result =
        db_run(server->db,
               "INSERT INTO machines (id, name, public_key, enrolled, channel, state) "
               "VALUES (?, ?, ?, ?, ?, "
               "'enrolling') ON CONFLICT (id) DO UPDATE SET name = excluded.name",
               "sssis", id, name, public_key, clock_now_ms(), CHANNEL_NAME);
    if (result == RESULT_OK) {
        log_info("fleet", "machine %s (%s) is enrolled", id, name);
        rows_publish_machine(server, id);
    }
    return result;
}

enum result machine_enroll(struct server *server, const json_t *body, json_t **out_answer,
                           struct problem *problem)
{
    const char *token;
    const char *name;
    const char *public_key;
    const char *proof;
    enum result result = json_take_string(body, "token", 200, &token, problem);
    if (result == RESULT_OK)
        result = json_take_string(body, "name", 64, &name, problem);
    if (result == RESULT_OK)
        result = json_take_hex(body, "public_key", 130, &public_key, problem);
    if (result == RESULT_OK)
        result = json_take_hex(body, "proof", 128, &proof, problem);
    if (result != RESULT_OK)
        return result;
    if (!text_is_name(name, 64))
        return problem_set(problem, RESULT_INVALID, "bad-request",
                           "\"name\" must be letters, digits, dot, dash, underscore");
    if (!text_equal_secret(server->enrol_token, token))
        return problem_set(problem, RESULT_REFUSED, "bad-token",
                           "the enrolment token is not valid");
    result = check_proof(token, public_key, proof, problem);
    if (result != RESULT_OK)
        return result;
    JSON_OWNED json_t *question =
        json_pack("{s:s, s:s}", "op", "certify", "public_key", public_key);
    json_t *answer = NULL;
    result = signer_ask(server->signer, question, &answer, problem);
    if (result != RESULT_OK)
        return result;
    const char *id = json_string_value(json_object_get(answer, "machine"));
    result = store_machine(server, id, name, public_key);
    if (result != RESULT_OK) {
        json_decref(answer);
        return problem_set(problem, result, "store", "the machine cannot be stored");
    }
    *out_answer = answer;
    return RESULT_OK;
}

bool machine_exists(struct server *server, const char *id)
{
    return db_integer(server->db, 0, "SELECT 1 FROM machines WHERE id = ?", "s", id) == 1;
}

/* What a poll says about the machine. */
struct contact {
    const char *boot_id;
    const char *state;
    int64_t uptime_ms;
    int64_t swaps;
    int64_t release;
    const char *commit;
    const char *content;
    const char *stub;
};

/* A hash of zeros says that the machine does not know. */
static const char *known_hash(const char *text)
{
    return text == NULL || strspn(text, "0") == strlen(text) ? NULL : text;
}

static enum result read_contact(const json_t *body, struct contact *out,
                                struct problem *problem)
{
    const json_t *running = json_object_get(body, "running");
    memset(out, 0, sizeof *out);
    enum result result = json_take_hex(body, "boot_id", 32, &out->boot_id, problem);
    if (result == RESULT_OK)
        result = json_maybe_string(body, "state", 16, "running", &out->state, problem);
    if (result == RESULT_OK)
        result = json_maybe_integer(body, "uptime_ms", 0, INT64_MAX / 2, 0,
                                    &out->uptime_ms, problem);
    if (result == RESULT_OK)
        result = json_maybe_integer(body, "swaps_since_boot", 0, INT64_MAX / 2, 0,
                                    &out->swaps, problem);
    if (result == RESULT_OK)
        result = json_maybe_integer(running, "release", 0, INT64_MAX / 2, 0,
                                    &out->release, problem);
    if (result == RESULT_OK)
        result = json_maybe_string(running, "commit", 40, NULL, &out->commit, problem);
    if (result == RESULT_OK)
        result = json_maybe_string(running, "content", 64, NULL, &out->content, problem);
    if (result == RESULT_OK)
        result = json_maybe_string(running, "stub", 64, NULL, &out->stub, problem);
    out->commit = known_hash(out->commit);
    out->content = known_hash(out->content);
    out->stub = known_hash(out->stub);
    bool bad = (out->commit != NULL && !text_is_hex(out->commit, 40)) ||
               (out->content != NULL && !text_is_hex(out->content, 64)) ||
               (out->stub != NULL && !text_is_hex(out->stub, 64));
    if (result == RESULT_OK && bad)
        result = problem_set(problem, RESULT_INVALID, "bad-request",
                             "commit, content and stub must be lower-case hexadecimal");
    return result;
}

/* A boot id is drawn at random at each boot: one that was here, was followed by another, and comes back belongs to a
 * second machine with the same key. */
static void note_boot(struct server *server, const char *id, const char *last,
                      const char *boot_id)
{
    TEXT_OWNED char *text =
        db_text(server->db, "SELECT boots_json FROM machines WHERE id = ?", "s", id);
    TEXT_OWNED char *name =
        db_text(server->db, "SELECT name FROM machines WHERE id = ?", "s", id);
    JSON_OWNED json_t *boots = json_stored(text);
    bool again = false;
    size_t i;
    json_t *known;
    json_array_foreach(boots, i, known)
    {
        const char *before = json_string_value(known);
        again = again || (before != NULL && strcmp(before, boot_id) == 0);
    }
    json_array_append_new(boots, json_string(last));
    while (json_array_size(boots) > BOOTS_KEPT)
        json_array_remove(boots, 0);
    TEXT_OWNED char *kept = json_text(boots);
    db_run(server->db, "UPDATE machines SET boots_json = ? WHERE id = ?", "ss", kept, id);
    if (!again)
        return;
    char alarm[256];
    snprintf(alarm, sizeof alarm,
             "machine %.64s (%s): two machines use its key; empty the store of one, so "
             "that it enrols anew, then `neurath retry %s`",
             name == NULL ? "?" : name, id, id);
    server_alarm(server, "cloned", alarm);
}

enum result machine_contact(struct server *server, const char *id, const json_t *body,
                            struct problem *problem)
{
    struct contact contact;
    enum result result = read_contact(body, &contact, problem);
    if (result != RESULT_OK)
        return result;
    result = db_begin(server->db);
    if (result != RESULT_OK)
        return problem_set(problem, result, "store", "the poll cannot be stored");
    TEXT_OWNED char *boot =
        db_text(server->db, "SELECT boot_id FROM machines WHERE id = ?", "s", id);
    bool booted = boot == NULL || strcmp(boot, contact.boot_id) != 0;
    TEXT_OWNED char *commit =
        db_text(server->db, "SELECT commit_id FROM machines WHERE id = ?", "s", id);
    TEXT_OWNED char *content =
        db_text(server->db, "SELECT content FROM machines WHERE id = ?", "s", id);
    TEXT_OWNED char *stub =
        db_text(server->db, "SELECT stub FROM machines WHERE id = ?", "s", id);
    struct attempts_before before = {
        db_integer(server->db, 0, "SELECT release FROM machines WHERE id = ?", "s", id),
        commit, content, stub};
    db_run(
        server->db,
        "UPDATE machines SET boot_id = ?, said_state = ?, uptime_ms = ?, swaps = ?, "
        "release = "
        "nullif(?, 0), commit_id = ?, content = ?, stub = ?, "
        "last_contact = ?, attempt_deadline = CASE WHEN ? IN ('updating', 'trial') THEN "
        "attempt_deadline END WHERE id = ?",
        "ssiiisssiss", contact.boot_id, contact.state, contact.uptime_ms, contact.swaps,
        contact.release, contact.commit, contact.content, contact.stub, clock_now_ms(),
        contact.state, id);
    if (booted && boot != NULL)
        note_boot(server, id, boot, contact.boot_id);
    if (booted)
        attempts_after_boot(server, id, contact.boot_id, contact.content, contact.stub,
                            &before);
    machine_settle(server, id, booted);
    result = db_commit(server->db);
    if (result != RESULT_OK)
        problem_set(problem, result, "store", "the poll cannot be stored");
    return result;
}

void machine_fetches(struct server *server, const char *id, int64_t version)
{
    int64_t desired = 0;
    free(machine_desired(server, id, &desired));
    if (desired != version)
        return;
    int64_t now = clock_now_ms();
    db_run(server->db,
           "UPDATE machines SET said_state = 'updating', attempt_deadline = ?, "
           "last_contact = ? WHERE "
           "id = ?",
           "iis", now + MACHINE_FETCH_MS, now, id);
    machine_settle(server, id, false);
}

enum result machine_find(struct server *server, const char *text,
                         char out_id[MACHINE_ID_LEN])
{
    TEXT_OWNED char *id =
        db_text(server->db, "SELECT id FROM machines WHERE id = ?", "s", text);
    if (id == NULL) {
        if (db_integer(server->db, 0, "SELECT count(*) FROM machines WHERE name = ?", "s",
                       text) > 1)
            return RESULT_INVALID;
        id = db_text(server->db, "SELECT id FROM machines WHERE name = ?", "s", text);
    }
    if (id == NULL)
        return RESULT_NOT_FOUND;
    text_copy(out_id, MACHINE_ID_LEN, id);
    return RESULT_OK;
}
