/* Runs cases in a task, prints a line for each, ends QEMU. */
/* SPDX-License-Identifier: MIT */
#include "ktest.h"

#include <console/console/console.h>
#include <core/init/init.h>
#include <lib/base/io.h>
#include <task/task/task.h>
#include <time/clock/clock.h>

#define STACK_LEN (64u * 1024u)
/* QEMU ends with 2 * code + 1: 33 and 35, which it never does by itself. */
#define EXIT_PASSED 16u
#define EXIT_FAILED 17u

static struct {
    const struct ktest_case *cases;
    size_t count;
    size_t next;
    size_t failed;
    size_t failures; /* of the case that runs */
    bool begun;      /* the case was entered: found so after a restart, it has faulted */
    struct wait_queue nobody;
} ktest;

void ktest_fail(const char *function, const char *condition)
{
    ktest.failures++;
    console_print("     %s: not true: %s\n", function, condition);
}

static void end_case(const char *name, uint64_t begin)
{
    bool good = ktest.failures == 0;
    console_print("%s %s (%lu ms)\n", good ? "ok  " : "FAIL", name,
                  (clock_ns() - begin) / NS_PER_MS);
    ktest.failed += !good;
    ktest.begun = false;
    ktest.next++;
}

/* A case's frame lies where those of the case before had theirs, and what the processor held when the task lost it: addresses
 * there, of which a frame does not write over all, would look like this case's own. */
__attribute__((noinline)) static void forget_last_case(void)
{
    volatile uint8_t dead[8192];
    for (uint32_t i = 0; i < sizeof dead; i++)
        dead[i] = 0;
}

static struct wait ktest_step(void *arg)
{
    uint32_t seq = event_seq(init_event());
    uint64_t begin = clock_ns();
    (void)arg;
    if (!init_done())
        return wait_event(init_event(), seq, 0);
    if (ktest.next == ktest.count) {
        console_print("%lu passed, %lu failed\n", ktest.count - ktest.failed,
                      ktest.failed);
        console_flush_unlocked();
        debug_exit(ktest.failed == 0 ? EXIT_PASSED : EXIT_FAILED);
        return wait_done();
    }
    if (ktest.begun) {
        ktest_fail(ktest.cases[ktest.next].name, "no fault");
    } else {
        ktest.begun = true;
        ktest.failures = 0;
        forget_last_case();
        ktest.cases[ktest.next].fn();
    }
    end_case(ktest.cases[ktest.next].name, begin);
    return wait_again();
}

enum status ktest_run(const struct ktest_case *cases, size_t count)
{
    static const struct task_options options = {.stack_len = STACK_LEN};
    ktest.cases = cases;
    ktest.count = count;
    wait_queue_init(&ktest.nobody);
    return task_create("ktest", ktest_step, NULL, &options) != NULL ? STATUS_OK
                                                                    : STATUS_FULL;
}

void ktest_sleep(uint64_t ns)
{
    uint64_t end = clock_ns() + ns;
    do {
        spin_lock(&ktest.nobody.lock);
    } while (wait_queue_sleep(&ktest.nobody, end) != SLEEP_TIMEOUT);
}

bool ktest_until(ktest_condition_fn condition, void *arg, uint64_t limit_ns)
{
    uint64_t end = clock_ns() + limit_ns;
    while (!condition(arg)) {
        if (clock_ns() > end)
            return false;
        ktest_sleep(NS_PER_MS);
    }
    return true;
}

struct counter_wait {
    const volatile uint64_t *counter;
    uint64_t value;
};

static bool counter_reached(void *arg)
{
    const struct counter_wait *wait = arg;
    return *wait->counter >= wait->value;
}

bool ktest_until_count(const volatile uint64_t *counter, uint64_t value, uint64_t limit_ns)
{
    struct counter_wait wait = {counter, value};
    return ktest_until(counter_reached, &wait, limit_ns);
}
