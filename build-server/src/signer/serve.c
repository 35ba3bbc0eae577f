/* The signer process: checks each question against the journal and the rules, logs, signs.
 * SPDX-License-Identifier: MIT */
#include "signer/signer.h"

#include "adapt/tls/certs.h"
#include "base/clock.h"
#include "base/files.h"
#include "base/log.h"
#include "base/text.h"
#include "signer/journal.h"
#include "signer/keys.h"
#include "signer/message.h"
#include "signer/parts.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

/* How long a signer may still be at work for a server that was killed. */
#define PREDECESSOR_S 10

struct service {
    const char *state;
    struct signer_keys keys;
    struct journal journal;
    int64_t last_time_ms; /* newest time that was signed: none is earlier */
};

static json_t *refuse(const char *code, const char *text)
{
    return json_pack("{s:s, s:s}", "error", code, "text", text);
}

static void hash_hex(const void *bytes, size_t len, char out[static JOURNAL_DIGEST_LEN])
{
    uint8_t hash[MANIFEST_HASH_LEN];
    if (manifest_hash(bytes, len, hash) != MANIFEST_OK)
        abort();
    text_hex(hash, sizeof hash, out);
}

static json_t *give_frame(const uint8_t *frame, size_t len)
{
    TEXT_OWNED char *text = text_base64(frame, len);
    return text == NULL ? refuse("memory", "out of memory")
                        : json_pack("{s:s}", "frame", text);
}

static json_t *sign(const struct service *service, const char *type, const char *payload,
                    enum manifest_role role)
{
    const struct manifest_secret *signers[] = {&service->keys.secrets[role]};
    uint8_t *frame = NULL;
    size_t len = 0;
    if (manifest_frame_sign(type, payload, strlen(payload), signers, 1, &frame, &len) !=
        MANIFEST_OK)
        return refuse("sign", "the signature cannot be made");
    json_t *answer = give_frame(frame, len);
    free(frame);
    return answer;
}

static json_t *answer_hello(struct service *service)
{
    json_t *roots = json_array();
    for (unsigned version = 1; version <= service->keys.root.version; version++) {
        TEXT_OWNED char *path = files_path("%s/roots/%u", service->state, version);
        uint8_t *bytes = NULL;
        size_t len = 0;
        if (files_read(path, MANIFEST_FRAME_MAX, &bytes, &len) != RESULT_OK)
            continue;
        TEXT_OWNED char *text = text_base64(bytes, len);
        json_array_append_new(roots, json_string(text));
        free(bytes);
    }
    const struct journal *journal = &service->journal;
    int64_t version =
        journal->count == 0 ? 0 : journal->releases[journal->count - 1].version;
    return json_pack("{s:s, s:o, s:I, s:I, s:I}", "fleet", service->keys.root.fleet,
                     "roots", roots, "version", (json_int_t)version, "counter",
                     (json_int_t)service->journal.counter, "time",
                     (json_int_t)service->journal.time_ms);
}

/* A release is signed when the reader's own checks accept what was asked for. */
static const char *check_release(const struct service *service, const char *payload,
                                 struct manifest_release *out_release)
{
    const struct manifest_secret *signers[] = {
        &service->keys.secrets[MANIFEST_ROLE_RELEASE]};
    uint8_t *frame = NULL;
    size_t len = 0;
    if (manifest_frame_sign(MANIFEST_TYPE_RELEASE, payload, strlen(payload), signers, 1,
                            &frame, &len) != MANIFEST_OK)
        return "the payload cannot be framed";
    enum manifest_status status =
        manifest_release_open(frame, len, &service->keys.root, out_release);
    free(frame);
    return status == MANIFEST_OK ? NULL : manifest_status_text(status);
}

/* The two releases of the question's "parts": [base, other]; false: malformed. Without them 0, 0. */
static bool read_parts(const json_t *question, struct journal_parts *out)
{
    const json_t *list = json_object_get(question, "parts");
    *out = (struct journal_parts){0, 0};
    if (list == NULL || json_is_null(list))
        return true;
    out->base = json_integer_value(json_array_get(list, 0));
    out->other = json_integer_value(json_array_get(list, 1));
    return json_array_size(list) == 2 && out->base > 0 && out->other > 0;
}

/* What the payload says of its origin must be what was asked for: who reads the frame later believes it. */
static bool has_kind(const char *payload, const char *kind)
{
    json_t *text = NULL;
    if (json_read(payload, strlen(payload), &text, NULL) != RESULT_OK)
        return false;
    const char *said =
        json_string_value(json_object_get(json_object_get(text, "provenance"), "kind"));
    bool same = said != NULL && strcmp(said, kind) == 0;
    json_decref(text);
    return same;
}

/* Re-issues repeat a content; sets are put together from releases; what is neither is a build. NULL: it may be signed. */
static json_t *check_origin(const struct service *service, const json_t *question,
                            const char *payload, const struct manifest_release *release,
                            struct journal_parts parts)
{
    const json_t *reissue = json_object_get(question, "reissue_of");
    bool is_set = parts.base != 0;
    if (json_is_integer(reissue) && is_set)
        return refuse("bad-question", "a release is a re-issue or a set, not both");
    if (!has_kind(payload, is_set                     ? "set"
                           : json_is_integer(reissue) ? "reissue"
                                                      : "build"))
        return refuse("bad-release", "the payload says that it is of another kind");
    if (json_is_integer(reissue)) {
        const struct journal_release *old =
            journal_find(&service->journal, json_integer_value(reissue));
        char content[JOURNAL_DIGEST_LEN];
        text_hex(release->content, sizeof release->content, content);
        if (old == NULL || strcmp(old->content, content) != 0)
            return refuse("not-a-reissue",
                          "the content is not that of the release to re-issue");
    }
    char why[PARTS_WHY_LEN];
    if (is_set && parts_check(service->state, &service->journal, &service->keys.root,
                              release, parts, why) != RESULT_OK)
        return refuse("not-a-set", why);
    return NULL;
}

static json_t *answer_release(struct service *service, const json_t *question)
{
    const char *payload = json_string_value(json_object_get(question, "payload"));
    struct journal_parts parts;
    if (payload == NULL || !read_parts(question, &parts))
        return refuse("bad-question", "a release needs a payload, a set two parts");
    struct manifest_release release;
    const char *wrong = check_release(service, payload, &release);
    if (wrong != NULL)
        return refuse("bad-release", wrong);
    json_t *refusal = check_origin(service, question, payload, &release, parts);
    int64_t version = (int64_t)release.version;
    char content[JOURNAL_DIGEST_LEN];
    text_hex(release.content, sizeof release.content, content);
    manifest_release_fini(&release);
    if (refusal != NULL)
        return refusal;
    char digest[JOURNAL_DIGEST_LEN];
    hash_hex(payload, strlen(payload), digest);
    enum result result =
        journal_release(&service->journal, version, parts, content, digest);
    if (result == RESULT_REFUSED)
        return refuse("version-used", "this version, or a later one, was signed before");
    if (result != RESULT_OK)
        return refuse("journal", "the journal cannot be written");
    return sign(service, MANIFEST_TYPE_RELEASE, payload, MANIFEST_ROLE_RELEASE);
}

/* Reads a timestamp the way a machine would. */
static const char *check_timestamp(const struct service *service, const char *payload,
                                   struct manifest_timestamp *out_timestamp)
{
    const struct manifest_secret *signers[] = {
        &service->keys.secrets[MANIFEST_ROLE_TIMESTAMP]};
    uint8_t *frame = NULL;
    size_t len = 0;
    if (manifest_frame_sign(MANIFEST_TYPE_TIMESTAMP, payload, strlen(payload), signers, 1,
                            &frame, &len) != MANIFEST_OK)
        return "the payload cannot be framed";
    enum manifest_status status =
        manifest_timestamp_open(frame, len, &service->keys.root, out_timestamp);
    free(frame);
    return status == MANIFEST_OK ? NULL : manifest_status_text(status);
}

static json_t *answer_timestamp(struct service *service, const json_t *question)
{
    const char *payload = json_string_value(json_object_get(question, "payload"));
    if (payload == NULL)
        return refuse("bad-question", "a timestamp needs a payload");
    struct manifest_timestamp timestamp;
    const char *wrong = check_timestamp(service, payload, &timestamp);
    if (wrong != NULL)
        return refuse("bad-timestamp", wrong);
    if (journal_find(&service->journal, (int64_t)timestamp.release) == NULL)
        return refuse("unknown-release",
                      "the timestamp names a release that was never signed");
    if (timestamp.time_ms < service->last_time_ms)
        return refuse("backwards", "a later time was signed before");
    char digest[JOURNAL_DIGEST_LEN];
    hash_hex(payload, strlen(payload), digest);
    enum result result = journal_timestamp(&service->journal, (int64_t)timestamp.counter,
                                           timestamp.time_ms, digest);
    if (result == RESULT_REFUSED)
        return refuse("counter-used",
                      "this counter, or a later one or a later time, was signed");
    if (result != RESULT_OK)
        return refuse("journal", "the journal cannot be written");
    service->last_time_ms = timestamp.time_ms;
    return sign(service, MANIFEST_TYPE_TIMESTAMP, payload, MANIFEST_ROLE_TIMESTAMP);
}

/* The time is the signer's own, so that a poll's answer cannot be dated by anyone else. */
static json_t *answer_fresh(struct service *service, const json_t *question)
{
    const char *nonce = json_string_value(json_object_get(question, "nonce"));
    const char *boot_id = json_string_value(json_object_get(question, "boot_id"));
    const char *hash = json_string_value(json_object_get(question, "timestamp"));
    struct manifest_fresh fresh;
    memset(&fresh, 0, sizeof fresh);
    if (nonce == NULL ||
        text_unhex(nonce, fresh.nonce, sizeof fresh.nonce) != RESULT_OK || hash == NULL ||
        text_unhex(hash, fresh.timestamp_hash, sizeof fresh.timestamp_hash) != RESULT_OK ||
        !text_is_hex(boot_id, sizeof fresh.boot_id - 1))
        return refuse("bad-question", "a fresh needs nonce, boot_id and timestamp");
    memcpy(fresh.boot_id, boot_id, sizeof fresh.boot_id);
    fresh.time_ms = clock_now_ms();
    if (fresh.time_ms < service->last_time_ms)
        fresh.time_ms = service->last_time_ms;
    char *payload = NULL;
    if (manifest_fresh_text(&fresh, &payload) != MANIFEST_OK)
        return refuse("bad-question", "the fresh cannot be written");
    json_t *answer = sign(service, MANIFEST_TYPE_FRESH, payload, MANIFEST_ROLE_TIMESTAMP);
    free(payload);
    return answer;
}

static json_t *answer_certify(struct service *service, const json_t *question)
{
    uint8_t key[CERTS_PUBLIC_LEN];
    const char *text = json_string_value(json_object_get(question, "public_key"));
    if (text == NULL || text_unhex(text, key, sizeof key) != RESULT_OK)
        return refuse("bad-question", "certify needs a public key");
    char id[JOURNAL_DIGEST_LEN];
    hash_hex(key, sizeof key, id);
    id[MANIFEST_MACHINE_LEN] = '\0';
    TEXT_OWNED char *certificate = NULL;
    if (certs_make_client(service->keys.ca_key, service->keys.ca_certificate, id, key,
                          clock_now_ms(), &certificate) != RESULT_OK)
        return refuse("bad-key", "not a point of the curve P-256");
    return json_pack("{s:s, s:s}", "machine", id, "certificate", certificate);
}

static json_t *answer(struct service *service, const json_t *question)
{
    static const struct {
        const char *op;
        json_t *(*run)(struct service *, const json_t *);
    } table[] = {
        {"release", answer_release},
        {"timestamp", answer_timestamp},
        {"fresh", answer_fresh},
        {"certify", answer_certify},
    };
    const char *op = json_string_value(json_object_get(question, "op"));
    if (op == NULL)
        return refuse("bad-question", "no op");
    if (strcmp(op, "hello") == 0)
        return answer_hello(service);
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (strcmp(op, table[i].op) == 0)
            return table[i].run(service, question);
    }
    return refuse("bad-question", "unknown op");
}

static void wake(int signal_number)
{
    (void)signal_number;
}

/* One signer per state folder: a server that was killed leaves its signer at work until that has answered its last
 * question, and two that write one journal would use a version twice. The lock ends with the process. */
static enum result lock_keys(const char *state, struct problem *problem)
{
    TEXT_OWNED char *path = files_path("%s/keys", state);
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return problem_set(problem, result_of_errno(errno), "keys", "the folder %s: %s",
                           path, strerror(errno));
    if (flock(folder, LOCK_EX | LOCK_NB) == 0)
        return RESULT_OK;
    log_info("signer", "waits for the signer of the server before");
    struct sigaction action = {.sa_handler = wake};
    sigaction(SIGALRM, &action, NULL);
    alarm(PREDECESSOR_S);
    int held = flock(folder, LOCK_EX);
    alarm(0);
    return held == 0 ? RESULT_OK
                     : problem_set(problem, RESULT_BUSY, "keys",
                                   "another signer holds %s for more than %d s; end it",
                                   path, PREDECESSOR_S);
}

int signer_serve(const char *state, bool lab, int fd)
{
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    prctl(PR_SET_DUMPABLE, 0);
    prctl(PR_SET_NO_NEW_PRIVS, 1);
    (void)!mlockall(MCL_CURRENT | MCL_FUTURE);

    static struct service service;
    service.state = state;
    struct problem problem = {"", ""};
    enum result result = lock_keys(state, &problem);
    if (result == RESULT_OK)
        result = signer_keys_load(state, lab, &service.keys, &problem);
    if (result == RESULT_OK) {
        TEXT_OWNED char *path = files_path("%s/keys/journal", state);
        result = journal_open(path, &service.journal, &problem);
    }
    if (result != RESULT_OK) {
        JSON_OWNED json_t *refusal = refuse(problem.code, problem.text);
        (void)!message_send(fd, refusal);
        log_error("signer", "%s", problem.text);
        signer_keys_fini(&service.keys);
        return 1;
    }
    service.last_time_ms = service.journal.time_ms;
    for (;;) {
        JSON_OWNED json_t *question = NULL;
        result = message_receive(fd, &question);
        if (result != RESULT_OK && result != RESULT_INVALID)
            break;
        JSON_OWNED json_t *reply = result == RESULT_OK
                                       ? answer(&service, question)
                                       : refuse("bad-question", "not JSON");
        if (reply == NULL || message_send(fd, reply) != RESULT_OK)
            break;
    }
    journal_close(&service.journal);
    signer_keys_fini(&service.keys);
    return 0;
}
