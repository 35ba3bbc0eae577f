/* What speaks against a version on trial, asked at each look.
 * SPDX-License-Identifier: MIT
 *
 * A wish (evolve_revert); a hook or a check that fails or does not end (hooks.h); a task that does not come out of its step
 * (watch.h); memory (leaks.h); who has to confirm sleeps (silence.h); nobody confirms. What the guard notices is not asked
 * here: it has acted by then. The swap task is the only user.
 */
#ifndef NEURATH_CORE_EVOLVE_JUDGE_H
#define NEURATH_CORE_EVOLVE_JUDGE_H

#include <core/evolve/private.h>
#include <core/evolve/watch.h>

enum judgement {
    JUDGE_GOES_ON, /* look again at *out_next_ns, or when something has happened */
    JUDGE_OVER,    /* it may become permanent */
    JUDGE_BAD,     /* *out_reason says why; a->expel, a->wake say how it has to go back */
};

enum judgement judge_look(struct attempt *a, uint64_t *out_next_ns,
                          struct refusal *out_reason);
/* True: *out is a task whose step has had a CPU for too long. */
bool judge_finds_loop(struct suspect *out);
/* Says whether a task has been in one step since watch_steps(), or for long, for as long as it is worth waiting for that:
 * on a busy host, or beside others that loop, one may have had little of a CPU so far. */
bool judge_may_loop(const struct attempt *a);

#endif
