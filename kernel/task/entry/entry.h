/* The way into the kernel and between tasks: frozen layouts, and the assembly that keeps to them. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_TASK_ENTRY_ENTRY_H
#define NEURATH_TASK_ENTRY_ENTRY_H

#include <lib/base/status.h>

/* Every layout here is frozen: swaps of any cell rely on it, of this one too. Its text can be swapped: a frame that one
 * version left is taken up by another, and return addresses in old text stay good (core/README.md).
 *
 * Interrupts and exceptions push a trap_frame on the stack that they hit. An interrupt then continues on the
 * CPU's interrupt stack; when it ends at depth 0 and a reschedule was asked for, the frame stays behind as the
 * saved context, and the scheduler starts afresh on the CPU's scheduler stack. So the stack of a task that does
 * not run holds its own frames and frames of this cell, never one of the scheduler (design.md 4, Q3).
 *
 * A task that gives up its CPU inside a step (wait_queue_sleep) leaves a switch_frame.
 * A task between two steps has no frame at all. */

/* Ascending addresses. Pushed by vector entries; all registers at the moment of the interruption. */
struct trap_frame {
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
    uint64_t rbp, rdi, rsi, rdx, rcx, rbx, rax;
    uint64_t vector, error;
    uint64_t rip, cs, rflags, rsp, ss;
};
_Static_assert(sizeof(struct trap_frame) == 22 * 8, "frozen");

/* What entry_sleep() leaves on a task's stack; above it lies the frame of the caller, whose PC is rip. */
struct switch_frame {
    uint64_t r15, r14, r13, r12, rbx, rbp;
    uint64_t rip;
};
_Static_assert(sizeof(struct switch_frame) == 7 * 8, "frozen");

/* A task that does not run: where its registers are, and the stub of the code that takes them up again
 * (entry_resume_trap or entry_resume_switch). resume 0: between steps, no frame. */
struct saved_context {
    uint64_t rsp;    /* address of the trap_frame or switch_frame */
    uint64_t resume; /* stub address */
    uint64_t rflags; /* of a switch_frame: only the interrupt flag counts */
    uint64_t result; /* of a switch_frame: rax after resumption */
};
_Static_assert(sizeof(struct saved_context) == 32, "frozen");

#define ENTRY_VECTOR_NONE 0x100u

/* Stub addresses of the resume code, to tell the two kinds of frame apart. */
uint64_t entry_resume_trap_address(void);
uint64_t entry_resume_switch_address(void);
/* True when PC lies in the root of every task's stack, or is its stub: the walk is complete there. Roots of older
 * versions are known by their unwind tables, which give them no caller. */
bool entry_is_root(uint64_t pc);

/* Stub address of the entry of VECTOR, 0 when there is none. For the IDT. */
uint64_t entry_vector_address(unsigned vector);

/* Puts the initial switch_frame of a task on its empty stack, so that resuming it calls STEP(ARG), stores the
 * struct wait in *RESULT and goes to task_step_done(). */
void entry_prepare_step(struct saved_context *out, uint64_t stack_top, void *step,
                        void *arg, void *result);

/* Takes up a saved context on this CPU. Interrupts off. Does not return. */
NORETURN void entry_resume(const struct saved_context *context);

/* Saves the caller as a switch_frame, moves to the scheduler stack and goes to task_sleep_commit(queue, deadline_ns,
 * rsp). Comes back with the result that the waker chose. Use it as wait_queue_sleep() (task.h). */
uint64_t entry_sleep(void *queue, uint64_t deadline_ns);

/* Moves to this CPU's scheduler stack and goes to task_schedule(); what was on the old stack is given up. Interrupts off. */
NORETURN void entry_schedule(void);

/* Gives up the current step and goes to task_step_done() with the struct wait that was stored. Interrupts off. */
NORETURN void entry_leave_step(void);

/* Gives up the interrupt that runs on this CPU and goes on with what it interrupted. The handler must have been told:
 * see interrupt_abandon(). Interrupts off. */
NORETURN void entry_interrupt_end(void);

/* Stub address of code that goes to task_abandon(true) on the scheduler stack, from any frame of this CPU. */
uint64_t entry_abandoned_address(void);
/* The same for code that goes to interrupt_abandon(), from the handler that runs on this CPU. */
uint64_t entry_interrupt_abandoned_address(void);

/* Halts this CPU on its scheduler stack until an interrupt has come, then goes to task_schedule(). */
NORETURN void entry_idle(void);

/* Calls FN(ARG) through its stub, and again as long as it returns STATUS_RESTART; before that the task gives way, and waits
 * while a gate is closed (task.h). Interrupts on, no lock held. */
typedef enum status (*restartable_fn)(void *arg);
enum status restartable_call(restartable_fn fn, void *arg);

/* A call that can begin again. Who holds a lock cannot be given up, so a fault in what he calls would cost a reset, even if
 * the swap that brought it is taken back. But if what he calls can be called once more from wherever it has stopped (it
 * sets a register of the hardware), nothing has to be given up:
 *
 *     struct again_point point;
 *     if (entry_again(&point) < AGAIN_TRIES)
 *         lapic_timer_arm(delay_ns);
 *     entry_again_end(&point);
 *
 * Interrupts off from before entry_again() to after entry_again_end(); the two in one function; what it changes in between
 * is changed twice. */
struct again_point {
    uint64_t rip, rsp; /* behind the call of entry_again() */
    uint64_t rbx, rbp, r12, r13, r14, r15;
    uint32_t locks;  /* held then: what has taken another since cannot begin again */
    uint32_t times;  /* that entry_again() has come back once more */
    uint64_t before; /* address of the next outer point, or 0 */
};
_Static_assert(sizeof(struct again_point) == 80, "frozen");

/* Caller's text of the version on trial goes on to call new text: after so many tries it does without. */
#define AGAIN_TRIES 2u

/* Gives 0; and once more 1, then 2, when what was called since has failed with a swap that was taken back
 * (task_abandon_frame). */
__attribute__((returns_twice)) uint32_t entry_again(struct again_point *point);
static inline void entry_again_end(const struct again_point *point)
{
    __asm__ volatile("movq %0, %%gs:0x78" ::"r"(point->before) : "memory");
}

/* Called by this cell's assembly:
 *   interrupt_dispatch(frame)                  interrupt cell: vectors 0x20 and up
 *   fault_handle(frame)                        fault cell: exceptions
 *   guard_nested(frame)                        an exception in fault_handle(), before it has called the guard
 *   park_handler(frame), guard_nmi(frame)      the swap's closure: vector 0xf0 and NMI, with no other code between
 *   task_preempt(frame), task_schedule(), task_step_done(), task_sleep_commit(),
 *   task_give_way()                            task cell, on the scheduler stack */

#endif
