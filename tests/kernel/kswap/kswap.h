/* Swaps of a cell or two, for tests: objects of the boot archive, carried out and waited for. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_TESTS_KERNEL_KSWAP_H
#define NEURATH_TESTS_KERNEL_KSWAP_H

#include <core/evolve/evolve.h>
#include <tests/kernel/ktest/ktest.h>

/* In the task of the cases; what is not as it says fails the case. Attempts confirm themselves. */

struct kswap {
    const char *cell;
    const char *with;    /* another cell that becomes the same variant; NULL: none */
    const char *variant; /* "": the version of the boot image */
    uint64_t trial_ms;   /* 0: a short one */
    bool dry_run;
    const char *consent; /* one thing that may be lost; NULL: none */
    uint8_t hash[32];    /* of the cell */
};

/* Asks for SWAP. Gives what evolve_submit() said, and *out_attempt. */
enum status kswap_submit(const struct kswap *swap, uint64_t *out_attempt);
/* Asks for SWAP, and waits until it is past its commit, or over. Gives the attempt. */
uint64_t kswap_begin(const struct kswap *swap);
/* Waits until ATTEMPT is over, and gives how it ended. */
enum evolve_phase kswap_end(uint64_t attempt);
/* Both. */
enum evolve_phase kswap_run(const struct kswap *swap);
/* The report of ATTEMPT (0: the newest); one buffer for all. */
const struct evolve_report *kswap_report(uint64_t attempt);
/* The namespace's invariants hold. */
void kswap_check_invariants(void);

#endif
