/* The contended case of a spinlock. */
/* SPDX-License-Identifier: MIT */
#include <task/spinlock/spinlock.h>

#include <mm/paging/paging.h>

void spin_wait(struct spinlock *lock)
{
    uint32_t expected;
    do {
        while (__atomic_load_n(&lock->taken, __ATOMIC_RELAXED) != 0) {
            /* The holder may be waiting for this CPU to forget a translation. */
            if (cpu_shootdown_pending())
                paging_shootdown_poll();
            cpu_pause();
        }
        expected = 0;
    } while (!__atomic_compare_exchange_n(&lock->taken, &expected, cpu_index() + 1, false,
                                          __ATOMIC_ACQUIRE, __ATOMIC_RELAXED));
}
