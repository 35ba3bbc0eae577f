/* Swap attempts: the rows of history, made from machines' reports.
 * SPDX-License-Identifier: MIT
 *
 * Results and who makes the transition:
 *   running → trial → permanent        attempts_report()
 *   running | trial → reverted | inconclusive | refused | failed   attempts_report()
 *   running | trial → lost             attempts_expire(): its deadline passed
 *   running | trial → reverted | lost  attempts_after_boot(): the machine came up with another boot id
 *   lost → any                         attempts_report(): a late report reconciles
 * Invariants:
 *  1 A report (machine, boot id, sequence) changes things once, as long as it is remembered (fleet/trim.h); the row in
 *    `reports` is written in the same transaction.
 *  2 A final result other than `lost` never changes.
 *  3 A row that became `reverted` has exactly one row with trigger `revert` and cause = its id.
 * Lock held throughout. */
#ifndef NEURATH_FLEET_ATTEMPTS_H
#define NEURATH_FLEET_ATTEMPTS_H

#include "base/json.h"
#include "server.h"

#define ATTEMPT_DEADLINE_MS 180000

/* Stores a report of any kind. RESULT_OK also when it was stored before. */
NODISCARD enum result attempts_report(struct server *server, const char *machine,
                                      const json_t *body, struct problem *problem);

/* What the server believed that a machine ran before it booted; NULL, 0: not known. */
struct attempts_before {
    int64_t release;
    char *commit;
    char *content;
    char *stub;
};

/* The machine came up with BOOT_ID, running CONTENT on STUB: ends what its earlier boots left open. When the boot itself
 * led to another content or stub, that is a row of history. Within a transaction; the machine's row is up to date. */
void attempts_after_boot(struct server *server, const char *machine, const char *boot_id,
                         const char *content, const char *stub,
                         const struct attempts_before *before);

/* Adds to the row ID of history what differs between two contents, of class `text` what is in both. Within a transaction. */
void attempts_add_cells(struct server *server, int64_t id, const char *from,
                        const char *to);

/* Ends attempts whose deadline has passed, and settles machines that fell silent. Gives the next moment
 * (ms since 1970) at which it wants to be called, or INT64_MAX. */
int64_t attempts_expire(struct server *server);

#endif
