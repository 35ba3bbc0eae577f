/* Tests of migrations: what moves where, what is refused, and that the way back gives the same.
 * SPDX-License-Identifier: MIT
 */
#include "fixture.h"

#include <core/commit/transfer.h>

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* The object that the tests look at is called `s`; `keep` makes the compiler keep all of it. */
#define KEEP "void cell_keep(void); void cell_keep(void) { __asm__ volatile(\"\" :: \"r\"(&s) : \"memory\"); }\n"
#define CELL(text) {"cell", "", text "\n" KEEP}

static struct world w;

static const struct home *home_of(const char *key)
{
    const struct home *h = namespace_find_home(&w.ns, "cell", key);
    assert_non_null(h);
    return h;
}

static void *live(void)
{
    return cellmem_data(home_of("s")->va);
}

static struct plan *must_plan(const struct cell_source *cell)
{
    struct plan *plan = world_plan(&w, cell, 1);
    if (!plan)
        fail_msg("refused: %s", w.report.refusals[0].text);
    return plan;
}

static void go(const struct cell_source *cell)
{
    struct plan *plan = must_plan(cell);
    world_commit(&w, plan);
    plan_destroy(plan);
}

static void begin(const struct cell_source *cell, const void *value, size_t len)
{
    world_init(&w, cell, 1);
    assert_int_equal(home_of("s")->len, len);
    memcpy(live(), value, len);
}

/* FROM, holding WAS, becomes TO, holding IS; a revert and a swap back both give WAS again. */
static void there_and_back(const struct cell_source *from, const void *was, size_t was_len,
                           const struct cell_source *to, const void *is, size_t is_len)
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

static void fields_move_by_name(void **state)
{
    struct { int a; long b; short c; } was;
    struct { short c; int fresh; long b; int a; } is;
    (void)state;
    memset(&was, 0, sizeof was);
    memset(&is, 0, sizeof is);
    was.a = 1;
    was.b = 2;
    was.c = 3;
    is.c = 3;
    is.fresh = 9;
    is.b = 2;
    is.a = 1;
    THERE_AND_BACK("static struct { int a; long b; short c; } s;", was,
                   "static struct { short c; int fresh; long b; int a; } s = {.fresh = 9};", is);
}

static void a_struct_grows_in_its_middle(void **state)
{
    struct { int a; struct { int x; int y; } in; int b; } was = {1, {2, 3}, 4};
    struct { int a; struct { int x; int fresh; int y; } in; int b; } is = {1, {2, 7, 3}, 4};
    (void)state;
    THERE_AND_BACK("struct in { int x, y; }; static struct { int a; struct in in; int b; } s;",
                   was,
                   "struct in { int x, fresh, y; };\n"
                   "static struct { int a; struct in in; int b; } s = {.in = {.fresh = 7}};",
                   is);
}

static void arrays_grow(void **state)
{
    int was[3] = {1, 2, 3};
    int is[5] = {1, 2, 3, 40, 50};
    (void)state;
    THERE_AND_BACK("static int s[3];", was, "static int s[5] = {0, 0, 0, 40, 50};", is);
}

static void arrays_of_structs_in_arrays_keep_each_element(void **state)
{
    struct { struct { char k; long v; } row[2]; } was[2] = {{{{1, 11}, {2, 12}}}, {{{3, 13}, {4, 14}}}};
    struct { struct { long v; int n; char k; } row[3]; int end; } is[2];
    (void)state;
    memset(is, 0, sizeof is);
    memset(was, 0, sizeof was);
    for (int i = 0; i < 4; i++) {
        was[i / 2].row[i % 2].k = (char)(i + 1);
        was[i / 2].row[i % 2].v = -i;
        is[i / 2].row[i % 2].k = (char)(i + 1);
        is[i / 2].row[i % 2].v = -i;
    }
    THERE_AND_BACK("struct e { char k; long v; }; static struct { struct e row[2]; } s[2];", was,
                   "struct e { long v; int n; char k; };\n"
                   "static struct { struct e row[3]; int end; } s[2];",
                   is);
}

static void integers_widen_by_their_sign(void **state)
{
    struct { signed char a; unsigned char b; short c; bool d; } was = {-5, 250, -300, true};
    struct { long a; unsigned long b; int c; int d; } is = {-5, 250, -300, 1};
    (void)state;
    THERE_AND_BACK("static struct { signed char a; unsigned char b; short c; _Bool d; } s;", was,
                   "static struct { long a; unsigned long b; int c; int d; } s;", is);
}

static void bit_fields_keep_their_values(void **state)
{
    struct { unsigned a : 3; int b : 5; unsigned c : 7; } was;
    struct { int b : 9; unsigned c : 12; unsigned fresh : 2; unsigned a : 4; } is;
    (void)state;
    memset(&was, 0, sizeof was);
    memset(&is, 0, sizeof is);
    was.a = is.a = 5;
    was.b = is.b = -9;
    was.c = is.c = 100;
    is.fresh = 2;
    THERE_AND_BACK("static struct { unsigned a : 3; int b : 5; unsigned c : 7; } s;", was,
                   "static struct { int b : 9; unsigned c : 12; unsigned fresh : 2; "
                   "unsigned a : 4; } s = {.fresh = 2};",
                   is);
}

static void enumerators_go_by_their_names(void **state)
{
    struct { int mode[3]; } was = {{0, 1, 2}};
    struct { int mode[3]; } is = {{10, 7, 3}};
    (void)state;
    THERE_AND_BACK("enum mode { OFF, SLOW, FAST }; static struct { enum mode mode[3]; } s;", was,
                   "enum mode { FAST = 3, BRISK = 5, SLOW = 7, OFF = 10 };\n"
                   "static struct { enum mode mode[3]; } s;",
                   is);
}

static void a_home_without_room_is_left_for_another(void **state)
{
    long was[40];
    long is[100];
    (void)state;
    memset(is, 0, sizeof is);
    for (int i = 0; i < 40; i++)
        was[i] = is[i] = i * 3;
    THERE_AND_BACK("static long s[40];", was, "static long s[100];", is);
}

static void what_the_new_code_wrote_comes_back(void **state)
{
    struct { int a; long b; } was = {1, 2};
    (void)state;
    begin(&(struct cell_source)CELL("static struct { int a; long b; } s;"), &was, sizeof was);
    uint64_t va = home_of("s")->va;
    struct plan *plan = must_plan(
        &(struct cell_source)CELL("static struct { int fresh; int b; long a; } s;"));
    world_commit(&w, plan);
    assert_int_equal(home_of("s")->va, va);
    struct { int fresh; int b; long a; } *now = live();
    assert_int_equal(now->a, 1);
    assert_int_equal(now->b, 2);
    now->a = 1l << 40; /* more than the old form can hold */
    now->b = 77;
    world_revert(&w, plan);
    plan_destroy(plan);
    struct { int a; long b; } *back = live();
    assert_int_equal(back->a, INT32_MAX);
    assert_int_equal(back->b, 77);
    world_fini(&w);
}

static void a_dropped_field_comes_back_with_its_value(void **state)
{
    struct { int a, gone, b; } was = {1, 2, 3};
    (void)state;
    begin(&(struct cell_source)CELL("static struct { int a, gone, b; } s;"), &was, sizeof was);
    struct plan *plan = must_plan(&(struct cell_source)CELL("static struct { int a, b; } s;"));
    assert_non_null(strstr(plan->migrations.list[0].text, "drops gone"));
    world_commit(&w, plan);
    ((int *)live())[1] = 30;
    world_revert(&w, plan);
    plan_destroy(plan);
    was.b = 30;
    assert_memory_equal(live(), &was, sizeof was);
    world_fini(&w);
}

/* The transfer is tried on what is live; nothing has been stored when it fails. */
static void expect_no_place(const struct cell_source *to, const char *field)
{
    uint64_t digest = world_digest(&w);
    struct plan *plan = must_plan(to);
    assert_false(migrations_prepare(&plan->migrations));
    assert_string_equal(plan->migrations.failed->key, "s");
    assert_string_equal(plan->migrations.failed_name, field);
    plan_destroy(plan);
    assert_true(digest == world_digest(&w));
}

static void a_value_that_does_not_fit_stops_the_transfer(void **state)
{
    struct { long n; } was = {1l << 33};
    (void)state;
    begin(&(struct cell_source)CELL("static struct { long n; } s;"), &was, sizeof was);
    expect_no_place(&(struct cell_source)CELL("static struct { int n; } s;"), "n");
    expect_no_place(&(struct cell_source)CELL("static struct { char n; } s;"), "n");
    ((int *)live())[1] = 0;
    ((int *)live())[0] = -1; /* 4294967295 */
    expect_no_place(&(struct cell_source)CELL("static struct { int n; } s;"), "n");
    *(long *)live() = -1;
    expect_no_place(&(struct cell_source)CELL("static struct { unsigned long n; } s;"), "n");
    go(&(struct cell_source)CELL("static struct { int n; } s;"));
    assert_int_equal(*(int *)live(), -1);
    world_fini(&w);
}

static void elements_in_use_are_not_cut_off(void **state)
{
    int was[4] = {1, 2, 0, 0};
    (void)state;
    begin(&(struct cell_source)CELL("static int s[4];"), was, sizeof was);
    ((int *)live())[3] = 9;
    expect_no_place(&(struct cell_source)CELL("static int s[2];"), "");
    struct plan *plan = must_plan(&(struct cell_source)CELL(
        "static int s[2];\n"
        "static const char evolve_drops_s __attribute__((used)) = 1;"));
    assert_true(migrations_prepare(&plan->migrations));
    plan_destroy(plan);
    ((int *)live())[3] = 0;
    go(&(struct cell_source)CELL("static int s[2];"));
    assert_memory_equal(live(), was, 8);
    world_fini(&w);
}

static void an_enumerator_that_is_gone_must_not_be_in_use(void **state)
{
    int was = 2;
    (void)state;
    begin(&(struct cell_source)CELL("static enum { A, B, C } s;"), &was, sizeof was);
    expect_no_place(&(struct cell_source)CELL("static enum { A, B } s;"), "");
    *(int *)live() = 1;
    go(&(struct cell_source)CELL("static enum { A, B } s;"));
    assert_int_equal(*(int *)live(), 1);
    world_fini(&w);
}

static void pointers_into_a_moved_field_follow_it(void **state)
{
    struct links { uint64_t next, prev; } *now;
    (void)state;
    world_init(&w,
               &(struct cell_source)CELL("struct l { struct l *next, *prev; };\n"
                                         "static struct { int n; struct l list; } s;\n"
                                         "void *cell_list(void) { return s.list.next; }"),
               1);
    uint64_t va = home_of("s")->va;
    now = (void *)((uint8_t *)live() + 8);
    now->next = now->prev = va + 8;
    go(&(struct cell_source)CELL("struct l { struct l *next, *prev; };\n"
                                 "static struct { int n; long fresh; struct l list; } s;\n"
                                 "void *cell_list(void) { return s.list.next; }"));
    assert_int_equal(home_of("s")->va, va);
    now = (void *)((uint8_t *)live() + 16);
    assert_true(now->next == va + 16 && now->prev == va + 16);
    world_fini(&w);
}

static void expect_no_rule(const char *from, const char *to, const char *word)
{
    char text[2][512];
    snprintf(text[0], sizeof text[0], "%s\n" KEEP, from);
    snprintf(text[1], sizeof text[1], "%s\n" KEEP, to);
    world_init(&w, &(struct cell_source){"cell", "", text[0]}, 1);
    expect_refused(&w, &(struct cell_source){"cell", "", text[1]}, 1, "data", "cell", "s", NULL);
    if (!strstr(w.report.refusals[0].text, word))
        fail_msg("does not name %s: %s", word, w.report.refusals[0].text);
    world_fini(&w);
}

static void what_no_rule_covers_is_refused_by_name(void **state)
{
    (void)state;
    expect_no_rule("static struct { int a; union { int x; float y; } u; } s;",
                   "static struct { int a; union { int x; long y; } u; } s;", " x ");
    expect_no_rule("static struct { int a; float f; } s;", "static struct { int a; double f; } s;",
                   " f ");
    expect_no_rule("static struct { int a; int *p; } s;", "static struct { int a; char *p; } s;",
                   " p ");
    expect_no_rule("static struct { int a; long n; } s;", "static struct { int a; char *n; } s;",
                   " n ");
}

static void a_union_that_did_not_change_is_kept(void **state)
{
    struct { int a; union { int x; float y; } u; } was = {1, {.y = 2.5f}};
    struct { long fresh; union { int x; float y; } u; int a; } is = {0, {.y = 2.5f}, 1};
    (void)state;
    THERE_AND_BACK("union u { int x; float y; }; static struct { int a; union u u; } s;", was,
                   "union u { int x; float y; };\n"
                   "static struct { long fresh; union u u; int a; } s;",
                   is);
}

static void members_without_a_struct_of_their_own_stay_together(void **state)
{
    struct { int a; union { int x; float y; }; } was = {1, {.y = 2.5f}};
    struct { union { int x; float y; }; int a; } is = {{.y = 2.5f}, 1};
    (void)state;
    THERE_AND_BACK("static struct { int a; union { int x; float y; }; } s;", was,
                   "static struct { union { int x; float y; }; int a; } s;", is);
}

static void marks_say_what_becomes_of_an_object(void **state)
{
    long value = 42;
    (void)state;
    begin(&(struct cell_source)CELL("static long s = 7;"), &value, sizeof value);
    go(&(struct cell_source)CELL("static long s = 8;"));
    assert_int_equal(*(long *)live(), 42);
    go(&(struct cell_source)CELL("static long s = 9;\n"
                                 "static const char evolve_reinit_s __attribute__((used)) = 1;"));
    assert_int_equal(*(long *)live(), 9);
    struct plan *plan = must_plan(&(struct cell_source){
        "cell", "",
        "static const char evolve_drops_s __attribute__((used)) = 1;\n"
        "void cell_keep(void); void cell_keep(void) { }\n"});
    world_commit(&w, plan);
    assert_null(namespace_find_home(&w.ns, "cell", "s"));
    world_revert(&w, plan);
    assert_int_equal(*(long *)live(), 9);
    plan_destroy(plan);
    world_fini(&w);
}

static void consent_lets_an_object_go(void **state)
{
    struct plan *plan;
    long value = 42;
    (void)state;
    begin(&(struct cell_source)CELL("static long s = 7;"), &value, sizeof value);
    struct plan_object gone = cell_make(
        &(struct cell_source){"cell", "", "void cell_keep(void); void cell_keep(void) { }\n"});
    assert_int_equal(plan_load(&w.ns, &gone, 1, NULL, 0, &plan, &w.report), STATUS_OK);
    assert_int_equal(plan_verify(plan, &w.report), STATUS_DENIED);
    plan_destroy(plan);
    assert_int_equal(plan_load(&w.ns, &gone, 1, NULL, 0, &plan, &w.report), STATUS_OK);
    plan->consent = true;
    assert_int_equal(plan_verify(plan, &w.report), STATUS_OK);
    plan_destroy(plan);
    world_fini(&w);
}

static void a_type_may_change_where_nothing_can_point(void **state)
{
    struct { int a, b; } was = {1, 2};
    struct { int b, fresh, a; } is = {2, 0, 1};
    (void)state;
    THERE_AND_BACK("struct t { int a, b; }; static struct t s;", was,
                   "struct t { int b, fresh, a; }; static struct t s;", is);
}

#define HEAP "void *heap_alloc(unsigned long); void cell_more(void *); void cell_more(void *p) " \
             "{ struct t *t = p; t->a = (int)(long)heap_alloc(1); }\n"

static void a_type_that_may_lie_on_the_heap_is_refused(void **state)
{
    static const struct cell_source heap = {
        "heap", "", "void *heap_alloc(unsigned long n); void *heap_alloc(unsigned long n) { return (void *)n; }\n"};
    static const char *const forms[] = {"struct t { int a, b; };", "struct t { int b, a; };"};
    static const char *const uses[] = {"static struct t *s;", "static struct t s;\n" HEAP};
    (void)state;
    for (int i = 0; i < 2; i++) {
        char text[3][1200];
        for (int k = 0; k < 2; k++)
            snprintf(text[k], 1024, "%s %s\n" KEEP, forms[k], uses[i]);
        snprintf(text[2], sizeof text[2],
                 "%.1023s static const char evolve_no_heap_t __attribute__((used)) = 1;\n", text[1]);
        world_init(&w, CELLS(heap, {"cell", "heap", text[0]}));
        expect_refused(&w, CELLS({"cell", "heap", text[1]}), "type", "cell", "struct t", "cell");
        struct plan *plan = world_plan(&w, CELLS({"cell", "heap", text[2]}));
        assert_non_null(plan);
        plan_destroy(plan);
        world_fini(&w);
    }
}

static void a_new_enumerator_disturbs_nobody(void **state)
{
    (void)state;
    world_init(&w, CELLS(CELL("enum e { A, B }; struct t { enum e e; struct t *next; };\n"
                              "static struct t *s;")));
    struct plan *plan = world_plan(&w, CELLS(CELL("enum e { A, B, C };\n"
                                                  "struct t { enum e e; struct t *next; };\n"
                                                  "static struct t *s;")));
    assert_non_null(plan);
    assert_int_equal(plan->migrations.count, 0);
    assert_int_equal(plan->cells[0].class, PLAN_TEXT);
    plan_destroy(plan);
    expect_refused(&w, CELLS(CELL("enum e { B, A }; struct t { enum e e; struct t *next; };\n"
                                  "static struct t *s;")),
                   "type", "cell", NULL, "cell");
    world_fini(&w);
}

static void a_constant_grows_where_it_is(void **state)
{
    (void)state;
    world_init(&w, CELLS(CELL("static const int s[2] = {1, 2};")));
    uint64_t va = home_of("s")->va;
    struct plan *plan = must_plan(&(struct cell_source)CELL("static const int s[3] = {3, 4, 5};"));
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
        cmocka_unit_test(fields_move_by_name),
        cmocka_unit_test(a_struct_grows_in_its_middle),
        cmocka_unit_test(arrays_grow),
        cmocka_unit_test(arrays_of_structs_in_arrays_keep_each_element),
        cmocka_unit_test(integers_widen_by_their_sign),
        cmocka_unit_test(bit_fields_keep_their_values),
        cmocka_unit_test(enumerators_go_by_their_names),
        cmocka_unit_test(a_home_without_room_is_left_for_another),
        cmocka_unit_test(what_the_new_code_wrote_comes_back),
        cmocka_unit_test(a_dropped_field_comes_back_with_its_value),
        cmocka_unit_test(a_value_that_does_not_fit_stops_the_transfer),
        cmocka_unit_test(elements_in_use_are_not_cut_off),
        cmocka_unit_test(an_enumerator_that_is_gone_must_not_be_in_use),
        cmocka_unit_test(pointers_into_a_moved_field_follow_it),
        cmocka_unit_test(what_no_rule_covers_is_refused_by_name),
        cmocka_unit_test(a_union_that_did_not_change_is_kept),
        cmocka_unit_test(members_without_a_struct_of_their_own_stay_together),
        cmocka_unit_test(marks_say_what_becomes_of_an_object),
        cmocka_unit_test(consent_lets_an_object_go),
        cmocka_unit_test(a_type_may_change_where_nothing_can_point),
        cmocka_unit_test(a_type_that_may_lie_on_the_heap_is_refused),
        cmocka_unit_test(a_new_enumerator_disturbs_nobody),
        cmocka_unit_test(a_constant_grows_where_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
