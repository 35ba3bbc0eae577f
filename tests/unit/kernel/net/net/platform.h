/* The kernel's locks for one thread on the host; forced in front of every file, so that the real headers are left out. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_TESTS_NET_PLATFORM_H
#define NEURATH_TESTS_NET_PLATFORM_H

#define NEURATH_LIB_BASE_IO_H
#define NEURATH_TASK_CPU_CPU_H
#define NEURATH_TASK_ENTRY_ENTRY_H
#define NEURATH_TASK_SPINLOCK_SPINLOCK_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

struct trap_frame;
struct saved_context;
struct wait_queue;
unsigned cpu_count(void);
int entry_sleep(struct wait_queue *queue, uint64_t deadline_ns);

/* Asserts what a single thread can: that no lock is taken twice or left. */
struct spinlock {
    bool taken;
};

static inline void spin_init(struct spinlock *lock)
{
    lock->taken = false;
}

static inline void spin_lock(struct spinlock *lock)
{
    assert(!lock->taken);
    lock->taken = true;
}

static inline void spin_unlock(struct spinlock *lock)
{
    assert(lock->taken);
    lock->taken = false;
}

#endif
