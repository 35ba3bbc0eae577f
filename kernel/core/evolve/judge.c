/* Asks what speaks against a version on trial.
 * SPDX-License-Identifier: MIT
 */
#include <core/evolve/judge.h>

#include <core/evolve/hooks.h>
#include <core/evolve/leaks.h>
#include <core/evolve/silence.h>
#include <string.h>
#include <task/cpu/cpu.h>
#include <time/clock/clock.h>

enum {
    LOOK_MS = 50,
    SOON_MS = 2,    /* while something is under way */
    LOOP_MS = 3000, /* time that one step may run on a CPU */
    SUSPECT_MS =
        100, /* after it a trial does not end before the step has ended, or is a loop */
    EARLIER_MS =
        30000, /* of a step that was under way before the swap: it is hardly to blame */
    CONFIRM_MS = 60000,  /* after the trial, for evolve_confirm() */
    PATIENCE_MS = 10000, /* for what may be a loop, for each that a CPU has of them */
    LONGEST_PATIENCE_MS = 60000, /* for them all */
};

static bool finds_loop(uint64_t limit_ms, struct suspect *out)
{
    return watch_find_loop(limit_ms * 1000000ull, EARLIER_MS * 1000000ull, out);
}

/* Who takes what memory is left gets no time to be sure. */
bool judge_finds_loop(struct suspect *out)
{
    return finds_loop(leaks_press() ? SUSPECT_MS : LOOP_MS, out);
}

bool judge_may_loop(const struct attempt *a)
{
    uint64_t suspects =
        watch_count_loops(SUSPECT_MS * 1000000ull, EARLIER_MS * 1000000ull);
    uint64_t shares = max_u64((suspects + cpu_count() - 1) / cpu_count(), 1);
    uint64_t patience_ms = min_u64(PATIENCE_MS * shares, LONGEST_PATIENCE_MS);
    return clock_ns() - a->settle_ns <= patience_ms * 1000000ull &&
           (suspects || !watch_steps_ended());
}

/* Whoever is in the text that goes is restarted. */
static enum judgement expels(struct attempt *a)
{
    a->expel = true;
    a->settle_ns = clock_ns();
    return JUDGE_BAD;
}

static enum judgement wakes(struct attempt *a)
{
    a->wake = true;
    return JUDGE_BAD;
}

static enum judgement look_at_tasks(struct attempt *a, uint64_t end_ns,
                                    struct refusal *out_reason)
{
    struct suspect suspect;
    if (finds_loop(LOOP_MS, &suspect)) {
        (void)refuse(out_reason, "loop", NULL, NULL, NULL,
                     "task %s has been in one step for more than %u ms of CPU time",
                     suspect.name, LOOP_MS);
        return expels(a);
    }
    if (!a->self_confirm && !a->confirmed && silence_found(a, end_ns, out_reason))
        return wakes(a);
    return JUDGE_GOES_ON;
}

/* The wish is that of another task: copied under the lock. */
static bool is_wanted_back(struct attempt *a, struct refusal *out_reason,
                           bool *out_confirmed, uint64_t *out_end_ns)
{
    evolve_lock();
    bool wanted = a->revert_wanted;
    if (wanted)
        *out_reason = a->report.reason;
    *out_confirmed = a->confirmed;
    *out_end_ns = a->report.trial_end_ns;
    evolve_unlock();
    return wanted;
}

enum judgement judge_look(struct attempt *a, uint64_t *out_next_ns,
                          struct refusal *out_reason)
{
    bool confirmed;
    uint64_t end_ns;
    uint64_t now = clock_ns();
    /* What has cut the machine off may be asleep itself. */
    if (is_wanted_back(a, out_reason, &confirmed, &end_ns))
        return strcmp(out_reason->code, "no_contact") == 0 ? wakes(a) : JUDGE_BAD;
    enum hooks_state hooks = hooks_look(out_reason);
    if (hooks == HOOKS_FAILED)
        return JUDGE_BAD;
    if (hooks == HOOKS_OVERDUE)
        return expels(a);
    enum leaks_state memory = leaks_look(out_reason);
    if (memory == LEAKS_FOUND)
        return leaks_press() ? expels(a) : JUDGE_BAD;
    if (look_at_tasks(a, end_ns, out_reason) == JUDGE_BAD)
        return JUDGE_BAD;
    if (hooks == HOOKS_ENDED && (confirmed || (a->self_confirm && now >= end_ns)))
        return JUDGE_OVER;
    if (now >= end_ns + CONFIRM_MS * 1000000ull) {
        (void)refuse(out_reason, "unconfirmed", NULL, NULL, NULL,
                     "nobody confirmed the new code within %u s after its trial",
                     CONFIRM_MS / 1000);
        return JUDGE_BAD;
    }
    bool soon = hooks == HOOKS_RUNNING || memory == LEAKS_LOOKING;
    *out_next_ns = now + (soon ? SOON_MS : LOOK_MS) * 1000000ull;
    if (a->self_confirm && end_ns < *out_next_ns)
        *out_next_ns = end_ns;
    return JUDGE_GOES_ON;
}
