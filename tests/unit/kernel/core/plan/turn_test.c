/* Tests of objects that edges of their owner turn: values arrive, come back, and none is lost on the way (hazards 14, 26, 32).
 * SPDX-License-Identifier: MIT
 *
 * The text of a test's cell cannot be executed here: each plan's edges are replaced by functions of this program.
 */
#include "migrate_fixture.h"
#include "states_fixture.h"

#include <core/plan/turn.h>

#include <stdlib.h>

typedef void (*edge_fn)(const void *was, void *is);

static void use(struct plan *plan, int form, uint32_t step, edge_fn edge)
{
    turn_of(&plan->migrations.list[0])->way[form].steps[step].edge = (uint64_t)edge;
}

/* Gives the field that has no place, or NULL. */
static const char *turn(struct plan *plan, bool backwards)
{
    struct migration_list *all = &plan->migrations;
    uint64_t len = turns_scratch(all);
    uint8_t *scratch = aligned_alloc(16, len);
    assert_true(len > 0);
    turns_look(all, backwards);
    const char *unfit = turn_run(all, &all->list[0], backwards, scratch);
    if (!unfit && !backwards)
        turn_rehearse(all, &all->list[0], scratch);
    free(scratch);
    return unfit;
}

static void go_there(struct plan *plan)
{
    assert_null(turn(plan, false));
    assert_true(migrations_hold(&plan->migrations, false));
    world_commit(&w, plan);
}

static void come_back(struct plan *plan)
{
    assert_null(turn(plan, true));
    assert_true(migrations_hold(&plan->migrations, true));
    world_revert(&w, plan);
    plan_destroy(plan);
}

#define BOTH(was) S_EDGE("s", "0", was, "1", "s") S_EDGE("s", "1", "s", "0", was)
#define SECONDS "static unsigned s;"

static void to_millis(const void *was, void *is)
{
    *(uint64_t *)is = *(const uint32_t *)was * 1000ull;
}

static void to_seconds(const void *was, void *is)
{
    *(uint32_t *)is = (uint32_t)(*(const uint64_t *)was / 1000);
}

static struct plan *seconds_to_millis(uint32_t value)
{
    begin(&(struct cell_source)CELL(SECONDS), &value, sizeof value);
    struct plan *plan = must_plan(&(struct cell_source)CELL(
        "static unsigned long s = 7; " STATE("s", "1") BOTH("unsigned")));
    use(plan, FORM_OLD, 0, to_millis);
    use(plan, FORM_NEW, 0, to_seconds);
    return plan;
}

static void a_value_turns_there_and_back(void **state)
{
    (void)state;
    struct plan *plan = seconds_to_millis(30);
    uint64_t digest = world_digest(&w);
    go_there(plan);
    assert_int_equal(*(uint64_t *)live(), 30000);
    *(uint64_t *)live() = 45999;
    come_back(plan);
    assert_int_equal(*(uint32_t *)live(), 45);
    *(uint32_t *)live() = 30;
    w.ns.generation -= 2;
    assert_true(digest == world_digest(&w));
    world_fini(&w);
}

static void to_first(const void *was, void *is)
{
    *(uint32_t *)is = *(const uint32_t *)was;
}

static void to_sum(const void *was, void *is)
{
    const uint32_t *each = was;
    *(uint32_t *)is = each[0] + each[1] + each[2] + each[3];
}

/* A counter for each processor. Seen to be refused when goes_by_name() looks at the innermost types alone. */
static void a_number_becomes_an_array_over_an_edge(void **state)
{
    uint32_t value = 30;
    (void)state;
    begin(&(struct cell_source)CELL("static unsigned s;"), &value, sizeof value);
    struct plan *plan = must_plan(&(struct cell_source)CELL(
        "static unsigned s[4]; " STATE("s", "1") BOTH("unsigned")));
    use(plan, FORM_OLD, 0, to_first);
    use(plan, FORM_NEW, 0, to_sum);
    go_there(plan);
    uint32_t *each = (uint32_t *)live();
    assert_true(each[0] == 30 && !each[1] && !each[2] && !each[3]);
    each[3] = 12;
    come_back(plan);
    assert_int_equal(*(uint32_t *)live(), 42);
    world_fini(&w);
}

/* Seen to fail without migrations_hold(): 31 comes out as 30000. */
static void what_is_written_after_the_look_is_noticed(void **state)
{
    (void)state;
    struct plan *plan = seconds_to_millis(30);
    assert_null(turn(plan, false));
    *(uint32_t *)live() = 31;
    assert_false(migrations_hold(&plan->migrations, false));
    go_there(plan);
    assert_int_equal(*(uint64_t *)live(), 31000);
    assert_null(turn(plan, true));
    *(uint64_t *)live() = 32000;
    assert_false(migrations_hold(&plan->migrations, true));
    turns_forget(&plan->migrations);
    come_back(plan);
    assert_int_equal(*(uint32_t *)live(), 32);
    world_fini(&w);
}

/* A commit that died between its stores, or a form that nobody has seen: no edge can be asked. */
static void without_a_look_the_old_value_comes_back(void **state)
{
    (void)state;
    struct plan *plan = seconds_to_millis(30);
    go_there(plan);
    world_revert(&w, plan);
    plan_destroy(plan);
    assert_int_equal(*(uint32_t *)live(), 30);
    world_fini(&w);
}

static void tenfold(const void *was, void *is)
{
    ((int *)is)[0] = ((const int *)was)[0] / 10;
}

static void tenth(const void *was, void *is)
{
    ((int *)is)[0] = ((const int *)was)[0] * 10;
}

/* Of equal form. Seen to fail without the comparison with what was stored: 123 comes back as 120. */
static void what_nobody_has_touched_comes_back_whatever_the_edges_lose(void **state)
{
    int was[2] = {123, 5};
    (void)state;
    begin(&(struct cell_source)CELL("static struct { int n, m; } s;"), was, sizeof was);
    for (int touched = 0; touched < 2; touched++) {
        struct plan *plan = must_plan(&(struct cell_source)CELL(
            "static struct { int n, m; } s; " STATE("s", "1") BOTH("s")));
        assert_true(plan->migrations.list[0].old_at == plan->migrations.list[0].new_at);
        use(plan, FORM_OLD, 0, tenfold);
        use(plan, FORM_NEW, 0, tenth);
        go_there(plan);
        assert_true(((int *)live())[0] == 12 && ((int *)live())[1] == 5);
        ((int *)live())[1] = 5 + touched;
        come_back(plan);
        assert_int_equal(((int *)live())[0], touched ? 120 : 123);
        assert_int_equal(((int *)live())[1], 5 + touched);
    }
    world_fini(&w);
}

static void store_nothing(const void *was, void *is)
{
    (void)was;
    (void)is;
}

static void store_rest(const void *was, void *is)
{
    ((unsigned *)is)[1] = (unsigned)(*(const uint64_t *)was % 1000);
}

static void store_all(const void *was, void *is)
{
    ((unsigned *)is)[0] = (unsigned)(*(const uint64_t *)was / 1000);
    store_rest(was, is);
}

/* By name it would be cut; the edge says better, or has to. */
static void a_number_that_does_not_fit_is_the_edges_to_store(void **state)
{
    struct {
        uint64_t n;
        uint64_t kept;
    } was = {4000000000007, 9};
    (void)state;
    begin(&(struct cell_source)CELL("static struct { unsigned long n, kept; } s;"), &was,
          sizeof was);
    struct plan *plan = must_plan(&(struct cell_source)CELL(
        "struct s_0 { unsigned long n, kept; };\n"
        "static struct { unsigned n, rest; unsigned long kept; unsigned fresh; } s = "
        "{.fresh = 3};" STATE("s", "1") BOTH("struct s_0")));
    use(plan, FORM_NEW, 0, store_nothing);
    use(plan, FORM_OLD, 0, store_rest);
    assert_string_equal(turn(plan, false), "n");
    use(plan, FORM_OLD, 0, store_all);
    go_there(plan);
    const uint32_t *now = live();
    assert_true(now[0] == 4000000000u && now[1] == 7 && now[2] == 9 && now[4] == 3);
    world_revert(&w, plan);
    plan_destroy(plan);
    world_fini(&w);
}

static void double_it(const void *was, void *is)
{
    *(unsigned *)is = 2 * *(const unsigned *)was;
}

static void add_three(const void *was, void *is)
{
    *(unsigned *)is = 3 + *(const unsigned *)was;
}

static void skipped_states_are_gone_through_in_order(void **state)
{
    unsigned was = 5;
    (void)state;
    begin(&(struct cell_source)CELL(SECONDS), &was, sizeof was);
    struct plan *plan = must_plan(&(struct cell_source)CELL(
        SECONDS STATE("s", "3") S_EDGE("s", "0", "s", "1", "s")
            S_EDGE("s", "1", "s", "2", "s") S_EDGE("s", "2", "s", "3", "s")
                S_EDGE("s", "3", "s", "0", "s")));
    use(plan, FORM_OLD, 0, double_it);
    use(plan, FORM_OLD, 1, add_three);
    use(plan, FORM_OLD, 2, double_it);
    use(plan, FORM_NEW, 0, add_three);
    go_there(plan);
    assert_int_equal(*(unsigned *)live(), 26);
    *(unsigned *)live() = 27;
    come_back(plan);
    assert_int_equal(*(unsigned *)live(), 30);
    world_fini(&w);
}

#define RING(n)                                                                          \
    "struct l { struct l *next, *prev; };\nstatic struct { " n                           \
    " struct l list; long rest[4]; } s;\n"

/* Hazard 4. Seen to fail when words are led along on each edge: the list leads into what follows it. */
static void pointers_are_led_along_once(void **state)
{
    (void)state;
    world_init(&w, &(struct cell_source)CELL(RING("long n;")), 1);
    uint64_t va = home_of("s")->va;
    uint64_t *now = live();
    now[0] = 6;
    now[1] = now[2] = va + 8;
    struct plan *plan = must_plan(&(struct cell_source)CELL(
        "struct l; struct s_0 { long n; struct l { struct l *next, *prev; } list; long "
        "rest[4]; };\n"
        "struct s_1 { long n, m; struct l list; long rest[4]; };\n"
        "static struct { long n, m, k; struct l list; long rest[4]; } s;\n" STATE("s", "2")
            S_EDGE("s", "0", "struct s_0", "1", "struct s_1")
                S_EDGE("s", "1", "struct s_1", "2", "s")
                    S_EDGE("s", "2", "s", "0", "struct s_0")));
    use(plan, FORM_OLD, 0, double_it);
    use(plan, FORM_OLD, 1, add_three);
    use(plan, FORM_NEW, 0, store_nothing);
    go_there(plan);
    now = live();
    assert_int_equal(home_of("s")->va, va);
    assert_true(now[0] == 15 && now[3] == va + 24 && now[4] == va + 24);
    now[1] = 1;
    come_back(plan);
    now = live();
    assert_true(now[0] == 15 && now[1] == va + 8 && now[2] == va + 8);
    world_fini(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_turns_there_and_back),
        cmocka_unit_test(a_number_becomes_an_array_over_an_edge),
        cmocka_unit_test(what_is_written_after_the_look_is_noticed),
        cmocka_unit_test(without_a_look_the_old_value_comes_back),
        cmocka_unit_test(what_nobody_has_touched_comes_back_whatever_the_edges_lose),
        cmocka_unit_test(a_number_that_does_not_fit_is_the_edges_to_store),
        cmocka_unit_test(skipped_states_are_gone_through_in_order),
        cmocka_unit_test(pointers_are_led_along_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
