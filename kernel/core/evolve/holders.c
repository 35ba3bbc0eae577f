/* Looks for pointers that would mean something else after a coupled swap.
 * SPDX-License-Identifier: MIT
 *
 * Pointers into objects that migrate: those in migrating objects follow (commit/transfer.h). Any other must point to
 * a place that stays where it is; else its holder would go on to read and write what lies there then. Words are told to
 * be pointers by their value alone: an integer that equals such an address refuses a swap that could have been.
 *
 * Pointers to elements that move (moving.h): those that walks have named are stored, those in elements follow. Any other
 * refuses the swap; on the way back the storage that it leads to is kept.
 *
 * Pointers to stubs that would lead into text that is left: whoever holds one would call the old form.
 * A stub whose function the new version has in another form, or not at all, goes on to stand for the old
 * text. That is harmless as long as nobody holds its address. Words that the journal rewrites do not count, nor
 * do homes that only the versions have that are left, unless somebody points to one that holds such a word.
 */
#include <core/evolve/leaving.h>
#include <core/evolve/moving.h>

#include <core/commit/transfer.h>
#include <core/plan/elements.h>
#include <mm/heap/heap.h>
#include <stdio.h>
#include <string.h>

enum { TARGETS_MAX = 512 };

struct target { /* pointers to begin..end - 1 are looked for */
    uint64_t begin;
    uint64_t end;
    const struct stub *stub;
    const struct migration *object; /* or this: only what moves in it counts */
    const struct element *element;  /* or this */
};

struct block {
    uint64_t at;
    uint64_t len;
};

static struct {
    const struct plan *plan;
    struct target targets[TARGETS_MAX];
    uint32_t target_count;
    bool too_many;
    bool keep;             /* the way back: elements are marked, and the search goes on */
    bool probe;            /* nothing is marked yet */
    uint64_t kept;         /* where the first pointer to one was found */
    struct target element; /* the last one that was found */
    uint64_t low;          /* all targets lie in low..high */
    uint64_t high;
    struct block *blocks;
    uint32_t block_count;
    uint32_t block_room;
    /* What was found. */
    uint64_t where;
    struct target found; /* begin 0: nothing */
    char task[TASK_NAME_MAX];
} find;

static bool goes_on(const struct stub *s)
{
    for (uint32_t i = 0; i < find.plan->cell_count; i++) {
        const struct version *v = find.plan->cells[i].fresh;
        for (uint32_t k = 0; v && k < v->function_count; k++)
            if (v->functions[k].stub == s)
                return true;
    }
    return false;
}

static void add_target(const struct target *t)
{
    find.too_many |= find.target_count == TARGETS_MAX;
    if (find.too_many)
        return;
    find.targets[find.target_count++] = *t;
    find.low = t->begin < find.low ? t->begin : find.low;
    find.high = t->end > find.high ? t->end : find.high;
}

/* Every bit of M keeps its place, so a pointer to any of it goes on to mean the same: an array that grows where it is, an
 * enumerator with another number. */
static bool stays(const struct migration *m)
{
    uint64_t bits = 0;
    for (uint32_t i = 0; i < m->forward.count; i++) {
        const struct field_move *k = &m->forward.moves[i];
        if (k->kind == MOVE_PLACE)
            continue;
        if (k->kind == MOVE_UNUSED || k->from_bit != k->to_bit ||
            k->from_bits != k->to_bits || (k->count > 1 && k->from_stride != k->to_stride))
            return false;
        bits += k->count * k->from_bits;
    }
    return m->old_va == m->new_va && bits == 8ull * m->old_len;
}

static void list_objects(void)
{
    const struct migration_list *all = &find.plan->migrations;
    for (uint32_t i = 0; i < all->count; i++) {
        const struct migration *m = &all->list[i];
        if (!m->constant && !stays(m))
            add_target(&(struct target){m->old_va, m->old_va + m->old_len, NULL, m, NULL});
    }
}

/* Gives false when there are none. They are many, and looked up otherwise than the other targets. */
static bool list_elements(void)
{
    const struct element_set *s = find.plan->migrations.elements;
    if (!s || !s->count)
        return false;
    const struct element *last = &s->elements[s->count - 1];
    uint64_t end = last->from + last->count * last->form->len;
    find.low = s->elements[0].from < find.low ? s->elements[0].from : find.low;
    find.high = end > find.high ? end : find.high;
    return true;
}

static void list_stubs(void)
{
    for (const struct stub *s = find.plan->ns->stubs; s; s = s->next) {
        if (s->version && leaving_of(s->version) && !goes_on(s))
            add_target(&(struct target){s->va, s->va + NAMESPACE_STUB_LEN, s, NULL, NULL});
    }
}

/* The word at AT will hold something else. */
static bool is_rewritten(uint64_t at)
{
    for (uint32_t i = 0; i < find.plan->poke_count; i++)
        if (find.plan->pokes[i].va == at && find.plan->pokes[i].len == 8)
            return true;
    return false;
}

/* AT lies in an object that migrates: what it holds there follows. */
static bool is_followed(uint64_t at)
{
    const struct migration_list *all = &find.plan->migrations;
    for (uint32_t i = 0; i < all->count; i++) {
        const struct migration *m = &all->list[i];
        if (!m->constant &&
            (find.keep ? at - m->new_va < m->new_len : at - m->old_va < m->old_len))
            return true;
    }
    return elements_find(all->elements, at) != NULL;
}

/* A walk has named the pointer at AT. */
static bool is_named(uint64_t at)
{
    const struct element_set *s = find.plan->migrations.elements;
    uint64_t low = 0;
    uint64_t high = s->slot_count;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (s->slots[middle].at == at)
            return true;
        if (s->slots[middle].at < at)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

/* Lends the target for an element that WORD at AT leads to, if nobody will lead it elsewhere, or NULL. */
static const struct target *element_target(uint64_t word, uint64_t at)
{
    struct element *e = elements_find(find.plan->migrations.elements, word);
    if (!e || is_followed(at) || is_named(at))
        return NULL;
    find.element = (struct target){e->from, e->from + 1, NULL, NULL, e};
    if (!find.keep || find.probe)
        return &find.element;
    e->kept = true;
    find.kept = find.kept ? find.kept : at;
    return NULL;
}

/* What a pointer to VA means will lie elsewhere, or nowhere. */
static bool moves_away(const struct migration *m, uint64_t va)
{
    uint64_t offset = va - m->old_va;
    uint64_t to = 0;
    return m->old_va != m->new_va || !transfer_offset(&m->forward, offset, &to) ||
           to != offset;
}

static bool matters(const struct target *t, uint64_t word, uint64_t at)
{
    if (t->object)
        return moves_away(t->object, word) && !is_followed(at);
    return !is_rewritten(at);
}

static const struct target *target_in(uint64_t begin, uint64_t end, uint64_t *out_where)
{
    for (uint64_t at = align_up(begin, 8); at + 8 <= end; at += 8) {
        uint64_t word = *(const volatile uint64_t *)at;
        if (word < find.low || word >= find.high)
            continue;
        *out_where = at;
        if (element_target(word, at))
            return &find.element;
        for (uint32_t i = 0; i < find.target_count; i++)
            if (word >= find.targets[i].begin && word < find.targets[i].end &&
                matters(&find.targets[i], word, at))
                return &find.targets[i];
    }
    return NULL;
}

static bool look(uint64_t begin, uint64_t end)
{
    const struct target *t = find.found.begin ? NULL : target_in(begin, end, &find.where);
    if (t)
        find.found = *t;
    return t != NULL;
}

/* ---- homes --------------------------------------------------------------------------------- */

static uint32_t refs_that_leave(const struct home *h)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < leaving_count(); i++) {
        const struct version *v = leaving_at(i)->from;
        for (uint32_t k = 1; k < v->elf.section_count; k++)
            count += v->section_home[k] == h;
    }
    return count;
}

/* What this file itself notes is no reference. */
static bool is_own(const struct home *h)
{
    return (uint64_t)&find - h->va < h->len;
}

/* An object that goes with the text counts only through those who point to it. */
static void list_homes_that_leave(void)
{
    for (const struct home *h = find.plan->ns->homes; h; h = h->next) {
        uint64_t where;
        const struct target *t = !is_own(h) && refs_that_leave(h) == h->refs
                                     ? target_in(h->va, h->va + h->len, &where)
                                     : NULL;
        if (t)
            add_target(&(struct target){h->va, h->va + h->capacity, t->stub, t->object,
                                        t->element});
    }
}

static const struct home *look_at_homes(void)
{
    for (const struct home *h = find.plan->ns->homes; h; h = h->next)
        if (!is_own(h) && refs_that_leave(h) != h->refs && look(h->va, h->va + h->len))
            return h;
    return NULL;
}

/* ---- stacks and heap ----------------------------------------------------------------------- */

static bool look_at_task(struct task *task, void *arg)
{
    struct saved_context context;
    uint64_t low;
    uint64_t top;
    (void)arg;
    if (task == task_current())
        return true;
    for (uint32_t i = 0; i < find.target_count && !find.found.begin; i++)
        if (find.targets[i].stub &&
            (uint64_t)task_step_function(task) == find.targets[i].begin)
            find.found = find.targets[i];
    task_saved_context(task, &context);
    task_stack_range(task, &low, &top);
    if (context.resume && context.rsp >= low && context.rsp < top)
        (void)look(context.rsp, top);
    if (find.found.begin)
        task_name_copy(task, find.task);
    return !find.found.begin;
}

static bool note_block(void *object, size_t len, void *arg)
{
    (void)arg;
    if (find.block_count == find.block_room)
        return false;
    find.blocks[find.block_count++] = (struct block){(uint64_t)object, len};
    return true;
}

/* Descriptions of stubs, homes, versions and plans hold such addresses, too; nobody calls or reads through them. */
static bool is_description(uint64_t object)
{
    const struct migration_list *all = &find.plan->migrations;
    for (const struct stub *s = find.plan->ns->stubs; s; s = s->next)
        if ((uint64_t)s == object)
            return true;
    for (const struct home *h = find.plan->ns->homes; h; h = h->next)
        if ((uint64_t)h == object || (uint64_t)h->region == object)
            return true;
    for (const struct version *v = find.plan->ns->versions; v; v = v->next)
        if ((uint64_t)v->section_va == object)
            return true;
    for (uint32_t i = 0; i < all->count; i++)
        if ((uint64_t)all->list[i].saved == object ||
            (uint64_t)all->list[i].prepared == object)
            return true;
    return moving_owns(object) || object == (uint64_t)find.plan->pokes ||
           object == (uint64_t)find.blocks || object == (uint64_t)all->list ||
           object == (uint64_t)all->withdrawal.objects;
}

static bool look_at_heap(void)
{
    struct heap_stats stats;
    heap_stats_read(&stats);
    find.block_room = (uint32_t)(stats.live_count + stats.live_count / 4 + 256);
    find.block_count = 0;
    find.blocks = heap_calloc(find.block_room, sizeof *find.blocks);
    if (!find.blocks)
        return false;
    heap_for_each(note_block, NULL);
    bool all = find.block_count < find.block_room;
    for (uint32_t i = 0; i < find.block_count && !find.found.begin; i++) {
        const struct block *b = &find.blocks[i];
        uint64_t where;
        find.probe = true;
        bool hit = target_in(b->at, b->at + b->len, &where) != NULL;
        find.probe = false;
        if (hit && !is_description(b->at))
            (void)look(b->at, b->at + b->len);
    }
    elements_forget(find.blocks, find.block_room * sizeof *find.blocks);
    find.blocks = NULL;
    return all;
}

static const struct moving_type *type_of(const struct element *e)
{
    for (uint32_t i = 0; i < find.plan->moving_count; i++)
        for (int form = 0; form < FORMS; form++)
            if (e->form == &find.plan->moving[i].form[form])
                return &find.plan->moving[i];
    return NULL;
}

static void name_holder(const struct home *home, struct refusal *out)
{
    const struct target *t = &find.found;
    const struct moving_type *type = t->element ? type_of(t->element) : NULL;
    const char *cell = type        ? type->cell
                       : t->object ? t->object->cell
                                   : t->stub->version->info.name;
    const char *symbol = type ? type->name : t->object ? t->object->key : t->stub->name;
    const char *who = home ? home->cell : find.task[0] ? find.task : NULL;
    char holder[96];
    char mark[128] = "";
    if (find.task[0])
        snprintf(holder, sizeof holder, "task %s", find.task);
    else if (home)
        snprintf(holder, sizeof holder, "%s of %s", home->key, home->cell);
    else
        snprintf(holder, sizeof holder, "an object of the heap at 0x%lx", find.where);
    if (home)
        snprintf(mark, sizeof mark, ", or say EVOLVE_POINTS(%s)", home->key);
    if (type)
        (void)refuse(
            out, "held", cell, symbol, who,
            "%s holds a pointer to a struct %s of %s that no walk names, so it would be "
            "left behind; name it with evolve_pointer() in EVOLVE_WALKS(%s)%s",
            holder, symbol, cell, symbol, mark);
    else if (t->object)
        (void)refuse(
            out, "held", cell, symbol, who,
            "%s holds a pointer into %s of %s, to what the new form has at another "
            "place; keep the fields that others point to where they are and add new "
            "ones behind them",
            holder, symbol, cell);
    else
        (void)refuse(
            out, "held", cell, symbol, who,
            "%s holds a pointer to %s of %s in its old form and would go on to call it; "
            "give the new form a new name, and keep the old one for those who hold it",
            holder, symbol, cell);
}

static void begin(const struct plan *plan, bool keep)
{
    find.plan = plan;
    find.keep = keep;
    find.kept = 0;
    find.found = (struct target){0};
    find.task[0] = 0;
    find.target_count = 0;
    find.too_many = false;
    find.low = UINT64_MAX;
    find.high = 0;
}

bool holders_find(const struct plan *plan, struct refusal *out, bool *out_full)
{
    const struct home *home = NULL;
    begin(plan, false);
    *out_full = false;
    list_objects();
    list_stubs();
    if (!list_elements() && !find.target_count)
        return false;
    list_homes_that_leave();
    task_for_each(look_at_task, NULL);
    if (!find.found.begin)
        home = look_at_homes();
    if (!find.found.begin)
        *out_full = !look_at_heap() || find.too_many;
    if (find.found.begin)
        name_holder(home, out);
    return find.found.begin != 0;
}

bool holders_on_stack(void)
{
    return find.task[0] != 0;
}

uint64_t holders_keep(const struct plan *plan, bool *out_full)
{
    begin(plan, true);
    *out_full = false;
    if (!list_elements())
        return 0;
    task_for_each(look_at_task, NULL);
    (void)look_at_homes();
    *out_full = !look_at_heap();
    return find.kept;
}
