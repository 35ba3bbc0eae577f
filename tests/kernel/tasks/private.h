/* Shared by the files of this test. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_TESTS_KERNEL_TASKS_PRIVATE_H
#define NEURATH_TESTS_KERNEL_TASKS_PRIVATE_H

#include <task/task/task.h>
#include <tests/kernel/ktest/ktest.h>

void no_signal_is_lost_between_two_tasks(void);
void no_signal_is_lost_among_many(void);
void an_event_wakes_all_its_waiters(void);
void an_event_wait_ends_at_its_deadline(void);

void deadlines_come_in_order_and_not_early(void);
void a_cancelled_timer_does_not_fire(void);
void a_timer_can_arm_itself_again(void);

void sleepers_are_woken_one_by_one(void);
void a_sleep_ends_at_its_deadline(void);
void a_restarted_sleep_enters_its_operation_again(void);
void no_item_is_lost_in_a_queue(void);

void a_busy_task_does_not_stop_the_others(void);
void urgent_tasks_come_first(void);
void tasks_leave_nothing_behind(void);
void a_pinned_task_stays_on_its_cpu(void);
void a_task_that_runs_has_had_time(void);
void registers_survive_preemption(void);

void a_closed_gate_keeps_all_other_tasks(void);
void a_gate_opens_by_itself_at_its_deadline(void);
void a_gate_opens_when_its_owner_faults(void);
void a_task_that_passes_ends_its_step_and_no_more(void);

void a_faulting_task_starts_again(void);
void a_task_that_always_faults_is_slowed_down(void);
void a_panic_restarts_its_task(void);
void a_faulting_interrupt_handler_is_given_up(void);
void who_is_made_to_leave_loses_no_interrupt(void);
void a_step_that_returns_nonsense_restarts(void);
void a_sleeping_task_can_be_restarted(void);
void the_scheduler_keeps_its_invariants(void);

/* Adds one to a counter that the cases wait for. */
static inline void count(volatile uint64_t *counter)
{
    __atomic_add_fetch(counter, 1, __ATOMIC_SEQ_CST);
}

#endif
