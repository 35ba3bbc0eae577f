/* Limits, units and small types that every part of the client shares.
 * SPDX-License-Identifier: MIT
 */
#ifndef EVOLUTION_CLIENT_CORE_STATE_H
#define EVOLUTION_CLIENT_CORE_STATE_H

#include <evolution-client/core/client.h>
#include <manifest/manifest.h>
#include <manifest/trust.h>

#define MS 1000000ull
#define SECOND (1000 * MS)

enum {
    CODE_MAX = 32,
    REPORTS_MAX = 64,
    REPORT_REFUSALS_MAX = 3,
    QUARANTINE_MAX = 64,
    TRIES_MAX = 16,
    COMMANDS_MAX = 8,
    CACHE_MAX = 4 * 1024 * 1024,
    ANSWER_MAX = 1024 * 1024,
    ERROR_BODY_MAX = 16 * 1024,
    INCONCLUSIVE_MAX = 3,
    FETCH_TRIES_MAX = 5,
};

/* What runs, and by which release it is known. */
struct running {
    uint64_t release; /* 0: unknown */
    char commit[41];  /* empty: unknown */
    uint64_t security;
    uint8_t content[MANIFEST_HASH_LEN];
};

enum work_job { WORK_NONE, WORK_REPORT, WORK_BLOB, WORK_RELEASE, WORK_OBJECT };

#endif
