/* Locks for short work between CPUs and interrupts. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_TASK_SPINLOCK_SPINLOCK_H
#define NEURATH_TASK_SPINLOCK_SPINLOCK_H

#include <lib/base/io.h>
#include <lib/base/types.h>
#include <task/cpu/cpu.h>

/* Holding one switches interrupts off on this CPU, so a task is never preempted or parked in the middle; each
 * CPU counts the locks that it holds, so a fault knows whether its task can be abandoned. Release in reverse
 * order. While it waits, a CPU answers TLB shootdowns. Not recursive. Layout frozen; zero is unlocked. */
struct spinlock {
    uint32_t taken; /* [a] 0 free, else 1 + index of the CPU that holds it */
    uint32_t zero;
    uint64_t flags; /* the holder's RFLAGS from before */
};

/* Locks lie in objects of all cells and are held while cells are swapped. */
_Static_assert(sizeof(struct spinlock) == 16 && offsetof(struct spinlock, taken) == 0 &&
                   offsetof(struct spinlock, flags) == 8,
               "frozen");

#define SPINLOCK_INIT                                                                    \
    {                                                                                    \
        0, 0, 0                                                                          \
    }

static inline void spin_init(struct spinlock *lock)
{
    lock->taken = 0;
    lock->zero = 0;
    lock->flags = 0;
}

/* Waits until LOCK is free and takes it; out of line, for the contended case. Interrupts are off. */
void spin_wait(struct spinlock *lock);

/* Takes LOCK. Any context. */
static inline void spin_lock(struct spinlock *lock)
{
    uint64_t flags = interrupts_off();
    uint32_t expected = 0;
    cpu_locks_add(1);
    if (!__atomic_compare_exchange_n(&lock->taken, &expected, cpu_index() + 1, false,
                                     __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
        spin_wait(lock);
    lock->flags = flags;
}

/* Takes LOCK if that needs no waiting; true when taken. */
static inline bool spin_try_lock(struct spinlock *lock)
{
    uint64_t flags = interrupts_off();
    uint32_t expected = 0;
    if (!__atomic_compare_exchange_n(&lock->taken, &expected, cpu_index() + 1, false,
                                     __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
        interrupts_restore(flags);
        return false;
    }
    cpu_locks_add(1);
    lock->flags = flags;
    return true;
}

/* Gives LOCK back, and interrupts their former state. */
static inline void spin_unlock(struct spinlock *lock)
{
    uint64_t flags = lock->flags;
    __atomic_store_n(&lock->taken, 0, __ATOMIC_RELEASE);
    cpu_locks_add(-1);
    interrupts_restore(flags);
}

/* As spin_unlock(), but interrupts stay off: for the step into the scheduler, which keeps FLAGS in the context. */
static inline uint64_t spin_unlock_keep_off(struct spinlock *lock)
{
    uint64_t flags = lock->flags;
    __atomic_store_n(&lock->taken, 0, __ATOMIC_RELEASE);
    cpu_locks_add(-1);
    return flags;
}

/* True when this CPU holds LOCK; for assertions. */
static inline bool spin_held(const struct spinlock *lock)
{
    return __atomic_load_n(&lock->taken, __ATOMIC_RELAXED) == cpu_index() + 1;
}

#endif
