/* Makes and reads the signer's keys, the first root, the CA and the listener's certificate.
 * SPDX-License-Identifier: MIT */
#include "signer/keys.h"

#include "adapt/tls/certs.h"
#include "base/clock.h"
#include "base/files.h"
#include "base/log.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#define ROOT_LIFE_MS (10LL * 365 * 24 * 3600 * 1000)
#define RENEW_BEFORE_MS (90LL * 24 * 3600 * 1000)
#define KEY_FILE_MAX 4096

static const char *const role_files[MANIFEST_ROLE_COUNT] = {
    [MANIFEST_ROLE_ROOT] = "root.key",
    [MANIFEST_ROLE_RELEASE] = "release.key",
    [MANIFEST_ROLE_TIMESTAMP] = "timestamp.key",
};

static enum result write_secret(const char *path, const char *role, bool lab,
                                const struct manifest_secret *secret)
{
    char digits[65];
    text_hex(secret->scalar, sizeof secret->scalar, digits);
    TEXT_BUFFER_OWNED text = {0};
    text_appendf(&text, "# Neurath %s: ECDSA P-256 private key\n", role);
    if (lab)
        text_appendf(
            &text,
            "# LAB KEY: made by a lab on this machine; never use it for real machines\n");
    text_appendf(&text, "%s\n", digits);
    enum result result =
        text.failed ? RESULT_MEMORY : files_write_durable(path, text.data, text.len, 0600);
    explicit_bzero(digits, sizeof digits);
    if (text.data != NULL)
        explicit_bzero(text.data, text.len);
    return result;
}

/* The first line that is not a comment. */
static enum result parse_secret(char *text, struct manifest_secret *out_secret)
{
    char *rest = text;
    char *line;
    while ((line = strsep(&rest, "\n")) != NULL) {
        if (line[0] == '#')
            continue;
        uint8_t scalar[32];
        enum result result = text_unhex(line, scalar, sizeof scalar);
        if (result == RESULT_OK && manifest_secret_load(scalar, out_secret) != MANIFEST_OK)
            result = RESULT_CORRUPT;
        explicit_bzero(scalar, sizeof scalar);
        return result;
    }
    return RESULT_CORRUPT;
}

static enum result load_secret(const char *state, enum manifest_role role, bool lab,
                               struct manifest_secret *out_secret, struct problem *problem)
{
    TEXT_OWNED char *path = files_path("%s/keys/%s", state, role_files[role]);
    uint8_t *bytes = NULL;
    size_t len = 0;
    enum result result = files_read(path, KEY_FILE_MAX, &bytes, &len);
    if (result == RESULT_NOT_FOUND) {
        if (manifest_secret_generate(out_secret) != MANIFEST_OK)
            return problem_set(problem, RESULT_FAILED, "key", "no key can be made for %s",
                               path);
        result = write_secret(path, role_files[role], lab, out_secret);
    } else if (result == RESULT_OK) {
        result = parse_secret((char *)bytes, out_secret);
        explicit_bzero(bytes, len);
        free(bytes);
    }
    if (result != RESULT_OK)
        problem_set(problem, result, "key", "the key %s: %s", path, result_name(result));
    return result;
}

/* Signs root 1 over the three keys. */
static enum result make_root(struct signer_keys *keys, const char *path)
{
    struct manifest_root *root = &keys->root;
    memset(root, 0, sizeof *root);
    root->version = 1;
    memset(root->fleet, 0, sizeof root->fleet);
    text_hex(keys->secrets[MANIFEST_ROLE_ROOT].key.id, MANIFEST_MACHINE_LEN / 2,
             root->fleet);
    root->expires_ms = clock_now_ms() + ROOT_LIFE_MS;
    for (int role = 0; role < MANIFEST_ROLE_COUNT; role++) {
        if (manifest_root_add(root, (enum manifest_role)role, &keys->secrets[role].key) !=
            MANIFEST_OK)
            return RESULT_FAILED;
        root->roles[role].threshold = 1;
    }
    char *text = NULL;
    if (manifest_root_text(root, &text) != MANIFEST_OK)
        return RESULT_FAILED;
    const struct manifest_secret *signers[] = {&keys->secrets[MANIFEST_ROLE_ROOT]};
    uint8_t *frame = NULL;
    size_t len = 0;
    enum result result = RESULT_FAILED;
    if (manifest_frame_sign(MANIFEST_TYPE_ROOT, text, strlen(text), signers, 1, &frame,
                            &len) == MANIFEST_OK)
        result = files_write_durable(path, frame, len, 0644);
    free(frame);
    free(text);
    return result;
}

/* Walks roots/1, roots/2 … to the newest. */
static enum result load_roots(const char *state, struct signer_keys *keys,
                              struct problem *problem)
{
    TEXT_OWNED char *first = files_path("%s/roots/1", state);
    if (!files_exists(first)) {
        enum result result = make_root(keys, first);
        if (result != RESULT_OK)
            return problem_set(problem, result, "root", "the root %s cannot be made",
                               first);
    }
    bool known = false;
    for (unsigned version = 1;; version++) {
        TEXT_OWNED char *path = files_path("%s/roots/%u", state, version);
        uint8_t *bytes = NULL;
        size_t len = 0;
        enum result result = files_read(path, MANIFEST_FRAME_MAX, &bytes, &len);
        if (result == RESULT_NOT_FOUND && known)
            return RESULT_OK;
        struct manifest_root next;
        if (result == RESULT_OK &&
            manifest_root_open(bytes, len, known ? &keys->root : NULL, &next) !=
                MANIFEST_OK)
            result = RESULT_CORRUPT;
        free(bytes);
        if (result != RESULT_OK)
            return problem_set(problem, result, "root", "the root %s: %s", path,
                               result_name(result));
        keys->root = next;
        known = true;
    }
}

static enum result read_text(const char *path, char **out_text)
{
    uint8_t *bytes = NULL;
    size_t len = 0;
    enum result result = files_read(path, 65536, &bytes, &len);
    if (result == RESULT_OK)
        *out_text = (char *)bytes;
    return result;
}

static enum result load_ca(const char *state, bool lab, struct signer_keys *keys)
{
    TEXT_OWNED char *key_path = files_path("%s/keys/ca.key", state);
    TEXT_OWNED char *path = files_path("%s/ca.pem", state);
    enum result result = read_text(path, &keys->ca_certificate);
    if (result == RESULT_OK)
        return read_text(key_path, &keys->ca_key);
    if (result != RESULT_NOT_FOUND)
        return result;
    result = certs_make_ca(lab ? "Neurath lab CA" : "Neurath CA", clock_now_ms(),
                           &keys->ca_key, &keys->ca_certificate);
    if (result == RESULT_OK)
        result = files_write_durable(key_path, keys->ca_key, strlen(keys->ca_key), 0600);
    if (result == RESULT_OK)
        result = files_write_durable(path, keys->ca_certificate,
                                     strlen(keys->ca_certificate), 0644);
    return result;
}

/* The certificate is written last: a key without one is replaced. */
static enum result renew_server(const char *state, struct signer_keys *keys)
{
    TEXT_OWNED char *key_path = files_path("%s/tls/server.key", state);
    TEXT_OWNED char *path = files_path("%s/tls/server.pem", state);
    TEXT_OWNED char *old = NULL;
    int64_t expiry = 0;
    if (read_text(path, &old) == RESULT_OK && certs_expiry(old, &expiry) == RESULT_OK &&
        expiry - clock_now_ms() > RENEW_BEFORE_MS)
        return RESULT_OK;
    TEXT_OWNED char *key = NULL;
    TEXT_OWNED char *certificate = NULL;
    enum result result =
        certs_make_server(keys->ca_key, keys->ca_certificate, SIGNER_SERVER_NAME,
                          clock_now_ms(), &key, &certificate);
    if (result == RESULT_OK)
        result = files_write_durable(key_path, key, strlen(key), 0600);
    if (result == RESULT_OK)
        result = files_write_durable(path, certificate, strlen(certificate), 0644);
    return result;
}

enum result signer_keys_load(const char *state, bool lab, struct signer_keys *out_keys,
                             struct problem *problem)
{
    memset(out_keys, 0, sizeof *out_keys);
    for (int role = 0; role < MANIFEST_ROLE_COUNT; role++) {
        enum result result = load_secret(state, (enum manifest_role)role, lab,
                                         &out_keys->secrets[role], problem);
        if (result != RESULT_OK)
            return result;
    }
    enum result result = load_roots(state, out_keys, problem);
    if (result != RESULT_OK)
        return result;
    result = load_ca(state, lab, out_keys);
    if (result == RESULT_OK)
        result = renew_server(state, out_keys);
    if (result != RESULT_OK)
        problem_set(problem, result, "ca", "the CA or the server's certificate: %s",
                    result_name(result));
    return result;
}

void signer_keys_fini(struct signer_keys *keys)
{
    for (int role = 0; role < MANIFEST_ROLE_COUNT; role++)
        manifest_secret_wipe(&keys->secrets[role]);
    if (keys->ca_key != NULL)
        explicit_bzero(keys->ca_key, strlen(keys->ca_key));
    free(keys->ca_key);
    free(keys->ca_certificate);
    memset(keys, 0, sizeof *keys);
}
