/* Tasks: step functions that the scheduler calls on any CPU, and what they can wait for. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_TASK_TASK_TASK_H
#define NEURATH_TASK_TASK_TASK_H

#include <lib/base/list.h>
#include <lib/base/status.h>
#include <task/cpu/cpu.h>
#include <task/entry/entry.h>
#include <task/spinlock/spinlock.h>

/* The rules that let any cell be swapped while its tasks exist (design.md 4):
 *  Q1 No cell loops for ever, or waits, in its own frame. A task is a function that does one piece of work and
 *     returns what it wants to wait for; the root (cell entry) calls it again through its stub.
 *  Q2 An operation that blocks inside a step is called by restartable_call(). Its wait_queue_sleep() can return
 *     SLEEP_RESTART; it then undoes its queueing and returns STATUS_RESTART, and is entered again through its stub.
 *  Q3 A task that does not run is described by a struct saved_context, with no frame of the scheduler.
 * Tasks are preempted at any instruction outside locks. Times are clock_ns(). */

enum wait_kind {
    WAIT_AGAIN = 0, /* call the step again as soon as it is this task's turn */
    WAIT_UNTIL,     /* at deadline_ns */
    WAIT_EVENT, /* when the event's number is no longer seq, or at deadline_ns when that is not 0 */
    WAIT_DONE, /* never: the task ends and is freed */
};

struct event;
struct evolve_walk;

struct wait {
    uint32_t kind;
    uint32_t seq;
    struct event *event;
    uint64_t deadline_ns;
};

static inline struct wait wait_again(void)
{
    return (struct wait){.kind = WAIT_AGAIN};
}

static inline struct wait wait_until(uint64_t deadline_ns)
{
    return (struct wait){.kind = WAIT_UNTIL, .deadline_ns = deadline_ns};
}

/* SEQ is what event_seq() said before the step looked whether there is work. deadline_ns 0 = none. */
static inline struct wait wait_event(struct event *event, uint32_t seq,
                                     uint64_t deadline_ns)
{
    return (struct wait){
        .kind = WAIT_EVENT, .seq = seq, .event = event, .deadline_ns = deadline_ns};
}

static inline struct wait wait_done(void)
{
    return (struct wait){.kind = WAIT_DONE};
}

typedef struct wait (*task_step_fn)(void *arg);

/* An event is a number that grows. Who waits names the number that it has seen, so no signal is lost:
 *     seq = event_seq(e); if (there is work) { do it; return wait_again(); } return wait_event(e, seq, deadline); */
struct event {
    uint32_t seq; /* [a] */
    uint32_t zero;
    struct list waiters; /* [L] the scheduler's lock; empty list for all zero bytes too */
};

void event_init(struct event *event);
uint32_t event_seq(const struct event *event);
/* Wakes every waiter. Any context including interrupts, with any locks held. */
void event_signal(struct event *event);
/* For a walk (lib/base/evolve.h): names the pointers that tasks have to EVENT, which lies in an element. */
void event_walk(struct evolve_walk *walk, const struct event *event);

#define TASK_NAME_MAX 24u
#define TASK_STACK_DEFAULT (32u * 1024u)
#define TASK_CPU_ANY UINT32_MAX

enum task_priority {
    TASK_PRIORITY_NORMAL = 0, /* zero bytes are good options */
    TASK_PRIORITY_HIGH,
    TASK_PRIORITY_LOW,
    TASK_PRIORITY_COUNT,
};

struct task_options {
    size_t stack_len;      /* 0 = TASK_STACK_DEFAULT; rounded up to pages */
    uint32_t cpu_plus_one; /* 0 = any CPU, else only CPU cpu_plus_one - 1 */
    enum task_priority priority;
    bool essential; /* a fault in it that restarts cannot cure resets the machine */
};

struct task; /* opaque */

enum task_state {
    TASK_READY,
    TASK_RUNNING,
    TASK_WAITING,  /* between steps */
    TASK_SLEEPING, /* in wait_queue_sleep(), with frames */
    TASK_FAULTED,  /* faulted too often: tries again only each 10 seconds */
};

/* Makes a task that runs at once. NAME is copied. OPTIONS may be NULL. The task ends itself by wait_done().
 * Gives a pointer that stays valid until then; NULL: no memory. Any context but interrupts. */
struct task *task_create(const char *name, task_step_fn step, void *arg,
                         const struct task_options *options);

/* The running task; NULL when no task runs here. */
struct task *task_current(void);

/* Visits all tasks under the scheduler's lock until VISIT returns false: VISIT may use the accessors below, must not
 * log, allocate, create or signal. */
typedef bool (*task_visit_fn)(struct task *task, void *arg);
void task_for_each(task_visit_fn visit, void *arg);

/* Facts about a task; for the running task, or inside task_for_each(). */
void task_name_copy(const struct task *task, char out[TASK_NAME_MAX]);
uint64_t task_id(const struct task *task);
enum task_state task_state(const struct task *task);
uint64_t task_steps(const struct task *task); /* calls of the step function so far */
uint64_t task_switches(
    const struct task *task); /* times it was given a CPU: unchanged = has not run */
uint64_t task_run_ns(const struct task *task); /* on a CPU, until now */
uint32_t task_restarts(const struct task *task);
bool task_essential(const struct task *task);
/* Faults of the current task that followed each other within a minute. */
uint32_t task_fault_streak(void);
void task_stack_range(const struct task *task, uint64_t *out_low, uint64_t *out_top);
task_step_fn task_step_function(const struct task *task);
/* The event that TASK waits for, or waited for before the step that it has not ended yet; or NULL. */
const struct event *task_event(const struct task *task);
/* Saved context of a task that is READY, WAITING or SLEEPING; resume 0: no frames. */
void task_saved_context(const struct task *task, struct saved_context *out);

/* Asks a SLEEPING task to leave its operation: its wait_queue_sleep() returns SLEEP_RESTART. False when it does not
 * sleep. Inside task_for_each() only. */
bool task_sleep_restart(struct task *task);
/* Ends the wait of a TASK that is WAITING, SLEEPING or FAULTED: what it did is given up, and its step is called. False when it
 * does not wait. Inside task_for_each() only. */
bool task_step_now(struct task *task);
/* TASK forgets the event that task_event() names: nothing of the task leads there any more. If it waits, its step is
 * called, as after a signal. Inside task_for_each() only, gate closed by the current task. */
void task_leave_event(struct task *task);

/* The gate. While it is closed no task runs but the one that closed it, and those that task_gate_pass() lets through
 * until they next end a step, sleep, or come back to restartable_call() with STATUS_RESTART. All others stand where they
 * were, with their frames, so that stacks can be walked and old code left (coupled swaps). Interrupts go on.
 * States: OPEN -> CLOSED (task_gate_close) -> SEALED (task_gate_seal) -> OPEN (task_gate_open).
 * CLOSED opens by itself at its deadline; CLOSED and SEALED also when the task that closed it is given up after a fault.
 *
 * Closes the gate for the current task and stops the others: they are READY soon after. Returns false, nothing changed, when
 * somebody else keeps it closed. Closing again moves the deadline. Task context, no lock held, as for the three below. */
bool task_gate_close(uint64_t deadline_ns);
/* From now on the deadline does not open it: what follows is bounded. False: it is not closed (any more). */
bool task_gate_seal(void);
/* Opens it if the current task closed it. */
void task_gate_open(void);
/* True while the gate is closed by the current task. */
bool task_gate_mine(void);
/* Signalled when a task has come to stand while the gate is closed. Lends it for good. */
struct event *task_gate_event(void);
/* Both inside task_for_each(), gate closed by the current task. task_gate_pass() lets a preempted TASK go on, and asks a
 * SLEEPING one to leave its operation; task_gate_hold() keeps TASK where it is, and stops it if it runs. */
void task_gate_hold(struct task *task);
void task_gate_pass(struct task *task);
/* Lets TASK, which has no frame or was restarted, through the closed gate for its next step. Not inside task_for_each(). */
void task_gate_admit(struct task *task);

/* Restart of a task after a fault: its stack is given up, its step function is called again after a delay that
 * doubles (10 to 320 ms). Not for the running task of another CPU: STATUS_BUSY. For the current task use task_abandon(). */
NODISCARD enum status task_restart(struct task *task);

/* Gives up what the current task was doing and restarts it as above (SOON), or marks it FAULTED. For the fault handler; no
 * lock may be held. */
NORETURN void task_abandon(bool soon);

/* For the guard and the fault handler, once a swap was taken back: makes FRAME, the code of this CPU that has failed with its
 * interrupts off, continue where the innermost entry_again() comes back. False, and nothing changed: it is in no call that
 * can begin again, or that has taken a lock since. No indirect calls, no locks. */
bool task_call_again(struct trap_frame *frame);
/* For the NMI guard: makes FRAME, the interrupted code of this CPU, continue in task_abandon(true) instead, or, if that is an
 * interrupt handler, in interrupt_abandon(); a park is one too. With a lock held: task_call_again(). False, and nothing
 * changed, when that gives false, or the CPU runs no task. No indirect calls, no locks. */
bool task_abandon_frame(struct trap_frame *frame);

/* The three below are for the guard, when it takes back a swap whose data changed their form, with every other CPU
 * held at a place where it might have been preempted. No locks, no indirect calls; the ranges are borrowed.
 *
 * FRAME is the interrupted code of this CPU. If that, or what an interrupt handler interrupted, has come through
 * TEXTS (a word on its stack is an address in them), it goes on in task_abandon(true). Gives whether it does. */
bool task_leave_frame(struct trap_frame *frame, const struct address_range *texts,
                      uint32_t count);
/* The same for all tasks that have no CPU: their step is called again. Gives how many there were. */
uint32_t task_leave_texts(const struct address_range *texts, uint32_t count);
/* Whoever waits in a list whose head lies in OBJECTS is taken off it and begins its step again. */
void task_leave_objects(const struct address_range *objects, uint32_t count);

/* Wait queues: blocking inside a step (Q2). All fields under lock. */
struct wait_queue {
    struct spinlock lock;
    struct list waiters;
};

enum sleep_result {
    SLEEP_WOKEN = 0,
    SLEEP_TIMEOUT,
    SLEEP_RESTART,
};

void wait_queue_init(struct wait_queue *queue);

/* Called with queue->lock held, and no other; gives it back, sleeps until woken or deadline_ns (0 = none), and returns
 * without the lock. Only inside a task. The caller takes the lock again and looks again at its condition. */
static inline enum sleep_result wait_queue_sleep(struct wait_queue *queue,
                                                 uint64_t deadline_ns)
{
    return (enum sleep_result)entry_sleep(queue, deadline_ns);
}

/* With queue->lock held by the caller: wakes the longest sleeper, or all. True when there was one. */
bool wait_queue_wake_one(struct wait_queue *queue);
bool wait_queue_wake_all(struct wait_queue *queue);

/* Lets other tasks run: a preempted task's place goes to the end of the queue. For long loops in a step. */
void task_yield_hint(void);

/* Called by init on the boot processor, and on each other processor: never returns. */
void task_start(void);
NORETURN void task_enter_scheduler(void);

/* Called by the cells entry, interrupt and timer only (see entry.h). */
NORETURN void task_schedule(void);
NORETURN void task_preempt(struct trap_frame *frame);
NORETURN void task_step_done(void);
NORETURN void task_sleep_commit(struct wait_queue *queue, uint64_t deadline_ns,
                                uint64_t rsp);
NORETURN void task_give_way(uint64_t rsp);
/* The running task's slice is over (timer interrupt). */
void task_slice_end(void);

/* Asserts the scheduler's invariants; true when they hold. */
bool task_check(void);

#endif
