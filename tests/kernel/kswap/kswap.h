/* Swaps of a few cells, for tests: objects of the boot archive, carried out and waited for. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_TESTS_KERNEL_KSWAP_H
#define NEURATH_TESTS_KERNEL_KSWAP_H

#include <core/evolve/evolve.h>
#include <tests/kernel/ktest/ktest.h>

/* In the task of the cases; what is not as it says, or is not over within a minute, fails the case. Attempts confirm
 * themselves. */

struct kswap {
    const char *cell;
    const char *with;    /* another cell that becomes the same variant; NULL: none */
    const char *variant; /* "": the version of the boot image */
    const char *others; /* more cells: "CELL" or "CELL.VARIANT", a space between; NULL: none */
    const char *remove; /* a cell that goes; NULL: none */
    uint64_t trial_ms;  /* 0: a short one */
    uint64_t stuck_ms;  /* 0: as any swap */
    bool dry_run;
    const char *consent; /* one thing that may be lost; NULL: none */
    uint8_t hash[32];    /* of the cell */
};

/* Asks for SWAP. Gives what evolve_submit() said, and *out_attempt. */
enum status kswap_submit(const struct kswap *swap, uint64_t *out_attempt);
/* Asks for SWAP, and waits until it is past its commit, or over. Gives the attempt. */
uint64_t kswap_begin(const struct kswap *swap);
/* The same of CELL alone. */
uint64_t kswap_to(const char *cell, const char *variant, uint64_t trial_ms);
/* Waits until ATTEMPT is past its commit, or over. */
void kswap_wait(uint64_t attempt);
/* Waits until ATTEMPT is over, and gives how it ended. */
enum evolve_phase kswap_end(uint64_t attempt);
/* kswap_begin() and kswap_end(). */
enum evolve_phase kswap_run(const struct kswap *swap);
/* CELL alone, with a short trial; it must become permanent. */
void kswap_for_good(const char *cell, const char *variant);
/* The report of ATTEMPT (0: the newest); one buffer for all. */
const struct evolve_report *kswap_report(uint64_t attempt);
/* Waits until ATTEMPT is over, and checks the namespace's invariants. Gives its report. */
const struct evolve_report *kswap_end_report(uint64_t attempt);
/* R ended in PHASE, with CODE and WORD in its reason (NULL: any); otherwise says how. */
bool kswap_became(const struct evolve_report *r, enum evolve_phase phase,
                  const char *code, const char *word);
/* The namespace's invariants hold. */
void kswap_check_invariants(void);

#endif
