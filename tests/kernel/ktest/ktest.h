/* A harness for tests that run inside the kernel. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_TESTS_KERNEL_KTEST_H
#define NEURATH_TESTS_KERNEL_KTEST_H

#include <lib/base/status.h>

/* A test is a cell of kind test with `start := app`; its hook calls ktest_run(). When the machine is up, the cases run one after
 * another in a task, each in a step of its own; every case prints a line. Then QEMU ends, with exit status 33
 * when all have passed and 35 when not (isa-debug-exit). */

typedef void (*ktest_fn)(void);

struct ktest_case {
    const char *name; /* a sentence, words joined by _ */
    ktest_fn fn;
};

#define KTEST_CASE(fn)                                                                   \
    {                                                                                    \
#fn, fn                                                                          \
    }

/* CASES stay valid. */
enum status ktest_run(const struct ktest_case *cases, size_t count);

/* The case fails, and goes on, when the condition does not hold. */
#define KTEST_CHECK(condition)                                                           \
    do {                                                                                 \
        if (!(condition))                                                                \
            ktest_fail(__func__, #condition);                                            \
    } while (0)
void ktest_fail(const char *function, const char *condition);

/* The task of the cases sleeps. */
void ktest_sleep(uint64_t ns);
/* Until CONDITION(ARG) holds, asked each millisecond; false when it does not within LIMIT_NS. */
typedef bool (*ktest_condition_fn)(void *arg);
bool ktest_until(ktest_condition_fn condition, void *arg, uint64_t limit_ns);
/* As above for a counter that other tasks raise: until it is at least VALUE. */
bool ktest_until_count(const volatile uint64_t *counter, uint64_t value,
                       uint64_t limit_ns);

/* Touches ADDRESS. Gives the vector of the exception that this raised, KTEST_NO_FAULT when none. */
#define KTEST_NO_FAULT UINT64_MAX
uint64_t ktest_probe_read(const volatile void *address);
uint64_t ktest_probe_write(volatile void *address);
/* Calls ADDRESS, which should hold a `ret` instruction in case it can be executed. */
uint64_t ktest_probe_execute(const volatile void *address);

#endif
