/* What the swap task has last seen of tasks and CPUs: who is still at it, who has moved on.
 * SPDX-License-Identifier: MIT
 *
 * One record, of which the swap task is the only user: during a trial it finds loops, at the
 * end of a trial and between two scans it says whether every CPU has come by.
 */
#ifndef NEURATH_CORE_EVOLVE_WATCH_H
#define NEURATH_CORE_EVOLVE_WATCH_H

#include <task/task/task.h>

struct suspect {
    struct task *task;
    char name[TASK_NAME_MAX];
};

/* Forgets everything, and notes which steps are under way: what is seen from now on counts. */
void watch_begin(void);
/* Looks at all tasks. True: *out is one whose present step has had a CPU for LIMIT_NS since it was first seen, and has begun
 * since watch_begin(); one that was under way then has not begun in new text, and counts after EARLIER_NS only. */
bool watch_find_loop(uint64_t limit_ns, uint64_t earlier_ns, struct suspect *out);
/* How many tasks there are of which watch_find_loop() would say so. */
uint32_t watch_count_loops(uint64_t limit_ns, uint64_t earlier_ns);
/* The step of TASK counts from now on as one that has begun since, and is waited for. Inside task_for_each(). */
void watch_blame(struct task *task);
/* Begins to wait for the steps that are under way now, without those that were when the watch began. */
void watch_steps(void);
/* Says whether all of them have ended, or wait for something. */
bool watch_steps_ended(void);
/* Begins to wait for every CPU to come by. */
void watch_cpus(void);
/* Says whether every CPU has idled or beaten since watch_cpus(): none of them is still in what
 * it was in then. */
bool watch_cpus_came_by(void);

#endif
