/* The trial: watches the new code, and takes it back or makes it permanent.
 * SPDX-License-Identifier: MIT
 *
 * A trial ends badly when the guard has reverted (fault, a CPU stuck with interrupts off, a swap task that comes to
 * nothing), or something else speaks against the new code (judge.h). Where not even the guard is left to notice, the hardware
 * watchdog resets the machine.
 */
#include <core/evolve/drain.h>
#include <core/evolve/ending.h>
#include <core/evolve/expel.h>
#include <core/evolve/followers.h>
#include <core/evolve/hooks.h>
#include <core/evolve/judge.h>
#include <core/evolve/leaks.h>
#include <core/evolve/moving.h>
#include <core/evolve/reserve.h>
#include <core/evolve/silence.h>
#include <core/evolve/watch.h>

#include <console/console/console.h>
#include <console/log/log.h>
#include <fault/power/power.h>
#include <fault/watchdog/watchdog.h>
#include <irq/ioapic/ioapic.h>
#include <stdio.h>
#include <string.h>
#include <time/clock/clock.h>
#include <time/hpet/hpet.h>

enum {
    LOOK_MS = 50,
    SETTLE_LOOK_MS = 1,
    STUCK_MS = 3000,     /* a CPU that does not beat */
    OVERDUE_MS = 120000, /* then the guard itself steps in */
    SILENT_MS = 5000, /* also when this task is not heard of for so long (evolve_step()) */
    NMI_MS = 100,
    HPET_TIMER = 0,
    HOLD_LIMIT_MS = 1000,
    HANDOVER_MS = 30000, /* for the CPUs to be held once more */
    SETTLE_MS = 10000,   /* for CPUs to be seen to beat, at the end of the watch */
    TAKE_TRIES = 8,      /* to take elements back, before the machine resets */
    TAKE_GAP_MS = 100,
};

static uint64_t ms_to_tsc(uint64_t ms)
{
    return ms * (clock_tsc_hz() / 1000);
}

static uint64_t stuck_ms(const struct attempt *a)
{
    return a->stuck_ns ? a->stuck_ns / 1000000 : STUCK_MS;
}

void trial_begin(struct attempt *a)
{
    struct guard_limits limits = {
        .stuck_tsc = ms_to_tsc(stuck_ms(a)),
        .overdue_tsc = ms_to_tsc(OVERDUE_MS) + ms_to_tsc(a->trial_ns / 1000000),
        .silent_tsc = ms_to_tsc(SILENT_MS),
        .watcher = task_current(),
    };
    watch_begin();
    watchdog_arm();
    guard_arm(a->plan->pokes, a->plan->poke_count, a->plan->late_count,
              &a->plan->migrations, &limits);
    const struct cpu_block *boot = cpu_block_at(0);
    if (ioapic_route_nmi(IOAPIC_GUARD_GSI, boot->apic_id) != STATUS_OK ||
        hpet_timer_periodic(HPET_TIMER, IOAPIC_GUARD_GSI, NMI_MS * 1000000ull) != STATUS_OK)
        log_write("evolve", LOG_WARNING,
                  "no timer for the guard: a CPU that loops with "
                  "interrupts off will not be noticed");
}

void trial_watch_end(struct guard_verdict *out)
{
    hpet_timer_stop(HPET_TIMER);
    if (ioapic_mask(IOAPIC_GUARD_GSI, true) != STATUS_OK)
        log_write("evolve", LOG_WARNING, "the guard's timer could not be masked");
    guard_disarm(out);
    watchdog_disarm();
}

/* Begins to wait for every CPU to beat. */
static void settle_begin(struct attempt *a)
{
    a->settling = true;
    a->settle_ns = clock_ns();
    watch_cpus();
    watch_steps();
}

/* Says whether none of the CPUs is stuck. */
static bool settled(const struct attempt *a)
{
    return watch_cpus_came_by() || clock_ns() - a->settle_ns > SETTLE_MS * 1000000ull;
}

/* The namespace says what the restored bytes have made true, and tasks follow. */
static void undo(struct attempt *a)
{
    if (a->undone)
        return;
    a->undone = true;
    migrate_tell_cut(a);
    plan_revert(a->plan);
    ending_release(a->plan);
}

static struct wait finish_revert(struct attempt *a, const struct refusal *reason)
{
    hooks_end();
    undo(a);
    a->report.trial_ns = clock_ns() + a->trial_ns - a->report.trial_end_ns;
    attempt_end(a, EVOLVE_REVERTED, reason);
    return wait_again();
}

static void verdict_text(const struct attempt *a, const struct guard_verdict *v,
                         struct refusal *out)
{
    char place[128];
    if (v->cause == GUARD_WISHED) {
        *out = a->take_reason;
        return;
    }
    namespace_symbolise(namespace_kernel(), v->rip, place, sizeof place);
    switch (v->cause) {
    case GUARD_FAULT:
        (void)refuse(out, "fault", NULL, place, NULL,
                     "exception %lu at %s (address 0x%lx) on CPU %u", v->vector, place,
                     v->address, v->cpu);
        break;
    case GUARD_STUCK:
        (void)refuse(out, "stuck", NULL, place, NULL,
                     "CPU %u ran with interrupts off for more than %lu ms, at %s", v->cpu,
                     stuck_ms(a), place);
        break;
    case GUARD_SILENT:
        (void)refuse(
            out, "loop", NULL, place, NULL,
            "the task that watches the trial did not come out of its step, at %s", place);
        break;
    default: (void)refuse(out, "overdue", NULL, NULL, NULL, "the trial was never ended");
    }
    const struct version *at = namespace_version_at(namespace_kernel(), v->rip);
    if (at)
        snprintf(out->cell, sizeof out->cell, "%s", at->info.name);
}

/* The guard has restored the bytes; what is left is what the namespace says. The guard goes on
 * watching until no CPU is stuck any more. */
static struct wait after_guard(struct attempt *a)
{
    struct guard_verdict verdict;
    struct refusal reason;
    if (!a->undone) {
        hooks_end(); /* what they look at changes */
        drain_end();
        commit_let_go(); /* the task of a park may be what was made to leave */
        undo(a);
        reserve_draw();
        followers_lead(a->plan);
        a->expel = guard_reverted_because() == GUARD_SILENT;
        settle_begin(a);
    }
    if (!settled(a) || expel_loops(a))
        return wait_until(clock_ns() + SETTLE_LOOK_MS * 1000000ull);
    trial_watch_end(&verdict);
    verdict_text(a, &verdict, &reason);
    if (verdict.restarted)
        log_write("evolve", LOG_WARNING,
                  "attempt %lu: %u tasks were in text that is withdrawn, and begin again",
                  a->report.attempt, verdict.restarted);
    return finish_revert(a, &reason);
}

/* The stores are taken back; what the namespace says follows. */
static struct wait take_finish(struct attempt *a)
{
    struct guard_verdict verdict;
    drain_stored();
    undo(a);
    if (a->wake)
        silence_end(a);
    a->wake = false;
    if (expel_loops(a))
        return wait_until(clock_ns() + LOOK_MS * 1000000ull);
    trial_watch_end(&verdict);
    moving_stored(a, true);
    drain_end();
    return finish_revert(a, &a->take_reason);
}

/* Without its elements nothing of it can be taken back. */
static struct wait take_again(struct attempt *a, const char *why)
{
    log_write("evolve", LOG_WARNING, "it cannot be taken back: %s", why);
    if (++a->take_tries < TAKE_TRIES)
        return wait_until(clock_ns() + TAKE_GAP_MS * 1000000ull);
    log_write("evolve", LOG_ERROR, "the machine resets into its last permanent release");
    console_flush_unlocked();
    power_reset();
}

/* Stores what was there before. A commit on trial cannot be trusted to take itself back: then the
 * guard does, if it can. */
static enum status store_back(struct attempt *a)
{
    if (!plan_swaps(a->plan, "commit") || a->plan->migrations.walked)
        return commit_apply(a->plan->pokes, a->plan->poke_count, &a->plan->migrations,
                            true, ms_to_tsc(HOLD_LIMIT_MS), &a->times);
    guard_take_back();
    return STATUS_OK;
}

/* Takes the swap back in good order: of a coupled set once nobody is inside. */
static struct wait take_back(struct attempt *a)
{
    struct wait wait;
    struct refusal busy;
    if (a->taken)
        return take_finish(a);
    reserve_draw();
    if (a->coupled) {
        enum drain_result drained = drain_step(a, true, &wait, &busy);
        if (drained == DRAIN_WAIT)
            return wait;
        if (drained == DRAIN_BUSY && a->plan->migrations.walked)
            return take_again(a, busy.text);
        if (drained == DRAIN_BUSY)
            log_write("evolve", LOG_WARNING, "it is taken back all the same: %s",
                      busy.text);
    }
    enum status status = store_back(a);
    if (status == STATUS_AGAIN) {
        moving_drop(a);
        a->untouched = false;
        drain_end();
        return take_again(a, "an object changed while it was moved");
    }
    if (status == STATUS_TIMEOUT) {
        if (!a->untouched)
            moving_drop(a);
        a->untouched = false;
        drain_end();
        return wait_until(clock_ns() +
                          LOOK_MS * 1000000ull); /* the guard steps in if need be */
    }
    a->taken = true;
    if (a->coupled && status == STATUS_OK) {
        drain_moved(); /* as in run_commit() */
        return wait_again();
    }
    if (status != STATUS_OK && !guard_reverted())
        log_write("evolve", LOG_ERROR,
                  "the place at 0x%lx does not hold what was stored there",
                  a->times.drift_va);
    return take_finish(a);
}

static struct wait begin_to_take_back(struct attempt *a, const struct refusal *reason)
{
    hooks_end();
    a->taking = true;
    a->take_reason = *reason;
    return take_back(a);
}

/* The guard could not act by itself, and wants the swap task to. */
static struct wait heed(struct attempt *a, const struct guard_verdict *asked)
{
    struct refusal reason;
    verdict_text(a, asked, &reason);
    a->expel = true;
    a->settle_ns = clock_ns();
    return begin_to_take_back(a, &reason);
}

static struct wait make_permanent(struct attempt *a)
{
    struct refusal reason;
    struct guard_verdict verdict;
    if (!a->checked) {
        a->checked = true;
        hooks_begin_checks();
        return wait_again();
    }
    enum leaks_state memory = leaks_judge(&reason);
    if (memory == LEAKS_FOUND)
        return begin_to_take_back(a, &reason);
    if (memory == LEAKS_LOOKING)
        return wait_until(clock_ns() + SETTLE_LOOK_MS * 1000000ull);
    /* A trial may be shorter than it takes to call a CPU stuck, or a step a loop. */
    if (!a->settling)
        settle_begin(a);
    if (!settled(a))
        return wait_until(clock_ns() + SETTLE_LOOK_MS * 1000000ull);
    if (judge_may_loop(a))
        return wait_until(clock_ns() + SETTLE_LOOK_MS * 1000000ull);
    enum status status = hand_over(a);
    if (status == STATUS_TIMEOUT && clock_ns() - a->settle_ns < HANDOVER_MS * 1000000ull)
        return wait_until(clock_ns() + LOOK_MS * 1000000ull);
    if (guard_reverted())
        return after_guard(a);
    if (guard_asked(&verdict))
        return heed(a, &verdict);
    if (status != STATUS_OK) {
        (void)refuse(&reason, "handover", NULL, NULL, NULL,
                     "what watched the trial could not hand over to its new version: %s",
                     status_name(status));
        return begin_to_take_back(a, &reason);
    }
    trial_watch_end(&verdict);
    if (guard_asked(&verdict))
        return heed(a, &verdict);
    if (verdict.cause != GUARD_NONE) {
        verdict_text(a, &verdict, &reason);
        return finish_revert(a, &reason);
    }
    moving_permanent(a);
    ending_begin(a->plan);
    a->report.trial_ns = clock_ns() + a->trial_ns - a->report.trial_end_ns;
    attempt_end(a, EVOLVE_PERMANENT, NULL);
    return wait_again();
}

struct wait trial_step(struct attempt *a)
{
    struct refusal reason;
    uint64_t next_ns;
    struct guard_verdict asked;
    if (guard_reverted() && !a->taken)
        return after_guard(a);
    if (a->taking)
        return take_back(a);
    if (guard_asked(&asked))
        return heed(a, &asked);
    switch (judge_look(a, &next_ns, &reason)) {
    case JUDGE_BAD: return begin_to_take_back(a, &reason);
    case JUDGE_OVER: return make_permanent(a);
    default: return wait_event(evolve_event(), 0, next_ns);
    }
}
