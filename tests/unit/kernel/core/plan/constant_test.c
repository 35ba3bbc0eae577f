/* Variables that become constants, and constants that become variables.
 * SPDX-License-Identifier: MIT
 */
#include "migrate_fixture.h"

static const struct home *constant(void)
{
    const struct home *h = namespace_find_home(&w.ns, "cell", "s", true);
    assert_non_null(h);
    return h;
}

static uint32_t count_constants(void)
{
    uint32_t count = 0;
    for (const struct home *h = w.ns.homes; h; h = h->next)
        count += h->storage == CELL_STORE_RODATA && strcmp(h->key, "s") == 0;
    return count;
}

static long value_of(const struct home *h)
{
    return (long)get_le64(cellmem_data(h->va));
}

#define VARIABLE CELL("static long s = 7;")
#define CONSTANT CELL("static const long s = 7;")

/* Hazards 15, 26. Refused without plan_change_kind(); the value is lost when take_memory() does not choose the image, or when
 * compare_value() is not called. */
static void a_variable_may_become_the_constant_that_it_holds(void **state)
{
    long value = 9;
    (void)state;
    begin(&(struct cell_source)VARIABLE, &value, sizeof value);
    uint64_t generation = w.ns.generation;
    uint64_t digest = world_digest(&w);
    uint64_t va = home_of("s")->va;
    struct plan *plan = must_plan(&(struct cell_source)CELL("static const long s = 9;"));
    assert_int_equal(plan->migrations.count, 2);
    assert_non_null(strstr(plan->migrations.list[0].text, "depends on the machine"));
    assert_true(plan->cells[0].coupled);
    assert_int_equal(plan->cells[0].class, PLAN_DATA);
    assert_true(digest == world_digest(&w));
    put_le64(live(), 10); /* after the plan was made */
    assert_false(migrations_prepare(&plan->migrations));
    assert_ptr_equal(plan->migrations.failed, &plan->migrations.list[0]);
    put_le64(live(), 9);
    world_commit(&w, plan);
    assert_null(namespace_find_home(&w.ns, "cell", "s", false));
    assert_int_equal(value_of(constant()), 9);
    world_revert(&w, plan);
    plan_destroy(plan);
    assert_int_equal(home_of("s")->va, va);
    assert_int_equal(value_of(home_of("s")), 9);
    w.ns.generation = generation;
    assert_true(digest == world_digest(&w));
    world_fini(&w);
}

/* What nobody has set is no state: as of a constant that changes, the source says what it is. */
static void a_variable_that_nobody_set_may_become_another_constant(void **state)
{
    long value = 7;
    (void)state;
    begin(&(struct cell_source)VARIABLE, &value, sizeof value);
    go(&(struct cell_source)CELL("static const long s = 8;"));
    assert_int_equal(value_of(constant()), 8);
    world_fini(&w);
}

static void a_value_that_would_be_lost_stays(void **state)
{
    long value = 9;
    (void)state;
    begin(&(struct cell_source)VARIABLE, &value, sizeof value);
    struct plan *plan = must_plan(&(struct cell_source)CELL("static const long s = 8;"));
    assert_false(migrations_prepare(&plan->migrations));
    plan_destroy(plan);
    go(&(struct cell_source)CELL(
        "static const long s = 8;"
        "static const char evolve_drops_s __attribute__((used)) = 1;"));
    assert_int_equal(value_of(constant()), 8);
    world_fini(&w);
}

/* The constant is found again: when plan_rehome() makes orphans of constants too, there is one more each time. */
static void to_and_fro_leaves_nothing(void **state)
{
    long value = 7;
    (void)state;
    begin(&(struct cell_source)VARIABLE, &value, sizeof value);
    for (int i = 0; i < 4; i++) {
        struct plan *plan = must_plan(&(struct cell_source)CONSTANT);
        world_commit(&w, plan);
        world_revert(&w, plan);
        plan_destroy(plan);
        go(&(struct cell_source)CONSTANT);
        assert_int_equal(value_of(constant()), 7);
        plan = must_plan(&(struct cell_source)VARIABLE);
        world_commit(&w, plan);
        put_le64(live(), 33);
        world_revert(&w, plan);
        plan_destroy(plan);
        assert_int_equal(value_of(constant()), 7);
        assert_null(namespace_find_home(&w.ns, "cell", "s", false));
        go(&(struct cell_source)VARIABLE);
        assert_int_equal(value_of(home_of("s")), 7);
        assert_int_equal(count_constants(), 1);
    }
    world_fini(&w);
}

/* It begins with its initialiser, whatever the constant was. Refused without plan_change_kind(). */
static void a_constant_may_become_a_variable(void **state)
{
    (void)state;
    world_init(&w, &(struct cell_source)CONSTANT, 1);
    struct plan *plan = must_plan(&(struct cell_source)CELL("static long s = 8;"));
    assert_int_equal(plan->migrations.count, 1);
    assert_true(plan->cells[0].coupled);
    world_commit(&w, plan);
    assert_int_equal(value_of(home_of("s")), 8);
    plan_destroy(plan);
    world_fini(&w);
}

#define POINTERS(mutable, count)                                                         \
    CELL("static " mutable "struct { long a, b; } s = {1, 2};"                           \
                           "static const void *p[" count "];"                            \
                           "void cell_p(const void *q);"                                 \
                           "void cell_p(const void *q) { p[0] = q; __asm__ "             \
                           "volatile(\"\" :: \"r\"(p) : "                                \
                           "\"memory\"); }")

static uint64_t *pointers(void)
{
    return (uint64_t *)cellmem_data(home_of("p")->va);
}

/* Who has its address may write through it. Followed if lead_back() lists a copy for the way there. */
static void a_pointer_to_it_stops_it(void **state)
{
    (void)state;
    world_init(&w, &(struct cell_source)POINTERS("", "2"), 1);
    pointers()[0] = home_of("s")->va;
    struct plan *plan = must_plan(&(struct cell_source)POINTERS("const ", "3"));
    assert_false(migrations_prepare(&plan->migrations));
    assert_int_equal(plan->migrations.failed_word, home_of("s")->va);
    plan_destroy(plan);
    world_fini(&w);
}

/* Left in the constant when lead_back() lists nothing for the way back. */
static void pointers_into_the_constant_come_back(void **state)
{
    (void)state;
    world_init(&w, &(struct cell_source)POINTERS("", "2"), 1);
    uint64_t va = home_of("s")->va;
    struct plan *plan = must_plan(&(struct cell_source)POINTERS("const ", "3"));
    world_commit(&w, plan);
    pointers()[0] = constant()->va + 8;
    world_revert(&w, plan);
    plan_destroy(plan);
    assert_int_equal(pointers()[0], va + 8);
    world_fini(&w);
}

/* Left in the constant when plan_map_constant() empties the list of what only changes its kind. */
static void pointers_to_a_constant_follow_it(void **state)
{
    (void)state;
    world_init(&w, &(struct cell_source)POINTERS("const ", "2"), 1);
    uint64_t va = constant()->va;
    pointers()[0] = va + 8;
    struct plan *plan = must_plan(&(struct cell_source)POINTERS("", "3"));
    world_commit(&w, plan);
    assert_int_equal(pointers()[0], home_of("s")->va + 8);
    world_revert(&w, plan);
    plan_destroy(plan);
    assert_int_equal(pointers()[0], va + 8);
    world_fini(&w);
}

static void another_form_is_refused(void **state)
{
    (void)state;
    expect_no_rule("static long s = 7;", "static const int s = 7;", "EVOLVE_DROPS(s)");
}

static void what_swaps_keeps_its_kind(void **state)
{
    (void)state;
#define HOLD(kind)                                                                       \
    {"commit", "",                                                                       \
     "static " kind "int held = 1;\n"                                                    \
     "int commit_x(void) { __asm__ volatile(\"\" :: \"r\"(&held) : \"memory\"); "        \
     "return 1; }\n"}
    world_init(&w, CELLS(HOLD("")));
    expect_refused(&w, CELLS(HOLD("const ")), "closure", "commit", "held", NULL);
    world_fini(&w);
}

static void the_processor_keeps_a_variable_in_its_place(void **state)
{
    (void)state;
    expect_no_rule(
        "static long s = 7; static const char evolve_in_place_s __attribute__((used)) = "
        "1;",
        "static const long s = 7; static const char evolve_in_place_s "
        "__attribute__((used)) = 1;",
        "processor");
}

/* The usual case: the compiler puts its value where it is read. Refused for ever when celltool lists no constants. */
static void a_constant_that_is_folded_away_takes_over(void **state)
{
    long value = 7;
    (void)state;
    begin(&(struct cell_source)VARIABLE, &value, sizeof value);
    const struct cell_source folded = {
        "cell", "", "static const long s = 7; long cell_keep(void) { return s; }\n"};
    struct plan *plan = must_plan(&folded);
    put_le64(live(), 8);
    assert_false(migrations_prepare(&plan->migrations));
    put_le64(live(), 7);
    world_commit(&w, plan);
    assert_null(namespace_find_home(&w.ns, "cell", "s", false));
    world_revert(&w, plan);
    plan_destroy(plan);
    assert_int_equal(value_of(home_of("s")), 7);
    world_fini(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_variable_may_become_the_constant_that_it_holds),
        cmocka_unit_test(a_variable_that_nobody_set_may_become_another_constant),
        cmocka_unit_test(a_value_that_would_be_lost_stays),
        cmocka_unit_test(to_and_fro_leaves_nothing),
        cmocka_unit_test(a_constant_may_become_a_variable),
        cmocka_unit_test(a_pointer_to_it_stops_it),
        cmocka_unit_test(pointers_into_the_constant_come_back),
        cmocka_unit_test(pointers_to_a_constant_follow_it),
        cmocka_unit_test(another_form_is_refused),
        cmocka_unit_test(what_swaps_keeps_its_kind),
        cmocka_unit_test(the_processor_keeps_a_variable_in_its_place),
        cmocka_unit_test(a_constant_that_is_folded_away_takes_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
