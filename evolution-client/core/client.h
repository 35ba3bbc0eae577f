/* The evolution client's core: a pure state machine that keeps one machine on the release that its server's keys say.
 * SPDX-License-Identifier: MIT
 *
 * It owns no thread, clock, socket or file: the owner calls client_step() with the monotonic time, and gives it ports (ports.h).
 * client.c opens with the states and the numbered invariants. One client, one caller at a time.
 */
#ifndef EVOLUTION_CLIENT_CORE_CLIENT_H
#define EVOLUTION_CLIENT_CORE_CLIENT_H

#include <evolution-client/core/ports.h>

struct client;

struct client_config {
    const char *seed; /* the text of seed.json */
    size_t seed_len;
    const uint8_t *blob; /* what the store kept, NULL: none; it goes before the seed's own */
    size_t blob_len;
    bool report_blob; /* the server keeps the blob: every change is reported, and awaited before a swap */
    const uint8_t *release; /* frame of the release that was booted, NULL: unknown */
    size_t release_len;
    uint8_t stub[32];  /* hash of the boot stub that runs */
    uint64_t trial_ns; /* 0: the seed's, else 60 s */
    uint64_t boot_ns;  /* monotonic time of boot, for uptimes */
};

enum client_state {
    CLIENT_DISABLED,  /* the seed or its roots are not sound: no request is ever made */
    CLIENT_ENROLLING, /* no certificate yet */
    CLIENT_RUNNING,   /* runs what it was told to, or has not heard yet */
    CLIENT_UPDATING,  /* fetching or swapping */
    CLIENT_TRIAL,
    CLIENT_BLOCKED, /* what it was told to run was refused, failed, or is in quarantine */
    CLIENT_HELD,    /* an order holds it */
    CLIENT_REVERTED, /* the last attempt came back, nothing newer since */
};

/* The state's word in reports and JSON. */
const char *client_state_word(enum client_state state);

struct client_status {
    enum client_state state;
    char machine[17];
    char boot_id[33];
    uint64_t release; /* running; 0: unknown */
    char commit[41];  /* running; empty: unknown */
    uint8_t content[32];
    uint64_t target;     /* wanted; 0: none */
    bool contact;        /* the last exchange with the server succeeded */
    uint64_t contact_ns; /* monotonic time of the last one that did, 0: never */
    bool time_known;
    int64_t time_ms;
    uint64_t root_version;
    uint64_t timestamp_counter;
    uint64_t release_version; /* highest verified */
    uint64_t security_floor;
    uint64_t bytes_fetched; /* bodies of releases and objects */
    uint64_t polls;
    uint64_t failures; /* exchanges that failed, since the start */
    uint64_t swaps;    /* commits since boot */
    size_t reports_waiting;
    size_t quarantined;
    char reason[96]; /* code of what is wrong, empty: nothing */
};

/* GIVES *out (client_destroy). 0: done; else no memory. An unsound seed gives a client that is CLIENT_DISABLED and says why. */
[[nodiscard]] int client_create(const struct client_config *config,
                                const struct client_ports *ports, struct client **out);
void client_destroy(struct client *client);

/* Does what can be done at NOW_NS and returns the monotonic time at which it wants to be called at the latest. */
uint64_t client_step(struct client *client, uint64_t now_ns);

void client_status(const struct client *client, uint64_t now_ns,
                   struct client_status *out);
/* Forgets the quarantine, and tries what was refused once more. */
void client_retry(struct client *client);
/* Polls at once instead of waiting out a back-off. */
void client_wake(struct client *client);

/* Queues a fault report (kind "fault"): TEXT is cut at 4,000 bytes. */
void client_report_fault(struct client *client, const char *cell, const char *text);

#endif
