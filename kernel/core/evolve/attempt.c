/* The stages of an attempt up to its commit.
 * SPDX-License-Identifier: MIT
 */
#include <core/evolve/drain.h>
#include <core/evolve/ending.h>
#include <core/evolve/foresee.h>
#include <core/evolve/hooks.h>
#include <core/evolve/leaks.h>
#include <core/evolve/lineage.h>
#include <core/evolve/moving.h>
#include <core/evolve/unloaded.h>

#include <console/log/log.h>
#include <mm/heap/heap.h>
#include <stdio.h>
#include <string.h>
#include <time/clock/clock.h>

enum { HOLD_LIMIT_MS = 250, COMMIT_TRIES = 5, RETRY_MS = 20 };

static uint64_t tsc_to_ns(uint64_t tsc)
{
    uint64_t hz = clock_tsc_hz();
    return hz ? tsc / hz * 1000000000 + tsc % hz * 1000000000 / hz : 0;
}

static struct plan_report plan_report; /* large; the swap task is its only user */

static void describe_cells(struct attempt *a)
{
    a->report.cell_count = a->plan->cell_count;
    a->report.retained_bytes = 0;
    a->report.revertible = a->plan->revertible;
    for (uint32_t i = 0; i < a->plan->cell_count && i < EVOLVE_MAX_CELLS; i++) {
        const struct plan_cell *from = &a->plan->cells[i];
        struct evolve_cell *to = &a->report.cells[i];
        memcpy(to->name, from->name, sizeof to->name);
        to->class = from->class;
        to->functions_changed = from->functions_changed;
        to->functions_added = from->functions_added;
        to->coupled = from->coupled;
        to->had_old = from->old != NULL;
        to->has_new = from->class != PLAN_REMOVE;
        if (from->old) {
            memcpy(to->old, from->old->object_hash, sizeof to->old);
            a->report.retained_bytes += version_placed_bytes(from->old);
        }
        memcpy(to->new, from->hash, sizeof to->new);
    }
}

/* Ends A because a stage said STATUS. */
static struct wait stop(struct attempt *a, enum status status)
{
    struct refusal reason = {0};
    a->report.refusal_count = plan_report.refusal_count;
    if (status == STATUS_DENIED && plan_report.refusal_count) {
        reason = plan_report.refusals[0];
        for (uint32_t i = 1; i < plan_report.refusal_count && i < PLAN_MAX_REFUSALS; i++) {
            const struct refusal *r = &plan_report.refusals[i];
            log_write("evolve", LOG_INFO, "also: %s", r->text);
            attempt_tell(a, "also %s: %s", r->code, r->text);
        }
        attempt_end(a, EVOLVE_REFUSED, &reason);
    } else {
        unloaded_drop(); /* the next try has more room */
        (void)refuse(&reason, "memory", NULL, NULL, NULL,
                     "there is not enough memory to load the new cells");
        attempt_end(a, EVOLVE_FAILED, &reason);
    }
    return wait_again();
}

static enum status load(struct attempt *a)
{
    enum status status =
        plan_load(namespace_kernel(), a->set, a->set_count, a->remove_list,
                  a->remove_count, &a->plan, &plan_report);
    /* The plan has taken the bytes, also when it failed. */
    a->set_count = 0;
    if (a->plan) {
        a->plan->consent = (const char *const *)a->consent;
        a->plan->consent_count = a->consent_count;
    }
    if (status == STATUS_DENIED) /* and what else is wrong */
        status = plan_verify(a->plan, &plan_report);
    if (a->plan)
        describe_cells(a);
    return status;
}

/* The label of the release must not lie about what an object is. */
static bool names_agree(const struct attempt *a, struct refusal *out)
{
    for (uint32_t i = 0; i < a->plan->cell_count; i++) {
        const struct plan_cell *c = &a->plan->cells[i];
        if (c->fresh && !c->brought && strcmp(c->name, a->set_names[i]) != 0) {
            (void)refuse(out, "object", a->set_names[i], NULL, NULL,
                         "the object for %s is that of %s", a->set_names[i], c->name);
            return false;
        }
    }
    return true;
}

static struct wait run_load(struct attempt *a)
{
    uint64_t begin = clock_ns();
    unloaded_yield();
    a->report.begun_ns = begin;
    log_write("evolve", LOG_INFO, "attempt %lu: %u cells to load%s%s", a->report.attempt,
              a->set_count, a->report.label[0] ? ", " : "", a->report.label);
    enum status status = load(a);
    a->report.load_ns = clock_ns() - begin;
    if (status != STATUS_OK)
        return stop(a, status);
    if (!names_agree(a, &plan_report.refusals[0])) {
        plan_report.refusal_count = 1;
        return stop(a, STATUS_DENIED);
    }
    attempt_enter(a, EVOLVE_VERIFY);
    return wait_again();
}

static struct wait run_verify(struct attempt *a)
{
    uint64_t begin = clock_ns();
    enum status status = plan_verify(a->plan, &plan_report);
    a->report.verify_ns = clock_ns() - begin;
    describe_cells(a);
    if (status != STATUS_OK)
        return stop(a, status);
    attempt_enter(a, EVOLVE_REDIRECT);
    return wait_again();
}

static struct wait run_redirect(struct attempt *a)
{
    uint64_t begin = clock_ns();
    enum status status = plan_redirect(a->plan, &plan_report);
    a->report.redirect_ns = clock_ns() - begin;
    a->report.stores = a->plan->poke_count;
    if (status == STATUS_OK &&
        (!migrate_try(a, &plan_report) || !ending_allowed(a->plan, &plan_report)))
        status = STATUS_DENIED;
    if (status != STATUS_OK)
        return stop(a, status);
    migrate_describe(a);
    lineages_describe(a);
    a->coupled = plan_coupled(a->plan);
    if (a->report.dry_run && !a->plan->migrations.walked) {
        if (a->coupled)
            foresee_waited(a);
        attempt_end(a, EVOLVE_PERMANENT, NULL);
        return wait_again();
    }
    leaks_prepare(a);
    plan_enter(a->plan);
    attempt_enter(a, EVOLVE_COMMIT);
    return wait_again();
}

/* New lineages were started before; one that did not takes the swap back. */
static void begin_hooks(struct attempt *a)
{
    char text[128];
    ending_hold(a->plan);
    hooks_begin(a);
    if (a->start_status == STATUS_OK)
        return;
    snprintf(text, sizeof text, "the hook of %s failed: %s", a->start_failed,
             status_name(a->start_status));
    if (evolve_revert(a->report.attempt, "hook", text) != STATUS_OK)
        log_write("evolve", LOG_ERROR, "%s", text);
}

/* Names what kept a CPU from being held. */
static void name_blocker(uint32_t cpu, struct refusal *out)
{
    (void)refuse(out, "deadline", NULL, NULL, NULL,
                 "CPU %u kept its interrupts off for too long; nothing was changed", cpu);
}

static struct wait commit_failed(struct attempt *a, enum status status)
{
    struct refusal reason;
    struct guard_verdict verdict;
    trial_watch_end(&verdict);
    moving_drop(a);
    drain_end();
    bool again =
        status == STATUS_TIMEOUT || status == STATUS_BUSY || status == STATUS_AGAIN;
    if (again && ++a->commit_tries < COMMIT_TRIES)
        return wait_until(clock_ns() + RETRY_MS * 1000000ull * a->commit_tries);
    if (status == STATUS_TIMEOUT)
        name_blocker(a->times.missing_cpu, &reason);
    else if (status == STATUS_AGAIN)
        (void)refuse(
            &reason, "busy", NULL, NULL, NULL,
            "an object changed each time it was to be moved (an interrupt handler "
            "stores into it?); nothing was changed");
    else if (status == STATUS_DENIED)
        migrate_reason(a, &reason);
    else if (status == STATUS_BUSY)
        (void)refuse(
            &reason, "fault", NULL, NULL, NULL,
            "something that runs faulted each time the swap was to be made (the last: "
            "exception %lu on CPU %u); nothing was changed",
            verdict.vector, verdict.cpu);
    else
        (void)refuse(
            &reason, "drift", NULL, NULL, NULL,
            "the place at 0x%lx does not hold what was planned; nothing was changed",
            a->times.drift_va);
    attempt_end(a, EVOLVE_FAILED, &reason);
    return wait_again();
}

/* The walks of the new form do not name what was made: the stores are taken back before anybody runs. */
static struct wait rehearsal_failed(struct attempt *a, const struct refusal *reason)
{
    a->untouched = true;
    a->taking = true;
    a->take_reason = *reason;
    a->report.trial_end_ns = clock_ns() + a->trial_ns;
    drain_turn();
    attempt_enter(a, EVOLVE_TRIAL);
    return wait_again();
}

/* What the stores have made true. Of a coupled set this runs in the step after them, in new text where that changed. */
static struct wait commit_finish(struct attempt *a)
{
    struct wait wait;
    struct refusal reason;
    if (!a->linked) {
        drain_stored();
        plan_commit(a->plan);
        moving_stored(a, false);
        a->linked = true;
    }
    if (a->plan->moving_count) {
        enum moving_result result = moving_step(a, MOVING_REHEARSAL, &wait, &reason);
        if (result == MOVING_WAIT)
            return wait;
        if (result == MOVING_FAILED)
            return rehearsal_failed(a, &reason);
    }
    lineages_start(a);
    drain_end();
    a->report.pause_ns = tsc_to_ns(a->times.pause_tsc);
    a->report.commit_ns = clock_ns() - a->commit_begun_ns;
    a->report.trial_end_ns = clock_ns() + a->trial_ns;
    log_write(
        "evolve", LOG_INFO, "attempt %lu: %u cells committed, %u stores, pause %lu ns",
        a->report.attempt, a->plan->cell_count, a->plan->poke_count, a->report.pause_ns);
    attempt_enter(a, EVOLVE_TRIAL);
    leaks_begin();
    rehearse(a);
    begin_hooks(a);
    return wait_again();
}

/* Present values have found their places, and everybody who has to would have come out. */
static struct wait dry_run_end(struct attempt *a)
{
    moving_drop(a);
    drain_end();
    attempt_end(a, EVOLVE_PERMANENT, NULL);
    return wait_again();
}

static struct wait run_commit(struct attempt *a)
{
    struct wait wait;
    struct refusal reason;
    uint64_t limit = HOLD_LIMIT_MS * (clock_tsc_hz() / 1000);
    if (a->applied)
        return commit_finish(a);
    if (a->coupled) {
        bool walks = a->plan->migrations.walked && !a->watched;
        if (walks) { /* a walk may stop its CPU */
            trial_begin(a);
            a->watched = true;
        }
        enum drain_result drained = drain_step(a, false, &wait, &reason);
        if (drained != DRAIN_WAIT && a->watched) {
            struct guard_verdict verdict;
            trial_watch_end(&verdict);
            a->watched = false;
        }
        if (drained == DRAIN_BUSY)
            attempt_end(a, EVOLVE_REFUSED, &reason);
        if (drained != DRAIN_QUIET)
            return wait;
        if (a->report.dry_run)
            return dry_run_end(a);
    }
    a->commit_begun_ns = clock_ns();
    trial_begin(a);
    enum status status = commit_apply(a->plan->pokes, a->plan->poke_count,
                                      &a->plan->migrations, false, limit, &a->times);
    if (status != STATUS_OK)
        return commit_failed(a, status);
    a->applied = true;
    if (!a->coupled)
        return commit_finish(a);
    /* This text itself may be old by now: from here on it only leaves. */
    drain_moved();
    return wait_again();
}

struct wait attempt_step(struct attempt *a)
{
    switch (a->report.phase) {
    case EVOLVE_QUEUED: attempt_enter(a, EVOLVE_LOAD); return wait_again();
    case EVOLVE_LOAD: return run_load(a);
    case EVOLVE_VERIFY: return run_verify(a);
    case EVOLVE_REDIRECT: return run_redirect(a);
    default: return run_commit(a);
    }
}
