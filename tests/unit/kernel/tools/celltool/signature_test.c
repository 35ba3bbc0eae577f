// Exporter's and importer's signatures agree exactly when the declarations do.
// SPDX-License-Identifier: MIT
#include "fixture.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

// What two cells say about one function.
struct views {
    struct made exporter;
    struct made importer;
    uint64_t exported;
    uint64_t imported;
};

static void views_init(const char *export_text, const char *import_text,
                       const char *function, const char *flags, struct views *out)
{
    struct workshop workshop;

    workshop_init(&workshop);
    make_cell_flags(&workshop, "exporter", flags,
                    SOURCES({"kernel/lib/exporter/exporter.c", export_text}),
                    &out->exporter);
    make_cell_flags(&workshop, "importer", flags,
                    SOURCES({"kernel/app/importer/importer.c", import_text}),
                    &out->importer);
    workshop_fini(&workshop);
    if (!out->exporter.made || !out->importer.made)
        fail_msg("%s%s", out->exporter.job.refusal, out->importer.job.refusal);
    assert_non_null(find_function(&out->exporter, function));
    assert_non_null(find_import(&out->importer, function));
    out->exported = find_function(&out->exporter, function)->signature;
    out->imported = find_import(&out->importer, function)->signature;
}

static void views_fini(struct views *views)
{
    made_fini(&views->exporter);
    made_fini(&views->importer);
}

// "f" is the function in all of these.
static void expect(const char *export_text, const char *import_text, bool agree)
{
    struct views views;

    views_init(export_text, import_text, "f", "", &views);
    assert_true(views.exported != 0);
    assert_true(views.imported != 0);
    assert_int_equal(views.exported == views.imported, agree);
    views_fini(&views);
}

static void agree_for_plain_types(void **state)
{
    (void)state;
    expect("long f(int a, unsigned char b, char *c, _Bool d) { return a + b + *c + d; }",
           "long f(int, unsigned char, char *, _Bool);\n"
           "long g(char *c) { return f(1, 2, c, 1); }",
           true);
}

static void differ_in_one_parameter(void **state)
{
    (void)state;
    expect("long f(int a, long b) { return a + b; }",
           "long f(int, int);\nlong g(void) { return f(1, 2); }", false);
    expect("long f(int a) { return a; }",
           "long f(unsigned);\nlong g(void) { return f(1); }", false);
    expect("long f(int a) { return a; }",
           "long f(int, int);\nlong g(void) { return f(1, 2); }", false);
    expect("long f(int a) { return a; }", "int f(int);\nlong g(void) { return f(1); }",
           false);
}

static void agree_through_typedefs(void **state)
{
    (void)state;
    expect("#include <stdint.h>\ntypedef int8_t err_t; typedef uint8_t u8_t;\n"
           "err_t f(u8_t a, uint64_t b, uintptr_t c) { return a + b + c; }",
           "signed char f(unsigned char, unsigned long, unsigned long);\n"
           "long g(void) { return f(1, 2, 3); }",
           true);
    expect(
        "typedef struct thing *handle; int f(handle h) { return h != 0; }",
        "struct thing; int f(struct thing *);\nint g(struct thing *t) { return f(t); }",
        true);
}

static void agree_when_the_importer_knows_the_struct_by_name_only(void **state)
{
    (void)state;
    expect(
        "struct thing { int a, b; struct thing *next; };\n"
        "struct thing *f(struct thing *t, struct thing **u) { *u = t; return t->next; }",
        "struct thing;\nstruct thing *f(struct thing *, struct thing **);\n"
        "struct thing *g(struct thing *t) { return f(t, &t); }",
        true);
}

static void differ_in_the_struct_pointed_to(void **state)
{
    (void)state;
    expect(
        "struct thing { int a; }; int f(struct thing *t) { return t->a; }",
        "struct other; int f(struct other *);\nint g(struct other *t) { return f(t); }",
        false);
}

static void agree_for_a_struct_without_tag_by_its_typedef(void **state)
{
    const char *header = "typedef struct { int x, y; } point;\n"
                         "typedef point place;\n";
    char export_text[256], import_text[256];
    (void)state;

    snprintf(export_text, sizeof(export_text),
             "%sint f(const point *p, place q) { return p->x + q.y; }", header);
    snprintf(import_text, sizeof(import_text),
             "%sint f(const place *, point);\nint g(point *p) { return f(p, *p); }",
             header);
    expect(export_text, import_text, true);
}

static void agree_for_enums_whatever_their_values(void **state)
{
    (void)state;
    expect("enum status { OK, BAD, WORSE }; enum status f(enum status s) { return s; }",
           "enum status { OK, BAD }; enum status f(enum status);\n"
           "int g(void) { return f(BAD); }",
           true);
    expect("enum status { OK }; enum status f(enum status s) { return s; }",
           "enum state { OK }; enum state f(enum state);\nint g(void) { return f(OK); }",
           false);
}

static void agree_for_function_pointers(void **state)
{
    (void)state;
    expect("typedef int (*walk_fn)(void *context, const struct node *node);\n"
           "struct node { int v; };\n"
           "int f(walk_fn fn, void *c) { struct node n = {1}; return fn(c, &n); }",
           "struct node;\nint f(int (*)(void *, const struct node *), void *);\n"
           "static int cb(void *c, const struct node *n) { return c && n; }\n"
           "int g(void) { return f(cb, 0); }",
           true);
    expect("int f(int (*fn)(void *)) { return fn(0); }",
           "int f(int (*)(char *));\nint g(int (*fn)(char *)) { return f(fn); }", false);
}

static void qualifiers_count_behind_pointers_only(void **state)
{
    (void)state;
    expect("int f(const int a, char *const p) { return a + *p; }",
           "int f(int, char *);\nint g(char *p) { return f(1, p); }", true);
    expect("int f(const char *p) { return *p; }",
           "int f(char *);\nint g(char *p) { return f(p); }", false);
    expect("int f(volatile int *p) { return *p; }",
           "int f(int *);\nint g(int *p) { return f(p); }", false);
    expect("typedef const char text; int f(text volatile *p) { return *p; }",
           "int f(volatile const char *);\nint g(char *p) { return f(p); }", true);
}

static void restrict_does_not_count(void **state)
{
    (void)state;
    expect("char *f(char *restrict d, char **restrict e) { *e = d; return d; }",
           "char *f(char *, char **);\nchar *g(char *d) { return f(d, &d); }", true);
}

static void variadic_counts(void **state)
{
    (void)state;
    expect("int f(const char *t, ...) { return *t; }",
           "int f(const char *, ...);\nint g(void) { return f(\"%d\", 1); }", true);
    expect("int f(const char *t, ...) { return *t; }",
           "int f(const char *, int);\nint g(void) { return f(\"%d\", 1); }", false);
}

static void a_va_list_agrees(void **state)
{
    (void)state;
    expect("#include <stdarg.h>\nint f(const char *t, va_list a) { (void)t; return "
           "va_arg(a, int); }",
           "typedef __builtin_va_list va; int f(const char *, va);\n"
           "int g(const char *t, ...) { __builtin_va_list a; __builtin_va_start(a, t);\n"
           "int r = f(t, a); __builtin_va_end(a); return r; }",
           true);
}

static void a_struct_by_value_counts_whole(void **state)
{
    (void)state;
    expect("struct pair { int a, b; }; struct pair f(struct pair p) { return p; }",
           "struct pair { int a, b; }; struct pair f(struct pair);\n"
           "int g(void) { return f((struct pair){1, 2}).b; }",
           true);
    expect("struct pair { int a, b; }; struct pair f(struct pair p) { return p; }",
           "struct pair { int a; long b; }; struct pair f(struct pair);\n"
           "int g(void) { return f((struct pair){1, 2}).b; }",
           false);
    expect("struct in { short s; }; struct pair { struct in i; };\n"
           "int f(struct pair p) { return p.i.s; }",
           "struct in { int s; }; struct pair { struct in i; };\nint f(struct pair);\n"
           "int g(void) { return f((struct pair){{1}}); }",
           false);
}

static void arrays_and_pointers_to_arrays(void **state)
{
    (void)state;
    expect("int f(int a[], int (*b)[4]) { return a[0] + (*b)[1]; }",
           "int f(int *, int (*)[4]);\nint g(int *a, int (*b)[4]) { return f(a, b); }",
           true);
    expect("int f(int (*b)[4]) { return (*b)[1]; }",
           "int f(int (*)[5]);\nint g(int (*b)[5]) { return f(b); }", false);
}

static void no_parameters_agree_however_written(void **state)
{
    (void)state;
    expect("int f(void) { return 1; }", "int f();\nint g(void) { return f(); }", true);
}

static void a_call_from_a_static_inline_function_is_described(void **state)
{
    (void)state;
    expect("struct lock { int v; }; int f(struct lock *l) { return l->v++; }",
           "struct lock { int v; };\nint f(struct lock *);\n"
           "static inline int twice(struct lock *l) { return f(l) + f(l); }\n"
           "int g(struct lock *l) { return twice(l); }",
           true);
}

static void an_address_taken_import_is_described(void **state)
{
    struct views views;
    (void)state;

    views_init("int f(int a) { return a; }",
               "int f(int);\nint (*table[2])(int) = {f, 0};\nint g(void) { return 1; }",
               "f", "", &views);
    assert_true(views.exported == views.imported);
    assert_int_equal(find_import(&views.importer, "f")->flags, CELL_IMPORT_TAKEN);
    views_fini(&views);
}

static void libc_functions_agree_with_their_declarations(void **state)
{
    static const char *const flags[] = {"", "-fbuiltin"};
    (void)state;

    for (size_t i = 0; i < 2; i++) {
        struct views views;
        views_init(
            "#include <stddef.h>\n"
            "void *memcpy(void *restrict d, const void *restrict s, size_t n)\n"
            "{ char *a = d; const char *b = s; while (n--) *a++ = *b++; return d; }",
            "#include <string.h>\n"
            "char *g(char *d, const char *s, size_t n) { return memcpy(d, s, n); }",
            "memcpy", flags[i], &views);
        assert_true(views.exported != 0);
        assert_true(views.exported == views.imported);
        views_fini(&views);
    }
}

static void what_only_the_compiler_declared_is_unknown(void **state)
{
    struct made made;
    (void)state;

    make_one("struct big { char c[4096]; };\n"
             "void g(struct big *a, struct big *b) { *a = *b; }\n"
             "void h(char *a, char *b) { __builtin_memmove(a, b, 4096); }",
             &made);
    assert_true(made.made);
    assert_non_null(find_import(&made, "memmove"));
    assert_true(find_import(&made, "memmove")->signature == 0);
    made_fini(&made);
}

static void a_name_that_the_headers_rename_is_matched_by_its_symbol(void **state)
{
    struct views views;
    (void)state;

    views_init("int real(int a) { return a; }",
               "int pretty(int) __asm__(\"real\");\nint g(void) { return pretty(1); }",
               "real", "", &views);
    assert_true(views.exported == views.imported);
    views_fini(&views);
}

static void assembly_has_no_signature(void **state)
{
    struct workshop workshop;
    struct made made;
    (void)state;

    workshop_init(&workshop);
    make_cell(
        &workshop, "mixed",
        SOURCES(
            {"kernel/task/mixed/a.S",
             ".text\n.globl f\n.type f, @function\nf: call c\n ret\n.size f, . - f\n"},
            {"kernel/task/mixed/b.c", "int f(int); int c(int i) { return i; }\n"
                                      "int d(void) { return f(1); }"}),
        &made);
    workshop_fini(&workshop);
    assert_true(made.made);
    assert_true(find_function(&made, "f")->signature == 0);
    assert_int_equal(find_function(&made, "f")->flags,
                     CELL_FUNC_GLOBAL | CELL_FUNC_ASSEMBLY);
    assert_true(find_function(&made, "c")->signature != 0);
    made_fini(&made);
}

// The text under the hash is part of the format: it must not drift.
static void the_hash_is_that_of_the_documented_text(void **state)
{
    struct made made;
    (void)state;

    make_one(
        "struct s; int f(const struct s *a, unsigned char b, ...) { return a && b; }",
        &made);
    assert_true(made.made);
    // first 8 bytes, little-endian, of SHA-256("fn(*const struct s, uint8, ...) int32")
    assert_true(find_function(&made, "f")->signature == 0x3ffe660c7bd71899);
    made_fini(&made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agree_for_plain_types),
        cmocka_unit_test(differ_in_one_parameter),
        cmocka_unit_test(agree_through_typedefs),
        cmocka_unit_test(agree_when_the_importer_knows_the_struct_by_name_only),
        cmocka_unit_test(differ_in_the_struct_pointed_to),
        cmocka_unit_test(agree_for_a_struct_without_tag_by_its_typedef),
        cmocka_unit_test(agree_for_enums_whatever_their_values),
        cmocka_unit_test(agree_for_function_pointers),
        cmocka_unit_test(qualifiers_count_behind_pointers_only),
        cmocka_unit_test(restrict_does_not_count),
        cmocka_unit_test(variadic_counts),
        cmocka_unit_test(a_va_list_agrees),
        cmocka_unit_test(a_struct_by_value_counts_whole),
        cmocka_unit_test(arrays_and_pointers_to_arrays),
        cmocka_unit_test(no_parameters_agree_however_written),
        cmocka_unit_test(a_call_from_a_static_inline_function_is_described),
        cmocka_unit_test(an_address_taken_import_is_described),
        cmocka_unit_test(libc_functions_agree_with_their_declarations),
        cmocka_unit_test(what_only_the_compiler_declared_is_unknown),
        cmocka_unit_test(a_name_that_the_headers_rename_is_matched_by_its_symbol),
        cmocka_unit_test(assembly_has_no_signature),
        cmocka_unit_test(the_hash_is_that_of_the_documented_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
