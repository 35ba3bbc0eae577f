/* A cell whose data change their form, with operations in which a task of the new version is caught. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_TESTS_KERNEL_WITHDRAW_TARGET_H
#define NEURATH_TESTS_KERNEL_WITHDRAW_TARGET_H

#include <task/task/task.h>

enum withdraw_how {
    WITHDRAW_LOOP,  /* runs, or is preempted, in the cell's own text */
    WITHDRAW_NAP,   /* sleeps again and again for a millisecond */
    WITHDRAW_SLEEP, /* sleeps until somebody wakes it */
    WITHDRAW_BELOW, /* is in a function of another cell that was given a pointer into the state */
    WITHDRAW_LOCK,  /* holds a lock most of the time, and changes a pair under it */
    WITHDRAW_QUEUE, /* sleeps in a queue that lies in the state itself */
    WITHDRAW_HOWS,
};

/* One task, seen from outside; in the test's memory. */
struct withdraw_task {
    enum withdraw_how how;
    volatile uint64_t inside; /* it is in the new version's operation */
    volatile uint64_t go;     /* now it may write */
    volatile uint64_t old;    /* calls of version 1 */
    volatile uint64_t pair[2];
    struct spinlock lock;
    struct wait_queue queue;
    void (*below)(struct withdraw_task *task, volatile uint64_t *word);
};

uint32_t withdraw_target_version(void);
/* Version 1: counts in TASK->old. Later ones: does what TASK->how says, and when told to go writes into the state. */
void withdraw_target_dwell(struct withdraw_task *task);
/* The state as both versions understand it. */
void withdraw_target_set(uint64_t first, uint64_t second);
bool withdraw_target_is(uint64_t first, uint64_t second);
/* Variant `fault`: writes to page 0. Variant `stuck`: loops with interrupts off. Version 1: nothing. */
void withdraw_target_misbehave(void);
/* A function that only later versions have, and that writes into the state; version 1: NULL. */
typedef void (*withdraw_fn)(void);
withdraw_fn withdraw_target_new(void);
/* Wakes who sleeps in the state's own queue. */
void withdraw_target_wake(void);

#endif
