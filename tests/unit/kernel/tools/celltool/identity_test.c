// Which changes of a cell's sources change its identity, the SHA-256 of the object.
// SPDX-License-Identifier: MIT
#include "fixture.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HEADER                                                                           \
    "struct shape { int width; long area; };\n"                                          \
    "#define SAY(x) #x\n"                                                                \
    "#define GREETING SAY(good morning)\n"                                               \
    "void print(const char *text, ...);\n"
#define BODY                                                                             \
    "static int count;\n"                                                                \
    "static struct shape last;\n"                                                        \
    "int shape_grow(struct shape *shape, int by)\n"                                      \
    "{\n"                                                                                \
    "    static int calls;\n"                                                            \
    "    count += by; calls++;\n"                                                        \
    "    last = *shape;\n"                                                               \
    "    print(\"%s %d\", GREETING, count);\n"                                           \
    "    return shape->width + calls;\n"                                                 \
    "}\n"
#define SOURCE "#include \"app/shape/shape.h\"\n" BODY

struct version {
    const char *header;
    const char *source;
    const char *folder;
    const char *file;
    const char *flags;
};

static const struct version original = {HEADER, SOURCE, "kernel/app/shape", "shape.c", ""};

static void identity_of(const struct version *version, char out_identity[65])
{
    struct workshop workshop;
    struct made made;
    char path[128];

    snprintf(path, sizeof(path), "%s/%s", version->folder, version->file);
    workshop_init(&workshop);
    workshop_put(&workshop, "kernel/app/shape/shape.h", version->header);
    make_cell_flags(&workshop, "shape", version->flags, SOURCES({path, version->source}),
                    &made);
    workshop_fini(&workshop);
    if (!made.made)
        fail_msg("%s", made.job.refusal);
    memcpy(out_identity, made.cell.identity, 65);
    made_fini(&made);
}

static void expect(const struct version *version, bool same)
{
    char one[65], two[65];

    identity_of(&original, one);
    identity_of(version, two);
    assert_int_equal(strcmp(one, two) == 0, same);
}

static void expect_source(const char *source, bool same)
{
    struct version version = original;
    version.source = source;
    expect(&version, same);
}

static void expect_header(const char *header, bool same)
{
    struct version version = original;
    version.header = header;
    expect(&version, same);
}

static void stays_when_built_again_in_another_folder(void **state)
{
    (void)state;
    expect(&original, true);
}

static void stays_when_a_comment_is_added(void **state)
{
    (void)state;
    expect_source("/* One comment\n * of several lines. */\n\n\n"
                  "#include \"app/shape/shape.h\"\n// more\n" BODY "\n// the end\n",
                  true);
}

static void stays_when_a_header_gets_a_comment(void **state)
{
    (void)state;
    expect_header("/* What a shape is.\n */\n" HEADER "/* more */\n", true);
}

static void stays_when_only_indentation_changes(void **state)
{
    (void)state;
    expect_source("#include   \"app/shape/shape.h\"\n"
                  "static int\n count;\n"
                  "static struct shape last;\n"
                  "int shape_grow(struct shape *shape,\n\n int by) {\n"
                  "static int calls; count += by; calls++; last = *shape;\n"
                  "print(\"%s %d\",\n\t GREETING,\n count);\n"
                  "return shape->width + calls; }\n",
                  true);
}

static void stays_when_the_file_is_renamed(void **state)
{
    struct version version = original;
    (void)state;
    version.file = "figure.c";
    expect(&version, true);
}

static void stays_when_a_parameter_or_local_variable_is_renamed(void **state)
{
    (void)state;
    expect_source("#include \"app/shape/shape.h\"\n"
                  "static int count;\n"
                  "static struct shape last;\n"
                  "int shape_grow(struct shape *figure, int step)\n"
                  "{\n"
                  "    static int calls;\n"
                  "    count += step; calls++;\n"
                  "    last = *figure;\n"
                  "    print(\"%s %d\", GREETING, count);\n"
                  "    return figure->width + calls;\n"
                  "}\n",
                  true);
}

static void stays_when_debug_information_grows(void **state)
{
    struct version version = original;
    (void)state;
    version.flags = "-g3 -gdwarf-5";
    expect(&version, true);
    version.flags = "-gdwarf-4";
    expect(&version, true);
}

static void stays_when_an_unused_declaration_is_added(void **state)
{
    (void)state;
    expect_header(HEADER "int shape_unused(struct nothing *);\n#define UNUSED 3\n", true);
}

static void stays_when_a_typedef_takes_the_place_of_its_type(void **state)
{
    (void)state;
    expect_source("#include \"app/shape/shape.h\"\ntypedef int number;\n"
                  "static number count;\n"
                  "static struct shape last;\n"
                  "number shape_grow(struct shape *shape, number by)\n"
                  "{\n"
                  "    static number calls;\n"
                  "    count += by; calls++;\n"
                  "    last = *shape;\n"
                  "    print(\"%s %d\", GREETING, count);\n"
                  "    return shape->width + calls;\n"
                  "}\n",
                  true);
}

static void changes_with_whitespace_in_a_macro_that_becomes_text(void **state)
{
    (void)state;
    expect_header("struct shape { int width; long area; };\n"
                  "#define SAY(x) #x\n"
                  "#define GREETING SAY(goodmorning)\n"
                  "void print(const char *text, ...);\n",
                  false);
}

static void stays_with_whitespace_in_a_macro_that_c_ignores(void **state)
{
    (void)state;
    expect_header("struct shape { int width; long area; };\n"
                  "#define   SAY( x )   #x\n"
                  "#define GREETING     SAY( good   morning )\n"
                  "void print(const char *text, ...);\n",
                  true);
}

static void changes_with_one_number(void **state)
{
    (void)state;
    expect_source("#include \"app/shape/shape.h\"\n"
                  "static int count = 1;\n"
                  "static struct shape last;\n"
                  "int shape_grow(struct shape *shape, int by)\n"
                  "{\n"
                  "    static int calls;\n"
                  "    count += by; calls++;\n"
                  "    last = *shape;\n"
                  "    print(\"%s %d\", GREETING, count);\n"
                  "    return shape->width + calls;\n"
                  "}\n",
                  false);
}

static void changes_with_a_member_name_that_no_code_shows(void **state)
{
    (void)state;
    expect_header("struct shape { int width; long surface; };\n"
                  "#define SAY(x) #x\n"
                  "#define GREETING SAY(good morning)\n"
                  "void print(const char *text, ...);\n",
                  false);
}

static void changes_with_a_signature_that_no_code_shows(void **state)
{
    (void)state;
    expect_header("struct shape { int width; long area; };\n"
                  "#define SAY(x) #x\n"
                  "#define GREETING SAY(good morning)\n"
                  "void print(char *text, ...);\n",
                  false);
}

static void changes_with_name_kind_phase_uses_closure_flags_and_lineage(void **state)
{
    const struct write_options base = {.name = "a",
                                       .kind = CELL_APP,
                                       .phase = CELL_PHASE_APP,
                                       .unchecked = true,
                                       .uses = "x y",
                                       .abi_flags = "gcc-1"};
    struct write_options variants[9];
    char identities[9][65];
    struct workshop workshop;
    (void)state;

    for (size_t i = 0; i < 9; i++)
        variants[i] = base;
    variants[1].name = "b";
    variants[2].kind = CELL_CORE;
    variants[3].phase = CELL_PHASE_NONE;
    variants[4].closure = true;
    variants[5].uses = "x";
    variants[6].abi_flags = "gcc-2";
    variants[7].lineage = "g";
    variants[8].uses = " y  x x"; // the same set
    workshop_init(&workshop);
    for (size_t i = 0; i < 9; i++) {
        struct job job;
        struct text object;
        struct cell cell;
        uint8_t *bytes;
        size_t len;
        job_init(&job, "test");
        link_objects(&workshop, &job, "",
                     SOURCES({"kernel/app/a/a.c", "int f(int i) { return i; }\n"}),
                     &bytes, &len);
        text_init(&object, &job);
        assert_true(write_cell(&job, &variants[i], bytes, len, &object));
        assert_true(cell_load(&job, (uint8_t *)object.bytes, object.len, &cell));
        memcpy(identities[i], cell.identity, 65);
        job_fini(&job);
    }
    workshop_fini(&workshop);
    for (size_t i = 1; i < 8; i++)
        assert_string_not_equal(identities[0], identities[i]);
    assert_string_equal(identities[0], identities[8]);
}

// Globals of a linked cell come out of the linker in the order of its hash table.
static void stays_when_files_of_a_cell_are_linked_from_another_folder(void **state)
{
    char identities[2][65];
    (void)state;

    for (size_t i = 0; i < 2; i++) {
        struct workshop workshop;
        struct made made;
        workshop_init(&workshop);
        make_cell(
            &workshop, "pair",
            SOURCES({"kernel/app/pair/a.c",
                     i ? "int b(int);\nstatic int n; int a(int i) { return b(i) + n++; }"
                       : "/* new */\nint b(int);\n\nstatic int n;"
                         "int a(int i) { return b(i) + n++; }"},
                    {"kernel/app/pair/b.c", "static int n; int c(void) { return 3; }\n"
                                            "int b(int i) { return i * 3 + n++; }"}),
            &made);
        workshop_fini(&workshop);
        assert_true(made.made);
        memcpy(identities[i], made.cell.identity, 65);
        made_fini(&made);
    }
    assert_string_equal(identities[0], identities[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stays_when_built_again_in_another_folder),
        cmocka_unit_test(stays_when_a_comment_is_added),
        cmocka_unit_test(stays_when_a_header_gets_a_comment),
        cmocka_unit_test(stays_when_only_indentation_changes),
        cmocka_unit_test(stays_when_the_file_is_renamed),
        cmocka_unit_test(stays_when_a_parameter_or_local_variable_is_renamed),
        cmocka_unit_test(stays_when_debug_information_grows),
        cmocka_unit_test(stays_when_an_unused_declaration_is_added),
        cmocka_unit_test(stays_when_a_typedef_takes_the_place_of_its_type),
        cmocka_unit_test(changes_with_whitespace_in_a_macro_that_becomes_text),
        cmocka_unit_test(stays_with_whitespace_in_a_macro_that_c_ignores),
        cmocka_unit_test(changes_with_one_number),
        cmocka_unit_test(changes_with_a_member_name_that_no_code_shows),
        cmocka_unit_test(changes_with_a_signature_that_no_code_shows),
        cmocka_unit_test(changes_with_name_kind_phase_uses_closure_flags_and_lineage),
        cmocka_unit_test(stays_when_files_of_a_cell_are_linked_from_another_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
