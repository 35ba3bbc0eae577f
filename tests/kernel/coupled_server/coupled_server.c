/* A cell whose functions change their form together with their caller, coupled_client. */
/* SPDX-License-Identifier: MIT */
#include "coupled_server.h"

#include <task/spinlock/spinlock.h>
#include <task/task/task.h>

static uint64_t mixed_direct;
static uint64_t mixed_by_pointer;
static struct wait_queue
    queue; /* zero bytes are an unlocked lock; the list is set up on first use */
static uint64_t given;
static uint64_t released;
static uint64_t sleepers;
static volatile uint64_t misbehaving;

static void count(uint64_t *counter)
{
    __atomic_add_fetch(counter, 1, __ATOMIC_SEQ_CST);
}

uint32_t coupled_server_version(void)
{
    return COUPLED_VERSION;
}
uint64_t coupled_mixed_direct(void)
{
    return __atomic_load_n(&mixed_direct, __ATOMIC_SEQ_CST);
}
uint64_t coupled_mixed_by_pointer(void)
{
    return __atomic_load_n(&mixed_by_pointer, __ATOMIC_SEQ_CST);
}
uint64_t coupled_sleepers(void)
{
    return __atomic_load_n(&sleepers, __ATOMIC_SEQ_CST);
}
void coupled_misbehave(void)
{
    misbehaving = 1;
}

#if COUPLED_VERSION == 2
uint64_t coupled_serve(uint64_t tag, uint64_t a, uint64_t b)
{
    if (tag != COUPLED_VERSION)
        count(&mixed_direct);
#ifdef VARIANT_fault
    if (misbehaving) {
        misbehaving = 0;
        volatile uint32_t *volatile nowhere = (volatile uint32_t *)8;
        *nowhere = 1;
    }
#elif defined VARIANT_loop
    while (misbehaving)
        cpu_pause();
#endif
    return 2000 + a + b;
}
#else
uint64_t coupled_serve(uint64_t tag, uint64_t a)
{
    if (tag != COUPLED_VERSION)
        count(&mixed_direct);
    return 1000 + a;
}
#endif

static uint64_t check(uint64_t tag)
{
    if (tag != COUPLED_VERSION)
        count(&mixed_by_pointer);
    return COUPLED_VERSION;
}

coupled_check_fn coupled_checker(void)
{
    return check;
}

#ifdef VARIANT_held
uint64_t coupled_hook(uint64_t a, uint64_t b);
uint64_t coupled_hook(uint64_t a, uint64_t b)
{
    return a + b;
}
#else
uint64_t coupled_hook(uint64_t a);
uint64_t coupled_hook(uint64_t a)
{
    return a + COUPLED_VERSION;
}
#endif

void *coupled_hook_address(void)
{
    return (void *)coupled_hook;
}

static void queue_lock(void)
{
    spin_lock(&queue.lock);
    if (queue.waiters.next == NULL)
        list_init(&queue.waiters);
}

enum status coupled_take(void *arg)
{
    queue_lock();
    sleepers++;
    while (given == 0) {
        enum sleep_result result = wait_queue_sleep(&queue, 0);
        queue_lock();
        if (result == SLEEP_RESTART) {
            sleepers--;
            spin_unlock(&queue.lock);
            return STATUS_RESTART;
        }
    }
    sleepers--;
    given--;
    spin_unlock(&queue.lock);
    *(volatile uint64_t *)arg = COUPLED_VERSION;
    return STATUS_OK;
}

void coupled_give(void)
{
    queue_lock();
    given++;
    (void)wait_queue_wake_all(&queue);
    spin_unlock(&queue.lock);
}

void coupled_stay(void)
{
    queue_lock();
    sleepers++;
    while (released < COUPLED_VERSION) {
        (void)wait_queue_sleep(&queue, 0);
        queue_lock();
    }
    sleepers--;
    spin_unlock(&queue.lock);
}

void coupled_release(void)
{
    queue_lock();
    released = 9;
    (void)wait_queue_wake_all(&queue);
    spin_unlock(&queue.lock);
}
