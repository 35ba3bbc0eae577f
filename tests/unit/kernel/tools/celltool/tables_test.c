// What .cell says about functions, data and types.
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

static void a_function_that_is_only_called_is_not_address_taken(void **state)
{
    struct made made;
    (void)state;

    make_one("__attribute__((noinline)) static int local(int i) { return i * 3; }\n"
             "int shared(int i) { return local(i) + 1; }\n"
             "int user(int i) { return shared(i) + local(i); }\n"
             "int tail(int i) { return shared(i); }",
             &made);
    expect_made(&made);
    assert_int_equal(find_function(&made, "local")->flags, 0);
    assert_int_equal(find_function(&made, "shared")->flags, CELL_FUNC_GLOBAL);
    assert_true(find_function(&made, "local")->signature != 0);
    made_fini(&made);
}

static void functions_in_tables_arguments_and_statics_are_address_taken(void **state)
{
    struct made made;
    (void)state;

    make_one("static int in_table(int i) { return i; }\n"
             "static int as_argument(int i) { return i + 1; }\n"
             "int exported(int i) { return i + 2; }\n"
             "int quiet(int i) { return i + 3; }\n"
             "int (*const table[])(int) = {in_table, exported};\n"
             "void reg(int (*)(int)); int (*current)(int);\n"
             "void user(void) { reg(as_argument); current = quiet; }",
             &made);
    expect_made(&made);
    assert_int_equal(find_function(&made, "in_table")->flags, CELL_FUNC_TAKEN);
    assert_int_equal(find_function(&made, "as_argument")->flags, CELL_FUNC_TAKEN);
    assert_int_equal(find_function(&made, "exported")->flags,
                     CELL_FUNC_GLOBAL | CELL_FUNC_TAKEN);
    assert_int_equal(find_function(&made, "quiet")->flags,
                     CELL_FUNC_GLOBAL | CELL_FUNC_TAKEN);
    assert_int_equal(find_function(&made, "user")->flags, CELL_FUNC_GLOBAL);
    made_fini(&made);
}

static void a_pc_relative_lea_takes_the_address(void **state)
{
    struct workshop workshop;
    struct made made;
    (void)state;

    workshop_init(&workshop);
    make_cell(
        &workshop, "asm",
        SOURCES(
            {"kernel/task/asm/asm.S",
             ".text\n"
             ".type f, @function\nf: lea g(%rip), %rax\n call h\n ret\n.size f, . - f\n"
             ".type g, @function\ng: jmp h\n.size g, . - g\n"
             ".globl h\n.type h, @function\nh: jz i\n ret\n.size h, . - h\n"
             ".globl i\n.type i, @function\ni: ret\n.size i, . - i\n"}),
        &made);
    workshop_fini(&workshop);
    expect_made(&made);
    assert_true(find_function(&made, "f")->flags == CELL_FUNC_ASSEMBLY);
    // The assembler itself resolves `g(%rip)` inside one section, so nothing is left to
    // see; h is global and stays.
    assert_true(find_function(&made, "h")->flags ==
                (CELL_FUNC_GLOBAL | CELL_FUNC_ASSEMBLY));
    assert_true(find_function(&made, "i")->flags ==
                (CELL_FUNC_GLOBAL | CELL_FUNC_ASSEMBLY));
    made_fini(&made);

    workshop_init(&workshop);
    make_cell(
        &workshop, "asm",
        SOURCES(
            {"kernel/task/asm/asm.S",
             ".text\n.globl f\n.type f, @function\nf: lea g(%rip), %rax\n call h\n ret\n"
             ".size f, . - f\n"
             ".section .text.g, \"ax\"\n"
             ".globl g\n.type g, @function\ng: ret\n.size g, . - g\n"
             ".section .text.h, \"ax\"\n"
             ".globl h\n.type h, @function\nh: ret\n.size h, . - h\n"}),
        &made);
    workshop_fini(&workshop);
    expect_made(&made);
    assert_true(find_function(&made, "g")->flags & CELL_FUNC_TAKEN);
    assert_false(find_function(&made, "h")->flags & CELL_FUNC_TAKEN);
    made_fini(&made);
}

static void hidden_functions_are_not_exported(void **state)
{
    struct made made;
    (void)state;

    make_one("__attribute__((visibility(\"hidden\"))) int inner(int i) { return i; }\n"
             "int outer(int i) { return inner(i) + inner(2); }",
             &made);
    expect_made(&made);
    assert_false(find_function(&made, "inner")->flags & CELL_FUNC_GLOBAL);
    assert_true(find_function(&made, "outer")->flags & CELL_FUNC_GLOBAL);
    made_fini(&made);
}

static void data_is_named_by_its_scope(void **state)
{
    struct made made;
    (void)state;

    make_one("int global = 4; static long local; static const char text[] = \"abc\";\n"
             "long *user(int i) { static short count = 7; count += i; global += count;\n"
             "    local += i; return text[i] ? &local : 0; }\n"
             "int other(void) { static short count; return ++count; }",
             &made);
    expect_made(&made);
    assert_int_equal(find_data(&made, "global")->storage, CELL_STORE_DATA);
    assert_int_equal(find_data(&made, "global")->size, 4);
    assert_string_equal(find_data(&made, "global")->type, "int32");
    assert_int_equal(find_data(&made, "local")->storage, CELL_STORE_BSS);
    assert_int_equal(find_data(&made, "local")->align, 8);
    assert_int_equal(find_data(&made, "user::count")->storage, CELL_STORE_DATA);
    assert_int_equal(find_data(&made, "other::count")->storage, CELL_STORE_BSS);
    const struct data_info *text = find_data(&made, "text");
    assert_int_equal(text->storage, CELL_STORE_RODATA);
    assert_string_equal(text->type, "[4]int8");
    assert_true(text->flags & CELL_DATA_CONST);
    assert_true(find_data(&made, "user::count")->type_hash ==
                find_data(&made, "other::count")->type_hash);
    made_fini(&made);
}

static void a_static_of_an_inlined_function_keeps_its_scope(void **state)
{
    struct made made;
    (void)state;

    make_one("static inline int next(void) { static int n; return ++n; }\n"
             "int a(void) { return next(); } int b(void) { return next() + 1; }",
             &made);
    expect_made(&made);
    assert_non_null(find_data(&made, "next::n"));
    assert_int_equal(made.cell.info.data_count, 1);
    made_fini(&made);
}

static void statics_keep_their_name_when_a_function_is_added(void **state)
{
    struct made made;
    (void)state;

    make_one("int a(void) { static int n; return ++n; }\n"
             "int b(void) { static int n; return n += 2; }\n"
             "int c(void) { static int n; return n += 3; }",
             &made);
    expect_made(&made);
    assert_non_null(find_data(&made, "a::n"));
    assert_non_null(find_data(&made, "b::n"));
    assert_non_null(find_data(&made, "c::n"));
    for (size_t i = 0; i < made.cell.info.data_count; i++)
        assert_false(made.cell.info.data[i].flags & CELL_DATA_AMBIGUOUS);
    made_fini(&made);
}

static void same_names_in_two_files_are_told_apart_by_the_file(void **state)
{
    struct workshop workshop;
    struct made made;
    (void)state;

    workshop_init(&workshop);
    make_cell(&workshop, "two",
              SOURCES({"kernel/app/two/a.c", "static int n; static int only;\n"
                                             "int a(void) { return ++n + ++only; }\n"},
                      {"kernel/app/two/sub/b.c",
                       "static long n; long b(void) { return ++n; }\n"}),
              &made);
    workshop_fini(&workshop);
    expect_made(&made);
    assert_non_null(find_data(&made, "a.c::n"));
    assert_non_null(find_data(&made, "b.c::n"));
    assert_non_null(find_data(&made, "only"));
    assert_null(find_data(&made, "n"));
    assert_int_equal(find_data(&made, "b.c::n")->size, 8);
    made_fini(&made);
}

static void literals_belong_to_nobody(void **state)
{
    struct made made;
    size_t anonymous = 0;
    (void)state;

    make_one("void print(const char *); void f(void) { print(\"one\"); print(\"two\"); }",
             &made);
    expect_made(&made);
    for (size_t i = 0; i < made.cell.info.data_count; i++)
        if (made.cell.info.data[i].flags & CELL_DATA_LITERAL) {
            assert_string_equal(made.cell.info.data[i].key, "");
            assert_int_equal(made.cell.info.data[i].storage, CELL_STORE_RODATA);
            anonymous += made.cell.info.data[i].size;
        }
    assert_int_equal(anonymous, 8);
    made_fini(&made);
}

static void a_constant_that_is_only_read_has_no_address_that_matters(void **state)
{
    struct made made;
    (void)state;

    make_one(
        "void give(const void *);\n"
        "static const volatile int limit = 7; static const int given[2] = {1, 2};\n"
        "static const int pointed[2] = {3, 4}; const int *const keeper[1] = {pointed};\n"
        "int f(void) { give(given); give(keeper[0]); return limit; }",
        &made);
    expect_made(&made);
    assert_false(find_data(&made, "limit")->flags & CELL_DATA_TAKEN);
    assert_true(find_data(&made, "given")->flags & CELL_DATA_TAKEN);
    assert_true(find_data(&made, "pointed")->flags & CELL_DATA_TAKEN);
    made_fini(&made);
}

static void types_have_their_members_in_place(void **state)
{
    struct made made;
    (void)state;

    make_one("enum mode { OFF, ON = 5, ERROR = -1 };\n"
             "struct inner { char c; };\n"
             "struct outer { int a; struct inner in; union { short s; char raw[2]; };\n"
             "    unsigned low : 3, high : 5; enum mode mode; struct outer *next; char "
             "tail[]; };\n"
             "typedef struct { long x; } named;\n"
             "int f(struct outer *o, named *n) { return o->a + o->in.c + o->s + o->low + "
             "o->mode + n->x; }",
             &made);
    expect_made(&made);
    assert_int_equal(find_type(&made, "struct outer")->size, 24);
    assert_int_equal(find_field(&made, "struct outer", "in")->bit_offset, 32);
    assert_string_equal(find_field(&made, "struct outer", "in")->type, "struct inner");
    assert_int_equal(find_field(&made, "struct outer", "s")->bit_offset, 48);
    assert_int_equal(find_field(&made, "struct outer", "raw")->bit_offset, 48);
    assert_int_equal(find_field(&made, "struct outer", "high")->bit_size, 5);
    assert_int_equal(find_field(&made, "struct outer", "high")->bit_offset,
                     find_field(&made, "struct outer", "low")->bit_offset + 3);
    assert_string_equal(find_field(&made, "struct outer", "next")->type, "*struct outer");
    assert_int_equal(find_field(&made, "struct outer", "tail")->bit_size, 0);
    assert_true((int64_t)find_field(&made, "enum mode", "ON")->type_hash == 5);
    assert_true((int64_t)find_field(&made, "enum mode", "ERROR")->type_hash == -1);
    assert_non_null(find_field(&made, "typedef named", "x"));
    made_fini(&made);
}

static uint64_t layout_of(const char *text, const char *type)
{
    struct made made;

    make_one(text, &made);
    expect_made(&made);
    assert_non_null(find_type(&made, type));
    uint64_t layout = find_type(&made, type)->layout_hash;
    made_fini(&made);
    return layout;
}

static void a_layout_goes_deep_by_value_and_stops_at_pointers(void **state)
{
    const char *use = "int f(struct a *p) { return p->v; }";
    char text[4][256];
    (void)state;

    snprintf(text[0], 256, "struct b { int x; }; struct a { struct b b; int v; }; %s",
             use);
    snprintf(text[1], 256,
             "struct b { unsigned x; }; struct a { struct b b; int v; }; %s", use);
    snprintf(text[2], 256,
             "struct b { int x; }; struct a { struct b *b; int v; };"
             "int g(struct b *b) { return b->x; } %s",
             use);
    snprintf(text[3], 256,
             "struct b { long y; }; struct a { struct b *b; int v; };"
             "int g(struct b *b) { return b->y; } %s",
             use);
    assert_true(layout_of(text[0], "struct a") != layout_of(text[1], "struct a"));
    assert_true(layout_of(text[2], "struct a") == layout_of(text[3], "struct a"));
    assert_true(layout_of(text[2], "struct b") != layout_of(text[3], "struct b"));
}

static void a_renumbered_enum_has_another_layout(void **state)
{
    const char *use = "struct a { enum e e; }; int f(struct a *p) { return p->e; }";
    char text[2][256];
    (void)state;

    snprintf(text[0], 256, "enum e { ONE, TWO }; %s", use);
    snprintf(text[1], 256, "enum e { TWO, ONE }; %s", use);
    assert_true(layout_of(text[0], "enum e") != layout_of(text[1], "enum e"));
    assert_true(layout_of(text[0], "struct a") != layout_of(text[1], "struct a"));
}

static void only_types_of_public_headers_are_public(void **state)
{
    struct workshop workshop;
    struct made made;
    (void)state;

    workshop_init(&workshop);
    make_cell(&workshop, "shape",
              SOURCES({"kernel/app/shape/shape.h", "struct own { int a; };\n"},
                      {"kernel/app/shape/private.h", "struct hidden { int a; };\n"},
                      {"kernel/lib/other/other.h", "struct foreign { int a; };\n"},
                      {"kernel/app/shape/shape.c",
                       "#include <app/shape/shape.h>\n#include <lib/other/other.h>\n"
                       "#include \"private.h\"\nstruct inside { int a; };\n"
                       "int f(struct own *a, struct hidden *b, struct foreign *c, struct "
                       "inside *d)\n"
                       "{ return a->a + b->a + c->a + d->a; }\n"}),
              &made);
    workshop_fini(&workshop);
    expect_made(&made);
    assert_int_equal(find_type(&made, "struct own")->flags,
                     CELL_TYPE_PUBLIC | CELL_TYPE_POINTED);
    assert_int_equal(find_type(&made, "struct foreign")->flags,
                     CELL_TYPE_PUBLIC | CELL_TYPE_POINTED);
    assert_int_equal(find_type(&made, "struct hidden")->flags, CELL_TYPE_POINTED);
    assert_int_equal(find_type(&made, "struct inside")->flags, CELL_TYPE_POINTED);
    made_fini(&made);
}

static void types_without_a_name_are_there_where_something_has_them(void **state)
{
    struct made made;
    (void)state;

    make_one("static struct { int a; struct { long b; } in[2]; } s;\n"
             "int f(int n) { return s.a += n + (int)s.in[1].b++; }\n",
             &made);
    expect_made(&made);
    const char *outer = find_data(&made, "s")->type;
    assert_int_equal(find_type(&made, outer)->field_count, 2);
    const char *inner = find_field(&made, outer, "in")->type;
    assert_memory_equal(inner, "[2]struct ", 10);
    assert_int_equal(find_type(&made, inner + 3)->size, 8);
    assert_int_equal(find_type(&made, inner + 3)->flags, 0);
    made_fini(&made);
}

static void private_types_of_one_name_are_told_apart_by_the_file(void **state)
{
    struct workshop workshop;
    struct made made;
    (void)state;

    workshop_init(&workshop);
    make_cell(&workshop, "two",
              SOURCES({"kernel/app/two/a.c",
                       "struct s { int a; }; struct t { int a; };\n"
                       "int a(struct s *s, struct t *t) { return s->a + t->a; }\n"},
                      {"kernel/app/two/b.c",
                       "struct s { long b; }; struct t { int a; };\n"
                       "long b(struct s *s, struct t *t) { return s->b + t->a; }\n"}),
              &made);
    workshop_fini(&workshop);
    expect_made(&made);
    assert_int_equal(find_type(&made, "a.c::struct s")->size, 4);
    assert_int_equal(find_type(&made, "b.c::struct s")->size, 8);
    assert_non_null(find_type(&made, "struct t"));
    made_fini(&made);
}

// What lies in a struct or a variable says which of them it is; what a pointer leads to does not.
static void what_holds_such_a_type_names_the_file(void **state)
{
    struct workshop workshop;
    struct made made;
    (void)state;

    workshop_init(&workshop);
    make_cell(
        &workshop, "two",
        SOURCES({"kernel/app/two/a.c",
                 "typedef struct s { int a; } s_t; typedef struct { int x; } u;\n"
                 "static struct { s_t in[2]; struct s *to; u u; } one; s_t many[2][3];\n"
                 "void *a(int i) { return i ? (void *)&one : (void *)many; }\n"},
                {"kernel/app/two/b.c",
                 "struct s { long b; }; typedef struct { long x; } u;\n"
                 "struct t { const struct s in; u u; }; struct t other;\n"
                 "void *b(void) { return &other; }\n"}),
        &made);
    workshop_fini(&workshop);
    expect_made(&made);
    const char *one = find_data(&made, "one")->type;
    assert_string_equal(find_field(&made, one, "in")->type, "[2]a.c::struct s");
    assert_string_equal(find_field(&made, one, "to")->type, "*struct s");
    assert_string_equal(find_field(&made, one, "u")->type, "a.c::typedef u");
    assert_string_equal(find_data(&made, "many")->type, "[2][3]a.c::struct s");
    assert_string_equal(find_field(&made, "struct t", "in")->type, "b.c::struct s");
    assert_string_equal(find_field(&made, "struct t", "u")->type, "b.c::typedef u");
    made_fini(&made);
}

static void the_object_has_nothing_but_what_ships(void **state)
{
    struct made made;
    (void)state;

    make_one("int used(int); int unused(int); static const char t[] = \"x\";\n"
             "const char *f(int i) { return used(i) ? t : 0; }",
             &made);
    expect_made(&made);
    for (size_t i = 1; i < made.cell.object.section_count; i++) {
        const struct section *section = &made.cell.object.sections[i];
        assert_true(strncmp(section->name, ".debug", 6) &&
                    strncmp(section->name, ".comment", 8) &&
                    strncmp(section->name, ".note", 5));
        assert_true(!(section->flags & SHF_ALLOC) || section->size);
    }
    for (size_t i = 1; i < made.cell.object.symbol_count; i++) {
        const struct symbol *symbol = &made.cell.object.symbols[i];
        assert_int_not_equal(symbol->type, STT_FILE);
        assert_string_not_equal(symbol->name, "unused");
    }
    assert_int_equal(made.cell.info.import_count, 1);
    assert_string_equal(made.cell.info.uses[0], "libc");
    made_fini(&made);
}

/* Not found, nothing refuses that the type changes (hazard 13). */
static void types_of_objects_on_the_heap_are_marked(void **state)
{
    struct made made;
    (void)state;

    make_one(
        "void *calloc(unsigned long, unsigned long); void *realloc(void *, long);\n"
        "#define HOLDS(type) __asm__ volatile(\".pushsection .neurath.heap\\n\" \\\n"
        "    \".asciz \\\"\" #type \"\\\"\\n.popsection\")\n"
        "#define NEW(type, n) ({ HOLDS(type); (typeof(type) *)calloc(n, sizeof(type)); "
        "})\n"
        "struct inlined { int a; }; struct many { int b; }; struct held { int c; };\n"
        "struct named { struct held *h; };\n"
        "static inline struct inlined *make(void) { return NEW(struct inlined, 1); }\n"
        "void *one(void) { return make(); } void *two(void) { return make(); }\n"
        "void *three(int n) { return n ? NEW(struct many, n) : 0; }\n"
        "void *four(struct named *n) { return n->h ? NEW(struct held *, 3)\n"
        "    : (void *)NEW(char[8], 3); }",
        &made);
    expect_made(&made);
    assert_true(find_type(&made, "struct inlined")->flags & CELL_TYPE_HEAP);
    assert_true(find_type(&made, "struct many")->flags & CELL_TYPE_HEAP);
    assert_false(find_type(&made, "struct held")->flags & CELL_TYPE_HEAP);
    assert_false(find_type(&made, "struct named")->flags & CELL_TYPE_HEAP);
    made_fini(&made);
}

static void what_gives_or_takes_memory_of_no_type_is_marked(void **state)
{
    struct made made;
    (void)state;

    make_one(
        "void *result(void); int parameter(void **); int value(long *);\n"
        "void plain(void *p) { *(int *)p = value(0); }\n"
        "void filled(void *out) { parameter(out); }\n"
        "void callback(void (*fn)(void *), void *arg) { fn(arg); }\n"
        "void reader(const void *p, volatile void *q) { (void)p; (void)q; result(); }\n"
        "static void local(void *p) { plain(p); }\n"
        "void (*const table)(void *) = local;",
        &made);
    expect_made(&made);
    assert_int_equal(find_import(&made, "result")->flags, CELL_IMPORT_GIVES);
    assert_int_equal(find_import(&made, "parameter")->flags, CELL_IMPORT_GIVES);
    assert_int_equal(find_import(&made, "value")->flags, 0);
    assert_true(find_function(&made, "plain")->flags & CELL_FUNC_MEMORY);
    assert_false(find_function(&made, "filled")->flags & CELL_FUNC_MEMORY);
    assert_false(find_function(&made, "callback")->flags & CELL_FUNC_MEMORY);
    assert_false(find_function(&made, "reader")->flags & CELL_FUNC_MEMORY);
    assert_false(find_function(&made, "local")->flags & CELL_FUNC_MEMORY);
    made_fini(&made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_function_that_is_only_called_is_not_address_taken),
        cmocka_unit_test(functions_in_tables_arguments_and_statics_are_address_taken),
        cmocka_unit_test(a_pc_relative_lea_takes_the_address),
        cmocka_unit_test(hidden_functions_are_not_exported),
        cmocka_unit_test(data_is_named_by_its_scope),
        cmocka_unit_test(a_static_of_an_inlined_function_keeps_its_scope),
        cmocka_unit_test(statics_keep_their_name_when_a_function_is_added),
        cmocka_unit_test(same_names_in_two_files_are_told_apart_by_the_file),
        cmocka_unit_test(literals_belong_to_nobody),
        cmocka_unit_test(a_constant_that_is_only_read_has_no_address_that_matters),
        cmocka_unit_test(types_have_their_members_in_place),
        cmocka_unit_test(a_layout_goes_deep_by_value_and_stops_at_pointers),
        cmocka_unit_test(a_renumbered_enum_has_another_layout),
        cmocka_unit_test(only_types_of_public_headers_are_public),
        cmocka_unit_test(types_without_a_name_are_there_where_something_has_them),
        cmocka_unit_test(private_types_of_one_name_are_told_apart_by_the_file),
        cmocka_unit_test(what_holds_such_a_type_names_the_file),
        cmocka_unit_test(types_of_objects_on_the_heap_are_marked),
        cmocka_unit_test(what_gives_or_takes_memory_of_no_type_is_marked),
        cmocka_unit_test(the_object_has_nothing_but_what_ships),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
