/* The service's one state: paths, options, database, listeners, and the lock that guards them.
 * SPDX-License-Identifier: MIT
 *
 * Fields: [I] immutable after server_init(), [L] under `lock`, [own] guarded inside.
 * The lock is held by a handler for one request and by the pipeline for one step's database work,
 * never while a compiler runs or a client is waited for. Functions of fleet/ and pipeline/ that take a
 * struct server say "lock held" when their caller must hold it. */
#ifndef NEURATH_SERVER_H
#define NEURATH_SERVER_H

#include "adapt/git/repo.h"
#include "adapt/http/http.h"
#include "adapt/sqlite/db.h"
#include "base/json.h"
#include "base/result.h"
#include "signer/signer.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define NEURATHD_VERSION "0.1"
#define CHANNEL_NAME "main"

struct server_options {
    char *state;       /* absolute path */
    int operator_port; /* 0: any */
    int machine_port;
    const char *machine_address;  /* IPv4 that the machine listener binds to */
    const char *machine_address6; /* IPv6, if the host has it; NULL: none */
    const char *branch;           /* the watched branch */
    char *web;                    /* folder of the dashboard's files, or NULL */
    char *sources;                /* third-party sources for builds, or NULL */
    char *tools;                  /* folder of bootimage */
    int build_seconds;            /* wall time that a build may take */
    int64_t history_rows; /* attempts, and reports, that are kept of each machine; 0: all */
    bool lab;
    bool reproduce; /* rebuild what is permanent, and compare */
};

struct events;
struct manifest_orders;

struct server {
    struct server_options options;   /* [I] */
    uid_t sandbox_id;                /* [I] what builds run as */
    char fleet[17];                  /* [I] */
    json_t *roots;                   /* [I] array of base64 frames, version 1 first */
    char *ca;                        /* [I] PEM */
    char *token;                     /* [I] for operators */
    char *enrol_token;               /* [I] for machines */
    char url[64];                    /* [I] of the operator listener */
    int64_t started_ms;              /* [I] */
    struct signer *signer;           /* [own] */
    struct repo *repo;               /* [own] */
    struct events *events;           /* [own] */
    struct http_listener *operators; /* [own] */
    struct http_listener *machines;  /* [own] */
    int main_wake;                   /* [own] eventfd of the main loop */
    atomic_bool stopping;
    atomic_int hooks; /* pushes that are being answered */
    int stop_fd;      /* [own] eventfd: readable when the service ends */

    pthread_mutex_t lock;
    pthread_cond_t builds_changed; /* with lock: a build or release moved, or a push came */
    struct db *db;                 /* [L] */
    struct manifest_orders *orders; /* [L] the tree that the newest timestamp names */
    uint8_t *timestamp;             /* [L] newest frame, NULL: none */
    size_t timestamp_len;           /* [L] */
    char timestamp_hash[65];        /* [L] of the frame */
    int64_t timestamp_counter;      /* [L] */
    json_t *login_codes;            /* [L] hash → expiry */
    json_t *alarms;                 /* [L] code → {text, since} */
    json_t *forecasts;              /* [L] see fleet/forecast.h */
    int64_t moves_seen;             /* [L] counts scans, for the push hook */
    int cancel_fd; /* [own] eventfd: the build that runs should look at `cancel` */
    atomic_bool cancel;
    bool reproducing; /* [L] a clean rebuild runs */
};

void server_lock(struct server *server);
void server_unlock(struct server *server);

/* A path below the state folder, GIVEN for free(). */
char *server_path(const struct server *server, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Wakes the main loop, to look at deadlines again. Any thread. */
void server_poke(struct server *server);

/* Sets or clears an alarm; events tell of a change. Lock held. */
void server_alarm(struct server *server, const char *code, const char *text);
void server_alarm_clear(struct server *server, const char *code);

/* Writes LEN random bytes as hexadecimal (2 * LEN + 1). Ends the process when the system has none. */
void server_random_hex(size_t len, char *out);

#endif
