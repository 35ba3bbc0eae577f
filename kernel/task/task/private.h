/* Shared by the files of this cell: the task object and the scheduler's state. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_TASK_TASK_PRIVATE_H
#define NEURATH_TASK_TASK_PRIVATE_H

#include <task/task/task.h>
#include <time/timer/timer.h>

/* Invariants (task_check(), tests cite the numbers):
 *  1. A task is on exactly one of: a CPU (RUNNING), the ready list of its priority (READY), at most one list of
 *     waiters (WAITING, SLEEPING), the dead list.
 *  2. The stack of a task that is not RUNNING is touched by nobody: a CPU leaves it before the task becomes READY.
 *  3. A SLEEPING task has a saved context with frames; a WAITING one has none.
 *  4. No CPU is idle while a task that it may run is READY: who makes a task READY calls an idle CPU.
 * Transitions, all under scheduler.lock:
 *    READY -> RUNNING       task_schedule()
 *    RUNNING -> READY       task_preempt(), and task_step_done() for WAIT_AGAIN
 *    RUNNING -> WAITING     task_step_done()          RUNNING -> SLEEPING    task_sleep_commit()
 *    WAITING -> READY       event_signal(), deadline  SLEEPING -> READY      wake, deadline, task_sleep_restart()
 *    RUNNING -> dead        task_step_done() for WAIT_DONE; the reaper frees it
 *    RUNNING -> FAULTED     task_abandon(false)
 *    FAULTED -> READY       deadline, task_restart()
 *    RUNNING -> READY       task_give_way()
 * The gate (gate.c) keeps READY tasks from running; it makes no transition of its own. */

#define WAIT_FAULTED 0x100u /* stored as a wait kind by task_abandon() */
#define SLICE_NS (10 * NS_PER_MS)

struct task {
    struct list all;              /* [L] every task */
    struct list queue;            /* [L] ready list, or waiters */
    uint64_t id;                  /* [I] */
    char name[TASK_NAME_MAX];     /* [I] */
    task_step_fn step;            /* [I] a stub */
    void *arg;                    /* [I] */
    uint32_t priority;            /* [I] */
    uint32_t cpu_plus_one;        /* [I] affinity */
    uint32_t state;               /* [L] enum task_state */
    uint32_t last_cpu;            /* [L] */
    struct wait wait;             /* written by the root when a step returns */
    struct saved_context context; /* [L] while not RUNNING */
    uint64_t deadline_ns;         /* [L] of the wait in force, 0 = none */
    struct timer timer;
    uint64_t stack_top;                           /* [I] */
    uint64_t stack_len;                           /* [I] */
    uint64_t steps, switches, run_ns, started_ns; /* [L] */
    uint32_t restarts;                            /* [L] */
    uint32_t preempt_count;                       /* [L] */
    uint32_t fault_streak;                        /* [c] the task's own CPU */
    uint64_t fault_ns;                            /* [c] */
    bool essential;
    bool passes; /* [L] may run although the gate is closed, until it leaves its step or sleeps */
};

struct scheduler {
    struct spinlock lock;
    struct list ready[TASK_PRIORITY_COUNT]; /* [L] */
    struct list tasks;                      /* [L] */
    struct list dead;                       /* [L] linked by queue */
    struct event died;
    uint64_t next_id; /* [L] */
    bool running;     /* [I] once the boot processor has entered the scheduler */
};

/* The cell's one state. */
struct scheduler *scheduler_state(void);

/* Lock held. Puts TASK (on no list, not running) on its ready list and calls a CPU for it. */
void scheduler_ready(struct task *task);
/* Lock held. Ends the wait of a WAITING or SLEEPING task; RESULT is what its wait_queue_sleep() returns. */
void scheduler_wake(struct task *task, enum sleep_result result);
/* Lock held. Wakes all WAITING tasks of EVENT. */
void scheduler_signal(struct event *event);
/* The callback of every task's timer. */
void scheduler_deadline(void *task);
/* Lock held. Asks CPU to come into the scheduler. */
void scheduler_call_cpu(unsigned cpu);

/* Lock held. TASK may be given a CPU: the gate is open, or lets it through. */
bool gate_lets(const struct task *task);
/* Lock held. TASK, which this CPU has left, is between steps, asleep or at a restart: it passes no more. */
void gate_stop(struct task *task);
/* Lock held. A task has just given up its CPU in the middle of its step. */
void gate_preempted(void);
/* As scheduler_ready(), but calls no CPU: for the guard, which holds them all. */
void scheduler_put_ready(struct task *task);

/* TASK is given up: a gate that it closed opens. */
void gate_abandon(const struct task *task);

#endif
