/* What the scheduler says of itself in a trial. */
/* SPDX-License-Identifier: MIT */
#include <task/task/task.h>

#include <lib/base/evolve.h>

EVOLVE_CHECK(invariants)
{
    return task_check() ? NULL : "a task is not on the list that its state says";
}

/* Who calls is a task that runs, and an event that it signals counts. */
EVOLVE_CHECK(events)
{
    struct event event;
    uint32_t before;
    struct task *self = task_current();
    if (self == NULL || task_state(self) != TASK_RUNNING)
        return "the task that runs is not known";
    event_init(&event);
    before = event_seq(&event);
    event_signal(&event);
    return event_seq(&event) != before ? NULL : "a signal leaves its event as it was";
}
