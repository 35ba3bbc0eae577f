/* Tests of plans that swap the engine itself: what gives way late, and what is refused.
 * SPDX-License-Identifier: MIT
 */
#include "fixture.h"

#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

#define HOOK "int guard_evolved(unsigned from) { return (int)from; }\n"
#define GUARD(value)                                                                     \
    {                                                                                    \
        "guard", "task",                                                                 \
            "int task_leave_texts(int x); static int state;\n" HOOK                      \
            "int guard_fault(int x) { return state += task_leave_texts(x) + " value      \
            "; }\n"                                                                      \
    }
#define TASK(value)                                                                      \
    {                                                                                    \
        "task", "", "int task_leave_texts(int x) { return x + " value "; }\n"            \
    }
#define FAULT(value)                                                                     \
    {                                                                                    \
        "fault", "guard",                                                                \
            "int guard_fault(int x); int fault_handle(int x) { return guard_fault(x) + " \
            "" value "; }\n"                                                             \
    }
#define ENTRY(value)                                                                     \
    {                                                                                    \
        "entry", "fault",                                                                \
            "int fault_handle(int x);\n"                                                 \
            "int entry_vector_3(void) { return fault_handle(" value "); }\n"             \
            "int entry_vector_32(void) { return " value "; }\n"                          \
            "int nmi_entry(void) { return 2 * " value "; }\n"                            \
            "int (*const entry_all[])(void) = {entry_vector_3, entry_vector_32, "        \
            "nmi_entry};\n"                                                              \
            "int entry_root(int i) { return entry_all[i](); }\n"                         \
    }
#define USER                                                                                               \
    {                                                                                                      \
        "user",                                                                                            \
            "task", "int task_leave_texts(int x); int user_f(int x) { return task_leave_texts(x) - 1; }\n" \
    }

static const struct version *provider_of(const struct world *w, const char *importer)
{
    const struct version *v = namespace_running(&w->ns, importer);
    assert_non_null(v);
    assert_int_equal(v->import_count, 1);
    return v->imports[0].provider;
}

static void the_guard_gives_way_when_the_trial_is_over(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, CELLS(TASK("1"), GUARD("1"), FAULT("1"), USER));
    const struct version *old = namespace_running(&w.ns, "guard");
    struct plan *plan = world_plan(&w, CELLS(GUARD("2")));
    assert_non_null(plan);
    assert_int_equal(plan->poke_count, 0);
    assert_int_equal(plan->late_count, 1);
    world_commit(&w, plan);
    assert_ptr_equal(provider_of(&w, "fault"), old);
    assert_true(old->watching);
    world_handover(&w, plan);
    assert_false(old->watching);
    expect_calls(&w, "fault", "guard", "guard_fault");
    plan_destroy(plan);
    world_fini(&w);
}

static void what_the_guard_calls_stays_as_long_as_it_watches(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, CELLS(TASK("1"), GUARD("1"), FAULT("1"), USER));
    const struct version *old = namespace_running(&w.ns, "task");
    struct plan *plan = world_plan(&w, CELLS(TASK("2")));
    assert_int_equal(plan->poke_count, 1);
    assert_int_equal(plan->late_count, 1);
    world_commit(&w, plan);
    expect_calls(&w, "user", "task", "task_leave_texts");
    assert_ptr_equal(provider_of(&w, "guard"), old);
    world_handover(&w, plan);
    expect_calls(&w, "guard", "task", "task_leave_texts");
    plan_destroy(plan);
    world_fini(&w);
}

static void a_fault_finds_its_old_handler_during_the_trial(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, CELLS(TASK("1"), GUARD("1"), FAULT("1"), ENTRY("1")));
    const struct version *old = namespace_running(&w.ns, "fault");
    struct plan *plan = world_plan(&w, CELLS(FAULT("2")));
    assert_int_equal(plan->poke_count, 0);
    world_commit(&w, plan);
    assert_ptr_equal(provider_of(&w, "entry"), old);
    world_handover(&w, plan);
    expect_calls(&w, "entry", "fault", "fault_handle");
    plan_destroy(plan);
    world_fini(&w);
}

static uint64_t slot_of(const struct world *w, const char *function)
{
    for (const struct stub *s = w->ns.stubs; s; s = s->next)
        if (strcmp(s->name, function) == 0)
            return get_le64(cellmem_view(s->slot));
    fail_msg("%s has no stub", function);
    return 0;
}

static bool leads_to(const struct world *w, const char *function, const struct version *v)
{
    uint64_t va = slot_of(w, function);
    return va >= v->text_begin && va < v->text_end;
}

static void exceptions_enter_the_old_text_and_interrupts_the_new(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, CELLS(TASK("1"), GUARD("1"), FAULT("1"), ENTRY("1")));
    const struct version *old = namespace_running(&w.ns, "entry");
    struct plan *plan = world_plan(&w, CELLS(ENTRY("2")));
    assert_int_equal(plan->poke_count, 1);
    assert_int_equal(plan->late_count, 2);
    world_commit(&w, plan);
    const struct version *fresh = namespace_running(&w.ns, "entry");
    assert_true(leads_to(&w, "entry_vector_32", fresh));
    assert_true(leads_to(&w, "entry_vector_3", old));
    assert_true(leads_to(&w, "nmi_entry", old));
    world_handover(&w, plan);
    assert_true(leads_to(&w, "entry_vector_3", fresh));
    assert_true(leads_to(&w, "nmi_entry", fresh));
    plan_destroy(plan);
    world_fini(&w);
}

static void a_revert_before_the_handover_leaves_no_trace(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, CELLS(TASK("1"), GUARD("1"), FAULT("1"), ENTRY("1"), USER));
    uint64_t generation = w.ns.generation;
    uint64_t before = world_digest(&w);
    struct plan *plan =
        world_plan(&w, CELLS(TASK("2"), GUARD("2"), FAULT("2"), ENTRY("2")));
    world_commit(&w, plan);
    world_revert(&w, plan);
    w.ns.generation = generation;
    assert_true(before == world_digest(&w));
    for (const struct version *v = w.ns.versions; v; v = v->next)
        assert_false(v->watching);
    plan_destroy(plan);
    world_fini(&w);
}

static void refuses_to_remove_what_swaps(void **state)
{
    struct world w;
    struct plan *plan = NULL;
    const char *remove[] = {"commit"};
    (void)state;
    world_init(&w, CELLS({"commit", "", "int commit_x(void) { return 1; }\n"}));
    assert_int_equal(plan_create(&w.ns, NULL, 0, remove, 1, &plan, &w.report),
                     STATUS_DENIED);
    assert_string_equal(w.report.refusals[0].code, "closure");
    assert_string_equal(w.report.refusals[0].cell, "commit");
    world_fini(&w);
}

static void refuses_another_form_of_what_versions_share(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, CELLS({"commit", "",
                          "static long held; long commit_x(void) { return ++held; }\n"},
                         {"entry", "",
                          "struct frame { long a, b; };\n"
                          "long entry_x(struct frame *f) { return f->a; }\n"}));
    expect_refused(&w,
                   CELLS({"commit", "",
                          "static int held; int commit_y(void) { return ++held; }\n"
                          "long commit_x(void) { return 1; }\n"}),
                   "closure", "commit", "held", NULL);
    expect_refused(&w,
                   CELLS({"entry", "",
                          "struct frame { long b, a; };\n"
                          "long entry_x(struct frame *f) { return f->a; }\n"}),
                   "closure", "entry", "struct frame", NULL);
    world_fini(&w);
}

static void refuses_a_guard_that_cannot_be_rehearsed(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, CELLS(TASK("1"), GUARD("1"), FAULT("1")));
    expect_refused(
        &w,
        CELLS({"guard", "",
               "static int state; int guard_fault(int x) { return state += x; }\n"}),
        "closure", "guard", "guard_evolved", NULL);
    world_fini(&w);
}

static void refuses_a_call_that_is_not_on_the_list(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, CELLS({"task", "",
                          "int task_leave_texts(int x) { return x + 1; }\n"
                          "int task_name(int x) { return x + 2; }\n"},
                         GUARD("1"), FAULT("1")));
    expect_refused(&w,
                   CELLS({"guard", "task",
                          "int task_name(int x); static int state;\n" HOOK
                          "int guard_fault(int x) { return state += task_name(x); }\n"}),
                   "closure", "guard", "task_name", NULL);
    world_fini(&w);
}

static void refuses_a_branch_to_an_address_that_is_read(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, CELLS(TASK("1"), GUARD("1"), FAULT("1")));
    expect_refused(&w,
                   CELLS({"guard", "task",
                          "static int state;\n" HOOK
                          "int guard_fault(int x) { return state += x; }\n"
                          "int guard_call(int (*f)(int)) { return f(1) + 1; }\n"}),
                   "closure", "guard", "guard_call", NULL);
    expect_refused(&w,
                   CELLS({"guard", "task",
                          "static int state;\n" HOOK
                          "int guard_fault(int x) { return state += x; }\n"
                          "int guard_jump(int (**f)(int)) { return f[2](1); }\n"}),
                   "closure", "guard", "guard_jump", NULL);
    world_fini(&w);
}

static void refuses_an_instruction_that_it_does_not_know(void **state)
{
    struct world w;
    const struct cell_source guard = {
        "guard", "",
        "long guard_x(void) { long x; __asm__(\"vzeroupper\"); return x; }\n"};
    (void)state;
    world_init(&w, CELLS({"commit", "", "int commit_x(void) { return 1; }\n"}));
    /* What the check cannot read could be anything. */
    expect_refused(&w, &guard, 1, "closure", "guard", "guard_x", NULL);
    world_fini(&w);
}

#define DEEP_TASK(deeper)                                                                \
    {                                                                                    \
        "task", "cpu",                                                                   \
            "int cpu_find(int x); int (*task_hook)(int);\n"                              \
            "int task_run(int x) { return task_hook(x) + 1; }\n"                         \
            "__attribute__((noinline)) static int deeper(int x) { return " deeper        \
            "; }\n"                                                                      \
            "int task_leave_texts(int x) { return deeper(x) * 3; }\n"                    \
    }
#define DEEP_CPU(found)                                                                  \
    {                                                                                    \
        "cpu", "", "int (*cpu_hook)(int); int cpu_find(int x) { return " found "; }\n"   \
    }

/* What else a cell does is its own affair. */
static void refuses_callees_of_the_guard_that_lead_anywhere(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, CELLS(DEEP_CPU("x"), DEEP_TASK("cpu_find(x) + 1"), GUARD("1")));
    expect_refused(&w, CELLS(DEEP_TASK("task_hook(x) + 1")), "closure", "task", "deeper",
                   "guard");
    expect_refused(&w, CELLS(DEEP_CPU("cpu_hook(x) + 1")), "closure", "cpu", "cpu_find",
                   "guard");
    struct plan *plan =
        world_plan(&w, CELLS(DEEP_CPU("cpu_hook(x) + 1"), DEEP_TASK("x + 2")));
    assert_non_null(plan);
    plan_destroy(plan);
    world_fini(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_guard_gives_way_when_the_trial_is_over),
        cmocka_unit_test(what_the_guard_calls_stays_as_long_as_it_watches),
        cmocka_unit_test(a_fault_finds_its_old_handler_during_the_trial),
        cmocka_unit_test(exceptions_enter_the_old_text_and_interrupts_the_new),
        cmocka_unit_test(a_revert_before_the_handover_leaves_no_trace),
        cmocka_unit_test(refuses_to_remove_what_swaps),
        cmocka_unit_test(refuses_another_form_of_what_versions_share),
        cmocka_unit_test(refuses_a_guard_that_cannot_be_rehearsed),
        cmocka_unit_test(refuses_a_call_that_is_not_on_the_list),
        cmocka_unit_test(refuses_a_branch_to_an_address_that_is_read),
        cmocka_unit_test(refuses_callees_of_the_guard_that_lead_anywhere),
        cmocka_unit_test(refuses_an_instruction_that_it_does_not_know),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
