/* Release: takes a version, has it signed, stores the frame; in an order that a crash cannot break.
 * SPDX-License-Identifier: MIT
 *
 * States of a release row, and who makes the transition:
 *   allocated  V is taken, the content is stored, its objects are in the store   allocate()
 *   signed     releases/<V> holds the frame, synced; hash and length are known    sign()
 *   published  it may be announced: by the channel's timestamp or by an order     publish()
 * Invariants:
 *  1 A version is taken by a committed row before anything is signed, and never given back.
 *  2 The payload is stored with the row, so that the signer is asked for the same bytes after a crash;
 *    it then gives the same signature.
 *  3 `channel.release` only ever names a published release.
 *  4 At start, release_resume() brings every row to `published`; so no version is lost or doubled. */
#include "pipeline/steps.h"

#include "base/clock.h"
#include "base/files.h"
#include "base/log.h"
#include "base/text.h"
#include "fleet/rows.h"

#include <manifest/sign.h>
#include <stdlib.h>
#include <string.h>

#define LIFE_MS (365LL * 24 * 3600 * 1000)
#define TARGET "x86_64"

/* The parts of a manifest_release that need memory of their own. */
struct draft {
    struct manifest_release release;
    struct cell_set set;
    const char **uses;
    const char **needs;
    const char **consent;
    char *provenance;
};

static void draft_fini(struct draft *draft)
{
    cell_set_fini(&draft->set);
    free(draft->release.cells);
    free(draft->uses);
    free(draft->needs);
    free(draft->consent);
    free(draft->provenance);
    memset(draft, 0, sizeof *draft);
}

static enum result draft_cells(struct draft *draft)
{
    const struct cell_set *set = &draft->set;
    size_t total = 0;
    for (size_t i = 0; i < set->count; i++)
        total += json_array_size(set->cells[i].uses);
    draft->release.cells = calloc(set->count + 1, sizeof *draft->release.cells);
    draft->uses = calloc(total + 1, sizeof *draft->uses);
    if (draft->release.cells == NULL || draft->uses == NULL)
        return RESULT_MEMORY;
    const char **next = draft->uses;
    draft->release.cell_count = set->count;
    for (size_t i = 0; i < set->count; i++) {
        struct manifest_cell *cell = &draft->release.cells[i];
        cell->name = set->cells[i].name;
        cell->length = (uint64_t)set->cells[i].length;
        cell->abi = strtoull(set->cells[i].abi, NULL, 16);
        if (text_unhex(set->cells[i].object, cell->object, MANIFEST_HASH_LEN) != RESULT_OK)
            return RESULT_CORRUPT;
        cell->uses = (const char *const *)next;
        size_t j;
        json_t *use;
        json_array_foreach(set->cells[i].uses, j, use)
        {
            const char *name = json_string_value(use);
            if (name != NULL && cell_set_find(set, name) != NULL)
                *next++ = name;
        }
        cell->use_count = (size_t)(next - (const char **)cell->uses);
    }
    return RESULT_OK;
}

/* The strings of ARRAY (NULL: none), lent by it. GIVES *out (free()). */
static enum result draft_strings(const json_t *array, const char ***out, size_t *out_count)
{
    *out_count = json_array_size(array);
    *out = calloc(*out_count + 1, sizeof **out);
    for (size_t i = 0; *out != NULL && i < *out_count; i++)
        (*out)[i] = json_string_value(json_array_get(array, i));
    return *out == NULL ? RESULT_MEMORY : RESULT_OK;
}

static enum result draft_texts(struct draft *draft, const struct release_request *request)
{
    struct manifest_release *release = &draft->release;
    enum result result =
        draft_strings(request->needs_boot, &draft->needs, &release->needs_boot_count);
    if (result == RESULT_OK)
        result = draft_strings(request->consent, &draft->consent, &release->consent_count);
    release->needs_boot = draft->needs;
    release->consent = draft->consent;
    return result;
}

/* Hash of the newest signed release before VERSION, for the chain. Lock held. */
static void draft_previous(struct server *server, struct draft *draft, int64_t version)
{
    TEXT_OWNED char *previous = db_text(server->db,
                                        "SELECT hash FROM releases WHERE version < ? AND "
                                        "hash IS NOT NULL ORDER BY version DESC LIMIT 1",
                                        "i", version);
    draft->release.has_previous =
        previous != NULL &&
        text_unhex(previous, draft->release.previous, MANIFEST_HASH_LEN) == RESULT_OK;
}

/* GIVES (free()). */
static char *write_provenance(const struct release_request *request)
{
    const char *kind = request->parts != NULL ? "set"
                       : request->reissue     ? "reissue"
                                              : "build";
    JSON_OWNED json_t *provenance =
        json_pack("{s:s, s:s}", "builder", "neurathd " NEURATHD_VERSION, "kind", kind);
    if (request->parts != NULL)
        json_object_update(provenance, (json_t *)request->parts);
    else if (request->reissue)
        json_object_set_new(provenance, "reissue_of", json_integer(request->reissue_of));
    return json_text(provenance);
}

/* The signed text of VERSION. GIVES *out_payload. Lock held. */
static enum result write_payload(struct server *server,
                                 const struct release_request *request, int64_t version,
                                 int64_t created, int64_t security, char **out_payload)
{
    struct draft draft;
    memset(&draft, 0, sizeof draft);
    struct manifest_release *release = &draft.release;
    enum result result = cell_set_load(server->db, request->content, &draft.set);
    if (result == RESULT_OK)
        result = draft_cells(&draft);
    if (result == RESULT_OK)
        result = draft_texts(&draft, request);
    release->version = (uint64_t)version;
    release->channel = CHANNEL_NAME;
    release->target = TARGET;
    release->created_ms = created;
    release->expires_ms = created + LIFE_MS;
    release->security = (uint64_t)security;
    if (result == RESULT_OK && text_unhex(request->stub, release->stub, 32) != RESULT_OK)
        result = RESULT_CORRUPT;
    memcpy(release->commit, request->commit, sizeof release->commit);
    draft_previous(server, &draft, version);
    draft.provenance = write_provenance(request);
    release->provenance = draft.provenance;
    if (result == RESULT_OK && manifest_release_text(release, out_payload) != MANIFEST_OK)
        result = RESULT_INVALID;
    draft_fini(&draft);
    return result;
}

/* Invariant 1 and 2. */
static enum result allocate(struct server *server, const struct release_request *request,
                            int64_t *out_version)
{
    struct db *db = server->db;
    int64_t now = clock_now_ms();
    TEXT_OWNED char *changed = json_text(request->changed);
    TEXT_OWNED char *refusals = json_text(request->refusals);
    TEXT_OWNED char *needs = json_text(request->needs_boot);
    TEXT_OWNED char *ways = request->ways == NULL ? NULL : json_text(request->ways);
    TEXT_OWNED char *parts = request->parts == NULL ? NULL : json_text(request->parts);
    int64_t security = db_integer(db, 1, "SELECT max(security) FROM releases", "");
    enum result result = db_begin(db);
    if (result != RESULT_OK)
        return result;
    db_run(
        db,
        "INSERT INTO releases (state, kind, channel, commit_id, content, stub, build, "
        "reissue_of, "
        "trigger_kind, by_kind, by_name, note, for_channel, held_back, before, created, "
        "expires, "
        "security, changed_json, refusals_json, needs_boot_json, ways_json, parts_json) "
        "VALUES "
        "('allocated', ?, ?, ?, ?, ?, "
        "nullif(?, 0), nullif(?, 0), ?, ?, ?, ?, ?, ?, nullif(?, 0), ?, ?, ?, ?, ?, ?, "
        "ifnull(?, '[]'), ?)",
        "sssssiissssiiiiiisssss",
        request->reissue || request->parts != NULL ? "reissue" : "build", CHANNEL_NAME,
        request->commit, request->content, request->stub, request->build,
        request->reissue_of, request->trigger, request->by_kind, request->by_name,
        request->note, (int64_t)request->for_channel, (int64_t)request->held_back,
        request->before, now, now + LIFE_MS, security, changed, refusals, needs, ways,
        parts);
    int64_t version = db_last_id(db);
    TEXT_OWNED char *payload = NULL;
    result = write_payload(server, request, version, now, security, &payload);
    if (result == RESULT_OK)
        db_run(db, "UPDATE releases SET payload = ? WHERE version = ?", "si", payload,
               version);
    if (result == RESULT_OK && request->build != 0)
        db_run(db, "UPDATE builds SET release = ? WHERE id = ?", "ii", version,
               request->build);
    if (result != RESULT_OK) {
        db_rollback(db);
        return result;
    }
    result = db_commit(db);
    if (result == RESULT_OK)
        *out_version = version;
    return result;
}

static enum result sign(struct server *server, int64_t version, struct problem *problem)
{
    struct db *db = server->db;
    TEXT_OWNED char *payload =
        db_text(db, "SELECT payload FROM releases WHERE version = ?", "i", version);
    int64_t reissue = db_integer(
        db, 0, "SELECT reissue_of FROM releases WHERE version = ?", "i", version);
    TEXT_OWNED char *parts_text =
        db_text(db, "SELECT parts_json FROM releases WHERE version = ?", "i", version);
    JSON_OWNED json_t *parts = parts_text == NULL ? NULL : json_stored(parts_text);
    if (payload == NULL)
        return problem_set(problem, RESULT_CORRUPT, "release",
                           "release %lld has no payload", (long long)version);
    json_t *question = json_pack("{s:s, s:s}", "op", "release", "payload", payload);
    if (reissue != 0)
        json_object_set_new(question, "reissue_of", json_integer(reissue));
    if (parts != NULL)
        json_object_set_new(question, "parts",
                            json_pack("[O, O]", json_object_get(parts, "base"),
                                      json_object_get(parts, "from")));
    uint8_t *frame = NULL;
    size_t len = 0;
    enum result result = signer_frame(server->signer, question, &frame, &len, problem);
    if (result != RESULT_OK)
        return result;
    TEXT_OWNED char *path = server_path(server, "releases/%lld", (long long)version);
    result = files_write_durable(path, frame, len, 0644);
    uint8_t hash[MANIFEST_HASH_LEN];
    char digest[CELLS_DIGEST_LEN];
    if (result == RESULT_OK && manifest_hash(frame, len, hash) != MANIFEST_OK)
        result = RESULT_FAILED;
    free(frame);
    if (result == RESULT_OK) {
        text_hex(hash, sizeof hash, digest);
        result = db_run(
            db, "UPDATE releases SET state = 'signed', hash = ?, length = ? WHERE version = ?",
            "sii", digest, (int64_t)len, version);
    }
    if (result != RESULT_OK)
        problem_set(problem, result, "release", "release %lld cannot be stored: %s",
                    (long long)version, result_name(result));
    return result;
}

/* Invariant 3: one transaction makes it published and the channel's. */
static enum result publish(struct server *server, int64_t version)
{
    struct db *db = server->db;
    enum result result = db_begin(db);
    if (result != RESULT_OK)
        return result;
    db_run(db,
           "UPDATE releases SET state = 'published', shipped = CASE WHEN for_channel = 1 "
           "AND "
           "held_back = 0 THEN ? END WHERE version = ?",
           "ii", clock_now_ms(), version);
    db_run(db,
           "UPDATE channel SET release = ? WHERE name = ? AND (SELECT for_channel = 1 "
           "AND held_back "
           "= 0 FROM releases WHERE version = ?)",
           "isi", version, CHANNEL_NAME, version);
    return db_commit(db);
}

/* The signer will never sign it (its version was used in another life of the database): the row goes, the
 * version stays used. */
static void give_up(struct server *server, int64_t version)
{
    struct db *db = server->db;
    log_error("release", "release %lld is given up", (long long)version);
    if (db_begin(db) != RESULT_OK)
        return;
    db_run(db, "UPDATE builds SET release = NULL WHERE release = ?", "i", version);
    db_run(db, "DELETE FROM releases WHERE version = ?", "i", version);
    if (db_commit(db) != RESULT_OK)
        log_error("release", "release %lld cannot be removed", (long long)version);
}

static enum result carry_on(struct server *server, int64_t version,
                            struct problem *problem)
{
    enum result result = RESULT_OK;
    if (db_integer(server->db, 0,
                   "SELECT state = 'allocated' FROM releases WHERE version = ?", "i",
                   version) == 1)
        result = sign(server, version, problem);
    if (result == RESULT_REFUSED)
        give_up(server, version);
    if (result == RESULT_OK) {
        result = publish(server, version);
        if (result != RESULT_OK)
            problem_set(problem, result, "release", "release %lld cannot be published: %s",
                        (long long)version, result_name(result));
    }
    if (result == RESULT_OK)
        rows_publish_release(server, version);
    return result;
}

enum result release_make(struct server *server, const struct release_request *request,
                         int64_t *out_version, struct problem *problem)
{
    int64_t version = 0;
    /* Versions are signed in their order: one that waits goes first. */
    enum result result = release_resume(server, problem);
    if (result != RESULT_OK)
        return result;
    result = allocate(server, request, &version);
    if (result != RESULT_OK)
        return problem_set(problem, result, "release", "no release can be made: %s",
                           result_name(result));
    result = carry_on(server, version, problem);
    if (result != RESULT_OK)
        return result;
    log_info("release", "release %lld: commit %.10s, content %.10s%s", (long long)version,
             request->commit, request->content, request->held_back ? " (held back)" : "");
    *out_version = version;
    return RESULT_OK;
}

enum result release_resume(struct server *server, struct problem *problem)
{
    for (;;) {
        int64_t version = db_integer(
            server->db,
            0, "SELECT version FROM releases WHERE state != 'published' ORDER BY version LIMIT 1",
            "");
        if (version == 0)
            return RESULT_OK;
        log_info("release", "release %lld was left unfinished; carrying on",
                 (long long)version);
        enum result result = carry_on(server, version, problem);
        if (result != RESULT_OK && result != RESULT_REFUSED)
            return result;
    }
}
