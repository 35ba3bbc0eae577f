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
 * Pointers to stubs that would lead into text that is left (what is looked for: sought.h): whoever holds one would call the old
 * form. That is harmless as long as nobody holds its address. Words that the journal rewrites do not count, nor those that
 * lead on to the new form as their field migrates (plan/callbacks.h), nor do homes that only the versions have that are left,
 * unless somebody points to one that holds such a word. Nor does the end of a constant table that becomes shorter where it is,
 * but then nobody may have a pointer to that.
 *
 * The search itself (search.h) goes over memory before anybody has to stand. What a home that goes may lead to is not known
 * then, so each counts as if it led somewhere. Where elements are a first walk tells (draft.h); for those that come after it, and
 * on the way back, all memory is gone over while tasks stand.
 */
#include <core/evolve/followers.h>
#include <core/evolve/held.h>
#include <core/evolve/leaving.h>
#include <core/evolve/moving.h>
#include <core/evolve/search.h>
#include <core/evolve/sought.h>

#include <core/commit/transfer.h>
#include <core/plan/elements.h>
#include <string.h>

static struct {
    struct sought sought; /* on the way back what is found is noted, and the search goes on */
    bool on_stack;        /* ... that of a task */
    bool held;            /* the task has a pointer into an object there */
    struct task *tasks[HOLDERS_TASKS_MAX]; /* that have */
    uint32_t task_count;
    bool ahead;    /* tasks run */
    uint64_t kept; /* where the first pointer to an element was found */
    bool found;
    struct held first; /* what was found */
    uint64_t at; /* element in which the last word lay: the next one most likely does, too */
    bool homes_changed; /* one more of those that go leads somewhere */
} find;

/* ---- what a word leads to ------------------------------------------------------------------- */

/* AT lies in an object that migrates: what it holds there follows. */
static bool is_followed(uint64_t at)
{
    const struct migration_list *all = &find.sought.plan->migrations;
    return transfer_object(all, at, find.sought.backwards) ||
           elements_find(all->elements, at);
}

static bool is_lead(const struct lead *l)
{
    return l->stub || l->object || l->element;
}

/* Descriptions of stubs, homes, versions and plans hold such addresses, too; nobody calls or reads through them. */
static bool is_description(uint64_t object, const struct sought_target *t,
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
           sought_describes(&find.sought, object);
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
    const struct migration_list *all = &find.sought.plan->migrations;
    const struct migration *m = transfer_object(all, at, find.sought.backwards);
    const struct element *e = m ? NULL : elements_find(all->elements, at);
    if (m)
        return is_function_at(find.sought.backwards ? &m->reverse : &m->forward,
                              at - transfer_begin(m, find.sought.backwards));
    return e && is_function_at(&e->form->map, (at - e->from) % e->form->len);
}

/* Nobody will follow the word at AT to T. */
static bool is_settled(const struct sought_target *t, uint64_t at)
{
    if (find.ahead && t->home)
        return is_followed(at) && sought_rewrites(&find.sought, at);
    return t->lead.object ? is_followed(at)
                          : sought_rewrites(&find.sought, at) || is_led_on(at);
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
    const struct migration_list *all = &find.sought.plan->migrations;
    *out = (struct lead){0};
    if (links_elements(all->elements, word, p->at))
        return false;
    struct element *e = elements_find(all->elements, word);
    out->element = e;
    if (e)
        return !is_followed(p->at) && !elements_slot(all->elements, p->at) &&
               !(p->object && is_description(p->object, NULL, NULL));
    const struct migration *cut = sought_cut_at(&find.sought, word);
    const struct migration *m =
        cut ? cut : transfer_object(all, word, find.sought.backwards);
    const struct sought_target *t = sought_target(&find.sought, word);
    if (cut && !sought_rewrites(&find.sought, p->at))
        out->object = cut;
    else if (!cut && m && !sought_stays(&find.sought, m) &&
             transfer_moves(m, word, find.sought.backwards) && !is_followed(p->at) &&
             !(p->object && moving_made(p->object)) &&
             !(find.sought.backwards && sought_rewrites(&find.sought, p->at)))
        out->object = m;
    else if (t && (find.ahead || is_lead(&t->lead)) && !is_settled(t, p->at))
        *out = t->lead;
    else
        return false;
    return !p->object || !is_description(p->object, t, m);
}

/* ---- what is shown --------------------------------------------------------------------------- */

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
    struct sought_target *t = sought_target(&find.sought, p->home->va);
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
    if (find.sought.backwards) {
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
    const struct sought_target *t =
        sought_target(&find.sought, (uint64_t)task_step_function(task));
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

/* ---- what others ask for --------------------------------------------------------------------- */

/* Which elements there are only a walk can tell. Before that it is no use to begin. */
static bool is_ahead(void)
{
    const struct element_set *s = find.sought.plan->migrations.elements;
    return find.sought.plan->moving_count ? s && s->searched : find.sought.any;
}

static bool leaves(const struct home *h)
{
    return sought_leaves(&find.sought, h);
}

void holders_fini(void)
{
    search_end();
    sought_fini(&find.sought);
    memset(&find, 0, sizeof find);
}

uint64_t holders_bytes(void)
{
    return search_bytes() + sought_bytes(&find.sought);
}

bool holders_init(const struct plan *plan, bool backwards)
{
    holders_fini();
    sought_init(&find.sought, plan, backwards);
    if (backwards && !plan->moving_count && !plan->migrations.moving_count)
        return true;
    return sought_list_left(&find.sought) && search_begin(plan->ns, leaves) &&
           sought_list(&find.sought);
}

void holders_elements(void)
{
    struct element_set *s = find.sought.plan->migrations.elements;
    (void)sought_list_elements(&find.sought);
    if (s)
        s->searched = true;
    search_restart();
}

bool holders_any(void)
{
    const struct element_set *s = find.sought.plan->migrations.elements;
    return find.sought.any || (s && s->count);
}

bool holders_ahead(void)
{
    find.ahead = is_ahead();
    return find.ahead && search_ahead(show_ahead);
}

/* With elements that nobody could look for before, everything is gone over. */
bool holders_find(struct refusal *out, bool *out_full)
{
    const struct element_set *s = find.sought.plan->migrations.elements;
    bool whole = s && !s->searched;
    if (whole)
        (void)sought_list_elements(&find.sought);
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
        held_name(&first, find.sought.plan, skip, out);
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
    (void)sought_list_elements(&find.sought);
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
    bool whole = sought_list_elements(&find.sought);
    *out_full = false;
    find.ahead = false;
    (void)search_homes(false, whole, show);
    (void)search_heap(whole, skip, show, out_full);
    return find.kept;
}
