/* The inside of the client: what its files share. client.c opens with states and invariants.
 * SPDX-License-Identifier: MIT
 */
#ifndef EVOLUTION_CLIENT_CORE_PRIVATE_H
#define EVOLUTION_CLIENT_CORE_PRIVATE_H

#include "attempt.h"
#include "exchange.h"
#include "state.h"

#include <evolution-client/core/client.h>
#include <manifest/manifest.h>
#include <manifest/signature/secret.h>
#include <manifest/trust.h>

/* --- seed.c ------------------------------------------------------------------------------------------------- */

struct seed {
    json_t *document; /* owns the strings below */
    const char *ca;
    const char *address;
    const char *server_name;
    const char *token;
    const char *channel;
    const char *machine_name;
    const char *fleet;
    uint16_t port;
    uint64_t trial_ms;
    bool reset_by_guest;
    uint8_t *roots;
    size_t roots_len;
    uint8_t *blob; /* NULL: none */
    size_t blob_len;
};

enum manifest_status client_seed_read(const char *text, size_t len, struct seed *out);
void client_seed_fini(struct seed *seed);
/* Decodes base64; GIVES *out (free()). */
enum manifest_status client_base64_read(const char *text, uint8_t **out, size_t *out_len);
/* GIVES a NUL-terminated string, NULL: no memory. */
char *client_base64_write(const uint8_t *bytes, size_t len);

/* --- backoff.c ---------------------------------------------------------------------------------------------- */

struct backoff {
    unsigned failures;
    uint64_t until_ns;
};

/* After a failure: waits longer each time, with jitter, and at least RETRY_AFTER_S. */
void client_backoff_fail(struct client *client, struct backoff *backoff,
                         uint64_t retry_after_s);
void client_backoff_clear(struct backoff *backoff);

/* --- cache.c ------------------------------------------------------------------------------------------------ */

/* Verified objects, kept while there is room; `pinned` ones for the attempt in hand. */
struct cached {
    struct cached *next;
    uint8_t object[MANIFEST_HASH_LEN];
    uint8_t *bytes;
    size_t len;
    bool pinned;
};

/* Takes BYTES. false: no memory, BYTES are freed. */
bool client_cache_put(struct client *client, const uint8_t object[MANIFEST_HASH_LEN],
                      uint8_t *bytes, size_t len);
const struct cached *client_cache_find(struct client *client,
                                       const uint8_t object[MANIFEST_HASH_LEN]);
void client_cache_unpin(struct client *client);
void client_cache_fini(struct client *client);

/* --- quarantine.c ------------------------------------------------------------------------------------------- */

struct quarantined {
    bool is_object; /* else a content id */
    uint8_t hash[MANIFEST_HASH_LEN];
    char code[CODE_MAX];
};

/* How often CONTENT ended without a verdict. */
struct tries {
    uint8_t content[MANIFEST_HASH_LEN];
    unsigned count;
};

void client_quarantine_add(struct client *client, bool is_object,
                           const uint8_t hash[MANIFEST_HASH_LEN], const char *code);
const struct quarantined *client_quarantine_find(const struct client *client,
                                                 bool is_object,
                                                 const uint8_t hash[MANIFEST_HASH_LEN]);
/* Counts one more and returns how often it was. */
unsigned client_tries_add(struct client *client, const uint8_t content[MANIFEST_HASH_LEN]);
void client_tries_clear(struct client *client, const uint8_t content[MANIFEST_HASH_LEN]);

/* --- report.c ----------------------------------------------------------------------------------------------- */

struct report {
    uint64_t sequence;
    char *text;
    unsigned refusals;
};

/* Queues BODY (TAKES; NULL is counted as dropped) with the common fields and KIND. */
void client_report_queue(struct client *client, const char *kind, json_t *body);
/* The newest blob as a report; GIVES text, NULL: no memory. */
char *client_report_blob_text(struct client *client, uint64_t *out_sequence);
void client_report_boot(struct client *client);
/* What runs, as the server wants it; NULL: no memory. */
json_t *client_report_running(const struct client *client);
void client_report_drop_first(struct client *client);
/* "0123…" of a hash. */
json_t *client_json_hash(const uint8_t hash[MANIFEST_HASH_LEN]);

/* --- running.c ---------------------------------------------------------------------------------------------- */

struct running_set {
    struct client_cell *cells; /* sorted by name */
    size_t count;
};

/* Asks the installer; GIVES *out (free cells). */
enum manifest_status client_running_read(struct client *client, struct running_set *out,
                                         uint8_t out_content[MANIFEST_HASH_LEN]);
const struct client_cell *client_running_find(const struct running_set *set,
                                              const char *name);
/* At start: what runs, and under which release it is known. */
enum manifest_status client_running_start(struct client *client);

/* --- blob.c ------------------------------------------------------------------------------------------------- */

/* A swap that was begun and has no verdict yet: found again after a reset. */
struct pending {
    bool is_set;
    uint64_t release;
    uint8_t content[MANIFEST_HASH_LEN];
    char commit[41];
};

/* GIVES the blob, NULL: no memory. */
uint8_t *client_blob_write(const struct client *client, size_t *out_len);
/* MANIFEST_BAD_STATE: damaged; CLIENT untouched then. */
enum manifest_status client_blob_read(struct client *client, const uint8_t *bytes,
                                      size_t len, struct trust_state *out_state,
                                      bool *out_has_state);
/* Something that is kept has changed. */
void client_blob_touch(struct client *client);
/* Writes to the store what has changed; true: all is kept as safely as it can be. */
bool client_blob_settle(struct client *client);

/* --- identity.c --------------------------------------------------------------------------------------------- */

enum { KEY_DER_LEN = 121 };

/* Makes the device key if there is none. false: no random numbers yet. */
bool client_identity_ensure(struct client *client);
/* Tells the transport key and certificate, or to forget them. */
void client_identity_apply(struct client *client);
/* The body of an enrolment; NULL: no memory or no random numbers. */
char *client_identity_enroll_text(struct client *client);
bool client_random(struct client *client, void *out, size_t len);
int client_random_port(void *context, unsigned char *out, size_t len);

/* --- poll.c, work.c ----------------------------------------------------------------------------------------- */

struct command {
    uint64_t id;
    uint64_t release;
    uint8_t hash[MANIFEST_HASH_LEN];
    uint64_t length;
};

void client_poll_step(struct client *client);
void client_work_step(struct client *client);

/* --- The client itself -------------------------------------------------------------------------------------- */

struct client {
    struct client_ports ports;
    struct seed seed;
    uint8_t stub[MANIFEST_HASH_LEN];
    uint64_t trial_ns;
    uint64_t boot_ns;
    bool report_blob;
    bool disabled;
    bool started;
    char blob_state[8]; /* "none", "ok", "lost" */

    uint64_t now_ns;
    uint64_t wake_ns;
    bool progress; /* something changed in this round: go round again */

    struct trust trust;
    uint8_t *root_frame; /* of trust.root */
    size_t root_frame_len;
    bool has_news;
    struct trust_news news;
    uint64_t news_ns;

    bool has_secret;
    struct manifest_secret secret;
    char machine[MANIFEST_MACHINE_LEN + 1];
    char *certificate;

    struct running running;
    bool running_loaded; /* running was read from the blob */
    struct pending pending;
    struct quarantined quarantine[QUARANTINE_MAX];
    size_t quarantine_count;
    struct tries tries[TRIES_MAX];
    size_t tries_count;

    bool blob_dirty;       /* the store does not have it yet */
    bool blob_unreported;  /* the server does not have it yet */
    uint64_t blob_version; /* rises with each change */
    uint64_t blob_sent;    /* version in the report under way */
    int64_t blob_time_ms;  /* time floor as kept */

    struct exchange exchanges[CLIENT_CHANNEL_COUNT];
    struct backoff poll_backoff;
    struct backoff work_backoff;
    uint64_t poll_ns; /* not before */
    bool enrolling;   /* the exchange on the poll channel enrols */
    bool polled;      /* a poll of this boot has been answered */
    uint8_t nonce[16];
    enum work_job work_job;
    uint8_t *partial; /* beginning of an object */
    size_t partial_len;
    uint8_t partial_object[MANIFEST_HASH_LEN];

    struct report reports[REPORTS_MAX];
    size_t report_count;
    uint64_t sequence;
    uint64_t attempts;
    uint64_t reports_dropped;

    struct attempt attempt;
    struct cached *cache;
    struct command commands[COMMANDS_MAX];
    size_t command_count;
    uint64_t command_done;
    uint64_t settled_release; /* this target is dealt with ... */
    uint8_t settled_hash[MANIFEST_HASH_LEN];
    uint64_t settled_until_ns; /* ... until then; 0: until told */
    enum client_state settled_as;
    char refusal[CODE_MAX * 2]; /* the last refusal told outside of an attempt */
    uint64_t told_release;      /* the last refusal of an attempt that was reported */
    char told_code[CODE_MAX];

    bool contact;
    uint64_t contact_ns;
    uint64_t polls;
    uint64_t failures;
    uint64_t swaps;
    uint64_t bytes_fetched;
    char reason[96];
};

void client_log(struct client *client, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void client_wake_at(struct client *client, uint64_t ns);
void client_set_reason(struct client *client, const char *code);
/* GIVES a copy (free()), NULL: no memory. */
char *client_text_copy(const char *text);
enum client_state client_state_of(const struct client *client);
/* An exchange that began at STARTED_NS was answered by the server. */
void client_note_contact(struct client *client, uint64_t started_ns);
/* The server no longer accepts the certificate. */
void client_forget_certificate(struct client *client);

#endif
