/* What the tests of migrations share: cells with an object `s`, and ways there and back.
 * SPDX-License-Identifier: MIT
 */
#ifndef NEURATH_TESTS_UNIT_PLAN_MIGRATE_FIXTURE_H
#define NEURATH_TESTS_UNIT_PLAN_MIGRATE_FIXTURE_H

#include "fixture.h"

#include <core/commit/transfer.h>

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* The object that the tests look at is called `s`; `keep` makes the compiler keep all of it. */
#define KEEP                                                                             \
    "void cell_keep(void); void cell_keep(void) { __asm__ volatile(\"\" :: \"r\"(&s) : " \
    "\"memory\"); }\n"
#define CELL(text)                                                                       \
    {                                                                                    \
        "cell", "", text "\n" KEEP                                                       \
    }

static struct world w;

static inline const struct home *home_of(const char *key)
{
    const struct home *h = namespace_find_home(&w.ns, "cell", key, false);
    h = h ? h : namespace_find_home(&w.ns, "cell", key, true);
    assert_non_null(h);
    return h;
}

static inline void *live(void)
{
    return cellmem_data(home_of("s")->va);
}

static inline struct plan *must_plan(const struct cell_source *cell)
{
    struct plan *plan = world_plan(&w, cell, 1);
    if (!plan)
        fail_msg("refused: %s", w.report.refusals[0].text);
    return plan;
}

static inline void go(const struct cell_source *cell)
{
    struct plan *plan = must_plan(cell);
    world_commit(&w, plan);
    plan_destroy(plan);
}

static inline void begin(const struct cell_source *cell, const void *value, size_t len)
{
    world_init(&w, cell, 1);
    assert_int_equal(home_of("s")->len, len);
    memcpy(live(), value, len);
}

/* FROM, holding WAS, becomes TO, holding IS; a revert and a swap back both give WAS again. */
static inline void there_and_back(const struct cell_source *from, const void *was,
                                  size_t was_len, const struct cell_source *to,
                                  const void *is, size_t is_len)
{
    begin(from, was, was_len);
    uint64_t generation = w.ns.generation;
    uint64_t digest = world_digest(&w);
    struct plan *plan = must_plan(to);
    assert_int_equal(plan->migrations.count, 1);
    assert_true(plan->migrations.list[0].text[0] != 0);
    assert_true(plan->cells[0].coupled);
    assert_int_equal(plan->cells[0].class, PLAN_DATA);
    assert_true(digest == world_digest(&w));
    world_commit(&w, plan);
    assert_int_equal(home_of("s")->len, is_len);
    assert_memory_equal(live(), is, is_len);
    world_revert(&w, plan);
    plan_destroy(plan);
    assert_memory_equal(live(), was, was_len);
    w.ns.generation = generation;
    assert_true(digest == world_digest(&w));
    for (int i = 0; i < 3; i++) {
        go(to);
        assert_memory_equal(live(), is, is_len);
        go(from);
        assert_int_equal(home_of("s")->len, was_len);
        assert_memory_equal(live(), was, was_len);
    }
    world_fini(&w);
}

#define THERE_AND_BACK(from, was, to, is)                                                \
    there_and_back(&(struct cell_source)CELL(from), &(was), sizeof(was),                 \
                   &(struct cell_source)CELL(to), &(is), sizeof(is))

/* A cell with FROM is refused TO, for its object and with WORD in the reason. */
static inline void expect_no_rule(const char *from, const char *to, const char *word)
{
    char text[2][2048];
    snprintf(text[0], sizeof text[0], "%s\n" KEEP, from);
    snprintf(text[1], sizeof text[1], "%s\n" KEEP, to);
    world_init(&w, &(struct cell_source){"cell", "", text[0]}, 1);
    expect_refused(&w, &(struct cell_source){"cell", "", text[1]}, 1, "data", "cell", "s",
                   NULL);
    if (!strstr(w.report.refusals[0].text, word))
        fail_msg("does not name %s: %s", word, w.report.refusals[0].text);
    world_fini(&w);
}

#endif
