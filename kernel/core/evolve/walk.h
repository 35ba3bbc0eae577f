/* Calls functions of cells that may fault or never end: walks, fills, checks and hooks, in a task of their own.
 * SPDX-License-Identifier: MIT
 *
 * The task `walker` waits for a job of the swap task. It is let through the scheduler's closed gate, by itself. If it
 * faults or its time is over it is restarted, and the job has failed; nobody else notices. The guard must be armed,
 * for a walk that stops its CPU. One job at a time; the swap task is the only user.
 * States: IDLE → RUNNING (walk_begin) → IDLE (walk_look: it has ended, or was ended).
 */
#ifndef NEURATH_CORE_EVOLVE_WALK_H
#define NEURATH_CORE_EVOLVE_WALK_H

#include <core/plan/elements.h>
#include <task/task/task.h>

enum { WALK_OBJECTION_MAX = 128 };

struct walk_job {
    void (*run)(void); /* this alone, if there is one */
    uint32_t run_ms;   /* how long it may take on a CPU; 0: any time */
    uint32_t limit_ms; /* and by the clock; 0: as long as walks may */
    /* Walks: LISTS[i] says what the walk FUNCTIONS[i] names; or, if there are no functions, fills of SET, then edges of
     * objects of ALL. */
    const struct plan_walk *functions;
    struct element_names *lists;
    uint32_t count;
    struct evolve_name *names; /* room for all of them */
    uint64_t room;
    uint64_t named; /* out; if more than ROOM, the lists are not complete */
    const struct element_set *set; /* or NULL */
    const struct moving_type *types;
    uint32_t type_count;
    struct migration_list *all; /* of the plan: what pointers follow */
    bool backwards;             /* of objects */
    uint8_t *scratch;           /* for forms on the way over edges (core/plan/steps.h) */
    uint64_t scratch_len;
    const char *unfit; /* out: a field whose value has no place in the next form, or NULL */
    const struct migration *object; /* out: whose edges were called last, or NULL: fills */
    const struct moving_type *objector; /* out: the owner of these does not accept one, or NULL */
    char objection[WALK_OBJECTION_MAX]; /* why not */
};

enum walk_result { WALK_RUNNING, WALK_ENDED, WALK_FAULTED, WALK_OVERDUE };

/* Begins JOB, which is lent until walk_look() says that it is over. Gate closed by the current task, or open. */
void walk_begin(struct walk_job *job);
/* Says how the job is; of one whose time is over or that faulted no frame is left. */
enum walk_result walk_look(void);
/* Ends the job, if there is one: no frame of it is left. */
void walk_give_up(void);
/* When to look again, at the latest. */
uint64_t walk_next_ns(void);
NODISCARD enum status walk_start(void);

#endif
