/* What the tests of objects that change their cell share.
 * SPDX-License-Identifier: MIT
 */
#ifndef NEURATH_TESTS_UNIT_PLAN_TAKEOVER_FIXTURE_H
#define NEURATH_TESTS_UNIT_PLAN_TAKEOVER_FIXTURE_H

#include "fixture.h"

#include <lib/base/evolve.h>

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* The text of the mark itself, for cells that are compiled here. */
#define TEXT(...) TEXT_OF(__VA_ARGS__)
#define TEXT_OF(...) #__VA_ARGS__ ";\n"
#define LEFT "static long left = 1; long left_next(void) { return ++left; }\n"
#define RIGHT "static int right[4]; int right_next(int i) { return ++right[i & 3]; }\n"

#define FIRST                                                                            \
    {                                                                                    \
        "first", "", LEFT                                                                \
    }

static inline struct home *home_of(struct world *w, const char *cell, const char *key)
{
    return namespace_find_home(&w->ns, cell, key, false);
}

static inline uint8_t *live(const struct home *h)
{
    assert_non_null(h);
    return (uint8_t *)cellmem_view(h->va);
}

static inline struct plan *plan_set(struct world *w, const struct cell_source *cells,
                                    size_t count, const char *removed)
{
    struct plan_object objects[4];
    struct plan *plan = NULL;
    for (size_t i = 0; i < count; i++)
        objects[i] = cell_make(&cells[i]);
    enum status status = plan_create(&w->ns, objects, (uint32_t)count, &removed,
                                     removed != NULL, &plan, &w->report);
    if (status != STATUS_OK)
        print_message("refused: %s\n", w->report.refusals[0].text);
    return plan;
}

/* What the namespace has becomes CELLS, without REMOVED; every word of it is as it was. */
static inline void goes_to(struct world *w, const struct cell_source *cells, size_t count,
                           const char *removed)
{
    struct plan *plan = plan_set(w, cells, count, removed);
    assert_non_null(plan);
    world_commit(w, plan);
    plan_destroy(plan);
}

static inline void expect_asked(struct world *w, const struct cell_source *comes,
                                const char *removed, const char *says)
{
    struct plan_object object = cell_make(comes);
    struct plan *plan = NULL;
    assert_int_equal(
        plan_create(&w->ns, &object, 1, &removed, removed != NULL, &plan, &w->report),
        STATUS_DENIED);
    if (!strstr(w->report.refusals[0].text, says))
        fail_msg("it does not say '%s': %s", says, w->report.refusals[0].text);
}

#endif
