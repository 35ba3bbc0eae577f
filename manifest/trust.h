/* What a machine trusts: the walk along roots, counters that only rise, trusted time, and the rules for news and releases.
 * SPDX-License-Identifier: MIT
 *
 * Checking and taking are two functions: trust_check_*() changes nothing, trust_take_*() cannot fail.
 * Trusted time is the last `fresh` plus the monotonic clock; without one it is unknown and nothing new is accepted.
 */
#ifndef MANIFEST_TRUST_H
#define MANIFEST_TRUST_H

#include <manifest/manifest.h>

/* The part that survives a restart. trust_state_write() gives it a fixed width. */
struct trust_state {
    uint64_t root_version;
    uint8_t root_hash[MANIFEST_HASH_LEN]; /* digest of its signed bytes */
    uint64_t timestamp_counter;
    uint8_t timestamp_hash[MANIFEST_HASH_LEN];
    uint64_t channel_version; /* highest release that a timestamp named for the channel */
    uint64_t order_counter;
    uint8_t order_hash[MANIFEST_HASH_LEN]; /* of the leaf's fields, for an equal counter */
    uint64_t release_version;              /* highest release verified */
    uint8_t release_hash[MANIFEST_HASH_LEN];
    uint64_t security_floor; /* security version of the newest permanent release */
    int64_t time_floor_ms;   /* trusted time never falls below this */
};

#define TRUST_STATE_LEN 256

MANIFEST_RESULT enum manifest_status trust_state_write(const struct trust_state *state,
                                                       uint8_t out[TRUST_STATE_LEN]);
/* MANIFEST_BAD_STATE: damaged, cut, or of another version. */
MANIFEST_RESULT enum manifest_status trust_state_read(const uint8_t *bytes, size_t len,
                                                      struct trust_state *out);

struct trust {
    struct trust_state state;
    struct manifest_root root;
    char channel[MANIFEST_NAME_MAX + 1];
    char target[MANIFEST_NAME_MAX + 1];
    char machine[MANIFEST_MACHINE_LEN + 1]; /* empty until known */
    char boot_id[33];
    bool time_known;
    int64_t time_ms;  /* trusted time at time_ns */
    uint64_t time_ns; /* monotonic */
};

/* What the newest answer to a poll says. */
struct trust_news {
    struct manifest_timestamp timestamp;
    uint8_t timestamp_hash[MANIFEST_HASH_LEN];
    int64_t time_ms;
    uint64_t time_ns;
    bool has_order;
    struct manifest_order order;
    uint8_t order_hash[MANIFEST_HASH_LEN];
    /* The release to run; version 0: none (hold). */
    uint64_t release;
    uint8_t release_hash[MANIFEST_HASH_LEN];
    uint64_t release_length;
    bool rollback;
};

/* Starts from ROOTS (frames one after another: the first self-signed, each next its successor) and STATE (NULL: none
 * yet). SAVED_ROOT (may be NULL) is the root frame that was kept with STATE; it is used when it is newer than ROOTS.
 * Clears the rest of TRUST: channel, target, machine and boot_id are the caller's to fill in afterwards.
 * MANIFEST_ROLLBACK: STATE knows a newer root than either, or another one of the same version. */
MANIFEST_RESULT enum manifest_status trust_start(struct trust *trust,
                                                 const uint8_t *roots, size_t roots_len,
                                                 const struct trust_state *state,
                                                 const uint8_t *saved_root,
                                                 size_t saved_root_len);
/* Takes the successor of the current root. A role that lost a key starts its counters anew. */
MANIFEST_RESULT enum manifest_status trust_add_root(struct trust *trust,
                                                    const uint8_t *bytes, size_t len);

/* Milliseconds since 1970 at monotonic NOW_NS; false: not known. */
bool trust_time(const struct trust *trust, uint64_t now_ns, int64_t *out_ms);

/* Checks timestamp, fresh and order of one poll answer, received at NOW_NS, for the question NONCE.
 * *out_time_ms is written as soon as fresh is found good, even if the rest is then refused (else it stays untouched). */
MANIFEST_RESULT enum manifest_status
trust_check_news(const struct trust *trust, const uint8_t *timestamp,
                 size_t timestamp_len, const uint8_t *fresh, size_t fresh_len,
                 const json_t *order, const uint8_t nonce[16], uint64_t now_ns,
                 struct trust_news *out, int64_t *out_time_ms);
void trust_take_news(struct trust *trust, const struct trust_news *news);
/* Sets trusted time from a fresh that was verified by trust_check_news(), never below the floor. */
void trust_take_time(struct trust *trust, int64_t time_ms, uint64_t now_ns);

/* Whether the release that NEWS names may be fetched at all: not older than the newest verified one. */
MANIFEST_RESULT enum manifest_status trust_check_target(const struct trust *trust,
                                                        const struct trust_news *news);
/* Checks a release frame against the news that named it. GIVES *out (manifest_release_fini). */
MANIFEST_RESULT enum manifest_status trust_check_release(const struct trust *trust,
                                                         const struct trust_news *news,
                                                         const uint8_t *bytes, size_t len,
                                                         uint64_t now_ns,
                                                         struct manifest_release *out);
/* Remembers that RELEASE was verified; HASH is that of its frame. */
void trust_take_release(struct trust *trust, const struct manifest_release *release,
                        const uint8_t hash[MANIFEST_HASH_LEN]);
/* RELEASE became permanent: the security floor rises. */
void trust_take_permanent(struct trust *trust, uint64_t security);

#endif
