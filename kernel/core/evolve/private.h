/* What the swap task's own files share.
 * SPDX-License-Identifier: MIT
 */
#ifndef NEURATH_CORE_EVOLVE_PRIVATE_H
#define NEURATH_CORE_EVOLVE_PRIVATE_H

#include <core/commit/commit.h>
#include <core/evolve/evolve.h>
#include <core/guard/guard.h>
#include <task/task/task.h>

/* One request, from evolve_submit() to its end; then only the report is kept. */
struct attempt {
    struct attempt *next;
    struct evolve_report report; /* [L] evolve_lock() */
    struct plan_object *set;     /* bytes are the attempt's until the plan takes them */
    char (*set_names)[CELL_NAME_MAX + 1];
    uint32_t set_count;
    char (*remove)[CELL_NAME_MAX + 1];
    const char **remove_list;
    uint32_t remove_count;
    char **consent; /* with the names behind the pointers, one object of the heap */
    uint32_t consent_count;
    uint64_t trial_ns;
    uint64_t stuck_ns;
    uint64_t asker; /* id of the task that asked for it; 0: none */
    bool self_confirm;
    bool confirmed; /* [L] */
    bool undone;    /* the namespace says again what ran before */
    bool settling; /* waits until every CPU has been seen to beat, before the watch ends */
    uint64_t settle_ns; /* since when */
    bool checked;       /* the checks have run once more, before it becomes permanent */
    bool revert_wanted; /* [L] */
    uint32_t commit_tries;
    bool coupled; /* the drain comes before the stores, also on the way back */
    bool applied; /* the stores were made; what the namespace says follows in the next step */
    bool taking;              /* it is being taken back, because of take_reason */
    bool taken;               /* its stores were taken back */
    bool untouched;           /* ... before anybody ran after them */
    const char *start_failed; /* a cell of a lineage that comes, lent by the plan; NULL: none */
    enum status start_status;
    bool linked;  /* the namespace says what the stores have made true */
    bool watched; /* by the guard, while the drain calls functions of cells */
    uint32_t take_tries;
    bool expel; /* on the way back, whoever loops is made to leave */
    bool looked_inside; /* ... whoever is inside too, when it has come in the middle of its step */
    bool wake;          /* on the way back, whoever sleeps inside begins its step again */
    uint64_t commit_begun_ns;
    struct commit_times times;
    struct refusal take_reason;
    struct plan *plan;
};

/* Guards reports, the queue and the wishes of other tasks. */
void evolve_lock(void);
void evolve_unlock(void);

/* Gives a new phase to A and tells whoever waits. */
void attempt_enter(struct attempt *a, enum evolve_phase phase);
/* Ends A in PHASE with a reason (NULL: none) and logs it. */
void attempt_end(struct attempt *a, enum evolve_phase phase, const struct refusal *reason);

/* Enters TASK in A's report as one that was inside; once for each. Inside task_for_each(). */
void attempt_waits_for(struct attempt *a, const struct task *task);

/* Adds a line to A's account (evolve_account_read()); what does not fit is left out. */
void attempt_tell(struct attempt *a, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Notes in A's report and the log which objects its plan migrates. */
void migrate_describe(struct attempt *a);
/* Tries A's migrations on what is live now, into memory of the plan. Gives false and why, for each object, if a
 * value has no place in its new form. What counts is the same at the commit. */
bool migrate_try(struct attempt *a, struct plan_report *out);
/* Says what the way back of A had to cut, if anything. */
void migrate_tell_cut(struct attempt *a);
/* Says why the commit's migrations found no place for a value. */
void migrate_reason(const struct attempt *a, struct refusal *out);

/* Carries out one stage of A; gives what to wait for. */
struct wait attempt_step(struct attempt *a);
/* One look at the trial of A. */
struct wait trial_step(struct attempt *a);
/* Makes what came of the engine itself show that it works, under the guard's watch: by doing it
 * with words of its own, or with a fault that is none. The trial of A ends if it does not. */
void rehearse(struct attempt *a);
/* Makes the new version of what watched this trial take over, if there is one: then the watch is over. Results as of
 * guard_hand_over(). */
NODISCARD enum status hand_over(struct attempt *a);
/* Begins and ends the guard's watch. */
void trial_begin(struct attempt *a);
void trial_watch_end(struct guard_verdict *out);

/* Lends the newest attempts' reports, newest first; INDEX 0 on. Under evolve_lock(). */
const struct evolve_report *evolve_report_at(uint32_t index);

/* An attempt has begun or ended: what is known of retired versions is no longer true. */
void retire_later(void);
/* Looks for references to retired versions, a little each time, and frees those that have
 * none; SEQ is that of evolve_event(). Only while there is no attempt. */
struct wait retire_step(uint32_t seq);
/* Says whether the next attempt is to wait for retire_step(): so much is retained. Bounded: what
 * is still referred to keeps no attempt waiting for long. */
bool retire_presses(void);
/* Versions that have left the namespace and are about to be freed. */
uint32_t retire_limbo(void);
/* Lends the first of them, or NULL; `limbo` leads on. */
const struct version *retire_first_in_limbo(void);

enum status commands_start(void);

#endif
