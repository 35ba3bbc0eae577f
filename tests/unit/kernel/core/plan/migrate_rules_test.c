/* Tests of migrations: what is refused by name, what marks and consent allow, and what disturbs nobody.
 * SPDX-License-Identifier: MIT
 */
#include "migrate_fixture.h"

static void what_no_rule_covers_is_refused_by_name(void **state)
{
    (void)state;
    expect_no_rule("static struct { int a; union { int x; float y; } u; } s;",
                   "static struct { int a; union { int x; long y; } u; } s;", " x ");
    expect_no_rule("static struct { int a; float f; } s;",
                   "static struct { int a; double f; } s;", " f ");
    expect_no_rule("static struct { int a; int *p; } s;",
                   "static struct { int a; char *p; } s;", " p ");
    expect_no_rule("static struct { int a; long n; } s;",
                   "static struct { int a; char *n; } s;", " n ");
}

/* Hazard 14. Without check_moved() the part would begin with its initialiser, and the live value be gone. */
static void a_field_is_not_lost_when_a_struct_is_split(void **state)
{
    static const char flat[] = "static struct { int id, score; } s[2];";
    static const char split[] =
        "static struct { int id; struct { int score; } d; } s[2];";
    static const char more[] =
        "static struct { int id; struct { int x; } d; int score; } s[2];";
    static const char within[] =
        "static struct { int id; struct { int x, score; } d; } s[2];";
    (void)state;
    expect_no_rule(flat, split, "score is now in d");
    expect_no_rule(split, flat, "score was in d");
    expect_no_rule(more, within, "score is now in d");
    expect_no_rule(within, more, "score was in d");
    world_init(&w, CELLS({"cell", "", "static struct { int id, score; } s[2];\n" KEEP}));
    struct plan *plan = world_plan(
        &w, CELLS(CELL("static struct { int id; struct { int score; } d; } s[2];\n"
                       "static const char evolve_drops_s __attribute__((used)) = 1;")));
    assert_non_null(plan);
    plan_destroy(plan);
    world_fini(&w);
}

/* Hazard 14. Refused without is_integer() in take(). */
static void an_enumeration_may_become_a_number_and_come_back(void **state)
{
    struct {
        int n;
        unsigned e;
    } was = {1, 5};
    struct {
        int e;
        int n;
    } is = {5, 1};
    (void)state;
    THERE_AND_BACK("enum e { A, B = 5 }; static struct { int n; enum e e; } s;", was,
                   "static struct { int e; int n; } s;", is);
}

static void a_union_that_did_not_change_is_kept(void **state)
{
    struct {
        int a;
        union {
            int x;
            float y;
        } u;
    } was = {1, {.y = 2.5f}};
    struct {
        long fresh;
        union {
            int x;
            float y;
        } u;
        int a;
    } is = {0, {.y = 2.5f}, 1};
    (void)state;
    THERE_AND_BACK("union u { int x; float y; }; static struct { int a; union u u; } s;",
                   was,
                   "union u { int x; float y; };\n"
                   "static struct { long fresh; union u u; int a; } s;",
                   is);
}

static void members_without_a_struct_of_their_own_stay_together(void **state)
{
    struct {
        int a;
        union {
            int x;
            float y;
        };
    } was = {1, {.y = 2.5f}};
    struct {
        union {
            int x;
            float y;
        };
        int a;
    } is = {{.y = 2.5f}, 1};
    (void)state;
    THERE_AND_BACK("static struct { int a; union { int x; float y; }; } s;", was,
                   "static struct { union { int x; float y; }; int a; } s;", is);
}

/* Hazard 15. Without a look at the mark `reinit` the old value lives on. */
static void marks_say_what_becomes_of_an_object(void **state)
{
    long value = 42;
    (void)state;
    begin(&(struct cell_source)CELL("static long s = 7;"), &value, sizeof value);
    go(&(struct cell_source)CELL("static long s = 8;"));
    assert_int_equal(*(long *)live(), 42);
    go(&(struct cell_source)CELL(
        "static long s = 9;\n"
        "static const char evolve_reinit_s __attribute__((used)) = 1;"));
    assert_int_equal(*(long *)live(), 9);
    struct plan *plan = must_plan(&(struct cell_source){
        "cell", "",
        "static const char evolve_drops_s __attribute__((used)) = 1;\n"
        "void cell_keep(void); void cell_keep(void) { }\n"});
    world_commit(&w, plan);
    assert_null(namespace_find_home(&w.ns, "cell", "s", false));
    world_revert(&w, plan);
    assert_int_equal(*(long *)live(), 9);
    plan_destroy(plan);
    world_fini(&w);
}

/* Consent to another name, or to a part of one, would do without the comparisons in is_consented(), of the cell, of what is
 * between, and of the object. */
static void consent_lets_an_object_go(void **state)
{
    struct plan *plan;
    long value = 42;
    (void)state;
    begin(&(struct cell_source)CELL("static long s = 7;"), &value, sizeof value);
    struct plan_object gone = cell_make(&(struct cell_source){
        "cell", "", "void cell_keep(void); void cell_keep(void) { }\n"});
    assert_int_equal(plan_load(&w.ns, &gone, 1, NULL, 0, &plan, &w.report), STATUS_OK);
    assert_int_equal(plan_verify(plan, &w.report), STATUS_DENIED);
    plan_destroy(plan);
    static const char *const others[] = {"cell:t",  "cell:",   "cell",
                                         "cells:s", "other:s", "cell:s ",
                                         "well:s",  "cell.s",  ""};
    assert_int_equal(plan_load(&w.ns, &gone, 1, NULL, 0, &plan, &w.report), STATUS_OK);
    plan->consent = others;
    plan->consent_count = ARRAY_LEN(others);
    assert_int_equal(plan_verify(plan, &w.report), STATUS_DENIED);
    assert_string_equal(w.report.refusals[0].code, "consent");
    plan_destroy(plan);
    static const char *const names[] = {"other:s", "cell:s"};
    assert_int_equal(plan_load(&w.ns, &gone, 1, NULL, 0, &plan, &w.report), STATUS_OK);
    plan->consent = names;
    plan->consent_count = ARRAY_LEN(names);
    assert_int_equal(plan_verify(plan, &w.report), STATUS_OK);
    assert_true(plan->revertible);
    plan_destroy(plan);
    world_fini(&w);
}

/* A mark of the version that is left counts as well: it knew what going back would lose. Refused when plan_may_lose() does not
 * look at it. */
static void a_mark_of_the_old_version_counts(void **state)
{
    long value = 300;
    (void)state;
    begin(
        &(struct cell_source)CELL(
            "static long s; static const char evolve_drops_s __attribute__((used)) = 1;"),
        &value, sizeof value);
    go(&(struct cell_source)CELL("static unsigned char s;"));
    assert_int_equal(*(uint8_t *)live(), 255);
    world_fini(&w);
}

struct worn {
    long big;
    enum { FIRST, SECOND, THIRD } word;
    int rest[4];
};
struct cut {
    unsigned char big;
    enum { ONE } word;
    int rest[2];
};
#define WORN                                                                             \
    "static struct { long big; enum { FIRST, SECOND, THIRD } word; int rest[4]; } s;"
#define CUT                                                                              \
    "static struct { unsigned char big; enum { FIRST } word; int rest[2]; } s;"          \
    "static const char evolve_drops_s __attribute__((used)) = 1;"

/* Hazard 32. Without transfer_untouched() the way back has 255 of 300, and the first enumerator for the third. */
static void what_nobody_touched_comes_back_whole(void **state)
{
    static struct worn was = {300, THIRD, {1, 2, 3, 4}};
    static const struct cut is = {255, ONE, {1, 2}};
    (void)state;
    begin(&(struct cell_source)CELL(WORN), &was, sizeof was);
    struct plan *plan = must_plan(&(struct cell_source)CELL(CUT));
    world_commit(&w, plan);
    assert_memory_equal(live(), &is, sizeof is);
    world_revert(&w, plan);
    assert_memory_equal(live(), &was, sizeof was);
    assert_int_equal(plan->migrations.cut, 0);
    plan_destroy(plan);
    plan = must_plan(&(struct cell_source)CELL(CUT));
    world_commit(&w, plan);
    ((struct cut *)live())->big = 7;
    world_revert(&w, plan);
    was.big = 7;
    assert_memory_equal(live(), &was, sizeof was);
    plan_destroy(plan);
    world_fini(&w);
}

/* What the new code stored since, and the old form cannot hold, saturates, and is told. */
static void what_does_not_fit_on_the_way_back_is_cut_and_counted(void **state)
{
    unsigned char value = 9;
    (void)state;
    begin(&(struct cell_source)CELL("static unsigned char s;"), &value, sizeof value);
    struct plan *plan = must_plan(&(struct cell_source)CELL("static long s;"));
    assert_true(plan->revertible);
    world_commit(&w, plan);
    *(long *)live() = 1000;
    world_revert(&w, plan);
    assert_int_equal(*(uint8_t *)live(), 255);
    assert_int_equal(plan->migrations.cut, 1);
    plan_destroy(plan);
    world_fini(&w);
}

static void a_type_may_change_where_nothing_can_point(void **state)
{
    struct {
        int a, b;
    } was = {1, 2};
    struct {
        int b, fresh, a;
    } is = {2, 0, 1};
    (void)state;
    THERE_AND_BACK("struct t { int a, b; }; static struct t s;", was,
                   "struct t { int b, fresh, a; }; static struct t s;", is);
}

/* As heap_new() of mm/heap/typed.h leaves it. */
#define MAKES(type)                                                                      \
    "void cell_make(void); void cell_make(void) { __asm__ volatile(\".pushsection "      \
    ".neurath.heap\\n.asciz \\\"" type "\\\"\\n.popsection\"); }\n"
#define HEAP                                                                             \
    "void *heap_alloc(unsigned long); void cell_more(void *); void cell_more(void *p) "  \
    "{ struct t *t = p; t->a = (int)(long)heap_alloc(1); }\n"

/* Hazard 13. Not refused without plan_check_past(). */
static void a_type_that_may_lie_on_the_heap_is_refused(void **state)
{
    static const struct cell_source heap = {
        "heap", "",
        "void *heap_alloc(unsigned long n); void *heap_alloc(unsigned long n) { return "
        "(void *)n; }\n"
        "void *heap_calloc(unsigned long n); void *heap_calloc(unsigned long n) { return "
        "(void *)n; }\n"};
    static const char *const forms[] = {"struct t { int a, b; };",
                                        "struct t { int b, a; };"};
    static const char *const uses[] = {
        "static struct t *s; void *heap_calloc(unsigned long); void *cell_take(void);\n"
        "void *cell_take(void) { return heap_calloc(1); }\n",
        "static struct t s;\n" HEAP,
        "static struct t *s; void cell_set(void *p); void cell_set(void *p) { s = p; }\n",
        "static struct t *s; struct u { int x; };\n" MAKES("struct t")};
    (void)state;
    for (int i = 0; i < 4; i++) {
        char text[3][1200];
        for (int k = 0; k < 2; k++)
            snprintf(text[k], 1024, "%s %s\n" KEEP, forms[k], uses[i]);
        snprintf(
            text[2], sizeof text[2],
            "%.1023s static const char evolve_no_heap_t __attribute__((used)) = 1;\n",
            text[1]);
        world_init(&w, CELLS(heap, {"cell", "heap", text[0]}));
        expect_refused(&w, CELLS({"cell", "heap", text[1]}), "type", "cell", "struct t",
                       "cell");
        struct plan *plan = world_plan(&w, CELLS({"cell", "heap", text[2]}));
        assert_non_null(plan);
        plan_destroy(plan);
        world_fini(&w);
    }
}

#define TYPE(fields, more)                                                               \
    "struct t { " fields "; }; struct u { struct t *t; }; static struct t *s;\n"         \
    "struct t *cell_of(struct u *); struct t *cell_of(struct u *u) { return u->t; "      \
    "}\n" KEEP more

/* Hazard 13. Pointers do no harm where every cell that knows the type says what it makes, and it is something else. */
static void a_type_that_nobody_makes_may_change(void **state)
{
    (void)state;
    world_init(&w, CELLS({"cell", "", TYPE("int a, b", MAKES("struct u"))}));
    struct plan *plan =
        world_plan(&w, CELLS({"cell", "", TYPE("int b, a", MAKES("struct u"))}));
    assert_non_null(plan);
    plan_destroy(plan);
    world_fini(&w);
}

/* Hazards 13, 17. Objects outlive the text that made them: on the heap, in frames, in memory of no type. Let through without
 * plan_note_made(); the second without the look at frames there, the third without that at who has memory of no type. */
static void what_a_version_made_is_remembered(void **state)
{
    static const char *const none = TYPE("int a, b", "");
    static const char *const other = TYPE("int b, a", "");
    static const char *const ways[] = {
        TYPE("int a, b", MAKES("struct t")),
        TYPE("int a, b",
             "static const char evolve_frames_t __attribute__((used)) = 1;\n"),
        TYPE("int a, b",
             "int cell_take(void *); int cell_take(void *p) { return *(int *)p; }\n")};
    struct plan *plan;
    (void)state;
    for (uint32_t i = 0; i < 2 * ARRAY_LEN(ways); i++) {
        bool taken_back = i % 2;
        const char *makes = ways[i / 2];
        world_init(&w, CELLS({"cell", "", taken_back ? none : makes}));
        plan = world_plan(&w, CELLS({"cell", "", taken_back ? makes : none}));
        assert_non_null(plan);
        world_commit(&w, plan);
        if (taken_back)
            world_revert(&w, plan);
        plan_destroy(plan);
        expect_refused(&w, CELLS({"cell", "", other}), "type", "cell", "struct t", "cell");
        world_fini(&w);
    }
}

/* Hazards 13, 32. Going back would find objects of the new form. Let through if only the running version is asked. */
static void a_version_that_begins_to_make_what_it_changes_is_refused(void **state)
{
    (void)state;
    world_init(&w, CELLS({"cell", "", TYPE("int a, b", "")}));
    expect_refused(&w, CELLS({"cell", "", TYPE("int b, a", MAKES("struct t"))}), "type",
                   "cell", "struct t", "cell");
    world_fini(&w);
}

/* Frames are memory like the heap's, unless the source says what lies in them. Let through, one each, without the look at
 * frame_take() in plan_untyped_source() and without that at the mark in knowledge_of(). */
static void who_takes_frames_says_what_lies_there(void **state)
{
    static const char *const marks[] = {
        "", "static const char evolve_frames_none __attribute__((used)) = 1;\n",
        "static const char evolve_frames_t __attribute__((used)) = 1;\n"};
    static const struct cell_source frame = {
        "frame", "",
        "int frame_take(long *p); int frame_take(long *p) { return *p > 0; }\n"};
    (void)state;
    for (int i = 0; i < 3; i++) {
        char text[2][1024];
        for (int k = 0; k < 2; k++)
            snprintf(text[k], sizeof text[k],
                     "struct t { int %s; }; static struct t *s; int frame_take(long *);\n"
                     "int cell_take(long *p); int cell_take(long *p) { return "
                     "frame_take(p); }\n" KEEP "%s",
                     k ? "b, a" : "a, b", marks[i]);
        world_init(&w, CELLS(frame, {"cell", "frame", text[0]}));
        if (i != 1)
            expect_refused(&w, CELLS({"cell", "frame", text[1]}), "type", "cell",
                           "struct t", "cell");
        struct plan *plan =
            i == 1 ? world_plan(&w, CELLS({"cell", "frame", text[1]})) : NULL;
        assert_true((i == 1) == (plan != NULL));
        plan_destroy(plan);
        world_fini(&w);
    }
}

/* Without the look at the mark the processor would read its own table in a form that it does not know. */
static void a_form_that_hardware_knows_stays(void **state)
{
    static const char frozen[] =
        "static const char evolve_frozen_t __attribute__((used)) = 1;\n";
    static const char *const forms[] = {"struct t { int a, b; }; static struct t s;\n",
                                        "struct t { int b, a; }; static struct t s;\n"};
    (void)state;
    /* Whichever version says so. */
    for (int says = 0; says < 2; says++) {
        char text[2][1024];
        for (int k = 0; k < 2; k++)
            snprintf(text[k], sizeof text[k], "%s" KEEP "%s", forms[k],
                     says == k ? frozen : "");
        world_init(&w, CELLS({"cell", "", text[0]}));
        expect_refused(&w, CELLS({"cell", "", text[1]}), "frozen", "cell", "struct t",
                       "cell");
        world_fini(&w);
    }
}

static void a_new_enumerator_disturbs_nobody(void **state)
{
    (void)state;
    world_init(&w, CELLS(CELL("enum e { A, B }; struct t { enum e e; struct t *next; };\n"
                              "static struct t *s;")));
    struct plan *plan =
        world_plan(&w, CELLS(CELL("enum e { A, B, C };\n"
                                  "struct t { enum e e; struct t *next; };\n"
                                  "static struct t *s;")));
    assert_non_null(plan);
    assert_int_equal(plan->migrations.count, 0);
    assert_int_equal(plan->cells[0].class, PLAN_TEXT);
    plan_destroy(plan);
    expect_refused(&w,
                   CELLS(CELL("enum e { B, A }; struct t { enum e e; struct t *next; };\n"
                              "static struct t *s; " MAKES("struct t"))),
                   "type", "cell", NULL, "cell");
    world_fini(&w);
}

static void a_constant_grows_where_it_is(void **state)
{
    (void)state;
    world_init(&w, CELLS(CELL("static const int s[2] = {1, 2};")));
    uint64_t va = home_of("s")->va;
    struct plan *plan =
        must_plan(&(struct cell_source)CELL("static const int s[3] = {3, 4, 5};"));
    world_commit(&w, plan);
    assert_int_equal(home_of("s")->va, va);
    assert_int_equal(home_of("s")->len, 12);
    assert_int_equal(get_le32(cellmem_view(va + 8)), 5);
    world_revert(&w, plan);
    plan_destroy(plan);
    assert_int_equal(get_le32(cellmem_view(va)), 1);
    assert_int_equal(home_of("s")->len, 8);
    world_fini(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_no_rule_covers_is_refused_by_name),
        cmocka_unit_test(a_field_is_not_lost_when_a_struct_is_split),
        cmocka_unit_test(an_enumeration_may_become_a_number_and_come_back),
        cmocka_unit_test(a_union_that_did_not_change_is_kept),
        cmocka_unit_test(members_without_a_struct_of_their_own_stay_together),
        cmocka_unit_test(marks_say_what_becomes_of_an_object),
        cmocka_unit_test(consent_lets_an_object_go),
        cmocka_unit_test(a_mark_of_the_old_version_counts),
        cmocka_unit_test(what_nobody_touched_comes_back_whole),
        cmocka_unit_test(what_does_not_fit_on_the_way_back_is_cut_and_counted),
        cmocka_unit_test(a_type_may_change_where_nothing_can_point),
        cmocka_unit_test(a_type_that_may_lie_on_the_heap_is_refused),
        cmocka_unit_test(a_type_that_nobody_makes_may_change),
        cmocka_unit_test(what_a_version_made_is_remembered),
        cmocka_unit_test(a_version_that_begins_to_make_what_it_changes_is_refused),
        cmocka_unit_test(who_takes_frames_says_what_lies_there),
        cmocka_unit_test(a_form_that_hardware_knows_stays),
        cmocka_unit_test(a_new_enumerator_disturbs_nobody),
        cmocka_unit_test(a_constant_grows_where_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
