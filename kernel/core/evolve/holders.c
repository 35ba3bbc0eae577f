/* Looks for pointers that would mean something else after a coupled swap.
 * SPDX-License-Identifier: MIT
 *
 * Pointers into objects that migrate: those in migrating objects follow (commit/transfer.h). Any other must point to
 * a place that stays where it is; else its holder would go on to read and write what lies there then. Words are told to
 * be pointers by their value alone: an integer that equals such an address refuses a swap that could have been.
 *
 * Pointers to elements that move (moving.h): those that walks have named are stored, those in elements follow. Any other
 * refuses the swap.
 *
 * On the way back nothing is refused. What lies in homes and the heap follows (followers.h); the storage of an element to
 * which something else leads is kept, and a task that has a pointer into an object on its stack is named to the caller.
 *
 * Pointers to stubs that would lead into text that is left: whoever holds one would call the old form.
 * A stub whose function the new version has in another form, or not at all, goes on to stand for the old
 * text. That is harmless as long as nobody holds its address. Words that the journal rewrites do not count, nor those that
 * lead on to the new form as their field migrates (plan/callbacks.h), nor
 * do homes that only the versions have that are left, unless somebody points to one that holds such a word. Nor does the end of
 * a constant table that becomes shorter where it is, but then nobody may have a pointer to that.
 *
 * The search itself (search.h) goes over memory before anybody has to stand. What a home that goes may lead to is not known
 * then, so each counts as if it led somewhere. Where elements are a first walk tells (draft.h); for those that come after it, and
 * on the way back, all memory is gone over while tasks stand.
 */
#include <core/evolve/addresses.h>
#include <core/evolve/described.h>
#include <core/evolve/followers.h>
#include <core/evolve/held.h>
#include <core/evolve/leaving.h>
#include <core/evolve/moving.h>
#include <core/evolve/search.h>

#include <core/commit/transfer.h>
#include <core/plan/elements.h>
#include <lib/base/sorted.h>
#include <mm/heap/heap.h>
#include <stdlib.h>
#include <string.h>

struct target { /* pointers to begin .. end - 1 are looked for */
    uint64_t begin;
    uint64_t end;
    const struct home *home; /* that goes; NULL: of a stub */
    struct lead lead;        /* of a home: nothing until something was found in it */
};

static struct {
    const struct plan *plan;
    bool keep;     /* the way back: what is found is noted, and the search goes on */
    bool on_stack; /* ... that of a task */
    bool held;     /* the task has a pointer into an object there */
    struct task *tasks[HOLDERS_TASKS_MAX]; /* that have */
    uint32_t task_count;
    bool ahead;             /* tasks run */
    bool any;               /* something is looked for before elements are known */
    bool cuts;              /* ... also the end of a constant that becomes shorter */
    struct target *targets; /* sorted */
    uint32_t target_count;
    struct addresses left; /* homes of versions that are left, once for each section */
    struct addresses rewritten; /* words that will hold something else */
    struct addresses
        described; /* objects of the heap that hold such addresses, and that nobody calls or reads through */
    uint64_t kept; /* where the first pointer to an element was found */
    bool found;
    struct held first; /* what was found */
    uint64_t at; /* element in which the last word lay: the next one most likely does, too */
    bool homes_changed; /* one more of those that go leads somewhere */
} find;

/* ---- what is looked for -------------------------------------------------------------------- */

/* Every bit of LEN bytes keeps its place, so a pointer to any of them goes on to mean the same: an array that grows where
 * it is, an enumerator with another number. */
static bool keeps_places(const struct move_list *list, uint64_t len)
{
    uint64_t bits = 0;
    for (uint32_t i = 0; i < list->count; i++) {
        const struct field_move *k = &list->moves[i];
        if (k->kind == MOVE_PLACE)
            continue;
        if (k->kind == MOVE_UNUSED || k->from_bit != k->to_bit ||
            k->from_bits != k->to_bits || (k->count > 1 && k->from_stride != k->to_stride))
            return false;
        bits += k->count * k->from_bits;
    }
    return bits == 8 * len;
}

/* What M was only initialised again with has one form. */
static bool stays(const struct migration *m)
{
    if (m->old_va != m->new_va)
        return false;
    if (!find.keep)
        return keeps_places(&m->forward, m->old_len);
    return (m->old_type == m->new_type && m->old_len == m->new_len) ||
           keeps_places(&m->reverse, m->new_len);
}

/* M is a constant that loses its end, and nothing else changes. (On the way back nobody asks: what is there stays.) */
static bool is_cut(const struct migration *m)
{
    return m->constant && !m->forward.count && !find.keep && m->old_va == m->new_va &&
           m->new_len < m->old_len;
}

/* Lends the constant in whose lost end VA lies, or NULL. */
static const struct migration *cut_at(uint64_t va)
{
    const struct migration_list *all = &find.plan->migrations;
    for (uint32_t i = 0; find.cuts && i < all->count; i++) {
        const struct migration *m = &all->list[i];
        if (is_cut(m) && va >= m->new_va + m->new_len && va < m->old_va + m->old_len)
            return m;
    }
    return NULL;
}

static void list_objects(void)
{
    const struct migration_list *all = &find.plan->migrations;
    for (uint32_t i = 0; i < all->count; i++) {
        const struct migration *m = &all->list[i];
        if (is_cut(m)) {
            search_for(m->new_va + m->new_len, m->old_va + m->old_len);
            find.cuts = true;
            find.any = true;
        }
        if ((m->constant && !m->forward.count) || stays(m))
            continue;
        if (find.keep)
            search_for(m->new_va, m->new_va + m->new_len);
        else
            search_for(m->old_va, m->old_va + m->old_len);
        find.any = true;
    }
}

/* Gives false when there are none. */
static bool list_elements(void)
{
    const struct element_set *s = find.plan->migrations.elements;
    for (uint64_t i = 0; s && i < s->count; i++) {
        const struct element *e = &s->elements[i];
        search_for(e->from, e->from + element_len(e));
    }
    return s && s->count;
}

static void add_target(uint64_t begin, uint64_t len, const struct stub *stub,
                       const struct home *home)
{
    find.targets[find.target_count++] =
        (struct target){begin, begin + len, home, {.stub = stub}};
    search_for(begin, begin + len);
}

/* Lists the stubs that go on in the new versions. False: no memory. */
static bool list_kept_stubs(struct addresses *out)
{
    uint32_t room = 1;
    for (uint32_t i = 0; i < find.plan->cell_count; i++)
        room += find.plan->cells[i].fresh ? find.plan->cells[i].fresh->function_count : 0;
    if (!addresses_init(out, room))
        return false;
    for (uint32_t i = 0; i < find.plan->cell_count; i++) {
        const struct version *v = find.plan->cells[i].fresh;
        for (uint32_t k = 0; v && k < v->function_count; k++)
            if (v->functions[k].stub)
                addresses_add(out, v->functions[k].stub);
    }
    addresses_sort(out);
    return true;
}

static bool list_left(void)
{
    uint32_t room = 1;
    for (uint32_t i = 0; i < leaving_count(); i++)
        room += leaving_at(i)->from->elf.section_count;
    if (!addresses_init(&find.left, room))
        return false;
    for (uint32_t i = 0; i < leaving_count(); i++) {
        const struct version *v = leaving_at(i)->from;
        for (uint32_t k = 1; k < v->elf.section_count && !leaving_at(i)->stays; k++)
            if (v->section_home[k])
                addresses_add(&find.left, v->section_home[k]);
    }
    addresses_sort(&find.left);
    return true;
}

/* An object that goes with the text counts only through those who point to it. */
static bool leaves(const struct home *h)
{
    return addresses_count(&find.left, (uint64_t)h) == h->refs;
}

static int by_begin(const void *a, const void *b)
{
    uint64_t x = ((const struct target *)a)->begin;
    uint64_t y = ((const struct target *)b)->begin;
    return (x > y) - (x < y);
}

static bool goes_with_text(const struct stub *s)
{
    const struct leaving *l = s->version ? leaving_of(s->version) : NULL;
    return l && !l->stays;
}

static bool list_targets(void)
{
    const struct namespace *ns = find.plan->ns;
    struct addresses kept = {0};
    uint32_t room = 1;
    bool stubs = false;
    if (!list_kept_stubs(&kept))
        return false;
    for (const struct stub *s = ns->stubs; s; s = s->next)
        room += goes_with_text(s);
    for (const struct home *h = ns->homes; h; h = h->next)
        room += leaves(h);
    find.targets = heap_new_array(struct target, room);
    for (const struct stub *s = ns->stubs; find.targets && s; s = s->next)
        if (goes_with_text(s) && !addresses_count(&kept, (uint64_t)s)) {
            add_target(s->va, NAMESPACE_STUB_LEN, s, NULL);
            stubs = true;
        }
    addresses_fini(&kept);
    if (!find.targets)
        return false;
    find.any |= stubs;
    for (const struct home *h = ns->homes; (find.any || find.plan->moving_count) && h;
         h = h->next)
        if (leaves(h))
            add_target(h->va, h->capacity, NULL, h);
    qsort(find.targets, find.target_count, sizeof *find.targets, by_begin);
    return true;
}

static bool list_rewritten(void)
{
    const struct plan *plan = find.plan;
    if (!addresses_init(&find.rewritten, plan->poke_count + 1))
        return false;
    for (uint32_t i = 0; i < plan->poke_count; i++)
        if (plan->pokes[i].len == 8)
            addresses_add(&find.rewritten, (const void *)plan->pokes[i].va);
    addresses_sort(&find.rewritten);
    return true;
}

static bool list_described(void)
{
    const void *lists[] = {find.targets, find.rewritten.list};
    return described_list(find.plan, lists, ARRAY_LEN(lists), &find.described);
}

void holders_fini(void)
{
    search_end();
    elements_forget(find.targets, find.target_count * sizeof *find.targets);
    addresses_fini(&find.left);
    addresses_fini(&find.rewritten);
    addresses_fini(&find.described);
    memset(&find, 0, sizeof find);
}

uint64_t holders_bytes(void)
{
    const void *lists[] = {find.targets, find.left.list, find.rewritten.list,
                           find.described.list};
    uint64_t bytes = search_bytes();
    for (uint32_t i = 0; i < ARRAY_LEN(lists); i++)
        bytes += lists[i] ? heap_size(lists[i]) : 0;
    return bytes;
}

/* Which elements there are only a walk can tell. Before that it is no use to begin. */
static bool is_ahead(void)
{
    const struct element_set *s = find.plan->migrations.elements;
    return find.plan->moving_count ? s && s->searched : find.any;
}

void holders_elements(void)
{
    struct element_set *s = find.plan->migrations.elements;
    (void)list_elements();
    if (s)
        s->searched = true;
    search_restart();
}

bool holders_init(const struct plan *plan, bool backwards)
{
    holders_fini();
    find.plan = plan;
    find.keep = backwards;
    if (backwards && !plan->moving_count && !plan->migrations.moving_count)
        return true;
    if (!list_left() || !search_begin(plan->ns, leaves))
        return false;
    list_objects();
    return (backwards || list_targets()) && list_rewritten() && list_described();
}

/* ---- what a word leads to ------------------------------------------------------------------- */

/* The word at AT will hold something else, or be no part of anything. */
static bool is_rewritten(uint64_t at)
{
    return addresses_count(&find.rewritten, at) != 0 || cut_at(at);
}

/* AT lies in an object that migrates: what it holds there follows. */
static bool is_followed(uint64_t at)
{
    const struct migration_list *all = &find.plan->migrations;
    return transfer_object(all, at, find.keep) || elements_find(all->elements, at);
}

static struct target *target_of(uint64_t word)
{
    uint64_t behind = SORTED_UP_TO(find.targets, find.target_count, begin, word);
    struct target *t = behind ? &find.targets[behind - 1] : NULL;
    return t && word < t->end ? t : NULL;
}

static bool is_lead(const struct lead *l)
{
    return l->stub || l->object || l->element;
}

/* Descriptions of stubs, homes, versions and plans hold such addresses, too; nobody calls or reads through them. */
static bool is_description(uint64_t object, const struct target *t,
                           const struct migration *m)
{
    const struct home *homes[] = {t ? t->home : NULL, m ? m->old_home : NULL,
                                  m ? m->new_home : NULL};
    for (uint32_t i = 0; i < ARRAY_LEN(homes); i++)
        if (homes[i] &&
            (object == (uint64_t)homes[i] || object == (uint64_t)homes[i]->region))
            return true;
    return (t && object == (uint64_t)t->lead.stub) || search_owns(object) ||
           moving_owns(object) || followers_own(object) ||
           addresses_count(&find.described, object);
}

static bool is_function_at(const struct move_list *list, uint64_t offset)
{
    for (uint32_t i = 0; i < list->count; i++) {
        const struct field_move *k = &list->moves[i];
        uint64_t in = offset * 8 - k->from_bit;
        uint64_t n = k->from_stride ? in / k->from_stride : 0;
        if (k->kind == MOVE_FUNCTION && offset * 8 >= k->from_bit && n < k->count &&
            in == n * k->from_stride)
            return true;
    }
    return false;
}

/* AT lies in what migrates, in a field whose functions get another type: what it holds is led on to their new form. */
static bool is_led_on(uint64_t at)
{
    const struct migration_list *all = &find.plan->migrations;
    const struct migration *m = transfer_object(all, at, find.keep);
    const struct element *e = m ? NULL : elements_find(all->elements, at);
    if (m)
        return is_function_at(find.keep ? &m->reverse : &m->forward,
                              at - transfer_begin(m, find.keep));
    return e && is_function_at(&e->form->map, (at - e->from) % e->form->len);
}

/* Nobody will follow the word at AT to T. */
static bool is_settled(const struct target *t, uint64_t at)
{
    if (find.ahead && t->home)
        return is_followed(at) && is_rewritten(at);
    return t->lead.object ? is_followed(at) : is_rewritten(at) || is_led_on(at);
}

/* In a page of elements most words lead from one to another, and follow. Elements are no homes and no stubs. */
static bool links_elements(const struct element_set *s, uint64_t word, uint64_t at)
{
    if (!s || !s->count)
        return false;
    const struct element *last = &s->elements[s->count - 1];
    if (word < s->elements[0].from || word >= last->from + element_len(last))
        return false;
    for (uint64_t i = find.at; i < s->count && i <= find.at + 1; i++)
        if (at - s->elements[i].from < element_len(&s->elements[i])) {
            find.at = i;
            return true;
        }
    const struct element *e = elements_find(s, at);
    find.at = e ? (uint64_t)(e - s->elements) : find.at;
    return e != NULL;
}

/* Gives what WORD leads to, if that is something and nobody will lead it elsewhere. */
static bool leads(uint64_t word, const struct search_place *p, struct lead *out)
{
    const struct migration_list *all = &find.plan->migrations;
    *out = (struct lead){0};
    if (links_elements(all->elements, word, p->at))
        return false;
    struct element *e = elements_find(all->elements, word);
    out->element = e;
    if (e)
        return !is_followed(p->at) && !elements_slot(all->elements, p->at) &&
               !(p->object && is_description(p->object, NULL, NULL));
    const struct migration *cut = cut_at(word);
    const struct migration *m = cut ? cut : transfer_object(all, word, find.keep);
    const struct target *t = target_of(word);
    if (cut && !is_rewritten(p->at))
        out->object = cut;
    else if (!cut && m && !stays(m) && transfer_moves(m, word, find.keep) &&
             !is_followed(p->at) && !(p->object && moving_made(p->object)) &&
             !(find.keep && is_rewritten(p->at)))
        out->object = m;
    else if (t && (find.ahead || is_lead(&t->lead)) && !is_settled(t, p->at))
        *out = t->lead;
    else
        return false;
    return !p->object || !is_description(p->object, t, m);
}

/* Large lists of the swap itself. */
static bool skip(uint64_t object)
{
    return is_description(object, NULL, NULL);
}

static bool show_ahead(uint64_t word, const struct search_place *p)
{
    struct lead lead;
    return leads(word, p, &lead);
}

/* In a home that goes: from now on pointers to it count. */
static bool show_in_home(uint64_t word, const struct search_place *p)
{
    struct target *t = target_of(p->home->va);
    struct lead lead;
    if (!t || is_lead(&t->lead) || !leads(word, p, &lead))
        return false;
    t->lead = lead;
    find.homes_changed = true;
    return false;
}

/* On the way back. Constants hold what the journal restores. */
static void note_behind(uint64_t word, const struct search_place *p,
                        const struct lead *lead)
{
    bool follows = !find.on_stack && (!p->home || p->home->storage != CELL_STORE_RODATA) &&
                   followers_note(p->at, word, lead->object, lead->element);
    find.held |= lead->object != NULL;
    if (lead->element && !follows) {
        lead->element->kept = true;
        find.kept = find.kept ? find.kept : p->at;
    }
}

static bool show(uint64_t word, const struct search_place *p)
{
    struct lead lead;
    if (!leads(word, p, &lead))
        return false;
    if (find.keep) {
        note_behind(word, p, &lead);
        return false;
    }
    find.found = true;
    find.first.lead = lead;
    find.first.place = *p;
    return true;
}

/* TASK has no CPU. */
static void look_at_stack(const struct task *task)
{
    struct saved_context context;
    uint64_t low;
    uint64_t top;
    task_saved_context(task, &context);
    task_stack_range(task, &low, &top);
    if (context.resume && context.rsp >= low && context.rsp < top)
        (void)search_stack(context.rsp, top, show);
}

static bool look_at_task(struct task *task, void *arg)
{
    (void)arg;
    if (task == task_current())
        return true;
    /* The stub of the step that it begins next. */
    const struct target *t = target_of((uint64_t)task_step_function(task));
    if (t && !t->home) {
        find.found = true;
        find.first.lead = t->lead;
    }
    if (!find.found)
        look_at_stack(task);
    if (find.found)
        task_name_copy(task, find.first.task);
    return !find.found;
}

bool holders_any(void)
{
    const struct element_set *s = find.plan->migrations.elements;
    return find.any || (s && s->count);
}

bool holders_ahead(void)
{
    find.ahead = is_ahead();
    return find.ahead && search_ahead(show_ahead);
}

/* With elements that nobody could look for before, everything is gone over. */
bool holders_find(struct refusal *out, bool *out_full)
{
    const struct element_set *s = find.plan->migrations.elements;
    bool whole = s && !s->searched;
    if (whole)
        (void)list_elements();
    *out_full = false;
    find.ahead = false;
    find.found = false;
    find.first.task[0] = 0;
    do {
        find.homes_changed = false;
        (void)search_homes(true, whole, show_in_home);
    } while (find.homes_changed);
    task_for_each(look_at_task, NULL);
    if (!find.found && !search_homes(false, whole, show))
        (void)search_heap(whole, skip, show, out_full);
    if (find.found) {
        struct held first = find.first;
        find.first.place = (struct search_place){0}; /* this is no pointer to the holder */
        held_name(&first, find.plan, skip, out);
    }
    return find.found;
}

static bool look_behind_at_task(struct task *task, void *arg)
{
    (void)arg;
    enum task_state state = task_state(task);
    if (task == task_current() || state == TASK_RUNNING)
        return true;
    find.held = false;
    look_at_stack(task);
    if (find.held)
        find.tasks[find.task_count++] = task;
    return find.task_count < HOLDERS_TASKS_MAX;
}

uint32_t holders_tasks(struct task *const **out)
{
    (void)list_elements();
    find.ahead = false;
    find.on_stack = true;
    find.kept = 0;
    find.task_count = 0;
    task_for_each(look_behind_at_task, NULL);
    find.on_stack = false;
    *out = find.tasks;
    return find.task_count;
}

uint64_t holders_keep(bool *out_full)
{
    bool whole = list_elements();
    *out_full = false;
    find.ahead = false;
    (void)search_homes(false, whole, show);
    (void)search_heap(whole, skip, show, out_full);
    return find.kept;
}
