// What celltool refuses, and that the message names the cell, the symbol and the reason.
// SPDX-License-Identifier: MIT
#include "fixture.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void expect_refusal(const struct made *made, const char *const *words)
{
    if (made->made)
        fail_msg("nothing refused, but expected: %s", words[0]);
    assert_null(strchr(made->job.refusal, '\n'));
    assert_int_equal(strncmp(made->job.refusal, "cell test: ", 11), 0);
    for (size_t i = 0; words[i]; i++)
        if (!strstr(made->job.refusal, words[i]))
            fail_msg("'%s' does not say '%s'", made->job.refusal, words[i]);
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void refuse(const char *text, const char *flags, const char *const *words)
{
    struct workshop workshop;
    struct made made;

    workshop_init(&workshop);
    make_cell_flags(&workshop, "one", flags, SOURCES({"kernel/app/one/one.c", text}),
                    &made);
    workshop_fini(&workshop);
    expect_refusal(&made, words);
    made_fini(&made);
}

static void refuse_assembly(const char *text, const char *const *words)
{
    struct workshop workshop;
    struct made made;

    workshop_init(&workshop);
    make_cell(&workshop, "one", SOURCES({"kernel/app/one/one.S", text}), &made);
    workshop_fini(&workshop);
    expect_refusal(&made, words);
    made_fini(&made);
}

// Hazard 7. Taken without the look at SHN_COMMON in select.c.
static void common_symbols(void **state)
{
    (void)state;
    refuse("int tentative; int f(void) { return tentative; }", "-fcommon",
           WORDS("tentative", "common"));
}

static void thread_local_data(void **state)
{
    (void)state;
    refuse("_Thread_local int mine = 3; int f(void) { return mine; }", "",
           WORDS("thread-local"));
}

static void relocations_outside_the_set(void **state)
{
    (void)state;
    refuse("extern int f(void); int g(void) { return f(); }",
           "-fno-plt -fpic -mcmodel=small", WORDS("R_X86_64_GOTPCRELX", " f ", ".text.g"));
    refuse("int f(int); long g(void) { return (long)f; }", "-mcmodel=small",
           WORDS("R_X86_64_32 ", " f ", ".text.g"));
}

static void indirect_functions(void **state)
{
    (void)state;
    refuse("static int one(void) { return 1; } static void *pick(void) { return one; }\n"
           "int chosen(void) __attribute__((ifunc(\"pick\")));",
           "", WORDS("chosen", "IFUNC"));
}

// Hazard 7. Taken without the look at STB_WEAK in select.c.
static void weak_imports(void **state)
{
    (void)state;
    refuse("__attribute__((weak)) void maybe(void); void f(void) { if (maybe) maybe(); }",
           "", WORDS("maybe", "weak"));
}

static void data_imports(void **state)
{
    (void)state;
    refuse("extern int jiffies; int f(void) { return jiffies; }", "",
           WORDS("one.c", "jiffies", "data object"));
}

static void two_names_for_one_object(void **state)
{
    (void)state;
    refuse("int real = 1; extern int other __attribute__((alias(\"real\")));\n"
           "int f(void) { return real + other; }",
           "", WORDS("second name"));
}

// Hazard 7. The compiler numbers them in the order in which they come: in another order each would get the value of another one.
// Taken without the look at name_is_generated() in data.c.
static void writable_objects_without_a_name(void **state)
{
    (void)state;
    refuse("struct s { int n; }; static struct s *s = &(struct s){1};\n"
           "int f(int n) { if (n) s = 0; return s->n++; }",
           "", WORDS("__compound_literal.", "make the compound literal a variable"));
}

static void constructors(void **state)
{
    (void)state;
    refuse("int n; __attribute__((constructor)) static void first(void) { n = 1; }", "",
           WORDS(".init_array", "constructors"));
}

static void label_addresses_and_jump_tables(void **state)
{
    (void)state;
    refuse("int f(int i) { static const void *const t[] = {&&a, &&b, &&c}; goto *t[i];\n"
           "a: return 10; b: return 200 + i; c: return 3000; }",
           "", WORDS("address inside function f"));
    refuse("void a(int), b(int); void f(int i) { switch (i) { case 0: a(7); break;\n"
           "case 1: b(1); break; case 2: a(3); break; case 3: b(9); break;\n"
           "case 4: a(2); break; case 5: b(8); break; case 6: a(5); } }",
           "-fjump-tables", WORDS("address inside function f", "-fno-jump-tables"));
}

static void comdat_code(void **state)
{
    (void)state;
    refuse_assembly(
        ".section .text.f, \"axG\", @progbits, f, comdat\n.weak f\n.type f, @function\n"
        "f: ret\n.size f, . - f\n",
        WORDS(".text.f", "COMDAT"));
}

static void writable_code(void **state)
{
    (void)state;
    refuse_assembly(
        ".section .hot, \"awx\"\n.globl f\n.type f, @function\nf: ret\n.size f, . - f\n",
        WORDS(".hot", "writable and executable"));
}

static void assembly_without_types_or_sizes(void **state)
{
    (void)state;
    refuse_assembly(".text\n.globl f\nf: ret\n",
                    WORDS("f is global", ".type f, @function"));
    refuse_assembly(".text\n.globl f\n.type f, @function\nf: ret\n",
                    WORDS("f has no size", ".size f"));
    refuse_assembly(".data\n.quad 1\n", WORDS("belong to no object", ".data", ".type"));
    refuse_assembly(".data\n.globl f\n.type f, @function\nf: .quad 1\n.size f, 8\n",
                    WORDS("function f", ".data", "not code"));
    refuse_assembly(".text\n.globl d\n.type d, @object\nd: .quad 1\n.size d, 8\n",
                    WORDS("data object d", "code section .text"));
}

static void absolute_symbols(void **state)
{
    (void)state;
    struct workshop workshop;
    struct made made;

    workshop_init(&workshop);
    make_cell(
        &workshop, "one",
        SOURCES({"kernel/app/one/a.S", ".globl place\nplace = 0x1000\n"},
                {"kernel/app/one/b.S", ".text\n.globl f\n.type f, @function\n"
                                       "f: mov place, %eax\n ret\n.size f, . - f\n"}),
        &made);
    workshop_fini(&workshop);
    expect_refusal(&made, WORDS("absolute symbol place", ".text"));
    made_fini(&made);
}

static void an_import_declared_in_two_ways(void **state)
{
    struct workshop workshop;
    struct made made;
    (void)state;

    workshop_init(&workshop);
    make_cell(
        &workshop, "two",
        SOURCES(
            {"kernel/app/two/a.c", "int ext(int); int a(void) { return ext(1); }\n"},
            {"kernel/app/two/b.c", "int ext(char *); int b(void) { return ext(0); }\n"}),
        &made);
    workshop_fini(&workshop);
    expect_refusal(&made, WORDS("ext", "two signatures", "fn(int32) int32 in a.c",
                                "fn(*int8) int32 in b.c"));
    made_fini(&made);
}

static void a_public_type_with_two_layouts(void **state)
{
    struct workshop workshop;
    struct made made;
    (void)state;

    workshop_init(&workshop);
    make_cell(
        &workshop, "two",
        SOURCES(
            {"kernel/lib/x/x.h",
             "#ifdef WIDE\nstruct x { long v; };\n#else\nstruct x { int v; };\n#endif\n"},
            {"kernel/app/two/a.c", "#define WIDE\n#include <lib/x/x.h>\n"
                                   "int a(struct x *x) { return x->v; }\n"},
            {"kernel/app/two/b.c",
             "#include <lib/x/x.h>\nint b(struct x *x) { return x->v; }\n"}),
        &made);
    workshop_fini(&workshop);
    expect_refusal(&made, WORDS("struct x", "two layouts"));
    made_fini(&made);
}

static void a_red_zone(void **state)
{
    (void)state;
    refuse("int f(int i) { return i; }", "-mred-zone",
           WORDS("one.c", "without -mno-red-zone"));
}

static void names_that_are_no_cell_names(void **state)
{
    static const char *const names[] = {
        "",    "Upper",
        "a b", "a/b",
        "..",  "a234567890123456789012345678901234567890123456789012345678901234"};
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct made made = {0};
        job_init(&made.job, "cell test");
        write_and_load(&made.job, names[i], NULL, (uint8_t *)"", 0, &made);
        expect_refusal(&made, WORDS("no cell name"));
        made_fini(&made);
    }
}

// TEXT as a cell NAME that says it is of the closure, or does not.
static void refuse_in_closure(const char *name, const char *text, bool closure,
                              const char *const *words)
{
    const struct write_options options = {.name = name,
                                          .kind = CELL_CORE,
                                          .uses = "task",
                                          .closure = closure,
                                          .abi_flags = "gcc-test " TEST_CELL_ABI};
    struct workshop workshop;
    struct made made = {0};
    struct text object;
    uint8_t *bytes;
    size_t len;

    workshop_init(&workshop);
    job_init(&made.job, "cell test");
    link_objects(&workshop, &made.job, "", SOURCES({"kernel/core/x/x.c", text}), &bytes,
                 &len);
    text_init(&object, &made.job);
    made.made = write_cell(&made.job, &options, bytes, len, &object);
    expect_refusal(&made, words);
    made_fini(&made);
    workshop_fini(&workshop);
}

static void what_the_closure_may_not_reach(void **state)
{
    (void)state;
    refuse_in_closure("guard",
                      "int task_name(int i); int f(int i) { return task_name(i); }", true,
                      WORDS("guard calls task_name", "core/loader/closure.c"));
    refuse_in_closure("guard", "int f(int (*g)(void)) { return g() + 1; }", true,
                      WORDS("guard branches in f", "at run time"));
    refuse_in_closure("guard", "int f(int i) { return i; }", false,
                      WORDS("closure := yes"));
    refuse_in_closure("hello", "int f(int i) { return i; }", true,
                      WORDS("hello says", "does not have it"));
}

/* Nobody could say later that an object of it lies on the heap. */
static void objects_on_the_heap_without_a_tag(void **state)
{
    (void)state;
    refuse("typedef struct { int a; } thing;\n"
           "int f(void) { __asm__ volatile(\".pushsection .neurath.heap\\n\"\n"
           "    \".asciz \\\"thing\\\"\\n.popsection\"); return sizeof(thing); }",
           "", WORDS("heap_new(thing)", "struct x"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects_on_the_heap_without_a_tag),
        cmocka_unit_test(common_symbols),
        cmocka_unit_test(thread_local_data),
        cmocka_unit_test(relocations_outside_the_set),
        cmocka_unit_test(indirect_functions),
        cmocka_unit_test(weak_imports),
        cmocka_unit_test(data_imports),
        cmocka_unit_test(two_names_for_one_object),
        cmocka_unit_test(writable_objects_without_a_name),
        cmocka_unit_test(constructors),
        cmocka_unit_test(label_addresses_and_jump_tables),
        cmocka_unit_test(comdat_code),
        cmocka_unit_test(writable_code),
        cmocka_unit_test(assembly_without_types_or_sizes),
        cmocka_unit_test(absolute_symbols),
        cmocka_unit_test(an_import_declared_in_two_ways),
        cmocka_unit_test(a_public_type_with_two_layouts),
        cmocka_unit_test(a_red_zone),
        cmocka_unit_test(names_that_are_no_cell_names),
        cmocka_unit_test(what_the_closure_may_not_reach),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
