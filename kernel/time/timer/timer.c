/* One sorted queue of deadlines for each CPU, served by its local APIC's timer. */
/* SPDX-License-Identifier: MIT */
#include <time/timer/timer.h>

#include <irq/lapic/lapic.h>
#include <lib/base/atomic.h>
#include <task/cpu/cpu.h>
#include <task/entry/entry.h>
#include <task/spinlock/spinlock.h>
#include <task/task/task.h>
#include <time/clock/clock.h>

#define LATEST_NS (30 * NS_PER_S) /* the counter is armed anew at least that often */

/* A cache line each. Armed timers are linked to the lists, which stay in their place while what comes behind has room there. */
struct queue {
    struct spinlock lock;
    struct list timers;          /* [L] earliest first */
    uint64_t slice_ns;           /* [L] 0 = none */
    uint64_t armed_ns;           /* [L] what the hardware is set to, 0 = nothing */
    const struct timer *running; /* [a] its callback runs now */
} __attribute__((aligned(64)));

static struct queue queues[CPU_MAX];

/* Lock held, perhaps the scheduler's too. False: it was not set; the next time that anything is armed, it will be. */
static bool set_hardware(uint64_t delay_ns)
{
    struct again_point point;
    bool set = entry_again(&point) < AGAIN_TRIES;
    if (set)
        lapic_timer_arm(delay_ns);
    else
        atomic_store(&cpu_here()->reschedule, 1);
    entry_again_end(&point);
    return set;
}

/* Lock held, this CPU's queue. Setting the hardware is dear, and slices move with every switch of tasks: an interrupt
 * that comes too early is harmless, its handler sets the next. */
static void program(struct queue *queue)
{
    uint64_t earliest = queue->slice_ns, now;
    if (!list_empty(&queue->timers)) {
        uint64_t first = list_first(&queue->timers, struct timer, link)->deadline_ns;
        if (earliest == 0 || first < earliest)
            earliest = first;
    }
    if (earliest == 0 || (queue->armed_ns != 0 && queue->armed_ns <= earliest))
        return;
    queue->armed_ns = earliest;
    now = clock_ns();
    if (!set_hardware(earliest <= now ? NS_PER_US : min_u64(earliest - now, LATEST_NS)))
        queue->armed_ns = 0;
}

void timer_init(struct timer *timer, timer_fn fn, void *arg)
{
    *timer = (struct timer){.fn = fn, .arg = arg};
    list_init(&timer->link);
}

bool timer_cancel(struct timer *timer)
{
    for (;;) {
        uint32_t cpu_plus_one = atomic_load(&timer->cpu_plus_one);
        struct queue *queue;
        bool mine;
        if (cpu_plus_one == 0)
            return false;
        queue = &queues[cpu_plus_one - 1];
        spin_lock(&queue->lock);
        mine = atomic_load(&timer->cpu_plus_one) == cpu_plus_one;
        if (mine) {
            list_remove(&timer->link);
            atomic_store(&timer->cpu_plus_one, 0);
        }
        spin_unlock(&queue->lock);
        if (mine)
            return true;
    }
}

void timer_arm(struct timer *timer, uint64_t deadline_ns)
{
    uint64_t flags;
    struct queue *queue;
    struct timer *other;
    (void)timer_cancel(timer);
    flags = interrupts_off(); /* so that this CPU stays this CPU */
    queue = &queues[cpu_index()];
    spin_lock(&queue->lock);
    timer->deadline_ns = max_u64(deadline_ns, 1); /* 0 stands for none in the queue */
    list_for_each(other, &queue->timers, link) if (other->deadline_ns > deadline_ns) break;
    list_insert_before(&other->link, &timer->link);
    atomic_store(&timer->cpu_plus_one, cpu_index() + 1);
    program(queue);
    spin_unlock(&queue->lock);
    interrupts_restore(flags);
}

bool timer_running(const struct timer *timer)
{
    for (unsigned i = 0; i < CPU_MAX; i++)
        if (atomic_load(&queues[i].running) == timer)
            return true;
    return false;
}

void timer_slice_arm(uint64_t deadline_ns)
{
    uint64_t flags = interrupts_off();
    struct queue *queue = &queues[cpu_index()];
    spin_lock(&queue->lock);
    queue->slice_ns = deadline_ns;
    program(queue);
    spin_unlock(&queue->lock);
    interrupts_restore(flags);
}

/* Takes the first timer that is due. Lock held. */
static struct timer *take_due(struct queue *queue, uint64_t now)
{
    struct timer *timer;
    if (list_empty(&queue->timers))
        return NULL;
    timer = list_first(&queue->timers, struct timer, link);
    if (timer->deadline_ns > now)
        return NULL;
    list_remove(&timer->link);
    atomic_store(&queue->running, timer);
    atomic_store(&timer->cpu_plus_one, 0);
    return timer;
}

void timer_interrupt(void)
{
    struct queue *queue = &queues[cpu_index()];
    struct timer *timer;
    bool slice_over;
    atomic_add(&cpu_here()->heartbeat, 1);
    spin_lock(&queue->lock);
    queue->armed_ns = 0;
    while ((timer = take_due(queue, clock_ns())) != NULL) {
        timer_fn fn = timer->fn;
        void *arg = timer->arg;
        spin_unlock(&queue->lock);
        fn(arg); /* may arm the timer again, or free it */
        spin_lock(&queue->lock);
        atomic_store(&queue->running, NULL);
    }
    slice_over = queue->slice_ns != 0 && queue->slice_ns <= clock_ns();
    if (slice_over)
        queue->slice_ns = 0;
    program(queue);
    spin_unlock(&queue->lock);
    if (slice_over)
        task_slice_end();
}

void timer_abandon(void)
{
    struct queue *queue = &queues[cpu_index()];
    spin_lock(&queue->lock);
    atomic_store(&queue->running, NULL);
    queue->armed_ns = 0;
    program(queue);
    spin_unlock(&queue->lock);
}

void timer_start(void)
{
    for (unsigned i = 0; i < CPU_MAX; i++)
        list_init(&queues[i].timers);
    timer_start_cpu();
}

/* A CPU's queue needs nothing more than its initial state. */
void timer_start_cpu(void)
{
    lapic_timer_stop();
}
