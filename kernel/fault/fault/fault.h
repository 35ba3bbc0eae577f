/* Faults: tell what happened and where, then restart the task, or the machine. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_FAULT_FAULT_FAULT_H
#define NEURATH_FAULT_FAULT_FAULT_H

#include <lib/base/status.h>
#include <task/entry/entry.h>

/* Order: the execution of retired text is no fault; that of withdrawn text is none of the version on trial (stale.h).
 * The swap's guard is asked first (it may revert a swap in trial); registers and a backtrace are logged, the fault is
 * put on the list. Then a task is restarted, or a faulting interrupt handler given up and the interrupted code goes on.
 * With a lock held, in the scheduler, under a park, or when it happens again and again, there is no such cure: all is
 * printed and the machine resets. */

struct fault_record {
    uint64_t number; /* 1 = first since boot */
    uint64_t time_ns;
    uint64_t vector;
    uint64_t error;
    uint64_t rip;
    uint64_t address; /* CR2 of a page fault */
    uint32_t cpu;
    bool reverted; /* the guard took a swap back because of it */
    bool fatal;
    bool in_interrupt;
    char task[24];
    char place[96]; /* cell@version function+offset */
};

/* The newest 32. INDEX 0 is the newest. STATUS_NOT_FOUND: no such record. */
NODISCARD enum status fault_at(size_t index, struct fault_record *out);
uint64_t fault_count(void);
struct event *fault_event(void);

/* A broken assertion of the kernel itself: logs TEXT with the caller's place, then goes on like an exception. */
NORETURN void fault_panic(const char *format, ...) PRINTF_LIKE(1, 2);

/* For tests: the next exception on this CPU whose address is in [low, high) continues at RESUME with its
 * vector counted, instead of being a fault. (0, 0, 0): none. */
void fault_expect(uint64_t low, uint64_t high, uint64_t resume_rip);
uint64_t fault_expected_vector(void);

/* Called by the cell entry for every exception but NMI. */
void fault_handle(struct trap_frame *frame);

/* Start hook, phase service: shell command `faults`. */
enum status fault_start(void);

#endif
