/* Tests of the planner: what it swaps, what it refuses, and that a refusal changes nothing.
 * SPDX-License-Identifier: MIT
 */
#include "fixture.h"

#include <core/commit/transfer.h>

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A counter with a static, a caller of it, and a cell that hands out a callback. */
#define COUNTER(step)                                                                    \
    {                                                                                    \
        "counter", "",                                                                   \
            "static long count = 5; long counter_next(void) { return count += " step     \
            "; }\n"                                                                      \
    }
#define CALLER                                                                           \
    {                                                                                    \
        "caller", "counter",                                                             \
            "long counter_next(void); long caller_twice(void) { return counter_next() "  \
            "* 2 + "                                                                     \
            "counter_next(); }\n"                                                        \
    }
#define TABLE(body)                                                                      \
    {                                                                                    \
        "table", "",                                                                     \
            "static int one(int x) { return x + 1; }\n"                                  \
            "static int two(int x) { return x " body "; }\n"                             \
            "static int (*const ops[])(int) = {one, two};\n"                             \
            "int table_call(int i, int x) { return ops[i & 1](x); }\n"                   \
            "const char *table_name(void) { return \"" body "\"; }\n"                    \
    }

/* Hazard 3. When share_home() gives every object a new home, the address differs. */
static void changed_text_is_called_by_everyone(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, CELLS(COUNTER("1"), CALLER));
    uint64_t home = w.ns.homes->va;
    struct plan *plan = world_plan(&w, CELLS(COUNTER("2")));
    assert_non_null(plan);
    assert_int_equal(plan->cells[0].class, PLAN_TEXT);
    assert_int_equal(plan->cells[0].functions_changed, 1);
    assert_int_equal(plan->cells[0].functions_added, 0);
    assert_int_equal(plan->poke_count, 2);
    world_commit(&w, plan);
    expect_calls(&w, "caller", "counter", "counter_next");
    assert_int_equal(w.ns.homes->va, home);
    assert_int_equal(get_le64(cellmem_view(home)), 5);
    plan_destroy(plan);
    world_fini(&w);
}

static void a_plan_changes_nothing_until_its_commit(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, CELLS(COUNTER("1"), CALLER, TABLE("* 3")));
    uint64_t before = world_digest(&w);
    struct plan *plan = world_plan(&w, CELLS(COUNTER("2"), TABLE("* 4")));
    assert_non_null(plan);
    assert_true(before == world_digest(&w));
    plan_destroy(plan);
    assert_true(before == world_digest(&w));
    world_fini(&w);
}

/* Hazard 17. Differs when plan_revert() leaves imports or stubs where they lead. */
static void a_revert_restores_every_byte(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, CELLS(COUNTER("1"), CALLER, TABLE("* 3")));
    expect_undone(&w, CELLS(COUNTER("2"), TABLE("* 4")));
    world_fini(&w);
}

/* Hazard 1. When journal_stub() leaves the slot as it is, namespace invariant 5 is broken. */
static void a_callback_keeps_its_address(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, CELLS(TABLE("* 3")));
    const struct stub *two =
        namespace_find_stub(&w.ns, 0, "table", "two", 0, w.ns.stubs->signature);
    assert_non_null(two);
    struct plan *plan = world_plan(&w, CELLS(TABLE("* 4")));
    assert_non_null(plan);
    world_commit(&w, plan);
    assert_ptr_equal(two,
                     namespace_find_stub(&w.ns, 0, "table", "two", 0, two->signature));
    const struct version *now = namespace_running(&w.ns, "table");
    assert_int_equal(get_le64(cellmem_view(two->slot)), now->functions[two->function].va);
    plan_destroy(plan);
    world_fini(&w);
}

/* Hazard 5. Without journal_constants() the old word stays. */
static void a_constant_table_is_rewritten_where_it_is(void **state)
{
    static const char *const text[] = {
        "static const char *const names[] = {\"a\", \"b\", \"c\"};\n"
        "const char *words_at(int i) { return names[i]; }\n",
        "static const char *const names[] = {\"a\", \"bb\", \"c\"};\n"
        "const char *words_at(int i) { return names[i]; }\n"};
    struct world w;
    (void)state;
    world_init(&w, CELLS({"words", "", text[0]}));
    uint64_t home = w.ns.homes->va;
    struct plan *plan = world_plan(&w, CELLS({"words", "", text[1]}));
    assert_non_null(plan);
    world_commit(&w, plan);
    assert_string_equal(cellmem_view(get_le64(cellmem_view(home + 8))), "bb");
    world_revert(&w, plan);
    assert_string_equal(cellmem_view(get_le64(cellmem_view(home + 8))), "b");
    plan_destroy(plan);
    world_fini(&w);
}

static void a_new_cell_is_added_with_what_calls_it(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, CELLS(COUNTER("1")));
    struct plan *plan = world_plan(&w, CELLS(CALLER));
    assert_non_null(plan);
    assert_int_equal(plan->cells[0].class, PLAN_ADD);
    world_commit(&w, plan);
    expect_calls(&w, "caller", "counter", "counter_next");
    world_revert(&w, plan);
    assert_null(namespace_running(&w.ns, "caller"));
    plan_destroy(plan);
    world_fini(&w);
}

static void cells_of_one_set_may_need_each_other(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, CELLS(COUNTER("1"), CALLER));
    struct plan *plan = world_plan(
        &w,
        CELLS({"counter", "",
               "static long count = 5; long counter_next(void) { return ++count; }\n"
               "long counter_peek(void) { return count; }\n"},
              {"caller", "counter",
               "long counter_next(void); long counter_peek(void);\n"
               "long caller_twice(void) { return counter_next() + counter_peek(); }\n"}));
    assert_non_null(plan);
    world_commit(&w, plan);
    expect_calls(&w, "caller", "counter", "counter_peek");
    plan_destroy(plan);
    world_fini(&w);
}

/* Hazard 29. When follows() makes no exception, old text calls new text. */
static void old_text_of_the_set_stays_with_old_text(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, CELLS(COUNTER("1"), CALLER));
    const struct version *old_caller = namespace_running(&w.ns, "caller");
    const struct version *old_counter = namespace_running(&w.ns, "counter");
    uint64_t site = old_caller->sites[0].va;
    uint32_t bytes = get_le32(cellmem_view(site));
    struct plan *plan = world_plan(
        &w, CELLS(COUNTER("2"),
                  {"caller", "counter",
                   "long counter_next(void);\n"
                   "long caller_twice(void) { return counter_next() * 3; }\n"}));
    world_commit(&w, plan);
    assert_int_equal(get_le32(cellmem_view(site)), bytes);
    assert_ptr_equal(old_caller->imports[0].provider, old_counter);
    plan_destroy(plan);
    world_fini(&w);
}

static void refuses_an_undefined_symbol_by_name(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, CELLS(COUNTER("1"), CALLER));
    expect_refused(&w,
                   CELLS({"caller", "counter",
                          "long counter_previous(void);\n"
                          "long caller_twice(void) { return counter_previous(); }\n"}),
                   "undefined", "caller", "counter_previous", NULL);
    world_fini(&w);
}

static void refuses_to_drop_a_function_in_use(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, CELLS(COUNTER("1"), CALLER));
    expect_refused(
        &w,
        CELLS({"counter", "",
               "static long count = 5; long counter_step(void) { return ++count; }\n"}),
        "undefined", "counter", "counter_next", "caller");
    world_fini(&w);
}

/* Hazard 12. Not refused without the comparison in check_dependents(). */
static void refuses_a_changed_signature_with_its_caller_withheld(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, CELLS(COUNTER("1"), CALLER));
    expect_refused(&w,
                   CELLS({"counter", "",
                          "static long count = 5;\n"
                          "long counter_next(long by) { return count += by; }\n"}),
                   "signature", "counter", "counter_next", "caller");
    world_fini(&w);
}

static void refuses_a_type_that_no_rule_leads_to(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, CELLS(COUNTER("1"), CALLER));
    expect_refused(&w,
                   CELLS({"counter", "",
                          "static void *count;\n"
                          "long counter_next(void) { return (long)++count; }\n"}),
                   "data", "counter", "count", NULL);
    world_fini(&w);
}

/* Hazard 8. Not refused without check_objects(). */
static void refuses_a_live_object_that_disappears(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, CELLS(COUNTER("1"), CALLER));
    expect_refused(&w, CELLS({"counter", "", "long counter_next(void) { return 7; }\n"}),
                   "consent", "counter", "count", NULL);
    assert_non_null(strstr(w.report.refusals[0].text, "EVOLVE_DROPS(count)"));
    assert_non_null(strstr(w.report.refusals[0].text, "--consent counter:count"));
    world_fini(&w);
}

/* A counter that counts, and folded away; at file scope and within its function. */
struct foldable {
    const char *key, *counts, *folded;
};
static const struct foldable foldable[] = {
    {"count", "static long count = 5; long counter_next(void) { return ++count; }\n",
     "static long count = 5; long counter_next(void) { return count; }\n"},
    {"counter_next::count",
     "long counter_next(void) { static long count = 5; return ++count; }\n",
     "long counter_next(void) { static long count = 5; return count; }\n"},
};

static long *live_count(const struct world *w, const char *key)
{
    const struct home *h = namespace_find_home(&w->ns, "counter", key, false);
    assert_non_null(h);
    return (long *)cellmem_data(h->va);
}

static void fold_and_unfold(const struct foldable *f)
{
    struct world w;
    world_init(&w, CELLS({"counter", "", f->counts}, CALLER));
    uint64_t digest = world_digest(&w);
    uint64_t generation = w.ns.generation;
    struct plan *plan = world_plan(&w, CELLS({"counter", "", f->folded}));
    assert_non_null(plan);
    const struct migration *m = plan_migration(plan, 0);
    assert_string_equal(m->key, f->key);
    assert_non_null(strstr(m->text, "depends on the machine"));
    assert_true(plan->cells[0].coupled);
    assert_int_equal(plan->cells[0].class, PLAN_DATA);

    long *live = live_count(&w, f->key);
    *live = 6;
    assert_false(migrations_prepare(&plan->migrations));
    assert_ptr_equal(plan->migrations.failed, m);
    *live = 5;
    world_commit(&w, plan);
    assert_null(namespace_find_home(&w.ns, "counter", f->key, false));
    world_revert(&w, plan);
    plan_destroy(plan);
    w.ns.generation = generation;
    assert_true(digest == world_digest(&w));
    assert_ptr_equal(live_count(&w, f->key), live);

    /* It comes back with its initialiser, and to a home of its own. */
    for (int i = 0; i < 3; i++) {
        plan = world_plan(&w, CELLS({"counter", "", f->folded}));
        assert_non_null(plan);
        world_commit(&w, plan);
        plan_destroy(plan);
        plan = world_plan(&w, CELLS({"counter", "", f->counts}));
        assert_non_null(plan);
        world_commit(&w, plan);
        plan_destroy(plan);
        assert_int_equal(*live_count(&w, f->key), 5);
    }
    world_fini(&w);
}

/* Hazards 7 and 15. It would go whatever it holds without the comparison of MOVE_UNUSED (transfer_one()), and be refused
 * always without plan_fold(), or if celltool did not list it. */
static void
an_object_that_the_compiler_folds_away_goes_if_it_holds_its_initialiser(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(foldable); i++)
        fold_and_unfold(&foldable[i]);
}

/* What became automatic is set anew at each call. Let go if celltool listed every variable that has no place. */
static void a_static_that_becomes_automatic_wants_a_mark(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, CELLS({"counter", "", foldable[1].counts}, CALLER));
    assert_null(world_plan(
        &w, CELLS({"counter", "",
                   "long counter_next(void) { long count = 5; return count; }\n"})));
    assert_non_null(strstr(w.report.refusals[0].text, "counter_next::count"));
    world_fini(&w);
}

/* The initialiser of the version that runs counts, not what it was once. */
static void an_object_that_is_folded_away_with_a_value_of_the_past_does_not_go(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, CELLS(COUNTER("1"), CALLER));
    struct plan *plan = world_plan(
        &w,
        CELLS({"counter", "",
               "static long count = 9; long counter_next(void) { return ++count; }\n"}));
    assert_non_null(plan);
    world_commit(&w, plan);
    plan_destroy(plan);
    assert_int_equal(*live_count(&w, "count"), 5);
    plan = world_plan(
        &w,
        CELLS({"counter", "",
               "static long count = 9; long counter_next(void) { return count; }\n"}));
    assert_non_null(plan);
    assert_false(migrations_prepare(&plan->migrations));
    plan_destroy(plan);
    world_fini(&w);
}

/* Hazard 13. Not refused without plan_check_past(). */
/* Whoever calls it may have made them anywhere. */
static void refuses_a_changed_struct(void **state)
{
    static const char *const text[] = {
        "struct item { int a; struct item *next; };\n"
        "int items_sum(void *list) { struct item *i = list; int n = 0; for (; i; i = "
        "i->next) "
        "n += i->a; return n; }\n",
        "struct item { int a; int b; struct item *next; };\n"
        "int items_sum(void *list) { struct item *i = list; int n = 0; for (; i; i = "
        "i->next) "
        "n += i->a; return n; }\n"};
    struct world w;
    (void)state;
    world_init(&w, CELLS({"items", "", text[0]}));
    expect_refused(&w, CELLS({"items", "", text[1]}), "type", "items", "struct item",
                   "items");
    world_fini(&w);
}

static void refuses_an_import_that_is_not_allowed(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, CELLS(COUNTER("1"), CALLER));
    expect_refused(&w,
                   CELLS({"caller", "",
                          "long counter_next(void);\n"
                          "long caller_twice(void) { return counter_next() * 4; }\n"}),
                   "capability", "caller", "counter_next", NULL);
    world_fini(&w);
}

static void refuses_two_cells_that_export_one_name(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, CELLS(COUNTER("1"), CALLER));
    expect_refused(&w, CELLS({"other", "", "long counter_next(void) { return 1; }\n"}),
                   "duplicate", "other", "counter_next", "counter");
    expect_refused(&w,
                   CELLS({"one", "", "long both_define(void) { return 1; }\n"},
                         {"two", "", "long both_define(void) { return 2; }\n"}),
                   "duplicate", "one", "both_define", "two");
    world_fini(&w);
}

static void refuses_an_object_that_is_cut_short(void **state)
{
    struct world w;
    struct plan *plan;
    (void)state;
    world_init(&w, CELLS(COUNTER("1")));
    struct plan_object whole = cell_make(&(struct cell_source)COUNTER("2"));
    for (size_t len = 0; len < whole.len; len += 7) {
        uint8_t *copy = malloc(len + 1);
        memcpy(copy, whole.bytes, len);
        struct plan_object cut = {.bytes = copy, .len = len};
        enum status status = plan_create(&w.ns, &cut, 1, NULL, 0, &plan, &w.report);
        assert_int_equal(status, STATUS_DENIED);
        assert_string_equal(w.report.refusals[0].code, "object");
        free(copy);
    }
    assert_null(namespace_check(&w.ns));
    world_fini(&w);
}

/* Namespace invariants 1 to 6 after each of many swaps, reverts and refusals (hazard 9). Invariant 2 is broken when
 * plan_commit() or plan_revert() does not link imports, 5 when stubs do not follow. */
static void a_thousand_swaps_leave_no_drift(void **state)
{
    static const struct cell_source pool[] = {COUNTER("1"), COUNTER("2"), COUNTER("3"),
                                              TABLE("* 3"), TABLE("* 4"), CALLER};
    struct world w;
    (void)state;
    srand(7);
    world_init(&w, CELLS(COUNTER("1"), CALLER, TABLE("* 3")));
    for (int i = 0; i < 1000; i++) {
        struct cell_source set[2] = {pool[rand() % 3], pool[3 + rand() % 2]};
        struct plan *plan = world_plan(&w, set, 1 + (size_t)rand() % 2);
        assert_non_null(plan);
        if (rand() % 4) {
            world_commit(&w, plan);
            if (rand() % 2)
                world_revert(&w, plan);
        }
        plan_destroy(plan);
        /* What is retired and wanted by nobody can go. */
        for (struct version *v = w.ns.versions, *next; v; v = next) {
            bool wanted = v->pinned;
            next = v->next;
            for (uint32_t k = 0; k < v->function_count; k++)
                wanted = wanted || v->functions[k].incoming;
            if (v->state != VERSION_RETIRED || wanted)
                continue;
            namespace_detach(&w.ns, v);
            assert_null(namespace_check(&w.ns));
            version_destroy(&w.ns, v);
        }
        assert_null(namespace_check(&w.ns));
    }
    uint32_t versions = 0;
    for (const struct version *v = w.ns.versions; v; v = v->next)
        versions++;
    assert_int_equal(versions, 3);
    world_fini(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changed_text_is_called_by_everyone),
        cmocka_unit_test(a_plan_changes_nothing_until_its_commit),
        cmocka_unit_test(a_revert_restores_every_byte),
        cmocka_unit_test(a_callback_keeps_its_address),
        cmocka_unit_test(a_constant_table_is_rewritten_where_it_is),
        cmocka_unit_test(a_new_cell_is_added_with_what_calls_it),
        cmocka_unit_test(cells_of_one_set_may_need_each_other),
        cmocka_unit_test(old_text_of_the_set_stays_with_old_text),
        cmocka_unit_test(refuses_an_undefined_symbol_by_name),
        cmocka_unit_test(refuses_to_drop_a_function_in_use),
        cmocka_unit_test(refuses_a_changed_signature_with_its_caller_withheld),
        cmocka_unit_test(refuses_a_type_that_no_rule_leads_to),
        cmocka_unit_test(refuses_a_live_object_that_disappears),
        cmocka_unit_test(
            an_object_that_the_compiler_folds_away_goes_if_it_holds_its_initialiser),
        cmocka_unit_test(a_static_that_becomes_automatic_wants_a_mark),
        cmocka_unit_test(
            an_object_that_is_folded_away_with_a_value_of_the_past_does_not_go),
        cmocka_unit_test(refuses_a_changed_struct),
        cmocka_unit_test(refuses_an_import_that_is_not_allowed),
        cmocka_unit_test(refuses_two_cells_that_export_one_name),
        cmocka_unit_test(refuses_an_object_that_is_cut_short),
        cmocka_unit_test(a_thousand_swaps_leave_no_drift),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
