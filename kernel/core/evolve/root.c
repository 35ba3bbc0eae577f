/* Says from which static an object of the heap can be reached.
 * SPDX-License-Identifier: MIT
 */
#include <core/evolve/root.h>

#include <core/evolve/runs.h>
#include <core/guard/guard.h>

enum { STEPS = 4 };

struct target { /* pointers to these bytes are looked for */
    uint64_t at;
    uint64_t len;
};

static bool points(uint64_t begin, uint64_t len, const struct target *t)
{
    const volatile uint64_t *w = (const volatile uint64_t *)align_up(begin, 8);
    const volatile uint64_t *end = (const volatile uint64_t *)align_down(begin + len, 8);
    for (; w < end; w++)
        if (*w - t->at < t->len)
            return true;
    return false;
}

static const struct home *home_that_points(const struct namespace *ns,
                                           const struct target *t)
{
    for (const struct home *h = ns->homes; h; h = h->next)
        if (points(h->va, h->len, t))
            return h;
    return NULL;
}

/* False: none but T itself. */
static bool object_that_points(const struct runs *heap, const struct target *t,
                               search_skip_fn skip, struct target *out)
{
    for (uint64_t i = 0; i < heap->count; i++) {
        const struct heap_run *r = &heap->list[i];
        guard_beat(); /* this may take long, but ends */
        for (uint64_t n = 0; n < r->count; n++) {
            uint64_t at = r->at + n * r->len;
            if (at == t->at || at == (uint64_t)heap->list || !heap_run_uses(r, n) ||
                !points(at, r->len, t) || skip(at))
                continue;
            *out = (struct target){at, r->len};
            return true;
        }
    }
    return false;
}

void root_find(const struct namespace *ns, uint64_t object, search_skip_fn skip,
               struct root *out)
{
    struct target t = {object, heap_size((const void *)object)};
    struct runs heap;
    bool more = runs_list(&heap);
    *out = (struct root){0};
    for (uint32_t step = 0; more && step < STEPS; step++) {
        out->between = step;
        out->home = home_that_points(ns, &t);
        more = !out->home && object_that_points(&heap, &t, skip, &t);
    }
    runs_forget(&heap);
}
