/* Memory for the way back of a swap, set aside before its stores.
 * SPDX-License-Identifier: MIT
 */
#include <core/evolve/reserve.h>

#include <core/evolve/leaving.h>
#include <core/evolve/runs.h>
#include <core/evolve/search.h>
#include <core/evolve/walked.h>
#include <core/plan/elements.h>
#include <mm/frame/frame.h>
#include <mm/heap/heap.h>

enum {
    LISTS =
        3, /* of elements and slots: the set, its mirror, and a longer one while followers join */
    MORE = 2, /* times what there is: more may come, and the heap rounds up */
    FLOOR_FRAMES =
        512, /* a slab of each class, and what large objects lose by being aligned */
};

/* What elements_take() and elements_mirror() want for as many elements again, in the other form. */
static uint64_t bytes_of(const struct element_set *set)
{
    if (!set)
        return 0;
    uint64_t bytes =
        set->room * LISTS * (sizeof(struct element) + sizeof(struct element_slot)) +
        set->place_room * (sizeof(struct element_place) + sizeof(struct evolve_name));
    for (uint64_t i = 0; i < set->count; i++) {
        const struct element *e = &set->elements[i];
        bytes += heap_size((const void *)e->from) + element_len(e) + element_other_len(e);
    }
    return bytes;
}

bool reserve_take(const struct plan *plan)
{
    struct frame_stats frames;
    reserve_end();
    if (!plan->migrations.walked && !plan->migrations.moving_count)
        return true;
    frame_stats_read(&frames);
    uint64_t same = bytes_of(plan->migrations.elements) + holders_bytes() + walked_bytes();
    uint64_t heap = runs_most_bytes(frames.total) + search_most_bytes(frames.total);
    for (uint64_t times = MORE; times > 0; times--)
        if (frame_reserve(FLOOR_FRAMES + (times * same + heap) / PAGE_SIZE) == STATUS_OK)
            return true;
    return false;
}

void reserve_draw(void)
{
    frame_draw(task_current());
}

void reserve_end(void)
{
    frame_reserve_end();
}
