// Variables that the compiler folds away: which are listed, and under which key.
// SPDX-License-Identifier: MIT
#include "fixture.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void expect_made(const struct made *made)
{
    if (!made->made)
        fail_msg("%s", made->job.refusal);
}

/* Not listed, their live values are refused for ever; of a constant, that of the variable that it was. */
static void variables_that_the_compiler_folds_away_are_listed(void **state)
{
    struct workshop workshop;
    struct made made;
    (void)state;

    make_one("static int limit = 7; static const int fixed = 8; static int set = 9;\n"
             "extern int elsewhere; static struct { int low, high; } range = {1, 2};\n"
             "int f(int i) { static int within = 4; set = i;\n"
             "    return limit + fixed + within + range.high; }\n"
             "int g(void) { return set; }",
             &made);
    expect_made(&made);
    assert_string_equal(made.cell.info.folded, "f::within\nfixed\nlimit\nrange\n");
    made_fini(&made);
    make_one("static int set = 9; int f(int i) { return set += i; }", &made);
    expect_made(&made);
    assert_null(made.cell.info.folded);
    made_fini(&made);

    // Folding one of two leaves the other's key as it was.
    workshop_init(&workshop);
    make_cell(
        &workshop, "pair",
        SOURCES({"kernel/app/pair/a.c",
                 "static int limit = 7; int a(void) { return limit; }"},
                {"kernel/app/pair/b.c",
                 "static int limit = 7; int b(int i) { limit += i; return limit; }"}),
        &made);
    workshop_fini(&workshop);
    expect_made(&made);
    assert_string_equal(made.cell.info.folded, "a.c::limit\n");
    assert_non_null(find_data(&made, "b.c::limit"));
    made_fini(&made);
}

/* What was static and is automatic is set anew each time, so its value is lost: the debug information describes both alike.
 * Each line fails when statics_count() is not asked; "unnamed" without read_struct(). */
static void statics_that_functions_fold_are_told_from_automatic_variables(void **state)
{
    static const struct {
        const char *text, *folded;
    } table[] = {
        {"int f(int i) { int n = 4; const int m = 5; return i + n + m; }", NULL},
        {"int f(int i) { static int n = 4; int m = 5; return i + n + m; }", "f::n\n"},
        {"int f(int i) { static const int n = 4; { int n = 5; i += n; } return i + n; }",
         "f::n\n"},
        {"static int in(int i) { static int n = 4; return i + n; }\n"
         "int f(int i) { return in(i); } int g(int i) { int n = 4; return in(i) * n; }",
         "in::n\n"},
        {"struct pair { int a, b; }; int g(int);\n"
         "int f(int i) { static struct pair pair = {1, 2}, *list[2][3];\n"
         "    static int (*const call)(int n, struct pair *list) = 0;\n"
         "    if (i) { static const char text[] = \";\\n static int x = 1;\"; i += "
         "text[0]; }\n"
         "    for (;;) { static const struct { struct { int n; } in; } unnamed = {{3}};\n"
         "        i += unnamed.in.n + ({ static int deep = 6; deep; });\n"
         "        switch (i) { case 1: static int label = 3; return label + g(i); }\n"
         "        if (g(i + pair.b + !list[1][2] + !call)) return i; } }",
         "f::call\nf::deep\nf::label\nf::list\nf::pair\nf::text\nf::unnamed\n"},
    };
    struct made made;
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        make_one(table[i].text, &made);
        expect_made(&made);
        if (table[i].folded)
            assert_string_equal(made.cell.info.folded, table[i].folded);
        else
            assert_null(made.cell.info.folded);
        made_fini(&made);
    }
}

/* The one that is folded and the one that is not would change places unseen. Hazard 7. Not flagged when data.c takes one
 * folded static for each name, however many the parse trees have. */
static void one_of_two_siblings_that_is_folded_leaves_the_other_flagged(void **state)
{
    struct made made;
    (void)state;

    make_one(
        "int f(int i) { { static int n = 4; i += n++; } { static int n = 5; i += n; }\n"
        "    return i; }",
        &made);
    expect_made(&made);
    assert_null(made.cell.info.folded);
    assert_int_equal(made.cell.info.data_count, 1);
    assert_true(made.cell.info.data[0].flags & CELL_DATA_AMBIGUOUS);
    made_fini(&made);
}

/* Both are needed: what one function folds may be stored in the other. */
static void statics_of_two_functions_of_one_name_are_told_apart(void **state)
{
    struct workshop workshop;
    struct made made;
    (void)state;

    workshop_init(&workshop);
    make_cell(&workshop, "pair",
              SOURCES({"kernel/app/pair/a.c",
                       "static int in(int i) { static int n = 7; return n * i; }\n"
                       "int a(int i) { return in(i); }"},
                      {"kernel/app/pair/b.c",
                       "static int in(int i) { static int n = 7; return n += i; }\n"
                       "int b(int i) { return in(i); }"}),
              &made);
    workshop_fini(&workshop);
    expect_made(&made);
    assert_string_equal(made.cell.info.folded, "a.c::in::n\n");
    assert_non_null(find_data(&made, "b.c::in::n"));
    made_fini(&made);
}

static void same_names_in_sibling_blocks_are_flagged(void **state)
{
    struct made made;
    (void)state;

    make_one("int f(int i) { int r = 0; { static int n; r += ++n; } { static int n; r += "
             "n++ * i; }\n"
             "    return r; }",
             &made);
    expect_made(&made);
    assert_int_equal(made.cell.info.data_count, 2);
    for (size_t i = 0; i < 2; i++)
        assert_true(made.cell.info.data[i].flags & CELL_DATA_AMBIGUOUS);
    made_fini(&made);
}

/* What a Makefile hands over wrongly is said at once, not found when a swap is refused. */
static void files_that_are_no_parse_trees_are_refused(void **state)
{
    static const struct {
        const char *words, *refusal;
    } table[] = {{"/nowhere/one.c.trees", "/nowhere/one.c.trees"},
                 {"one.c", "one.c is not called SOURCE.trees"},
                 {".trees", ".trees is not called SOURCE.trees"}};
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        struct workshop workshop;
        struct made made = {0};
        uint8_t *bytes;
        size_t len;
        workshop_init(&workshop);
        job_init(&made.job, "cell one");
        link_objects(&workshop, &made.job, "",
                     SOURCES({"kernel/app/one/one.c", "int f(void) { return 1; }"}),
                     &bytes, &len);
        workshop_fini(&workshop);
        write_and_load(&made.job, "one", table[i].words, bytes, len, &made);
        assert_false(made.made);
        assert_non_null(strstr(made.job.refusal, table[i].refusal));
        made_fini(&made);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(variables_that_the_compiler_folds_away_are_listed),
        cmocka_unit_test(statics_that_functions_fold_are_told_from_automatic_variables),
        cmocka_unit_test(one_of_two_siblings_that_is_folded_leaves_the_other_flagged),
        cmocka_unit_test(statics_of_two_functions_of_one_name_are_told_apart),
        cmocka_unit_test(same_names_in_sibling_blocks_are_flagged),
        cmocka_unit_test(files_that_are_no_parse_trees_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
