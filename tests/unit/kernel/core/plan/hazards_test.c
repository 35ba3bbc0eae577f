/* Tests of single defences of the loader and the planner. Each comment says what goes wrong without the one that it is about.
 * SPDX-License-Identifier: MIT
 */
#include "fixture.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNTER(step)                                                                    \
    {                                                                                    \
        "counter", "",                                                                   \
            "static long count = 5; long counter_next(void) { return count += " step     \
            "; }\n"                                                                      \
            "long (*counter_fn(void))(void) { return counter_next; }\n"                  \
    }
#define CALLER                                                                           \
    {                                                                                    \
        "caller", "counter",                                                             \
            "long counter_next(void); long caller_twice(void) { return counter_next() "  \
            "* 2; }\n"                                                                   \
    }

static void world_with(struct world *w, const char *name, const char *text)
{
    world_init(w, CELLS({name, "", text}));
}

/* Hazard 4. Without slack (home_capacity() gives the length) the array moves, and who points to it has to be found. */
static void an_object_that_grows_keeps_its_address(void **state)
{
    struct world w;
    (void)state;
    world_with(&w, "list",
               "static long list[8]; long *list_at(int i) { return &list[i & 7]; }\n");
    uint64_t home = w.ns.homes->va;
    struct plan *plan = world_plan(
        &w,
        CELLS({"list", "",
               "static long list[15]; long *list_at(int i) { return &list[i & 7]; }\n"}));
    assert_non_null(plan);
    assert_int_equal(plan->migrations.count, 1);
    assert_ptr_equal(plan->migrations.list[0].old_home, plan->migrations.list[0].new_home);
    world_commit(&w, plan);
    assert_int_equal(w.ns.homes->va, home);
    assert_int_equal(w.ns.homes->len, 15 * 8);
    plan_destroy(plan);
    world_fini(&w);
}

#define STEP(by)                                                                         \
    "__attribute__((noinline)) static int step(int x) { return x + " by "; }\n"
#define USER(letter) "int pair_" letter "(int x) { return step(x) * 2; }\n"
#define LAST "int pair_last(int x) { return step(x) + 1; }\n"

/* Hazard 7: pair_last() calls the other file's step() now. Without the twin numbers in same_name() it counts as unchanged. */
static void a_call_of_the_other_static_is_another_call(void **state)
{
    struct world w;
    (void)state;
    world_with(&w, "pair", STEP("1") USER("a") LAST "\f" STEP("2") USER("b"));
    struct plan *plan = world_plan(
        &w, CELLS({"pair", "", STEP("1") USER("a") "\f" STEP("2") USER("b") LAST}));
    assert_non_null(plan);
    assert_int_equal(plan->cells[0].functions_changed, 1);
    plan_destroy(plan);
    world_fini(&w);
}

#define SPLIT(factor)                                                                    \
    {                                                                                    \
        "split", "",                                                                     \
            "static volatile long seen; __attribute__((cold, noinline)) void "           \
            "split_tell(long x) "                                                        \
            "{ seen = x; }\n"                                                            \
            "long split_of(long x) { if (__builtin_expect(x > 1000, 0)) { "              \
            "split_tell(x); split_tell(x + 1); return x * " factor "; } return x + 1; }" \
            "\nlong (*split_fn(void))(long) { return split_of; }\n"                      \
    }

/* Hazard 7. What a function seldom does lies in a clone of its own (.cold), which nobody else calls. Only that has changed, and
 * the function leads to it. When same_function() compares no bytes nothing has. */
static void a_clone_for_what_is_seldom_is_a_function_of_its_own(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, CELLS(SPLIT("77")));
    struct plan *plan = world_plan(&w, CELLS(SPLIT("78")));
    assert_non_null(plan);
    const struct version *v = plan->cells[0].fresh;
    int64_t whole = version_export(v, "split_of");
    int64_t clone = version_function(v, "split_of.cold", false, 0);
    assert_true(whole >= 0 && clone >= 0);
    assert_int_equal(plan->cells[0].functions_changed, 1);
    world_commit(&w, plan);
    plan_destroy(plan);
    expect_undone(&w, CELLS(SPLIT("77")));
    world_fini(&w);
}

/* Hazard 7. Without the check in check_writable() both would be one object to the next version. */
static void two_objects_of_one_name_are_refused(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, CELLS(COUNTER("1")));
    expect_refused(&w,
                   CELLS({"twice", "",
                          "int twice_count(int a) { if (a) { static int n; return ++n; } "
                          "static int n; return n += 2; }\n"}),
                   "data", "twice", "twice0.c::twice_count::n", NULL);
    world_fini(&w);
}

/* Hazard 8. Without the look at the opcode the address would be written into the code, and stay old after the next swap. */
static void an_import_may_only_be_called(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, CELLS(COUNTER("1"), CALLER));
    expect_refused(&w,
                   CELLS({"caller", "counter",
                          "long counter_next(void);\n"
                          "long caller_twice(void) { long p; __asm__(\"lea %c1(%%rip), "
                          "%0\" : \"=r\"(p) : \"i\"(counter_next)); return p; }\n"}),
                   "relocation", "caller", "counter_next", NULL);
    world_fini(&w);
}

/* Hazard 8. Without the comparison in resolve() the upper bits would be lost, and the code would name what lies elsewhere. */
static void what_lies_too_far_away_is_refused(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, CELLS(COUNTER("1")));
    expect_refused(&w,
                   CELLS({"far", "",
                          "long far_list[8]; long far_at(void) { long p; "
                          "__asm__(\"lea %c1 - 0x180000000(%%rip), %0\" : \"=r\"(p) : "
                          "\"i\"(far_list)); return p; }\n"}),
                   "relocation", "far", "far_list", NULL);
    assert_non_null(strstr(w.report.refusals[0].text, "out of the reach of 32 bits"));
    world_fini(&w);
}

/* Hazard 23. Who jumps to a function at his end leaves no frame there, and is led to the new one like who calls it. Seen to
 * fail when is_branch() knows calls only: refused, as a relocation. */
static void a_call_that_is_a_jump_is_led_to_new_text(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, CELLS(COUNTER("1"),
                         {"caller", "counter",
                          "long counter_next(void); long caller_last(void) { return "
                          "counter_next(); }\n"}));
    uint64_t site = namespace_running(&w.ns, "caller")->sites[0].va;
    assert_int_equal(*(const uint8_t *)cellmem_view(site - 1), 0xe9);
    struct plan *plan = world_plan(&w, CELLS(COUNTER("2")));
    assert_non_null(plan);
    world_commit(&w, plan);
    expect_calls(&w, "caller", "counter", "counter_next");
    plan_destroy(plan);
    world_fini(&w);
}

/* Writes VALUE over the LEN bytes at VA, past what the namespace knows; gives what was there. */
static uint64_t disturb(uint64_t va, size_t len, uint64_t value)
{
    uint64_t was = 0;
    uint8_t *write;
    uint64_t page = align_down(va, CELLMEM_PAGE);
    assert_int_equal(cellmem_alias_open(page, &write), STATUS_OK);
    memcpy(&was, write + (va - page), len);
    memcpy(write + (va - page), &value, len);
    cellmem_alias_close(page, write);
    return was;
}

/* Hazard 10. Without the comparison in poke_site() the journal would say that the right bytes had been there. */
static void a_call_that_does_not_hold_what_is_known_is_refused(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, CELLS(COUNTER("1"), CALLER));
    uint64_t site = namespace_running(&w.ns, "caller")->sites[0].va;
    uint64_t was = disturb(site, 4, 0x11223344);
    assert_null(world_plan(&w, CELLS(COUNTER("2"))));
    assert_string_equal(w.report.refusals[0].code, "drift");
    assert_string_equal(w.report.refusals[0].cell, "caller");
    disturb(site, 4, was);
    world_fini(&w);
}

/* Without the comparison in journal_stub() the same. */
static void a_slot_that_does_not_hold_what_is_known_is_refused(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, CELLS(COUNTER("1")));
    uint64_t was = disturb(w.ns.stubs->slot, 8, 0x1122334455667788);
    assert_null(world_plan(&w, CELLS(COUNTER("2"))));
    assert_string_equal(w.report.refusals[0].code, "drift");
    disturb(w.ns.stubs->slot, 8, was);
    world_fini(&w);
}

/* Hazard 12. Without the comparison in imports_resolve() the new caller would call the old form. */
static void a_new_caller_of_a_form_that_is_not_there_is_refused(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, CELLS(COUNTER("1"), CALLER));
    expect_refused(&w,
                   CELLS({"caller", "counter",
                          "long counter_next(long); long caller_twice(void) { return "
                          "counter_next(4); }\n"}),
                   "signature", "counter", "counter_next", "caller");
    world_fini(&w);
}

#define SHARED(fields) "# 1 \"shared.h\"\nstruct shared { " fields " };\n# 2 \"it.c\"\n"

/* Hazard 13. Without check_types() two cells would mean different things by one struct. */
static void a_type_of_a_header_changes_in_all_who_share_it(void **state)
{
    const struct cell_source was[] = {
        {"giver", "",
         SHARED(
             "int a; int b;") "int giver_sum(struct shared s) { return s.a + s.b; }\n"},
        {"user", "",
         SHARED(
             "int a; int b;") "int user_sum(struct shared s) { return s.a - s.b; }\n"}};
    const struct cell_source now[] = {
        {"giver", "",
         SHARED(
             "int b; int a;") "int giver_sum(struct shared s) { return s.a + s.b; }\n"}};
    struct world w;
    (void)state;
    world_init(&w, was, 2);
    expect_refused(&w, now, 1, "type", "giver", "struct shared", "user");
    world_fini(&w);
}

/* Hazard 18. Without the comparison in loader_place() it would be loaded. */
static void an_object_of_another_compiler_is_refused(void **state)
{
    struct world w;
    struct plan *plan = NULL;
    (void)state;
    world_init(&w, CELLS(COUNTER("1")));
    struct plan_object o = cell_make(&(struct cell_source)COUNTER("2"));
    const struct cellinfo *info = &namespace_running(&w.ns, "counter")->info;
    uint8_t *copy = malloc(o.len);
    assert_non_null(copy);
    memcpy(copy, o.bytes, o.len);
    for (size_t at = 0; at + 8 <= o.len; at++)
        if (get_le64(copy + at) == info->abi_hash)
            put_le64(copy + at, info->abi_hash ^ 1);
    o.bytes = copy;
    assert_int_equal(plan_create(&w.ns, &o, 1, NULL, 0, &plan, &w.report), STATUS_DENIED);
    assert_string_equal(w.report.refusals[0].code, "toolchain");
    free(copy);
    world_fini(&w);
}

/* Which cell@version and function VA is in. */
static void expect_place(struct world *w, uint64_t va, const char *expected)
{
    char place[96];
    namespace_symbolise(&w->ns, va + 1, place, sizeof place);
    if (strncmp(place, expected, strlen(expected)) != 0)
        fail_msg("%#lx is called %s, not %s", va, place, expected);
}

/* Hazard 36: a fault, or the NMI of the guard, may come between any two stores. When only plan_commit() enters the new
 * version, what is in its text has no name. */
static void both_texts_have_names_between_two_stores(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, CELLS(COUNTER("1"), CALLER));
    const struct version *old = namespace_running(&w.ns, "counter");
    struct plan *plan = world_plan(&w, CELLS(COUNTER("2")));
    assert_non_null(plan);
    const struct version *fresh = plan->cells[0].fresh;
    assert_true(plan->poke_count >= 2);
    plan_enter(plan);
    for (uint32_t i = 0; i <= plan->poke_count; i++) {
        expect_place(&w, old->functions[version_export(old, "counter_next")].va,
                     "counter@1 counter_next+");
        expect_place(&w, fresh->functions[version_export(fresh, "counter_next")].va,
                     "counter@2 counter_next+");
        if (i < plan->poke_count)
            memcpy(plan->pokes[i].write, &plan->pokes[i].after, plan->pokes[i].len);
    }
    plan_commit(plan);
    assert_null(namespace_check(&w.ns));
    plan_destroy(plan);
    world_fini(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_object_that_grows_keeps_its_address),
        cmocka_unit_test(a_call_of_the_other_static_is_another_call),
        cmocka_unit_test(a_clone_for_what_is_seldom_is_a_function_of_its_own),
        cmocka_unit_test(two_objects_of_one_name_are_refused),
        cmocka_unit_test(an_import_may_only_be_called),
        cmocka_unit_test(what_lies_too_far_away_is_refused),
        cmocka_unit_test(a_call_that_is_a_jump_is_led_to_new_text),
        cmocka_unit_test(a_call_that_does_not_hold_what_is_known_is_refused),
        cmocka_unit_test(a_slot_that_does_not_hold_what_is_known_is_refused),
        cmocka_unit_test(a_new_caller_of_a_form_that_is_not_there_is_refused),
        cmocka_unit_test(a_type_of_a_header_changes_in_all_who_share_it),
        cmocka_unit_test(an_object_of_another_compiler_is_refused),
        cmocka_unit_test(both_texts_have_names_between_two_stores),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
