/* Swaps of a cell or two, for tests. */
/* SPDX-License-Identifier: MIT */
#include "kswap.h"

#include <core/archive/archive.h>
#include <stdio.h>
#include <string.h>
#include <time/clock/clock.h>

#define PATIENCE_NS (30 * NS_PER_S)

static struct evolve_report report;

static bool past_commit(void *arg)
{
    return evolve_phase_of(*(uint64_t *)arg) >= EVOLVE_TRIAL;
}

static bool over(void *arg)
{
    return evolve_phase_of(*(uint64_t *)arg) >= EVOLVE_PERMANENT;
}

static void take_object(const char *cell, const char *variant, struct evolve_object *out)
{
    char path[96];
    struct archive_entry file = {0};
    if (variant[0])
        snprintf(path, sizeof path, "variants/%s.%s.o", cell, variant);
    else
        snprintf(path, sizeof path, "cells/%s.o", cell);
    KTEST_CHECK(archive_find(path, &file) == STATUS_OK);
    out->name = cell;
    out->bytes = file.bytes;
    out->len = file.len;
}

enum status kswap_submit(const struct kswap *swap, uint64_t *out_attempt)
{
    struct evolve_object set[2] = {0};
    struct evolve_request request = {.set = set,
                                     .set_count = swap->with ? 2 : 1,
                                     .self_confirm = true,
                                     .dry_run = swap->dry_run,
                                     .consent = &swap->consent,
                                     .consent_count = swap->consent ? 1 : 0,
                                     .trial_ns = (swap->trial_ms ? swap->trial_ms : 1) *
                                                 NS_PER_MS};
    take_object(swap->cell, swap->variant, &set[0]);
    memcpy(set[0].hash, swap->hash, sizeof set[0].hash);
    if (swap->with)
        take_object(swap->with, swap->variant, &set[1]);
    return evolve_submit(&request, out_attempt);
}

uint64_t kswap_begin(const struct kswap *swap)
{
    uint64_t attempt = 0;
    KTEST_CHECK(kswap_submit(swap, &attempt) == STATUS_OK);
    KTEST_CHECK(ktest_until(past_commit, &attempt, PATIENCE_NS));
    return attempt;
}

enum evolve_phase kswap_end(uint64_t attempt)
{
    KTEST_CHECK(ktest_until(over, &attempt, PATIENCE_NS));
    return evolve_phase_of(attempt);
}

enum evolve_phase kswap_run(const struct kswap *swap)
{
    return kswap_end(kswap_begin(swap));
}

const struct evolve_report *kswap_report(uint64_t attempt)
{
    KTEST_CHECK(evolve_report_read(attempt, &report) == STATUS_OK);
    return &report;
}

void kswap_check_invariants(void)
{
    const char *broken = namespace_check(namespace_kernel());
    if (broken)
        ktest_fail("namespace_check", broken);
}
