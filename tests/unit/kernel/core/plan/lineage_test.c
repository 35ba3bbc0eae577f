/* Tests of groups that drain: a library that cannot be swapped is replaced beside what runs.
 * SPDX-License-Identifier: MIT
 *
 * A front holds what the glue of a library gave it, as callers of TLS do. The library's type changes its form.
 */
#include "fixture.h"

#include <lib/base/evolve.h>

#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

#define TEXT(...) TEXT_OF(__VA_ARGS__)
#define TEXT_OF(...) #__VA_ARGS__ ";\n"
#define CORE(form, mode)                                                                 \
    "struct thing { " form " };\n"                                                       \
    "int base_twice(int);\n"                                                             \
    "static struct thing *last;\n"                                                       \
    "static int mode = " mode ";\n"                                                      \
    "void core_set(int m) { mode = m; }\n"                                               \
    "int core_use(void *t) { last = t; return base_twice(mode) + (int)last->value; }\n"
#define GLUE                                                                             \
    "int core_use(void *);\n"                                                            \
    "typedef int (*op)(void *);\n"                                                       \
    "static int glue_read(void *t) { return core_use(t); }\n"                            \
    "static int glue_more(void *t) { return core_use(t) + 1; }\n"                        \
    "static const op ops[2] = {glue_read, glue_more};\n"                                 \
    "const op *glue_open(int i) { return &ops[i & 1]; }\n"

static const struct cell_source base = {"base", "",
                                        "int base_twice(int i) { return 2 * i; }\n"};
static const struct cell_source other_base = {
    "base", "",
    "int base_twice(int i) { return i + i + 0 * i; }\n"
    "int base_more(void) { return 1; }\n"};
static const struct cell_source core = {"lib_core", "base", CORE("long value;", "1")};
static const struct cell_source text = {"lib_core", "base", CORE("long value;", "1 + 1")};
static const struct cell_source wide = {"lib_core", "base",
                                        CORE("long more, value;", "3")};
static const struct cell_source wider = {"lib_core", "base",
                                         CORE("long more[2], value;", "4")};
static const struct cell_source widest = {"lib_core", "base",
                                          CORE("long more[3], value;", "5")};
static const struct cell_source most = {"lib_core", "base",
                                        CORE("long more[4], value;", "6")};
static const struct cell_source glue = {"lib_glue", "lib_core", GLUE};
static const struct cell_source front = {
    "front", "lib_glue",
    "typedef int (*op)(void *); const op *glue_open(int);\n"
    "const op *front_open(int i) { return glue_open(i); }\n"};

static struct version *version_of(const struct world *w, const char *cell,
                                  enum version_state state, uint32_t lineage)
{
    for (struct version *v = w->ns.versions; v; v = v->next)
        if (v->state == state && v->lineage == lineage && strcmp(v->info.name, cell) == 0)
            return v;
    fail_msg("no such version of %s", cell);
    return NULL;
}

static struct home *home_in(const struct version *v, const char *key)
{
    for (uint32_t i = 1; i < v->elf.section_count; i++)
        if (v->section_home[i] && strcmp(v->section_home[i]->key, key) == 0)
            return v->section_home[i];
    fail_msg("%s has no home for %s", v->info.name, key);
    return NULL;
}

static uint64_t function_va(const struct version *v, const char *name)
{
    for (uint32_t i = 0; i < v->function_count; i++)
        if (strcmp(v->functions[i].name, name) == 0)
            return v->functions[i].va;
    fail_msg("%s has no %s", v->info.name, name);
    return 0;
}

/* Where the first of V's ops leads. */
static uint64_t first_op(const struct world *w, const struct version *v)
{
    uint64_t va = get_le64(cellmem_view(home_in(v, "ops")->va));
    for (const struct stub *s = w->ns.stubs; s; s = s->next)
        if (s->va == va)
            return get_le64(cellmem_view(s->slot));
    fail_msg("the table holds no stub");
    return 0;
}

/* The call of NAME in V leads to PROVIDER, as the namespace and the bytes say. */
static void expect_leads(const struct version *v, const char *name,
                         const struct version *provider)
{
    for (uint32_t i = 0; i < v->import_count; i++) {
        const struct import *m = &v->imports[i];
        if (strcmp(m->name, name) != 0)
            continue;
        const struct site *site = &v->sites[m->first_site - 1];
        assert_ptr_equal(m->provider, provider);
        assert_int_equal(get_le32(cellmem_view(site->va)),
                         site_value(site, provider->functions[m->function].va));
        return;
    }
    fail_msg("%s does not call %s", v->info.name, name);
}

static struct plan *drain(struct world *w, const struct cell_source *cells, size_t count)
{
    struct plan *plan = world_plan(w, cells, count);
    if (!plan)
        fail_msg("refused: %s", w->report.refusals[0].text);
    world_commit(w, plan);
    return plan;
}

static void begin(struct world *w)
{
    world_init(w, CELLS(base, core, glue, front));
}

/* Without plan_find_lineages() the type is refused, as it is without a lineage (below). */
static void the_group_starts_again_beside_what_runs(void **state)
{
    struct world w;
    (void)state;
    begin(&w);
    struct plan *plan = drain(&w, CELLS(wide));
    assert_int_equal(plan->cell_count, 2);
    assert_true(plan_coupled(plan) && plan->cells[1].brought && !plan->cells[0].coupled);
    for (uint32_t i = 0; i < 2; i++)
        assert_int_equal(plan->cells[i].class, PLAN_LINEAGE);
    const struct version *old = version_of(&w, "lib_core", VERSION_DRAINING, 0);
    const struct version *now = version_of(&w, "lib_core", VERSION_RUNNING, 1);
    const struct version *old_glue = version_of(&w, "lib_glue", VERSION_DRAINING, 0);
    const struct version *new_glue = version_of(&w, "lib_glue", VERSION_RUNNING, 1);
    assert_int_equal(get_le32(cellmem_view(home_in(old, "mode")->va)), 1);
    assert_int_equal(get_le32(cellmem_view(home_in(now, "mode")->va)), 3);
    assert_ptr_equal(namespace_find_home(&w.ns, "lib_core", "mode", false),
                     home_in(now, "mode"));
    expect_calls(&w, "front", "lib_glue", "glue_open");
    plan_destroy(plan);
    /* Each lineage calls itself, by name and by pointer. */
    expect_leads(old_glue, "core_use", old);
    expect_leads(new_glue, "core_use", now);
    assert_int_equal(first_op(&w, old_glue), function_va(old_glue, "glue_read"));
    assert_int_equal(first_op(&w, new_glue), function_va(new_glue, "glue_read"));
    assert_false(old->pinned || old_glue->pinned);
    world_fini(&w);
}

static void a_revert_gives_the_name_back(void **state)
{
    struct world w;
    (void)state;
    begin(&w);
    struct plan *plan = drain(&w, CELLS(wide));
    world_revert(&w, plan);
    plan_destroy(plan);
    const struct version *old = version_of(&w, "lib_core", VERSION_RUNNING, 0);
    const struct version *tried = version_of(&w, "lib_glue", VERSION_DRAINING, 1);
    assert_ptr_equal(namespace_find_home(&w.ns, "lib_core", "mode", false),
                     home_in(old, "mode"));
    expect_calls(&w, "front", "lib_glue", "glue_open");
    /* What was made in between is served on. */
    expect_leads(tried, "core_use", version_of(&w, "lib_core", VERSION_DRAINING, 1));
    assert_int_equal(first_op(&w, tried), function_va(tried, "glue_read"));
    world_fini(&w);
}

/* Without `lineage` in the cell.mk the same change is refused as ever. */
static void only_a_declared_group_drains(void **state)
{
    static const struct cell_source plain = {"core", "base", CORE("long value;", "1")};
    static const struct cell_source changed = {"core", "base",
                                               CORE("long more, value;", "1")};
    struct world w;
    (void)state;
    world_init(&w, CELLS(base, plain));
    expect_refused(&w, CELLS(changed), "type", "core", "struct thing", "core");
    world_fini(&w);
}

/* Statics that go or come, and two of one name: a library's own affair. Each is refused where nothing drains. */
static void what_else_could_not_be_swapped_drains(void **state)
{
#define USES "int base_twice(int); int core_use(void *t) { return t && base_twice(1); }\n"
    static const struct cell_source was = {
        "lib_core", "base",
        USES "static int count; int core_count(void) { return ++count; }\n"};
    static const struct cell_source is[] = {
        {"lib_core", "base", USES "int core_count(void) { return 0; }\n"},
        {"lib_core", "base",
         USES "static long count[2]; int core_count(void) { return (int)++count[0]; }\n"},
        {"lib_core", "base",
         USES "static const int count = 7;\n"
              "const int *core_at(void) { return &count; } int core_count(void) { return "
              "1; }\n"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof is / sizeof is[0]; i++) {
        struct world w;
        world_init(&w, CELLS(base, was, glue, front));
        struct plan *plan = drain(&w, &is[i], 1);
        assert_int_equal(plan->cells[0].class, PLAN_LINEAGE);
        plan_destroy(plan);
        world_fini(&w);
    }
}

static void two_statics_of_one_name_drain(void **state)
{
#define HELP "static int help(void) { return "
#define OPS(n) "; }\nint (*const core_ops" n "[1])(void) = {help};\n"
    static const struct cell_source was = {
        "lib_core", "", HELP "1" OPS("") "int core_use(void *t) { return !t; }\n"};
    static const struct cell_source is = {
        "lib_core", "",
        HELP "1" OPS("") "int core_use(void *t) { return !t; }\n\f" HELP "2" OPS("2")};
    struct world w;
    (void)state;
    world_init(&w, CELLS(base, was, glue, front));
    struct plan *plan = drain(&w, CELLS(is));
    assert_int_equal(plan->cells[0].class, PLAN_LINEAGE);
    plan_destroy(plan);
    world_fini(&w);
}

static void a_change_of_text_drains_nothing(void **state)
{
    struct world w;
    (void)state;
    begin(&w);
    struct plan *plan = drain(&w, CELLS(text));
    assert_int_equal(plan->cell_count, 1);
    assert_int_equal(plan->cells[0].class, PLAN_TEXT);
    plan_destroy(plan);
    world_fini(&w);
}

/* What drains goes on to be a caller of others. Without the words about it in follows() its calls would stay in text that
 * is freed one day, in this set and in later ones. */
static void what_drains_follows_other_cells(void **state)
{
    struct world w;
    (void)state;
    begin(&w);
    plan_destroy(drain(&w, CELLS(wide, other_base)));
    const struct version *old = version_of(&w, "lib_core", VERSION_DRAINING, 0);
    expect_leads(old, "base_twice", namespace_running(&w.ns, "base"));
    plan_destroy(drain(&w, CELLS(base)));
    expect_leads(old, "base_twice", namespace_running(&w.ns, "base"));
    world_fini(&w);
}

/* Without plan_lives_on() in verify.c both would be swapped under the feet of what drains. */
static void what_drains_must_find_what_it_calls(void **state)
{
    static const struct cell_source longer = {
        "base", "", "long base_twice(long i) { return 2 * i; }\n"};
    static const struct cell_source gone = {"base", "",
                                            "int base_more(void) { return 1; }\n"};
    static const struct cell_source with_longer = {
        "lib_core", "base",
        "struct thing { long more, value; };\n"
        "long base_twice(long);\n"
        "static struct thing *last;\n"
        "static int mode = 3;\n"
        "void core_set(int m) { mode = m; }\n"
        "int core_use(void *t) { last = t; return (int)(base_twice(mode) + last->value); "
        "}\n"};
    struct world w;
    (void)state;
    begin(&w);
    expect_refused(&w, CELLS(longer, with_longer), "signature", "base", "base_twice",
                   "lib_core");
    plan_destroy(drain(&w, CELLS(wide)));
    expect_refused(&w, CELLS(gone), "undefined", "base", "base_twice", "lib_core");
    world_fini(&w);
}

static void an_address_outside_is_refused(void **state)
{
    static const struct cell_source taker = {
        "taker", "lib_core",
        "int core_use(void *); void *taker_take(void) { return (void *)core_use; }\n"};
    struct world w;
    (void)state;
    world_init(&w, CELLS(base, core, glue, front, taker));
    expect_refused(&w, CELLS(wide), "lineage", "lib_core", "core_use", "taker");
    world_fini(&w);
}

/* Old and new core work side by side, so the old one goes on with what base would take. Not refused, two cells would write it. */
static void what_drains_gives_nothing_away(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, CELLS(base, core, glue, front));
    expect_refused(
        &w,
        CELLS({"lib_core", "base",
               "struct thing { long more, value; };\n"
               "int base_twice(int); void base_set(int);\n"
               "static struct thing *last;\n"
               "void core_set(int m) { base_set(m); }\n"
               "int core_use(void *t) { last = t; return base_twice(1) + "
               "(int)last->value; }\n"},
              {"base", "",
               TEXT(EVOLVE_TAKES(
                   lib_core, mode)) "static int mode = 1;\n"
                                    "void base_set(int m) { mode = m; }\n"
                                    "int base_twice(int i) { return 2 * i * mode; }\n"}),
        "lineage", "base", "mode", "lib_core");
    world_fini(&w);
}

/* Each takes the memory of a library. Without rule 4 the last one would drain too. */
static void the_lineages_that_drain_are_counted(void **state)
{
    struct world w;
    (void)state;
    begin(&w);
    plan_destroy(drain(&w, CELLS(wide)));
    plan_destroy(drain(&w, CELLS(wider)));
    plan_destroy(drain(&w, CELLS(widest)));
    expect_refused(&w, CELLS(most), "lineage", "lib_core", NULL, NULL);
    assert_non_null(strstr(w.report.refusals[0].text, "3 older lineages of lib"));
    world_fini(&w);
}

static void count(const struct world *w, uint32_t *out_stubs, uint32_t *out_homes)
{
    *out_stubs = 0;
    *out_homes = 0;
    for (const struct stub *s = w->ns.stubs; s; s = s->next)
        ++*out_stubs;
    for (const struct home *h = w->ns.homes; h; h = h->next)
        ++*out_homes;
}

static void end_draining(struct world *w)
{
    for (struct version *v = w->ns.versions, *next; v; v = next) {
        next = v->next;
        if (v->state == VERSION_DRAINING)
            namespace_detach(&w->ns, v);
        else
            continue;
        version_destroy(&w->ns, v);
    }
    assert_null(namespace_check(&w->ns));
}

/* Without take_idle() each lineage adds its stubs. */
static void nothing_is_left_of_a_lineage_that_ended(void **state)
{
    struct world w;
    uint32_t stubs, homes, more_stubs, more_homes;
    (void)state;
    begin(&w);
    plan_destroy(drain(&w, CELLS(wide)));
    end_draining(&w);
    count(&w, &stubs, &homes);
    for (int i = 0; i < 6; i++) {
        plan_destroy(drain(&w, CELLS(i & 1 ? wide : wider)));
        end_draining(&w);
    }
    count(&w, &more_stubs, &more_homes);
    assert_int_equal(homes, more_homes);
    assert_int_equal(stubs, more_stubs);
    const struct version *v = namespace_running(&w.ns, "lib_glue");
    assert_int_equal(v->lineage, 7);
    assert_int_equal(first_op(&w, v), function_va(v, "glue_read"));
    world_fini(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_drains_gives_nothing_away),
        cmocka_unit_test(the_group_starts_again_beside_what_runs),
        cmocka_unit_test(a_revert_gives_the_name_back),
        cmocka_unit_test(only_a_declared_group_drains),
        cmocka_unit_test(what_else_could_not_be_swapped_drains),
        cmocka_unit_test(two_statics_of_one_name_drain),
        cmocka_unit_test(a_change_of_text_drains_nothing),
        cmocka_unit_test(what_drains_follows_other_cells),
        cmocka_unit_test(what_drains_must_find_what_it_calls),
        cmocka_unit_test(an_address_outside_is_refused),
        cmocka_unit_test(the_lineages_that_drain_are_counted),
        cmocka_unit_test(nothing_is_left_of_a_lineage_that_ended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
