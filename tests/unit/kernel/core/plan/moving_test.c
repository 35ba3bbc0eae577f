/* Tests of objects of the heap whose form changes: who has to say where they are, and what becomes of them.
 * SPDX-License-Identifier: MIT
 */
#include "fixture.h"

#include <core/commit/transfer.h>
#include <core/plan/elements.h>
#include <mm/heap/heap.h>

#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

#define HEAP                                                                             \
    {                                                                                    \
        "heap", "",                                                                      \
            "void *heap_alloc(unsigned long n); void *heap_alloc(unsigned long n) "      \
            "{ return (void *)n; }\n"                                                    \
    }
#define LINK "struct link { struct link *next, *prev; };\n"
#define NODE_1                                                                           \
    LINK "struct node { unsigned n; struct link link; struct node *before; };\n"
#define NODE_2                                                                           \
    LINK "struct node { unsigned n; struct link link; long fresh; struct node *before; " \
         "};\n"
#define USE                                                                              \
    "struct link nodes; static struct node *newest;\n"                                   \
    "void *heap_alloc(unsigned long);\n"                                                 \
    "void *cell_use(void); void *cell_use(void) {\n"                                     \
    "struct node *n = heap_alloc(sizeof *n); n->before = newest; newest = n; return "    \
    "&nodes; }\n"
#define WALK(tag)                                                                        \
    "static void evolve_walk_" tag "(void *w) __attribute__((used));\n"                  \
    "static void evolve_walk_" tag "(void *w) { struct " tag                             \
    " *n = w; n->before = 0; }\n"
#define WAS(past)                                                                        \
    "static const char evolve_was_node__" past " __attribute__((used)) = 1;\n"
#define PAST(field)                                                                      \
    "struct node_1 { unsigned " field "; struct link link; struct node_1 *before; };\n"
#define CELL(text)                                                                       \
    {                                                                                    \
        "cell", "heap", text                                                             \
    }

struct link {
    struct link *next, *prev;
};
struct node_1 {
    unsigned n;
    struct link link;
    struct node_1 *before;
};
struct node_2 {
    unsigned n;
    struct link link;
    long fresh;
    struct node_2 *before;
};

static struct world w;

static struct plan *must_plan(const char *from, const char *to)
{
    world_init(&w, CELLS(HEAP, CELL(from)));
    struct plan *plan = world_plan(&w, CELLS(CELL(to)));
    if (!plan)
        fail_msg("refused: %s", w.report.refusals[0].text);
    assert_int_equal(plan->moving_count, 1);
    assert_true(plan->migrations.walked && plan->cells[0].coupled);
    return plan;
}

static void end(struct plan *plan)
{
    plan_destroy(plan);
    world_fini(&w);
}

static void both_forms_need_a_walk(void **state)
{
    (void)state;
    world_init(&w, CELLS(HEAP, CELL(NODE_1 USE)));
    expect_refused(&w, CELLS(CELL(NODE_2 USE)), "type", "cell", "struct node", "cell");
    assert_non_null(strstr(w.report.refusals[0].text, "EVOLVE_WALKS(node)"));
    expect_refused(&w, CELLS(CELL(NODE_2 USE WALK("node"))), "walk", "cell",
                   "struct node", NULL);
    assert_non_null(strstr(w.report.refusals[0].text, "EVOLVE_WAS"));
    world_fini(&w);
    world_init(&w, CELLS(HEAP, CELL(NODE_1 USE WALK("node"))));
    expect_refused(&w, CELLS(CELL(NODE_2 USE)), "walk", "cell", "struct node", NULL);
    assert_non_null(strstr(w.report.refusals[0].text, "no way back"));
    world_fini(&w);
    struct plan *plan = must_plan(NODE_1 USE WALK("node"), NODE_2 USE WALK("node"));
    const struct version *old = plan->cells[0].old;
    assert_true(plan->moving[0].walks[FORM_OLD][0].version == old);
    assert_true(plan->moving[0].walks[FORM_NEW][0].version == plan->cells[0].fresh);
    assert_non_null(strstr(plan->moving[0].text, "new fresh"));
    end(plan);
}

static void a_form_of_the_past_must_be_the_one_that_runs(void **state)
{
    (void)state;
    struct plan *plan = must_plan(NODE_1 USE, NODE_2 USE PAST("n") WAS("node_1")
                                                  WALK("node") WALK("node_1"));
    assert_true(plan->moving[0].walks[FORM_OLD][0].version == plan->cells[0].fresh);
    end(plan);
    plan = must_plan(NODE_2 USE PAST("n") WAS("node_1") WALK("node") WALK("node_1"),
                     NODE_1 USE);
    assert_true(plan->moving[0].walks[FORM_NEW][0].version == plan->cells[0].old);
    end(plan);
    world_init(&w, CELLS(HEAP, CELL(NODE_1 USE)));
    expect_refused(
        &w, CELLS(CELL(NODE_2 USE PAST("m") WAS("node_1") WALK("node") WALK("node_1"))),
        "walk", "cell", "struct node", "struct node_1");
    assert_non_null(strstr(w.report.refusals[0].text, "differs in n"));
    world_fini(&w);
}

static void a_walk_of_the_past_does_not_read_data_that_change_too(void **state)
{
    (void)state;
    world_init(&w, CELLS(HEAP, CELL(NODE_1 USE "int s; ")));
    expect_refused(&w,
                   CELLS(CELL(NODE_2 USE "long s; " PAST("n") WAS("node_1") WALK("node")
                                  WALK("node_1"))),
                   "walk", "cell", "struct node", NULL);
    assert_non_null(strstr(w.report.refusals[0].text, "other data"));
    world_fini(&w);
}

#define EDGE(from, to)                                                                   \
    "static void evolve_edge_" from "__" to "(struct " from " *a, struct " to " *b) "    \
    "__attribute__((used));\n"                                                           \
    "static void evolve_edge_" from "__" to "(struct " from " *a, struct " to " *b) "    \
    "{ b->n = a->n * 2; }\n"
#define NODE_0 LINK "struct node { unsigned n; struct node *before; };\n"
#define PAST_0 "struct node_0 { unsigned n; struct node_0 *before; };\n" WAS("node_0")
#define PAST_1 PAST("n") WAS("node_1")

/* The shortest way; both ways are mapped, whichever of the two versions knows them. */
static void the_way_goes_over_the_edges_of_the_newer_version(void **state)
{
    const char *newer = NODE_2 USE PAST_0 PAST_1 WALK("node") EDGE("node_0", "node_1")
        EDGE("node_1", "node") EDGE("node", "node_1") EDGE("node_1", "node_0");
    (void)state;
    struct plan *plan = must_plan(NODE_0 USE WALK("node"), newer);
    const struct moving_type *m = &plan->moving[0];
    assert_int_equal(m->step_count[FORM_OLD], 2);
    assert_int_equal(m->step_count[FORM_NEW], 2);
    assert_true(m->form[FORM_OLD].stepwise && m->form[FORM_NEW].stepwise);
    assert_true(m->steps[FORM_OLD][0].from_len == 16 && m->steps[FORM_OLD][1].to_len == 40);
    assert_true(m->steps[FORM_OLD][0].edge && m->steps[FORM_OLD][1].edge);
    end(plan);
    plan = must_plan(newer, NODE_1 USE WALK("node"));
    m = &plan->moving[0];
    assert_int_equal(m->step_count[FORM_OLD], 1);
    assert_true(m->steps[FORM_OLD][0].from_len == 40 && m->steps[FORM_OLD][0].to_len == 32);
    end(plan);
    world_init(&w, CELLS(HEAP, CELL(NODE_0 USE WALK("node"))));
    expect_refused(&w, CELLS(CELL(NODE_2 USE PAST_0 WALK("node") EDGE("node_0", "node"))),
                   "walk", "cell", "node", NULL);
    assert_non_null(strstr(w.report.refusals[0].text, "EVOLVE_EDGE(node, node_0)"));
    world_fini(&w);
}

/* ---- elements ----------------------------------------------------------------------------- */

enum { NODES = 5 };

/* A list of five in the old form, its head and a pointer in the cell's data. */
static struct {
    struct node_1 *node[NODES];
    struct heap_object objects[2 * NODES + 4];
    uint64_t object_count;
    struct evolve_name names[32];
    struct element_names list;
    struct elements_request request;
    struct element_set *set;
    struct refusal why;
} t;

static uint64_t home_va(const char *key)
{
    return namespace_find_home(&w.ns, "cell", key)->va;
}

static void name(uint64_t at, uint64_t count)
{
    t.names[t.list.count++] = (struct evolve_name){at, count};
}

static void know(void *object, uint64_t len)
{
    uint64_t i = t.object_count++;
    for (; i && t.objects[i - 1].at > (uint64_t)object; i--)
        t.objects[i] = t.objects[i - 1];
    t.objects[i] = (struct heap_object){(uint64_t)object, len};
}

static struct plan *begin(void)
{
    struct plan *plan = must_plan(NODE_1 USE WALK("node"), NODE_2 USE WALK("node"));
    uint64_t head = home_va("nodes");
    struct link *nodes = (struct link *)cellmem_data(head);
    memset(&t, 0, sizeof t);
    for (int i = 0; i < NODES; i++) {
        t.node[i] = heap_calloc(1, sizeof *t.node[i]);
        know(t.node[i], sizeof *t.node[i]);
        name((uint64_t)t.node[i], 1);
        t.node[i]->n = 10u + (unsigned)i;
        t.node[i]->before = i ? t.node[i - 1] : NULL;
    }
    for (int i = 0; i < NODES; i++) {
        t.node[i]->link.next = i + 1 < NODES ? &t.node[i + 1]->link : (struct link *)head;
        t.node[i]->link.prev = i ? &t.node[i - 1]->link : (struct link *)head;
    }
    *nodes = (struct link){&t.node[0]->link, &t.node[NODES - 1]->link};
    *(struct node_1 **)cellmem_data(home_va("newest")) = t.node[NODES - 1];
    name(head, 0);
    name(head + 8, 0);
    name(home_va("newest"), 0);
    t.list.type = &plan->moving[0];
    t.list.names = t.names;
    t.request = (struct elements_request){.plan = plan,
                                          .lists = &t.list,
                                          .list_count = 1,
                                          .objects = t.objects,
                                          .object_count = NODES};
    return plan;
}

static void finish(struct plan *plan)
{
    for (int i = 0; i < NODES; i++)
        heap_free(t.node[i]);
    plan->migrations.elements = NULL;
    elements_fini(t.set);
    end(plan);
}

static void take(void)
{
    enum status status = elements_take(&t.request, &t.set, &t.why);
    if (status != STATUS_OK)
        fail_msg("refused: %s", t.why.text);
}

static void must_refuse(const char *words)
{
    assert_int_equal(elements_take(&t.request, &t.set, &t.why), STATUS_DENIED);
    if (!strstr(t.why.text, words))
        fail_msg("does not say '%s': %s", words, t.why.text);
}

static struct node_2 *newest(void)
{
    return *(struct node_2 **)cellmem_data(home_va("newest"));
}

/* The list in its new form is whole; gives how many elements it has. */
static int follow(void)
{
    uint64_t head = home_va("nodes");
    struct link *nodes = (struct link *)cellmem_data(head);
    struct node_2 *before = NULL;
    int count = 0;
    for (struct link *l = nodes->next; (uint64_t)l != head; l = l->next, count++) {
        struct node_2 *n =
            (struct node_2 *)((uint8_t *)l - __builtin_offsetof(struct node_2, link));
        assert_int_equal(n->n, 10 + count);
        assert_int_equal(n->fresh, 0);
        assert_ptr_equal(n->before, before);
        struct link *prev = (uint64_t)l->prev == head ? nodes : l->prev;
        assert_true((uint64_t)(prev == nodes ? nodes->next : prev->next) == (uint64_t)l);
        before = n;
    }
    assert_ptr_equal(newest(), before);
    return count;
}

static void a_list_becomes_the_same_list_of_the_new_form(void **state)
{
    struct element_set *mirror;
    (void)state;
    struct plan *plan = begin();
    uint64_t digest = world_digest(&w);
    take();
    assert_true(digest == world_digest(&w));
    assert_int_equal(t.set->count, NODES);
    assert_int_equal(t.set->slot_count, 3);
    assert_true(elements_hold(t.set));
    assert_int_equal(elements_mirror(t.set, &mirror), STATUS_OK);
    plan->migrations.elements = t.set;
    migrations_store(&plan->migrations);
    assert_int_equal(follow(), NODES);
    plan->migrations.elements = mirror;
    assert_true(elements_hold(mirror));
    migrations_take_back(&plan->migrations);
    assert_true(digest == world_digest(&w));
    elements_free(mirror, false);
    elements_fini(mirror);
    finish(plan);
}

static void what_changed_since_is_noticed(void **state)
{
    (void)state;
    struct plan *plan = begin();
    take();
    t.node[2]->n++;
    assert_false(elements_hold(t.set));
    t.node[2]->n--;
    assert_true(elements_hold(t.set));
    *(struct node_1 **)cellmem_data(home_va("newest")) = t.node[0];
    assert_false(elements_hold(t.set));
    elements_free(t.set, true);
    finish(plan);
}

/* The new code wrote, took one element out and put another in; each goes back as it was left. */
static void the_way_back_gives_what_the_new_code_left(void **state)
{
    struct element_set *there;
    struct node_2 *fresh = heap_calloc(1, sizeof *fresh);
    (void)state;
    struct plan *plan = begin();
    take();
    there = t.set;
    plan->migrations.elements = there;
    assert_int_equal(elements_mirror(there, (struct element_set **)&t.request.mirror),
                     STATUS_OK);
    migrations_store(&plan->migrations);
    struct node_2 *last = newest();
    fresh->n = 99;
    fresh->before = last->before;
    last->before = NULL;
    last->n = 77;
    *(struct node_2 **)cellmem_data(home_va("newest")) = fresh;
    t.object_count = 0;
    t.list.count = 0;
    know(last, sizeof *last);
    know(fresh, sizeof *fresh);
    name((uint64_t)last, 1);
    name((uint64_t)fresh, 1);
    name(home_va("newest"), 0);
    t.request.form = FORM_NEW;
    t.request.object_count = 2;
    take();
    assert_int_equal(t.set->count, 2);
    struct element *e = elements_find(t.set, (uint64_t)last);
    assert_int_equal(((struct node_1 *)e->to)->n, 77);
    assert_true(e->begun);
    e = elements_find(t.set, (uint64_t)fresh);
    assert_int_equal(((struct node_1 *)e->to)->n, 99);
    assert_false(e->begun);
    plan->migrations.elements = t.set;
    migrations_take_back(&plan->migrations);
    assert_ptr_equal(newest(), e->to);
    elements_free(t.set, true);
    elements_free(there, true);
    heap_free(fresh);
    elements_fini((struct element_set *)t.request.mirror);
    elements_fini(there);
    finish(plan);
}

static void a_rehearsal_notices_what_is_left_out(void **state)
{
    struct element_set *mirror;
    (void)state;
    struct plan *plan = begin();
    take();
    assert_int_equal(elements_mirror(t.set, &mirror), STATUS_OK);
    struct element_names all = t.list;
    for (int i = 0; i < NODES; i++)
        t.names[i].at = mirror->elements[i].from;
    assert_true(elements_agree(mirror, &all, 1, &t.why));
    all.names++;
    all.count--;
    assert_false(elements_agree(mirror, &all, 1, &t.why));
    assert_non_null(strstr(t.why.text, "leaves out an element"));
    all.names--;
    assert_false(elements_agree(mirror, &all, 1, &t.why));
    assert_non_null(strstr(t.why.text, "leaves out the pointer"));
    t.names[1].at = t.names[0].at;
    all.count++;
    assert_false(elements_agree(mirror, &all, 1, &t.why));
    elements_free(t.set, true);
    elements_fini(mirror);
    finish(plan);
}

static void what_a_walk_says_is_not_trusted(void **state)
{
    (void)state;
    struct plan *plan = begin();
    t.names[0].at += 8;
    must_refuse("no object of the heap");
    t.names[0].at = 16;
    must_refuse("no object of the heap");
    t.names[0].at = (uint64_t)t.node[0];
    t.names[0].count = 2;
    must_refuse("too short");
    t.names[0].count = UINT64_MAX / 16;
    must_refuse("too short");
    t.names[0].count = 1;
    name((uint64_t)t.node[0] + 4, 0);
    must_refuse("no place for a pointer");
    t.names[t.list.count - 1].at = 8;
    must_refuse("no place for a pointer");
    t.names[t.list.count - 1] = t.names[0]; /* twice is no harm */
    take();
    assert_int_equal(t.set->count, NODES);
    elements_free(t.set, true);
    finish(plan);
}

static void an_array_of_elements_moves_as_one_object(void **state)
{
    (void)state;
    struct plan *plan = begin();
    struct node_1 *row = heap_calloc(4, sizeof *row);
    for (unsigned i = 0; i < 4; i++)
        row[i] = (struct node_1){.n = i, .before = i ? &row[i - 1] : NULL};
    t.list.count = 0;
    t.object_count = 0;
    know(row, 4 * sizeof *row);
    name((uint64_t)row, 4);
    name(home_va("newest"), 0);
    t.request.object_count = 1;
    *(struct node_1 **)cellmem_data(home_va("newest")) = &row[2];
    take();
    struct node_2 *to = (struct node_2 *)t.set->elements[0].to;
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(to[i].n, i);
        assert_ptr_equal(to[i].before, i ? &to[i - 1] : NULL);
    }
    assert_int_equal(t.set->slots[0].after, (uint64_t)&to[2]);
    elements_free(t.set, true);
    heap_free(row);
    finish(plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_forms_need_a_walk),
        cmocka_unit_test(a_form_of_the_past_must_be_the_one_that_runs),
        cmocka_unit_test(a_walk_of_the_past_does_not_read_data_that_change_too),
        cmocka_unit_test(the_way_goes_over_the_edges_of_the_newer_version),
        cmocka_unit_test(a_list_becomes_the_same_list_of_the_new_form),
        cmocka_unit_test(what_changed_since_is_noticed),
        cmocka_unit_test(the_way_back_gives_what_the_new_code_left),
        cmocka_unit_test(a_rehearsal_notices_what_is_left_out),
        cmocka_unit_test(what_a_walk_says_is_not_trusted),
        cmocka_unit_test(an_array_of_elements_moves_as_one_object),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
