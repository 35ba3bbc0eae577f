/* A simulated world for the client's core: a server that can serve anything, an installer that can do anything to it.
 * SPDX-License-Identifier: MIT
 *
 * Time is the simulation's own: sim_run() jumps from one wake-up to the next. A case is judged by the reports that the
 * server got, the trust that the client kept, the bytes fetched, and what the installer runs.
 */
#ifndef TESTS_UNIT_EVOLUTION_CLIENT_SIM_H
#define TESTS_UNIT_EVOLUTION_CLIENT_SIM_H

#include "../manifest/fixture.h"

#include <evolution-client/core/client.h>

#define SIM_SECOND 1000000000ull
enum { SIM_CELLS = 4, SIM_OBJECT_LEN = 30000, SIM_RELEASES = 32 };

/* What the server sends for one request; a test's `bend` may change it before it leaves. */
struct sim_answer {
    char method[8];
    char path[160];
    bool mutual;
    uint64_t range_from;
    unsigned status;
    uint8_t *body;
    size_t len;
    int64_t length; /* announced; -2: as it is */
    uint64_t retry_after_s;
    bool encoded;
    size_t cut_after;  /* the connection breaks after so many bytes; SIZE_MAX: never */
    size_t piece;      /* bytes a piece */
    uint64_t piece_ns; /* between pieces */
    bool endless;      /* the body repeats for ever */
    enum client_net_error refuse; /* no answer at all */
    /* set by the simulator */
    uint64_t ready_ns;
    size_t sent;
    bool head_sent;
    bool active;
    bool parked;
};

struct sim_release {
    struct bytes frame;
    struct manifest_release release;
    struct manifest_cell cells[SIM_CELLS + 1];
    char commit[41];
    uint8_t hash[32];
};

enum sim_fate {
    SIM_GOOD,
    SIM_REFUSED,
    SIM_BUSY, /* refused because a task is in the way */
    SIM_FAILED,
    SIM_FAULT, /* faults after fault_ns of trial */
    SIM_DEAF,  /* the new version cannot reach the server, and its own network is dead */
    SIM_DEAF_ABOVE /* cannot reach the server; link and ARP are sound */
};

struct sim {
    uint64_t now_ns;
    struct client *client;
    struct client_config config;
    char *seed;
    char seed_reset[8];
    unsigned steps;

    /* server */
    unsigned root_signers[2], release_signers[2], timestamp_signers[2];
    struct manifest_root root;
    struct bytes root_frames[8];
    size_t root_count;
    struct sim_release releases[SIM_RELEASES];
    uint8_t stub; /* every byte of the boot stub's hash in releases that are made from now on */
    uint64_t channel_release;
    bool rollback;
    uint64_t counter;
    uint64_t signed_state; /* changes when a new timestamp is due */
    struct bytes timestamp_frame;
    struct manifest_order order;
    bool has_order;
    int64_t server_time_ms; /* at now 0 */
    int64_t expires_ms;
    json_t *reports;
    json_t *commands;
    uint64_t told_counter; /* in the last poll answer */
    bool down;             /* refuses connections */
    unsigned requests, polls, enrolments, object_requests;
    uint64_t bytes_served;
    void (*bend)(struct sim *sim, struct sim_answer *answer);
    int bend_left; /* how many times bend may still act, when it counts */
    char last_state[16];

    /* transport */
    struct sim_answer answers[CLIENT_CHANNEL_COUNT];
    bool certificate_set;
    int64_t told_time_ms;

    /* installer */
    unsigned running[SIM_CELLS]; /* colour of each cell */
    unsigned previous[SIM_CELLS];
    enum sim_fate fate;
    enum client_install_phase phase;
    uint64_t attempt;
    uint64_t swap_ns; /* the engine's work takes so long */
    uint64_t submitted_ns, committed_ns, fault_ns;
    uint64_t deaf_ns; /* who is deaf is it for so long; 0: for good */
    unsigned next[SIM_CELLS];
    bool dry_run;
    bool old_is_deaf;
    bool faulted; /* whatever is taken back, the engine found a fault first */
    bool silent; /* who is deaf hears of no error; what was asked is answered when it hears again */
    unsigned submits, confirms, reverts, extends;
    char revert_reason[32];

    /* store, system */
    struct bytes blob;
    bool store_fails;
    bool no_random;
    uint32_t random;
    char last_log[256];
    void (*in_port)(bool entered); /* told when the client is in a port of ours, and out again */
};

/* A world with release 1 (colours 1 1 1 1) running and served; the client is not yet created. */
void sim_init(struct sim *sim);
void sim_fini(struct sim *sim);
/* Creates the client from seed and blob; a second call is a reboot. */
void sim_boot(struct sim *sim);
/* Steps the client for SECONDS of simulated time. */
void sim_run(struct sim *sim, double seconds);
/* Makes release VERSION with cell I in colours[I] and lets the channel name it. */
void sim_release(struct sim *sim, uint64_t version, const unsigned colours[SIM_CELLS]);
/* Signs and remembers a release without naming it. */
void sim_build(struct sim *sim, uint64_t version, const unsigned colours[SIM_CELLS]);
void sim_name(struct sim *sim, uint64_t version);
void sim_order(struct sim *sim, enum manifest_intent intent, uint64_t counter,
               uint64_t release);
void sim_add_root(struct sim *sim, const struct manifest_root *root,
                  const unsigned *signers);
void sim_object(unsigned cell, unsigned colour, struct bytes *out);
bool sim_runs(const struct sim *sim, const unsigned colours[SIM_CELLS]);
struct client_status sim_status(struct sim *sim);
/* The last report of KIND ("attempt"), borrowed; NULL: none. */
const json_t *sim_last(const struct sim *sim, const char *kind);
size_t sim_count(const struct sim *sim, const char *kind, const char *result);
const char *sim_result(const struct sim *sim);
const char *sim_reason(const struct sim *sim);

/* sim_server.c */
void sim_serve(struct sim *sim, struct sim_answer *answer, const uint8_t *body,
               size_t len);

#define COLOURS(...) ((const unsigned[SIM_CELLS]){__VA_ARGS__})

#endif
