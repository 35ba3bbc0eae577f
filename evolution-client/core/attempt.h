/* One attempt to reach a target: its stages and what it knows.
 * SPDX-License-Identifier: MIT
 */
#ifndef EVOLUTION_CLIENT_CORE_ATTEMPT_H
#define EVOLUTION_CLIENT_CORE_ATTEMPT_H

#include "state.h"

enum attempt_stage {
    ATTEMPT_IDLE,
    ATTEMPT_RELEASE, /* its frame is being fetched */
    ATTEMPT_OBJECTS, /* objects are being fetched */
    ATTEMPT_SAVE,    /* the intent is being kept, before anything changes */
    ATTEMPT_SWAP,    /* the engine has it */
    ATTEMPT_TRIAL,
    ATTEMPT_VERDICT, /* reverted for want of contact: does the old version have any? */
};

struct attempt_cell {
    char name[CLIENT_NAME_MAX + 1];
    bool has_old;
    bool has_new;
    bool looked; /* the installer was asked for it */
    uint8_t old_object[MANIFEST_HASH_LEN];
    uint8_t new_object[MANIFEST_HASH_LEN];
    uint64_t length;
};

struct attempt {
    enum attempt_stage stage;
    bool is_plan;
    uint64_t command;
    uint64_t number; /* in reports */
    uint64_t engine; /* the engine's */
    struct trust_news news;
    struct manifest_release release;
    bool has_release;
    struct running from;
    struct attempt_cell *cells; /* those that differ */
    size_t cell_count;
    uint64_t bytes;
    unsigned fetch_failures;
    bool bad_hash; /* the object at hand did not have its hash */
    uint64_t news_ns, fetch_ns, fetched_ns, submit_ns, trial_ns, trial_end_ns, verdict_ns;
    bool contact;               /* with the server, begun after the commit */
    uint64_t probe_ns;          /* the next local test */
    uint64_t unsound_ns;        /* since then the local tests fail; 0: they do not */
    char revert_code[CODE_MAX]; /* we asked the engine to revert, and why; empty: not */
    struct client_install_report engine_report;
};

#define RETRY_SOON_NS (30 * SECOND)
#define RETRY_LATE_NS (300 * SECOND)

void client_attempt_step(struct client *client);
/* The first cell of the set whose object is not here yet; NULL: all are. */
const struct attempt_cell *client_attempt_missing(struct client *client);
/* The work channel asks: what is to be fetched? WORK_NONE: nothing. PATH has room for 128. */
enum work_job client_attempt_wants(struct client *client, char *path, size_t path_len,
                                   uint64_t *out_length, const uint8_t **out_object);
void client_attempt_got_release(struct client *client, const uint8_t *bytes, size_t len);
void client_attempt_got_object(struct client *client, uint8_t *bytes, size_t len);
/* A fetch failed for good or for now; CODE says how. */
void client_attempt_fetch_failed(struct client *client, const char *code, bool decisive);
/* Reports RESULT; CODE NULL: no reason. */
void client_attempt_report(struct client *client, const char *result, const char *code,
                           const char *text);
/* Ends the attempt. The target is not tried again before RETRY_NS from now; 0: not until told. */
void client_attempt_end(struct client *client, uint64_t retry_ns);
/* Refuses with a reason and ends. */
void client_attempt_refuse(struct client *client, const char *code, const char *text,
                           uint64_t retry_ns);
void client_attempt_permanent(struct client *client);
void client_trial_begin(struct client *client);
void client_trial_step(struct client *client);
void client_verdict_step(struct client *client);
void client_attempt_reverted(struct client *client, const char *code, const char *text,
                             bool quarantine);
/* After a restart: what became of the swap that was in trial. */
void client_attempt_after_restart(struct client *client);
/* A refusal outside of any attempt (news that cannot be trusted); told once until something else happens. */
void client_attempt_note_refusal(struct client *client, const char *what,
                                 enum manifest_status status);

#endif
