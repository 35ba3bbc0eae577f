/* Walks stacks before the gate is closed, a few at a time.
 * SPDX-License-Identifier: MIT
 */
#include <core/evolve/walked.h>

#include <core/evolve/leaving.h>
#include <lib/base/sorted.h>
#include <mm/heap/heap.h>
#include <stdlib.h>

enum {
    WALKS = 8,   /* under the scheduler's lock */
    ROUNDS = 16, /* in one step of the swap task */
    SLACK = 64,  /* tasks that are made meanwhile */
};

struct walked {
    uint64_t id;
    uint64_t switches; /* times it had been given a CPU */
};

static struct {
    struct walked *list; /* sorted by id when all are walked */
    uint32_t count;
    uint32_t room;
    uint32_t next; /* place of the next task among all */
    uint32_t at;   /* of the visit in progress */
    uint32_t left; /* walks that it may still make */
    uint32_t near; /* where the task is looked for first: behind the last one that was found */
} walked;

static bool count_task(struct task *task, void *arg)
{
    (void)task;
    ++*(uint32_t *)arg;
    return true;
}

void walked_end(void)
{
    heap_free(walked.list);
    walked.list = NULL;
    walked.count = 0;
    walked.room = 0;
    walked.near = 0;
}

uint64_t walked_bytes(void)
{
    return walked.list ? heap_size(walked.list) : 0;
}

void walked_begin(void)
{
    uint32_t room = SLACK;
    walked_end();
    walked.next = 0;
    task_for_each(count_task, &room);
    walked.list = heap_new_array(struct walked, room);
    if (walked.list)
        walked.room = room;
}

/* Under the scheduler's lock. */
static bool walk(struct task *task, void *arg)
{
    uint64_t pc;
    (void)arg;
    if (walked.at++ < walked.next)
        return true;
    if (walked.left == 0 || walked.count == walked.room)
        return false;
    walked.next++;
    if (!frames_stand(task))
        return true;
    walked.left--;
    frames_begin();
    if (frames_walk(task, &pc) == FRAMES_CLEAR)
        walked.list[walked.count++] = (struct walked){task_id(task), task_switches(task)};
    return true;
}

static int by_id(const void *a, const void *b)
{
    uint64_t x = ((const struct walked *)a)->id;
    uint64_t y = ((const struct walked *)b)->id;
    return (x > y) - (x < y);
}

bool walked_more(void)
{
    for (uint32_t i = 0; i == 0 || walked.left == 0; i++) {
        if (i == ROUNDS)
            return true;
        walked.at = 0;
        walked.left = WALKS;
        task_for_each(walk, NULL);
    }
    if (walked.count)
        qsort(walked.list, walked.count, sizeof *walked.list, by_id);
    return false;
}

bool walked_clear(const struct task *task)
{
    uint64_t id = task_id(task);
    uint64_t i = walked.near; /* tasks are visited in the order of their ids */
    if (i >= walked.count || walked.list[i].id != id)
        i = SORTED_BEFORE(walked.list, walked.count, id, id);
    if (i >= walked.count || walked.list[i].id != id)
        return false;
    walked.near = (uint32_t)i + 1;
    return walked.list[i].switches == task_switches(task);
}
