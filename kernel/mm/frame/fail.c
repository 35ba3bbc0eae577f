/* Lets requests for memory fail, for tests of what undoes itself. */
/* SPDX-License-Identifier: MIT */
#include <mm/frame/frame.h>

#include <lib/base/atomic.h>
#include <task/cpu/cpu.h>

static struct {
    const struct task *task; /* [a] NULL: nobody's requests fail */
    uint64_t left;           /* requests of the task before those that fail; its own */
    uint64_t count;          /* how many of these are to come; its own */
    bool failed;             /* [a] */
} fail;

void memory_fail(const struct task *task, uint64_t n, uint64_t count)
{
    atomic_store(&fail.task, NULL);
    fail.left = n;
    fail.count = count;
    atomic_store(&fail.failed, false);
    atomic_store(&fail.task, task);
}

bool memory_failed(void)
{
    return atomic_load(&fail.failed);
}

bool memory_fails_now(void)
{
    const struct task *task = atomic_load(&fail.task);
    if (task == NULL || task != cpu_current_task() || cpu_in_interrupt())
        return false;
    if (fail.left) {
        fail.left--;
        return false;
    }
    if (--fail.count == 0)
        atomic_store(&fail.task, NULL);
    atomic_store(&fail.failed, true);
    return true;
}
