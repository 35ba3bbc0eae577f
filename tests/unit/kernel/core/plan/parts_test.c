/* Tests of objects that hold structs which turn: each goes over its own edges, wherever it lies (hazards 14, 17).
 * SPDX-License-Identifier: MIT
 *
 * The text of a test's cell cannot be executed here: each plan's edges are replaced by functions of this program.
 */
#include "migrate_fixture.h"
#include "states_fixture.h"

#include <core/plan/steps.h>
#include <core/plan/turn.h>

#include <stdlib.h>

typedef void (*edge_fn)(const void *was, void *is);

#define WAS(tag, past) MARK("was_" tag "__" past)
#define EDGE(from, to)                                                                   \
    "static void evolve_edge_" from "__" to "(const struct " from " *a, struct " to      \
    " *b) __attribute__((used));\n"                                                      \
    "static void evolve_edge_" from "__" to "(const struct " from " *a, struct " to      \
    " *b) { *(volatile char *)b = *(const volatile char *)a; }\n"
#define BOTH(a, b) EDGE(a, b) EDGE(b, a)
#define CELL_OF(text) (&(struct cell_source)CELL(text))

/* Puts EDGES (COUNT) where the way has its own, in the order in which they are called. */
static void use(struct plan *plan, int form, const edge_fn *edges, uint32_t count)
{
    const struct plan_way *way = &turn_of(&plan->migrations.list[0])->way[form];
    uint32_t next = 0;
    for (uint32_t i = 0; i < way->count; i++)
        if (way->steps[i].edge && next < count)
            way->steps[i].edge = (uint64_t)edges[next++];
        else if (way->steps[i].edge)
            fail_msg("there are more than %u edges", count);
    assert_int_equal(next, count);
}

#define USE(plan, form, ...)                                                             \
    do {                                                                                 \
        static const edge_fn edges_[] = {__VA_ARGS__};                                   \
        use(plan, form, edges_, sizeof edges_ / sizeof *edges_);                         \
    } while (0)

static const char *turn(struct plan *plan, bool backwards)
{
    struct migration_list *all = &plan->migrations;
    uint8_t *scratch = aligned_alloc(16, turns_scratch(all));
    turns_look(all, backwards);
    const char *unfit = turn_run(all, &all->list[0], backwards, scratch);
    free(scratch);
    return unfit;
}

static void go_there(struct plan *plan)
{
    assert_null(turn(plan, false));
    world_commit(&w, plan);
}

static void come_back(struct plan *plan)
{
    assert_null(turn(plan, true));
    world_revert(&w, plan);
    plan_destroy(plan);
}

static void expect_no(const char *from, const char *to, const char *code,
                      const char *symbol, const char *word)
{
    world_init(&w, &(struct cell_source){"cell", "", from}, 1);
    expect_refused(&w, &(struct cell_source){"cell", "", to}, 1, code, "cell", symbol,
                   NULL);
    if (!strstr(w.report.refusals[0].text, word))
        fail_msg("nothing of %s: %s", word, w.report.refusals[0].text);
    world_fini(&w);
}

/* ---- in fields and arrays ----------------------------------------------------------------- */

struct part_0 {
    uint32_t n;
    uint32_t time;
};

static void by_1000(const void *was, void *is)
{
    ((struct part_0 *)is)->time = ((const struct part_0 *)was)->time * 1000;
}

static void by_thousandth(const void *was, void *is)
{
    ((struct part_0 *)is)->time = ((const struct part_0 *)was)->time / 1000;
}

#define PART_0 "struct part { unsigned n, time; };\n"
#define PAST_0 "struct part_0 { unsigned n, time; };\n" WAS("part", "part_0")
#define HOLDER                                                                           \
    "static struct { int a; struct part p[2]; struct { int b; struct part q; } in[2]; "  \
    "} s;\n"
#define MILLIS PART_0 PAST_0 STATE("part", "1") BOTH("part_0", "part")

struct holder {
    int a;
    struct part_0 p[2];
    struct {
        int b;
        struct part_0 q;
    } in[2];
};

static const struct holder sample = {1, {{2, 30}, {3, 40}}, {{4, {5, 60}}, {7, {8, 90}}}};

/* Seen to fail when a struct of equal form is moved as it is (holds() false): 30 seconds are 30 milliseconds. */
static void each_part_turns_wherever_it_lies(void **state)
{
    (void)state;
    begin(CELL_OF(PART_0 HOLDER), &sample, sizeof sample);
    struct plan *plan = must_plan(CELL_OF(MILLIS HOLDER));
    assert_true(plan->migrations.count == 1 && plan->migrations.walked &&
                plan->revertible && plan->cells[0].coupled);
    assert_non_null(strstr(plan->migrations.list[0].text, "struct part"));
    USE(plan, FORM_OLD, by_1000, by_1000);
    USE(plan, FORM_NEW, by_thousandth, by_thousandth);
    go_there(plan);
    struct holder *now = live();
    assert_true(now->a == 1 && now->p[0].n == 2 && now->in[1].b == 7);
    assert_true(now->p[0].time == 30000 && now->p[1].time == 40000 &&
                now->in[0].q.time == 60000 && now->in[1].q.time == 90000);
    now->p[1].time = 41999;
    now->in[1].q.n = 9;
    come_back(plan);
    now = live();
    assert_true(now->p[0].time == 30 && now->p[1].time == 41 && now->p[1].n == 3 &&
                now->in[1].q.time == 90 && now->in[1].q.n == 9);
    world_fini(&w);
}

/* The version that is left has the edges. */
static void the_older_version_is_reached_as_well(void **state)
{
    struct holder millis = sample;
    (void)state;
    millis.p[0].time = 30500;
    begin(CELL_OF(MILLIS HOLDER), &millis, sizeof millis);
    struct plan *plan = must_plan(CELL_OF(PART_0 HOLDER));
    USE(plan, FORM_OLD, by_thousandth, by_thousandth);
    USE(plan, FORM_NEW, by_1000, by_1000);
    go_there(plan);
    assert_int_equal(((struct holder *)live())->p[0].time, 30);
    come_back(plan); /* nobody has stored there */
    assert_int_equal(((struct holder *)live())->p[0].time, 30500);
    world_fini(&w);
}

/* ---- other forms, skipped ones ------------------------------------------------------------ */

static void widen(const void *was, void *is)
{
    ((uint64_t *)is)[1] = ((const uint32_t *)was)[1] * 1000ull;
}

static void narrow(const void *was, void *is)
{
    ((uint32_t *)is)[1] = (uint32_t)(((const uint64_t *)was)[1] / 1000);
}

static void wide_by_1000(const void *was, void *is)
{
    ((uint64_t *)is)[1] = ((const uint64_t *)was)[1] * 1000;
}

static void wide_by_thousandth(const void *was, void *is)
{
    ((uint64_t *)is)[1] = ((const uint64_t *)was)[1] / 1000;
}

#define WIDE(tag) "struct " tag " { unsigned long n, time; };\n"
#define ROWS "static struct { int a; struct part p[3]; int z; } s;\n"

/* The form says that it turns; and a state, from the form between to the last. */
static void skipped_forms_are_gone_through_edge_by_edge(void **state)
{
    uint32_t was[8] = {7, 1, 10, 2, 20, 3, 30, 8};
    (void)state;
    begin(CELL_OF(PART_0 ROWS), was, sizeof was);
    struct plan *plan =
        must_plan(CELL_OF(WIDE("part") WIDE("part_1") PAST_0 WAS("part", "part_1") STATE(
            "part", "1") BOTH("part_0", "part_1") BOTH("part_1", "part") ROWS));
    USE(plan, FORM_OLD, widen, wide_by_1000);
    USE(plan, FORM_NEW, wide_by_thousandth, narrow);
    go_there(plan);
    const uint64_t *now = live();
    assert_true((uint32_t)now[0] == 7 && now[1] == 1 && now[2] == 10000000 &&
                now[6] == 30000000 && (uint32_t)now[7] == 8);
    ((uint64_t *)live())[4] = 44000000;
    come_back(plan);
    const uint32_t *old = live();
    assert_true(old[0] == 7 && old[2] == 10 && old[4] == 44 && old[6] == 30 && old[7] == 8);
    world_fini(&w);
}

/* Without another state nothing but the form says so. Seen to fail when the fields of such a part go by name: 10, not 10000. */
static void a_form_with_edges_turns_in_a_static_too(void **state)
{
    uint32_t was[8] = {7, 1, 10, 2, 20, 3, 30, 8};
    (void)state;
    begin(CELL_OF(PART_0 ROWS), was, sizeof was);
    struct plan *plan =
        must_plan(CELL_OF(WIDE("part") PAST_0 BOTH("part_0", "part") ROWS));
    USE(plan, FORM_OLD, widen);
    USE(plan, FORM_NEW, narrow);
    go_there(plan);
    assert_int_equal(((uint64_t *)live())[2], 10000);
    come_back(plan);
    assert_memory_equal(live(), was, sizeof was);
    world_fini(&w);
}

/* ---- parts in parts, and edges of the whole ------------------------------------------------ */

struct outer {
    struct part_0 part[2];
    uint32_t sum;
};

/* What it holds has been turned when its own edge is called. */
static void add_up(const void *was, void *is)
{
    struct outer *o = is;
    assert_true(((const struct outer *)was)->part[0].time * 1000 == o->part[0].time);
    o->sum = o->part[0].time + o->part[1].time;
}

static void forget_sum(const void *was, void *is)
{
    const struct outer *o = was;
    assert_true(((struct outer *)is)->part[1].time == o->part[1].time / 1000);
    ((struct outer *)is)->sum = 0;
}

#define OUTER(tag, part) "struct " tag " { struct " part " part[2]; unsigned sum; };\n"
#define OUTER_EDGES                                                                      \
    PART_0 OUTER("outer", "part") PAST_0 OUTER("outer_0", "part_0")                      \
        WAS("outer", "outer_0") STATE("part", "1") STATE("outer", "1")                   \
            BOTH("part_0", "part") BOTH("outer_0", "outer")

/* Seen to fail when the edge is called before the parts are turned. */
static void inner_ones_come_first(void **state)
{
    struct outer was[2] = {{{{1, 10}, {2, 20}}, 0}, {{{3, 30}, {4, 40}}, 0}};
    (void)state;
    begin(CELL_OF(PART_0 OUTER("outer", "part") "static struct outer s[2];\n"), was,
          sizeof was);
    struct plan *plan = must_plan(CELL_OF(OUTER_EDGES "static struct outer s[2];\n"));
    USE(plan, FORM_OLD, by_1000, add_up);
    USE(plan, FORM_NEW, by_thousandth, forget_sum);
    go_there(plan);
    struct outer *now = live();
    assert_true(now[0].sum == 30000 && now[1].sum == 70000 && now[1].part[1].time == 40000);
    now[0].part[0].n = 9;
    come_back(plan);
    now = live();
    assert_true(now[0].sum == 0 && now[0].part[0].n == 9 && now[1].part[1].time == 40);
    world_fini(&w);
}

/* So with an object's own edges; the types at the ends may have the struct's own name, whatever its form is there. */
static void an_edge_of_the_whole_finds_its_parts_turned(void **state)
{
    struct outer was = {{{1, 10}, {2, 20}}, 0};
    static const char *const ends[] = {"struct outer_0", "struct outer"};
    (void)state;
    for (uint32_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        char text[4096];
        snprintf(text, sizeof text,
                 "%s static struct outer s;\n%s"
                 "static const __typeof__(%s) *const evolve_from_s__0__1 "
                 "__attribute__((used)) = 0;\n"
                 "static const struct outer *const evolve_into_s__0__1 "
                 "__attribute__((used)) = 0;\n"
                 "static void evolve_step_s__0__1(const void *was, void *is) "
                 "__attribute__((used));\n"
                 "static void evolve_step_s__0__1(const void *was, void *is) { *(char "
                 "*)is = *(const char *)was; }\n"
                 "static const struct outer *const evolve_from_s__1__0 "
                 "__attribute__((used)) = 0;\n"
                 "static const __typeof__(%s) *const evolve_into_s__1__0 "
                 "__attribute__((used)) = 0;\n"
                 "static void evolve_step_s__1__0(const void *was, void *is) "
                 "__attribute__((used));\n"
                 "static void evolve_step_s__1__0(const void *was, void *is) { *(char "
                 "*)is = *(const char *)was; }\n" KEEP,
                 PART_0 OUTER("outer", "part") PAST_0 OUTER("outer_0", "part_0")
                     STATE("part", "1") BOTH("part_0", "part"),
                 STATE("s", "1"), ends[i], ends[i]);
        begin(CELL_OF(PART_0 OUTER("outer", "part") "static struct outer s;\n"), &was,
              sizeof was);
        struct plan *plan = must_plan(&(struct cell_source){"cell", "", text});
        USE(plan, FORM_OLD, by_1000, add_up);
        USE(plan, FORM_NEW, by_thousandth, forget_sum);
        go_there(plan);
        struct outer *now = live();
        assert_true(now->sum == 30000 && now->part[1].time == 20000);
        now->sum = 1;
        come_back(plan);
        assert_memory_equal(live(), &was, sizeof was);
        world_fini(&w);
    }
}

/* ---- what cannot be ------------------------------------------------------------------------ */

static void what_cannot_turn_is_refused_by_name(void **state)
{
    (void)state;
    expect_no(PART_0 HOLDER KEEP, PART_0 HOLDER STATE("part", "1") KEEP, "state", "s",
              "EVOLVE_WAS(part");
    /* A form of the past that is another one. */
    expect_no(PART_0 HOLDER KEEP,
              PART_0 "struct part_0 { unsigned n, tim; };\n" WAS("part", "part_0")
                  STATE("part", "1") BOTH("part_0", "part") HOLDER KEEP,
              "state", "s", "no edges lead");
    /* No way there, no way back. */
    expect_no(PART_0 HOLDER KEEP,
              PART_0 PAST_0 STATE("part", "1") EDGE("part", "part_0") HOLDER KEEP,
              "state", "s", "no edges lead");
    expect_no(PART_0 HOLDER KEEP,
              PART_0 PAST_0 STATE("part", "1") EDGE("part_0", "part") HOLDER KEEP,
              "consent", "s", "leads back");
}

#define IN_UNION "static union { struct part p; unsigned char raw[8]; } s;\n"

/* Nobody knows which member is meant, unless the whole has an edge. */
static void a_part_in_a_union_is_refused(void **state)
{
    (void)state;
    expect_no(PART_0 IN_UNION KEEP, MILLIS IN_UNION KEEP, "state", "s",
              "p lies in a union");
    struct part_0 was = {1, 30};
    begin(CELL_OF(PART_0 IN_UNION), &was, sizeof was);
    struct plan *plan = must_plan(CELL_OF(MILLIS IN_UNION STATE("s", "1") S_EDGE(
        "s", "0", "s", "1", "s") S_EDGE("s", "1", "s", "0", "s")));
    USE(plan, FORM_OLD, by_1000);
    go_there(plan);
    assert_int_equal(((struct part_0 *)live())->time, 30000);
    world_revert(&w, plan);
    plan_destroy(plan);
    world_fini(&w);
}

/* A number without a place in the next form is the edge's to store, in a part as well. */
static void narrow_badly(const void *was, void *is)
{
    (void)was;
    (void)is;
}

static void a_value_without_a_place_stops_the_way(void **state)
{
    uint64_t was[2] = {1, 1ull << 40};
    (void)state;
    begin(CELL_OF(WIDE("part") "static struct part s;\n"), was, sizeof was);
    struct plan *plan = must_plan(CELL_OF(PART_0 WIDE("part_0") WAS(
        "part", "part_0") BOTH("part_0", "part") "static struct part s;\n"));
    USE(plan, FORM_OLD, narrow_badly);
    assert_string_equal(turn(plan, false), "time");
    USE(plan, FORM_OLD, narrow);
    assert_null(turn(plan, false));
    plan_destroy(plan);
    world_fini(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_part_turns_wherever_it_lies),
        cmocka_unit_test(the_older_version_is_reached_as_well),
        cmocka_unit_test(skipped_forms_are_gone_through_edge_by_edge),
        cmocka_unit_test(a_form_with_edges_turns_in_a_static_too),
        cmocka_unit_test(inner_ones_come_first),
        cmocka_unit_test(an_edge_of_the_whole_finds_its_parts_turned),
        cmocka_unit_test(what_cannot_turn_is_refused_by_name),
        cmocka_unit_test(a_part_in_a_union_is_refused),
        cmocka_unit_test(a_value_without_a_place_stops_the_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
