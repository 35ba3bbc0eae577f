/* What of the heap is in use.
 * SPDX-License-Identifier: MIT
 */
#include <core/evolve/runs.h>

#include <core/plan/elements.h>
#include <lib/base/sorted.h>
#include <stdlib.h>

enum { SLACK = 64 };

static bool note(const struct heap_run *run, bool *seen, void *arg)
{
    struct runs *runs = arg;
    (void)seen;
    if (runs->count < runs->room)
        runs->list[runs->count] = *run;
    return runs->count++ < runs->room;
}

static int by_address(const void *a, const void *b)
{
    uint64_t x = ((const struct heap_run *)a)->at;
    uint64_t y = ((const struct heap_run *)b)->at;
    return (x > y) - (x < y);
}

bool runs_list(struct runs *runs)
{
    *runs = (struct runs){.room = heap_runs_bound() + SLACK};
    runs->list = heap_new_array(struct heap_run, runs->room);
    if (!runs->list)
        return false;
    heap_for_each_run(note, runs);
    if (runs->count > runs->room)
        return false;
    qsort(runs->list, runs->count, sizeof *runs->list, by_address);
    return true;
}

uint64_t runs_most_bytes(uint64_t frames)
{
    return (frames + SLACK) * sizeof(struct heap_run);
}

void runs_forget(struct runs *runs)
{
    elements_forget(runs->list, runs->room * sizeof *runs->list);
    *runs = (struct runs){0};
}

/* ---- what a set needs ----------------------------------------------------------------------- */

struct needs {
    const struct element_set *set;
    uint64_t found;
};

/* LEN bytes from AT lie in one object of RUN that is in use; WHOLE: from its begin. */
static bool holds(const struct heap_run *run, uint64_t at, uint64_t len, bool whole)
{
    uint64_t index = (at - run->at) / run->len;
    uint64_t offset = (at - run->at) % run->len;
    return heap_run_uses(run, index) && offset + len <= run->len && !(whole && offset);
}

static void find_elements(const struct heap_run *run, const struct element *list,
                          uint64_t count, struct needs *n)
{
    uint64_t end = run->at + run->len * run->count;
    const struct element *e = list + SORTED_BEFORE(list, count, from, run->at);
    for (; e < list + count && e->from < end; e++)
        n->found += e->named && holds(run, e->from, element_len(e), true) &&
                    (!e->tail || element_len(e) == run->len);
}

static void find_places(const struct heap_run *run, const struct element_place *list,
                        uint64_t count, struct needs *n)
{
    uint64_t end = run->at + run->len * run->count;
    const struct element_place *p = list + SORTED_BEFORE(list, count, at, run->at);
    for (; p < list + count && p->at < end; p++)
        n->found += p->in_heap && p->named && holds(run, p->at, 8, false);
}

static bool find(const struct heap_run *run, bool *seen, void *arg)
{
    struct needs *n = arg;
    const struct element_set *s = n->set;
    (void)seen;
    find_elements(run, s->elements, s->count, n);
    find_elements(run, s->elements + s->count, s->fresh, n);
    find_places(run, s->places, s->place_count, n);
    find_places(run, s->places + s->place_count, s->fresh_places, n);
    return true;
}

bool runs_hold(const struct element_set *set)
{
    struct needs n = {.set = set};
    uint64_t needed = 0;
    for (uint64_t i = 0; i < set->count + set->fresh; i++)
        needed += set->elements[i].named;
    for (uint64_t i = 0; i < set->place_count + set->fresh_places; i++)
        needed += set->places[i].in_heap && set->places[i].named;
    heap_for_each_run(find, &n);
    return n.found == needed;
}
