/* libmanifest: what machines and the server agree on. No I/O, no clock, no OS; one source for host and kernel.
 * SPDX-License-Identifier: MIT
 *
 * FORMAT.md describes the bytes. Everything that arrives is judged in this order: frame, signatures, then JSON.
 * Times are milliseconds since 1970 UTC; hashes are SHA-256. No locking: one object, one user at a time.
 * Memory comes from calloc() and goes back by the _fini() of the same name. Outputs stay untouched on failure.
 */
#ifndef MANIFEST_MANIFEST_H
#define MANIFEST_MANIFEST_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MANIFEST_HASH_LEN 32
#define MANIFEST_PUBLIC_LEN 65    /* SEC1, uncompressed */
#define MANIFEST_SIGNATURE_LEN 64 /* r, s: 32 bytes each, big-endian */
#define MANIFEST_FRAME_MAX (1024 * 1024)
#define MANIFEST_TYPE_MAX 64
#define MANIFEST_SIGNATURES_MAX 16
#define MANIFEST_KEYS_MAX 32
#define MANIFEST_CELLS_MAX 1024
#define MANIFEST_CONSENT_MAX 64 /* names in a release, each of at most 255 bytes */
#define MANIFEST_CONSENT_LEN_MAX 255
#define MANIFEST_NAME_MAX 64 /* cells, channels, targets; without the NUL */
#define MANIFEST_DEPTH_MAX 16
#define MANIFEST_OBJECT_MAX (8 * 1024 * 1024)
#define MANIFEST_MACHINE_LEN 16 /* hex digits of a machine or fleet id */
#define MANIFEST_TIME_LEN 24    /* 2026-01-02T03:04:05.678Z */

#define MANIFEST_TYPE_ROOT "neurath/root"
#define MANIFEST_TYPE_RELEASE "neurath/release"
#define MANIFEST_TYPE_TIMESTAMP "neurath/timestamp"
#define MANIFEST_TYPE_FRESH "neurath/fresh"

#define MANIFEST_RESULT [[nodiscard]]

enum manifest_status {
    MANIFEST_OK,
    MANIFEST_NO_MEMORY,
    MANIFEST_CRYPTO, /* the crypto library failed for a reason of its own */
    MANIFEST_BAD_FRAME, /* truncated, other magic or version, bytes after the end, over a cap */
    MANIFEST_BAD_JSON, /* not strict JSON, too deep, a real number, an integer beyond 2^53-1 */
    MANIFEST_BAD_FIELD,     /* a field is missing, of another type, or out of range */
    MANIFEST_WRONG_TYPE,    /* the signed type is another than the one asked for */
    MANIFEST_BAD_SIGNATURE, /* fewer good signatures of the role's keys than its threshold */
    MANIFEST_EXPIRED,       /* past its expiry by the trusted time */
    MANIFEST_NO_TIME,       /* the trusted time is not known yet */
    MANIFEST_ROLLBACK, /* older than what was trusted before, or the same number with other bytes */
    MANIFEST_WRONG_VERSION, /* not the version that was asked for */
    MANIFEST_WRONG_HASH,    /* other bytes than those that were announced */
    MANIFEST_WRONG_CHANNEL, /* for another channel */
    MANIFEST_WRONG_FLEET,   /* for another fleet */
    MANIFEST_WRONG_TARGET,  /* for another architecture */
    MANIFEST_WRONG_MACHINE, /* an order for another machine */
    MANIFEST_WRONG_NONCE,   /* a fresh that answers another question */
    MANIFEST_BAD_PROOF, /* the proof of an order's presence or absence does not lead to the root */
    MANIFEST_SECURITY_FLOOR, /* security version below the machine's floor */
    MANIFEST_BAD_SET, /* duplicate cell, a use that is not in the set, content id that does not match */
    MANIFEST_BAD_STATE, /* stored trust state: damaged, or of an unknown version */
};

/* One word for STATUS ("bad_signature"), fit for reason codes; never NULL. */
const char *manifest_status_code(enum manifest_status status);
/* One sentence for STATUS; never NULL. */
const char *manifest_status_text(enum manifest_status status);

/* --- Frames ------------------------------------------------------------------------------------------------ */

struct manifest_signature {
    uint8_t keyid[MANIFEST_HASH_LEN];
    uint8_t value[MANIFEST_SIGNATURE_LEN];
};

struct manifest_frame {
    const char *type; /* not NUL-terminated */
    size_t type_len;
    const uint8_t *payload;
    size_t payload_len;
    size_t signature_count;
    const uint8_t *signatures; /* signature_count x (keyid, value) */
};

/* Reads BYTES as exactly one frame. *out points into BYTES. */
MANIFEST_RESULT enum manifest_status
manifest_frame_decode(const uint8_t *bytes, size_t len, struct manifest_frame *out);
/* Length of the frame that starts at BYTES, for frames that stand one after another. */
MANIFEST_RESULT enum manifest_status manifest_frame_length(const uint8_t *bytes,
                                                           size_t len, size_t *out_len);
/* GIVES the bytes of a frame (free()). Signs nothing: that is sign.h. */
MANIFEST_RESULT enum manifest_status
manifest_frame_encode(const char *type, const uint8_t *payload, size_t payload_len,
                      const struct manifest_signature *signatures, size_t signature_count,
                      uint8_t **out, size_t *out_len);
/* SHA-256 of the signed bytes (DSSE pre-authentication encoding). */
MANIFEST_RESULT enum manifest_status
manifest_signed_digest(const char *type, size_t type_len, const uint8_t *payload,
                       size_t payload_len, uint8_t out_digest[MANIFEST_HASH_LEN]);

/* --- Hashes, hex, time ------------------------------------------------------------------------------------- */

MANIFEST_RESULT enum manifest_status manifest_hash(const void *bytes, size_t len,
                                                   uint8_t out_hash[MANIFEST_HASH_LEN]);
/* Writes 2*LEN lower-case digits and a NUL. */
void manifest_hex_write(const uint8_t *bytes, size_t len, char *out);
/* Reads exactly 2*LEN lower-case digits followed by a NUL; false: anything else. */
bool manifest_hex_read(const char *text, uint8_t *out, size_t len);
bool manifest_time_read(const char *text, int64_t *out_ms);
void manifest_time_write(int64_t ms, char out[MANIFEST_TIME_LEN + 1]);
/* 1 to 64 characters of a-z 0-9 _ - . and beginning with a letter or digit. */
bool manifest_name_valid(const char *name);

/* Parses LEN bytes of TEXT as one strict JSON object: no duplicate keys, no reals, no integers beyond 2^53-1, at most
 * 16 levels, nothing after its end, at most 1 MiB. GIVES *out (json_decref()). */
MANIFEST_RESULT enum manifest_status manifest_json_read(const void *text, size_t len,
                                                        json_t **out);

/* --- Root -------------------------------------------------------------------------------------------------- */

enum manifest_role {
    MANIFEST_ROLE_ROOT,
    MANIFEST_ROLE_RELEASE,
    MANIFEST_ROLE_TIMESTAMP,
    MANIFEST_ROLE_COUNT
};

struct manifest_key {
    uint8_t id[MANIFEST_HASH_LEN]; /* SHA-256 of public_key */
    uint8_t public_key[MANIFEST_PUBLIC_LEN];
    bool usable; /* false: a scheme that this version does not know; never counts */
};

struct manifest_role_rule {
    uint8_t key[MANIFEST_KEYS_MAX]; /* indexes into keys[] */
    uint8_t key_count;
    uint8_t threshold;
};

struct manifest_root {
    uint64_t version;
    char fleet[MANIFEST_MACHINE_LEN + 1];
    int64_t expires_ms;
    size_t key_count;
    struct manifest_key keys[MANIFEST_KEYS_MAX];
    struct manifest_role_rule roles[MANIFEST_ROLE_COUNT];
};

/* Opens a root. TRUSTED NULL: a first root, which must satisfy its own rule (any version).
 * Otherwise the successor of TRUSTED: version + 1, the same fleet, enough signatures by both. Expiry is judged
 * elsewhere (trust.h). */
MANIFEST_RESULT enum manifest_status
manifest_root_open(const uint8_t *bytes, size_t len, const struct manifest_root *trusted,
                   struct manifest_root *out);
/* Checks that FRAME carries enough good signatures of ROLE's keys. Each key counts once; signatures by other keys are ignored. */
MANIFEST_RESULT enum manifest_status
manifest_frame_verify(const struct manifest_frame *frame,
                      const struct manifest_root *root, enum manifest_role role);
/* True when a key of ROLE in OLD is no longer one in NEW: the role's counters then start anew. */
bool manifest_role_rotated(const struct manifest_root *old_root,
                           const struct manifest_root *new_root, enum manifest_role role);

/* --- Release ----------------------------------------------------------------------------------------------- */

struct manifest_cell {
    const char *name;
    uint8_t object[MANIFEST_HASH_LEN];
    uint64_t length;
    uint64_t abi;
    const char *const *uses;
    size_t use_count;
};

/* Strings belong to `document` when it came from manifest_release_open(), else to the caller. */
struct manifest_release {
    uint64_t version;
    const char *channel;
    const char *target;
    char commit[41];
    int64_t created_ms;
    int64_t expires_ms;
    uint64_t security;
    uint8_t stub[MANIFEST_HASH_LEN];
    bool has_image;
    uint8_t image[MANIFEST_HASH_LEN];
    uint64_t image_length;
    struct manifest_cell *cells; /* sorted by name */
    size_t cell_count;
    uint8_t content[MANIFEST_HASH_LEN];
    bool has_previous;
    uint8_t previous[MANIFEST_HASH_LEN];
    const char *const *needs_boot;
    size_t needs_boot_count;
    /* What an operator lets a swap to this release lose: "cell:object". Usually none. */
    const char *const *consent;
    size_t consent_count;
    const char *provenance; /* builder only: JSON object, NULL = {} */
    const char *edges;      /* builder only: JSON array, NULL = [] */
    void *document;
};

/* Verifies and reads a release. GIVES *out (manifest_release_fini). The set is checked: names are unique, every use
 * is in the set, lengths are within the caps, the content id is that of the cells. */
MANIFEST_RESULT enum manifest_status
manifest_release_open(const uint8_t *bytes, size_t len, const struct manifest_root *root,
                      struct manifest_release *out);
void manifest_release_fini(struct manifest_release *release);
/* The cell called NAME, or NULL. */
const struct manifest_cell *manifest_release_cell(const struct manifest_release *release,
                                                  const char *name);
/* Content id of a set: SHA-256 over "name object-hex\n", sorted by name. COUNT up to 1,024. Sorts nothing of the caller's. */
MANIFEST_RESULT enum manifest_status
manifest_content_id(const struct manifest_cell *cells, size_t count,
                    uint8_t out_content[MANIFEST_HASH_LEN]);

/* --- Timestamp and fresh ----------------------------------------------------------------------------------- */

struct manifest_timestamp {
    uint64_t counter;
    char channel[MANIFEST_NAME_MAX + 1];
    int64_t time_ms;
    int64_t expires_ms;
    uint64_t release; /* the channel's release */
    uint8_t release_hash[MANIFEST_HASH_LEN];
    uint64_t release_length;
    bool rollback; /* release.intent is "rollback": ends a trial at once */
    uint8_t orders_root[MANIFEST_HASH_LEN];
};

struct manifest_fresh {
    uint8_t nonce[16];
    char boot_id[33];
    uint8_t timestamp_hash[MANIFEST_HASH_LEN];
    int64_t time_ms;
};

MANIFEST_RESULT enum manifest_status
manifest_timestamp_open(const uint8_t *bytes, size_t len,
                        const struct manifest_root *root, struct manifest_timestamp *out);
MANIFEST_RESULT enum manifest_status manifest_fresh_open(const uint8_t *bytes, size_t len,
                                                         const struct manifest_root *root,
                                                         struct manifest_fresh *out);

/* --- Orders ------------------------------------------------------------------------------------------------ */

enum manifest_intent {
    MANIFEST_INTENT_DEPLOY,   /* this machine gets RELEASE instead of the channel's */
    MANIFEST_INTENT_ROLLBACK, /* the same, and a trial ends at once */
    MANIFEST_INTENT_PIN,      /* stays on RELEASE whatever the channel says */
    MANIFEST_INTENT_HOLD,     /* takes nothing new; RELEASE is 0 */
};

struct manifest_order {
    char machine[MANIFEST_MACHINE_LEN + 1];
    enum manifest_intent intent;
    uint64_t counter; /* rises with each order for this machine */
    uint64_t release; /* 0: none */
    uint8_t hash[MANIFEST_HASH_LEN];
    uint64_t length;
};

const char *manifest_intent_word(enum manifest_intent intent);

/* Checks a poll answer's "order" object (see FORMAT.md) for MACHINE against ORDERS_ROOT.
 * *out_present says whether there is an order; only then *out is written. */
MANIFEST_RESULT enum manifest_status
manifest_order_open(const json_t *proof, const char *machine,
                    const uint8_t orders_root[MANIFEST_HASH_LEN], bool *out_present,
                    struct manifest_order *out);
/* The root of a tree without orders. */
void manifest_orders_empty_root(uint8_t out_root[MANIFEST_HASH_LEN]);

#endif
