/* Tests of objects that somebody points to where no search looks: what they point to stays where it is.
 * SPDX-License-Identifier: MIT
 */
#include "migrate_fixture.h"
#include "states_fixture.h"

#define WAS "struct was { long a; long b; };\n"
#define PAIR WAS "static struct was s;\n"
#define FRONT "struct is { long c; long a; long b; };\nstatic struct is s;\n"
#define BEHIND "struct is { long a; long b; long c; };\nstatic struct is s;\n"
static const struct {
    long a;
    long b;
} pair = {1, 2};
static const struct {
    long c;
    long a;
    long b;
} front = {0, 1, 2};
static const struct {
    long a;
    long b;
    long c;
} behind = {1, 2, 0};

#define EDGES                                                                            \
    WAS STATE("s", "1") S_EDGE("s", "0", "struct was", "1", "s")                         \
        S_EDGE("s", "1", "s", "0", "struct was")

/* The value goes over edges. Gives none: refused. */
static struct plan *turned(const char *mark, const char *to)
{
    char text[1500];
    snprintf(text, sizeof text, "%s" EDGES "%s\n" KEEP, to, mark);
    world_init(&w, &(struct cell_source)CELL(PAIR), 1);
    return world_plan(&w, &(struct cell_source){"cell", "", text}, 1);
}

static void expect_pinned(const char *mark, const char *word)
{
    static const char *const others[] = {FRONT EDGES, "static double s;\n" EDGES,
                                         FRONT MARK("reinit_s")};
    char text[1500];
    for (uint32_t i = 0; i < ARRAY_LEN(others); i++) {
        snprintf(text, sizeof text, "%s%s", others[i], mark);
        expect_no_rule(PAIR, text, word);
    }
    struct plan *plan = turned(mark, BEHIND);
    if (!plan)
        fail_msg("refused: %s", w.report.refusals[0].text);
    assert_true(plan->migrations.walked);
    plan_destroy(plan);
    world_fini(&w);
}

/* A field in front is refused when one of both versions has MARK, or both; a field behind is not. */
#define ONLY_BEHIND(mark, word)                                                          \
    do {                                                                                 \
        expect_no_rule(mark PAIR, mark FRONT, word);                                     \
        expect_no_rule(PAIR, mark FRONT, word);                                          \
        expect_no_rule(mark PAIR, FRONT, word);                                          \
        THERE_AND_BACK(mark PAIR, pair, mark BEHIND, behind);                            \
    } while (0)

#define HEAD MARK("frames_head")
#define NONE MARK("frames_none")

/* Hazard 4. Blocks of the heap have their lists' ends in a static; without plan_check_pinned() the swap is planned. */
static void what_lies_in_frames_may_point_to_fields_that_move(void **state)
{
    (void)state;
    ONLY_BEHIND(HEAD, " head");
    THERE_AND_BACK(NONE PAIR, pair, NONE FRONT, front);
}

/* Hazard 25: a table whose address is in a register. Without plan_check_pinned() the swap is planned. */
static void what_hardware_points_to_stays_in_its_place(void **state)
{
    (void)state;
    ONLY_BEHIND(MARK("in_place_s"), "processor");
}

/* Planned when only objects that go over by name are asked for; the second one, of which no name tells where its fields are,
 * also if what cannot be mapped counts as what stays. */
static void it_is_the_same_however_the_value_goes_over(void **state)
{
    (void)state;
    expect_pinned(HEAD, " head");
    expect_pinned(MARK("in_place_s"), "processor");
}

/* A constant that outgrows its home is at a new address. */
static void a_constant_stays_too(void **state)
{
    (void)state;
    expect_no_rule("static const long s[2] = {1, 2};\n",
                   "static const long s[200] = {1, 2};\n" MARK("in_place_s"), "processor");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_lies_in_frames_may_point_to_fields_that_move),
        cmocka_unit_test(what_hardware_points_to_stays_in_its_place),
        cmocka_unit_test(it_is_the_same_however_the_value_goes_over),
        cmocka_unit_test(a_constant_stays_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
