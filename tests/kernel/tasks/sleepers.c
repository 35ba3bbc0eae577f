/* Cases about wait queues: blocking inside a step. */
/* SPDX-License-Identifier: MIT */
#include "private.h"

#include <task/entry/entry.h>
#include <time/clock/clock.h>

static struct wait_queue bench;
static volatile uint64_t seated, woken;

static struct wait sit_step(void *arg)
{
    (void)arg;
    spin_lock(&bench.lock);
    count(&seated);
    if (wait_queue_sleep(&bench, 0) == SLEEP_WOKEN)
        count(&woken);
    return wait_done();
}

void sleepers_are_woken_one_by_one(void)
{
    wait_queue_init(&bench);
    for (unsigned i = 0; i < 5; i++)
        KTEST_CHECK(task_create("sit", sit_step, NULL, NULL) != NULL);
    KTEST_CHECK(ktest_until_count(&seated, 5, 5 * NS_PER_S));
    for (uint64_t i = 1; i <= 2; i++) {
        spin_lock(&bench.lock);
        KTEST_CHECK(wait_queue_wake_one(&bench));
        spin_unlock(&bench.lock);
        KTEST_CHECK(ktest_until_count(&woken, i, 5 * NS_PER_S));
    }
    ktest_sleep(5 * NS_PER_MS);
    KTEST_CHECK(woken == 2);
    spin_lock(&bench.lock);
    KTEST_CHECK(wait_queue_wake_all(&bench));
    KTEST_CHECK(!wait_queue_wake_one(&bench));
    spin_unlock(&bench.lock);
    KTEST_CHECK(ktest_until_count(&woken, 5, 5 * NS_PER_S));
}

void a_sleep_ends_at_its_deadline(void)
{
    struct wait_queue queue;
    uint64_t deadline = clock_ns() + 20 * NS_PER_MS;
    wait_queue_init(&queue);
    spin_lock(&queue.lock);
    KTEST_CHECK(wait_queue_sleep(&queue, deadline) == SLEEP_TIMEOUT);
    KTEST_CHECK(clock_ns() >= deadline);
    KTEST_CHECK(list_empty(&queue.waiters));
    KTEST_CHECK(interrupts_enabled());
    KTEST_CHECK(cpu_locks_held() == 0);
}

/* An operation that waits for a value; it can be asked to leave and is then entered again. */
static struct {
    struct wait_queue queue;
    uint64_t value;  /* [L] */
    uint64_t queued; /* [L] what the operation must undo */
    volatile uint64_t entered, restarted, taken;
} box;

static enum status box_take(void *arg)
{
    uint64_t *out = arg;
    count(&box.entered);
    spin_lock(&box.queue.lock);
    box.queued++;
    while (box.value == 0) {
        enum sleep_result result = wait_queue_sleep(&box.queue, 0);
        spin_lock(&box.queue.lock);
        if (result == SLEEP_RESTART) {
            box.queued--;
            spin_unlock(&box.queue.lock);
            count(&box.restarted);
            return STATUS_RESTART;
        }
    }
    box.queued--;
    *out = box.value;
    box.value = 0;
    spin_unlock(&box.queue.lock);
    return STATUS_OK;
}

static struct wait box_step(void *arg)
{
    uint64_t value = 0;
    (void)arg;
    if (restartable_call(box_take, &value) == STATUS_OK)
        box.taken = value;
    return wait_done();
}

static bool restart_box(struct task *task, void *arg)
{
    char name[TASK_NAME_MAX];
    struct saved_context context;
    uint64_t low, top;
    task_name_copy(task, name);
    if (name[0] != 'b' || name[1] != 'o' || name[2] != 'x')
        return true;
    task_saved_context(task, &context);
    task_stack_range(task, &low, &top);
    /* Q3: the context is a switch_frame in the task's own stack. */
    if (context.resume == entry_resume_switch_address() && context.rsp > low &&
        context.rsp < top && task_sleep_restart(task))
        *(bool *)arg = true;
    return false;
}

static bool restart_one(void *arg)
{
    bool asked = false;
    (void)arg;
    task_for_each(restart_box, &asked);
    return asked;
}

void a_restarted_sleep_enters_its_operation_again(void)
{
    wait_queue_init(&box.queue);
    KTEST_CHECK(task_create("box", box_step, NULL, NULL) != NULL);
    for (uint64_t i = 1; i <= 3; i++) {
        KTEST_CHECK(ktest_until(restart_one, NULL, 5 * NS_PER_S));
        KTEST_CHECK(ktest_until_count(&box.restarted, i, 5 * NS_PER_S));
        KTEST_CHECK(ktest_until_count(&box.entered, i + 1, 5 * NS_PER_S));
    }
    spin_lock(&box.queue.lock);
    box.value = 42;
    wait_queue_wake_one(&box.queue);
    spin_unlock(&box.queue.lock);
    KTEST_CHECK(ktest_until_count(&box.taken, 42, 5 * NS_PER_S));
    KTEST_CHECK(box.queued == 0);
    KTEST_CHECK(box.entered == 4);
}

/* A bounded queue; senders and receivers block on both ends, and are asked to restart all the while. A writer
 * that misses its wake-up between the two locks is saved by its deadline. */
#define ROOM 4u
#define MESSAGES 4000u
#define SENDERS 3u

static struct {
    struct wait_queue readers, writers; /* one lock: that of readers */
    uint64_t items[ROOM];
    uint64_t head, tail;
    volatile uint64_t sum, received, sent;
} pipe;

static enum status pipe_send(void *arg)
{
    spin_lock(&pipe.readers.lock);
    while (pipe.head - pipe.tail == ROOM) {
        spin_unlock(&pipe.readers.lock);
        spin_lock(&pipe.writers.lock);
        if (wait_queue_sleep(&pipe.writers, clock_ns() + NS_PER_MS) == SLEEP_RESTART)
            return STATUS_RESTART;
        spin_lock(&pipe.readers.lock);
    }
    pipe.items[pipe.head++ % ROOM] = *(uint64_t *)arg;
    count(&pipe.sent);
    wait_queue_wake_one(&pipe.readers);
    spin_unlock(&pipe.readers.lock);
    return STATUS_OK;
}

static enum status pipe_receive(void *arg)
{
    spin_lock(&pipe.readers.lock);
    while (pipe.head == pipe.tail) {
        if (wait_queue_sleep(&pipe.readers, 0) == SLEEP_RESTART)
            return STATUS_RESTART;
        spin_lock(&pipe.readers.lock);
    }
    *(uint64_t *)arg = pipe.items[pipe.tail++ % ROOM];
    spin_unlock(&pipe.readers.lock);
    spin_lock(&pipe.writers.lock);
    wait_queue_wake_one(&pipe.writers);
    spin_unlock(&pipe.writers.lock);
    return STATUS_OK;
}

static struct wait send_step(void *arg)
{
    uint64_t *next = arg;
    uint64_t item = *next;
    if (item > MESSAGES)
        return wait_done();
    ++*next;
    (void)restartable_call(pipe_send, &item);
    return wait_again();
}

static struct wait receive_step(void *arg)
{
    uint64_t item = 0;
    (void)arg;
    (void)restartable_call(pipe_receive, &item);
    __atomic_add_fetch(&pipe.sum, item, __ATOMIC_SEQ_CST);
    count(&pipe.received);
    return wait_again();
}

static bool restart_sleeper(struct task *task, void *arg)
{
    char name[TASK_NAME_MAX];
    task_name_copy(task, name);
    if (name[0] == 'p' && name[1] == 'i')
        *(uint64_t *)arg += task_sleep_restart(task);
    return true;
}

static bool all_received(void *arg)
{
    task_for_each(restart_sleeper, arg);
    return pipe.received >= SENDERS * MESSAGES;
}

void no_item_is_lost_in_a_queue(void)
{
    static uint64_t next[SENDERS];
    uint64_t restarts = 0;
    wait_queue_init(&pipe.readers);
    wait_queue_init(&pipe.writers);
    for (unsigned i = 0; i < SENDERS; i++) {
        next[i] = 1;
        KTEST_CHECK(task_create("pi send", send_step, &next[i], NULL) != NULL);
        KTEST_CHECK(task_create("pi receive", receive_step, NULL, NULL) != NULL);
    }
    KTEST_CHECK(ktest_until(all_received, &restarts, 60 * NS_PER_S));
    KTEST_CHECK(pipe.sum == SENDERS * (uint64_t)MESSAGES * (MESSAGES + 1) / 2);
    KTEST_CHECK(restarts > 0);
}
