/* Swaps of a few cells, for tests. */
/* SPDX-License-Identifier: MIT */
#include "kswap.h"

#include <core/archive/archive.h>
#include <stdio.h>
#include <string.h>
#include <time/clock/clock.h>

#define PATIENCE_NS (60 * NS_PER_S)
#define SET_MAX 10u

static struct evolve_report report;

static bool past_commit(void *arg)
{
    return evolve_phase_of(*(uint64_t *)arg) >= EVOLVE_TRIAL;
}

static bool over(void *arg)
{
    return evolve_phase_of(*(uint64_t *)arg) >= EVOLVE_PERMANENT;
}

struct set {
    struct evolve_object objects[SET_MAX];
    char names[SET_MAX][CELL_NAME_MAX + 1];
    size_t count;
};

/* CELL and VARIANT are the first so many characters. */
static void add(struct set *set, const char *cell, size_t cell_len, const char *variant,
                size_t variant_len)
{
    char path[2 * CELL_NAME_MAX];
    struct archive_entry file = {0};
    if (variant_len)
        snprintf(path, sizeof path, "variants/%.*s.%.*s.o", (int)cell_len, cell,
                 (int)variant_len, variant);
    else
        snprintf(path, sizeof path, "cells/%.*s.o", (int)cell_len, cell);
    if (set->count == SET_MAX || archive_find(path, &file) != STATUS_OK) {
        ktest_fail(__func__, path);
        return;
    }
    char *name = set->names[set->count];
    snprintf(name, sizeof set->names[0], "%.*s", (int)cell_len, cell);
    set->objects[set->count++] =
        (struct evolve_object){.name = name, .bytes = file.bytes, .len = file.len};
}

static void add_words(struct set *set, const char *words)
{
    for (const char *at = words; *at;) {
        size_t len = strcspn(at, " ");
        size_t cell_len = min_u64(strcspn(at, "."), len);
        size_t dot = cell_len < len;
        add(set, at, cell_len, at + cell_len + dot, len - cell_len - dot);
        at += len + (at[len] == ' ');
    }
}

enum status kswap_submit(const struct kswap *swap, uint64_t *out_attempt)
{
    struct set set = {0};
    const char *variant = swap->variant ? swap->variant : "";
    if (swap->cell) {
        add(&set, swap->cell, strlen(swap->cell), variant, strlen(variant));
        memcpy(set.objects[0].hash, swap->hash, sizeof swap->hash);
    }
    if (swap->with)
        add(&set, swap->with, strlen(swap->with), variant, strlen(variant));
    if (swap->others)
        add_words(&set, swap->others);
    struct evolve_request request = {.set = set.objects,
                                     .set_count = set.count,
                                     .remove = &swap->remove,
                                     .remove_count = swap->remove ? 1 : 0,
                                     .self_confirm = true,
                                     .dry_run = swap->dry_run,
                                     .consent = &swap->consent,
                                     .consent_count = swap->consent ? 1 : 0,
                                     .trial_ns = (swap->trial_ms ? swap->trial_ms : 1) *
                                                 NS_PER_MS,
                                     .stuck_ns = swap->stuck_ms * NS_PER_MS};
    return evolve_submit(&request, out_attempt);
}

void kswap_wait(uint64_t attempt)
{
    KTEST_CHECK(ktest_until(past_commit, &attempt, PATIENCE_NS));
}

uint64_t kswap_begin(const struct kswap *swap)
{
    uint64_t attempt = 0;
    KTEST_CHECK(kswap_submit(swap, &attempt) == STATUS_OK);
    kswap_wait(attempt);
    return attempt;
}

uint64_t kswap_to(const char *cell, const char *variant, uint64_t trial_ms)
{
    return kswap_begin(
        &(struct kswap){.cell = cell, .variant = variant, .trial_ms = trial_ms});
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

void kswap_for_good(const char *cell, const char *variant)
{
    const struct evolve_report *r = kswap_end_report(kswap_to(cell, variant, 1));
    (void)kswap_became(r, EVOLVE_PERMANENT, NULL, NULL);
}

const struct evolve_report *kswap_report(uint64_t attempt)
{
    KTEST_CHECK(evolve_report_read(attempt, &report) == STATUS_OK);
    return &report;
}

const struct evolve_report *kswap_end_report(uint64_t attempt)
{
    (void)kswap_end(attempt);
    kswap_check_invariants();
    return kswap_report(attempt);
}

bool kswap_became(const struct evolve_report *r, enum evolve_phase phase,
                  const char *code, const char *word)
{
    char how[sizeof r->reason.text + 64];
    if (r->phase == phase && (!code || strcmp(r->reason.code, code) == 0) &&
        (!word || strstr(r->reason.text, word)))
        return true;
    snprintf(how, sizeof how, "%s, %s: %s", evolve_phase_name(r->phase), r->reason.code,
             r->reason.text);
    ktest_fail(evolve_phase_name(phase), how);
    return false;
}

void kswap_check_invariants(void)
{
    const char *broken = namespace_check(namespace_kernel());
    if (broken)
        ktest_fail("namespace_check", broken);
}
