// celltool diff names each function, object, type and import that changed, no others.
// SPDX-License-Identifier: MIT
#include "fixture.h"

#include <tools/celltool/show.h>

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void expect_diff(const char *old_text, const char *new_text, const char *expected)
{
    struct made old, new;
    struct text out;

    make_one(old_text, &old);
    make_one(new_text, &new);
    if (!old.made || !new.made)
        fail_msg("%s%s", old.job.refusal, new.job.refusal);
    text_init(&out, &old.job);
    diff_cells(&old.cell, &new.cell, &out);
    assert_string_equal(out.bytes, expected);
    made_fini(&old);
    made_fini(&new);
}

static void says_nothing_when_only_comments_changed(void **state)
{
    (void)state;
    expect_diff("int f(int i) { return i; }", "/* new */ int f(int i) { return i; }", "");
}

static void names_the_function_whose_code_changed(void **state)
{
    (void)state;
    expect_diff("int f(int i) { return i + 1; } int g(int i) { return i * 7; }",
                "int f(int i) { return i + 2; } int g(int i) { return i * 7; }",
                "function f: code changed\n");
}

static void names_only_the_function_whose_literal_changed(void **state)
{
    (void)state;
    expect_diff(
        "void print(const char *);\n"
        "void f(void) { print(\"one\"); } void g(void) { print(\"two\"); }",
        "void print(const char *);\n"
        "void f(void) { print(\"one, longer\"); } void g(void) { print(\"two\"); }",
        "function f: code changed\n");
}

static void names_added_and_removed_functions(void **state)
{
    (void)state;
    expect_diff("int f(int i) { return i; } int g(int i) { return i; }",
                "int f(int i) { return i; } int h(int i) { return i; }",
                "function g: removed\nfunction h: added\n");
}

static void names_changed_signatures_and_imports(void **state)
{
    (void)state;
    expect_diff("int e(int); int f(int i) { return e(i); }",
                "int e(long); int f(long i) { return e(i); }",
                "function f: signature changed\nimport e: signature changed\n");
}

static void names_data_that_changed_its_type_value_or_kind(void **state)
{
    (void)state;
    expect_diff("int a = 1, b, c = 3, d; int f(void) { return a++ + b++ + c++ + d++; }",
                "int a = 2; long b; int c; int f(void) { static int e; return a++ + b++ "
                "+ c++ + ++e; }",
                "function f: code changed\n"
                "data c: initial value changed\n"
                "data a: initial value changed\n"
                "data d: removed\n"
                "data b: type changed from int32 (4 bytes) to int64 (8 bytes)\n"
                "data b: alignment raised from 4 to 8\n"
                "data f::e: added\n");
}

static void names_members_of_a_changed_type(void **state)
{
    (void)state;
    expect_diff("struct s { int a; int b; int c; }; int f(struct s *s) { return s->a; }",
                "struct s { int a; long c; int d; }; int f(struct s *s) { return s->a; }",
                "type struct s: layout changed (12 to 24 bytes)\n"
                "type struct s: b removed\n"
                "type struct s: c changed its type\n"
                "type struct s: d added\n");
}

static void names_a_function_whose_address_is_taken_now(void **state)
{
    (void)state;
    expect_diff("int f(int i) { return i; }",
                "int f(int i) { return i; } int (*g(void))(int) { return f; }",
                "function f: address taken now\nfunction g: added\n");
}

// An object may come from anywhere: what it calls itself must not reach the terminal.
static void escapes_names(void **state)
{
    struct made made;
    struct text out;
    (void)state;

    make_one("int f(int i) { return i; }", &made);
    assert_true(made.made);
    made.cell.info.functions[0].name = "\033[2J\"\\\n";
    text_init(&out, &made.job);
    show_text(&made.cell, &out);
    assert_null(strchr(out.bytes, '\033'));
    text_init(&out, &made.job);
    show_json(&made.cell, &out);
    assert_non_null(strstr(out.bytes, "\"name\": \"\\u001b[2J\\\"\\\\\\u000a\""));
    made_fini(&made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_nothing_when_only_comments_changed),
        cmocka_unit_test(names_the_function_whose_code_changed),
        cmocka_unit_test(names_only_the_function_whose_literal_changed),
        cmocka_unit_test(names_added_and_removed_functions),
        cmocka_unit_test(names_changed_signatures_and_imports),
        cmocka_unit_test(names_data_that_changed_its_type_value_or_kind),
        cmocka_unit_test(names_members_of_a_changed_type),
        cmocka_unit_test(names_a_function_whose_address_is_taken_now),
        cmocka_unit_test(escapes_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
