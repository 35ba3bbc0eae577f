/* Each allocation of a plan fails once: nothing of what runs has changed, and nothing is lost.
 * SPDX-License-Identifier: MIT
 *
 * Seen to fail: a case of these fails without plan_load() destroying its plan, place() freeing
 * the bytes it took, plan_destroy() closing its aliases, namespace_add_home() freeing what it
 * had, journal_stub() keeping the old slot, and without its rule for stubs that are left behind.
 */
#include "fixture.h"
#include "states_fixture.h"

#include <mm/heap/heap.h>

#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

void *__real_heap_alloc(size_t len);
void *__real_heap_calloc(size_t count, size_t len);
void *__real_heap_realloc(void *old, size_t len);
void __real_heap_free(void *old);
enum status __real_cellmem_take(enum cellmem_kind kind, uint64_t len,
                                struct cellmem_region *out);
void __real_cellmem_give(struct cellmem_region *region);
enum status __real_cellmem_alias_open(uint64_t va, uint8_t **out_write);
void __real_cellmem_aliases_close(uint8_t *write, uint64_t pages);

void *__wrap_heap_alloc(size_t len);
void *__wrap_heap_calloc(size_t count, size_t len);
void *__wrap_heap_realloc(void *old, size_t len);
void __wrap_heap_free(void *old);
enum status __wrap_cellmem_take(enum cellmem_kind kind, uint64_t len,
                                struct cellmem_region *out);
void __wrap_cellmem_give(struct cellmem_region *region);
enum status __wrap_cellmem_alias_open(uint64_t va, uint8_t **out_write);
void __wrap_cellmem_aliases_close(uint8_t *write, uint64_t pages);

static long countdown = -1; /* steps until the one that fails; negative: none does */

/* What is handed out just now. */
static struct {
    long objects;
    long regions;
    long aliases;
} live;

static bool fails(void)
{
    return countdown >= 0 && countdown-- == 0;
}

void *__wrap_heap_alloc(size_t len)
{
    void *object = fails() ? NULL : __real_heap_alloc(len);
    live.objects += object != NULL;
    return object;
}

void *__wrap_heap_calloc(size_t count, size_t len)
{
    void *object = fails() ? NULL : __real_heap_calloc(count, len);
    live.objects += object != NULL;
    return object;
}

void *__wrap_heap_realloc(void *old, size_t len)
{
    void *object = fails() ? NULL : __real_heap_realloc(old, len);
    live.objects += object && !old;
    return object;
}

void __wrap_heap_free(void *old)
{
    live.objects -= old != NULL;
    __real_heap_free(old);
}

enum status __wrap_cellmem_take(enum cellmem_kind kind, uint64_t len,
                                struct cellmem_region *out)
{
    enum status status = fails() ? STATUS_FULL : __real_cellmem_take(kind, len, out);
    live.regions += status == STATUS_OK;
    return status;
}

void __wrap_cellmem_give(struct cellmem_region *region)
{
    live.regions -= region->va && region->len;
    __real_cellmem_give(region);
}

enum status __wrap_cellmem_alias_open(uint64_t va, uint8_t **out_write)
{
    enum status status = fails() ? STATUS_FULL : __real_cellmem_alias_open(va, out_write);
    live.aliases += status == STATUS_OK;
    return status;
}

void __wrap_cellmem_aliases_close(uint8_t *write, uint64_t pages)
{
    live.aliases -= (long)pages;
    __real_cellmem_aliases_close(write, pages);
}

/* A type that walks carry over, and a mark. */
#define LIST(field)                                                                      \
    "struct node { " field "struct node *next; };\n"                                     \
    "static struct node *nodes; struct node *list_next(void)"                            \
    "{ return nodes = nodes->next; }\n"                                                  \
    "static void evolve_walk_node(void *w) __attribute__((used));\n"                     \
    "static void evolve_walk_node(void *w) { struct node *n = w; n->next = 0; }\n"       \
    "static const char evolve_points_nodes __attribute__((used)) = 1;\n"

/* A static that changes its form, and one that changes its meaning over an edge. */
#define FORMS_KEEP                                                                       \
    "long forms_sum(void) { return form.a + form.b[1] + (long)s; }\n"                    \
    "void forms_set(long a) { form.a = a; form.b[a & 1] = 1; s = 3; }\n"

/* A group that drains. */
#define CORE(form)                                                                       \
    "struct thing { " form " };\n"                                                       \
    "static struct thing *last;\n"                                                       \
    "long core_use(void *t) { last = t; return last->value; }\n"

/* Statics, constants, a callback, calls into each other, elements, forms, a meaning, a lineage, a changed signature, and a
 * cell that only this set adds, and that takes an object of one that goes. */
static const struct cell_source before[] = {
    {"counter", "", "static long count = 5; long counter_next(void) { return ++count; }\n"},
    {"caller", "counter",
     "long counter_next(void); long caller_twice(void) { return counter_next() * 2; }\n"},
    {"table", "",
     "static int one(int x) { return x + 1; }\n"
     "static int two(int x) { return x + 2; }\n"
     "static int (*const ops[])(int) = {one, two};\n"
     "int table_call(int i, int x) { return ops[i & 1](x); }\n"
     "const char *table_name(void) { return \"first\"; }\n"},
    {"list", "", LIST("")},
    {"goes", "", "static int left = 1; int goes_now(void) { return left++; }\n"},
    {"forms", "",
     "static struct { int a; short b[2]; } form; static unsigned s;\n" FORMS_KEEP},
    {"lib_core", "", CORE("long value;")},
    {"lib_glue", "lib_core",
     "long core_use(void *); static long glue_read(void *t) { return core_use(t); }\n"
     "static long (*const ops[])(void *) = {glue_read};\n"
     "long (*glue_open(int i))(void *) { return ops[i & 0]; }\n"},
    {"front",
     "lib_glue", "long (*glue_open(int))(void *); long front_open(int i) { return glue_open(i) != 0; }\n"},
    {"server", "", "int server_serve(int x) { return x; }\n"},
    {"client", "server",
     "int server_serve(int); int client_ask(void) { return server_serve(1); }\n"},
};
static const struct cell_source after[] = {
    {"forms", "",
     "static struct { long b[4]; long a; } form; static unsigned long s;\n" STATE("s", "1")
         S_EDGE("s", "0", "unsigned", "1", "s") S_EDGE("s", "1", "s", "0", "unsigned")
             FORMS_KEEP},
    {"lib_core", "", CORE("long more, value;")},
    {"server", "", "int server_serve(int x, int y) { return x + y; }\n"},
    {"client", "server",
     "int server_serve(int, int); int client_ask(void) { return server_serve(1, 2); }\n"},
    {"list", "", LIST("long more; ")},
    {"counter", "",
     "static long count = 5; static long more; long counter_next(void) { return count += "
     "2; }\n"
     "long counter_more(void) { return ++more; }\n"},
    {"table", "",
     "static int one(int x) { return x + 1; }\n"
     "static int two(int x) { return x * 2; }\n"
     "static int three(int x) { return x * 3; }\n"
     "static int (*const ops[])(int) = {two, one};\n"
     "static int (*const others[])(int) = {one, three};\n"
     "int table_call(int i, int x) { return ops[i & 1](x); }\n"
     "int table_other(int i, int x) { return others[i & 1](x); }\n"
     "const char *table_name(void) { return \"second\"; }\n"},
    {"comes", "counter",
     "long counter_more(void);\n"
     "static int each(int x) { return x - 1; }\n"
     "int (*comes_hook(void))(int) { return each; }\n"
     "static long seen; long comes_next(void) { return seen += counter_more(); }\n" MARK(
         "takes_goes__left") "static int left = 1; int comes_now(void) { return left++; "
                             "}\n"},
};
static const char *const leaves[] = {"goes"};

/* Plans the set; the plan owns the objects' bytes. */
static enum status plan_once(struct world *w, struct plan **out)
{
    struct plan_object set[ARRAY_LEN(after)];
    for (size_t i = 0; i < ARRAY_LEN(after); i++) {
        struct plan_object o = cell_make(&after[i]);
        long until = countdown;
        countdown = -1;
        uint8_t *copy = heap_alloc(o.len);
        countdown = until;
        memcpy(copy, o.bytes, o.len);
        set[i] = (struct plan_object){.bytes = copy, .len = o.len, .own = true};
    }
    return plan_create(&w->ns, set, ARRAY_LEN(after), leaves, ARRAY_LEN(leaves), out,
                       &w->report);
}

/* Fails one step after the other until the plan succeeds; gives how many there were. The stubs
 * of a plan that failed are kept for the next one: only when there are none to be made does a
 * failure have to leave as much memory as there was. */
static long fail_each(struct world *w, bool stubs_are_made)
{
    uint64_t digest = world_digest(w);
    for (long at = 0; at < 10000; at++) {
        long objects = live.objects;
        long regions = live.regions;
        struct plan *plan = NULL;
        countdown = at;
        enum status status = plan_once(w, &plan);
        bool reached = countdown < 0;
        countdown = -1;
        assert_true(digest == world_digest(w));
        if (!reached) {
            assert_int_equal(status, STATUS_OK);
            plan_destroy(plan);
            return at;
        }
        if (status != STATUS_FULL)
            fail_msg("step %ld failed, and the plan says %d", at, status);
        assert_null(plan);
        assert_int_equal(live.aliases, 0);
        assert_null(namespace_check(&w->ns));
        if (stubs_are_made && (live.objects != objects || live.regions != regions))
            fail_msg("step %ld failed, and %ld objects and %ld regions are left", at,
                     live.objects - objects, live.regions - regions);
    }
    fail_msg("no end");
    return 0;
}

static void a_failure_at_any_step_changes_nothing(void **state)
{
    struct world w;
    (void)state;
    world_init(&w, before, ARRAY_LEN(before));
    assert_true(fail_each(&w, false) > 200);
    world_fini(&w);
    assert_int_equal(live.objects, 0);
    assert_int_equal(live.regions, 0);
    assert_int_equal(live.aliases, 0);
}

static void a_failure_at_any_step_leaves_no_memory_taken(void **state)
{
    struct world w;
    struct plan *plan;
    (void)state;
    world_init(&w, before, ARRAY_LEN(before));
    assert_int_equal(plan_once(&w, &plan), STATUS_OK);
    plan_destroy(plan);
    assert_true(fail_each(&w, true) > 200);
    world_fini(&w);
    assert_int_equal(live.objects, 0);
}

/* What was failed is what is meant. */
static void expect_all_kinds(const struct plan *plan)
{
    uint32_t seen = 0;
    for (uint32_t i = 0; i < plan->cell_count; i++)
        seen |= 1u << plan->cells[i].class;
    assert_int_equal(seen, 1 << PLAN_TEXT | 1 << PLAN_DATA | 1 << PLAN_SIGNATURE |
                               1 << PLAN_ADD | 1 << PLAN_REMOVE | 1 << PLAN_LINEAGE);
    assert_int_equal(plan->takeover_count, 1);
    assert_int_equal(plan->moving_count, 1);
    assert_true(plan->migrations.count >= 2 && plan->migrations.walked);
}

static void the_plan_after_the_failures_is_carried_out(void **state)
{
    struct world w;
    struct plan *plan;
    (void)state;
    world_init(&w, before, ARRAY_LEN(before));
    uint64_t generation = w.ns.generation;
    uint64_t digest = world_digest(&w);
    (void)fail_each(&w, false);
    assert_int_equal(plan_once(&w, &plan), STATUS_OK);
    expect_all_kinds(plan);
    world_commit(&w, plan);
    expect_calls(&w, "comes", "counter", "counter_more");
    expect_calls(&w, "caller", "counter", "counter_next");
    assert_null(namespace_running(&w.ns, "goes"));
    world_revert(&w, plan);
    w.ns.generation = generation;
    assert_true(digest == world_digest(&w));
    plan_destroy(plan);
    world_fini(&w);
    assert_int_equal(live.objects, 0);
    assert_int_equal(live.regions, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failure_at_any_step_changes_nothing),
        cmocka_unit_test(a_failure_at_any_step_leaves_no_memory_taken),
        cmocka_unit_test(the_plan_after_the_failures_is_carried_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
