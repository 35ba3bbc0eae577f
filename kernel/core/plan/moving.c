/* Types whose objects lie on the heap and change their form: who says where they are?
 * SPDX-License-Identifier: MIT
 *
 * Either form of such a type needs a *walk* (lib/base/evolve.h), a function of an owner that names all elements: that
 * of the old form for the way there, that of the new one for the way back. A version has the walk of its own form; a
 * form of the past may be walked by the other version of the cell, if that says EVOLVE_WAS and the form that it
 * declares is the one meant, field by field. Both field maps are listed here; the walks run later (evolve/walk.c).
 */
#include <core/plan/fieldmap.h>
#include <core/plan/steps.h>
#include <core/plan/ways.h>

#include <mm/heap/heap.h>
#include <stdio.h>
#include <string.h>

enum { TAG_MAX = 96, WALKS_MAX = 32, ELEMENT_LEN_MAX = 1 << 20 };

/* Finds the function evolve_<VERB>_<TAG> of V. */
static bool find_hook(const struct version *v, const char *verb, const char *tag,
                      struct plan_walk *out)
{
    char name[TAG_MAX + 32];
    if (!v || snprintf(name, sizeof name, "evolve_%s_%s", verb, tag) >= (int)sizeof name)
        return false;
    int64_t f = version_function(v, name, false, 0);
    if (f < 0)
        return false;
    *out = (struct plan_walk){v->functions[f].va, v};
    return true;
}

/* Finds the walk that V has for the form TYPE of the version OF. What V says of forms that do not fit is noted in
 * *OUT_PAST and *OUT_FIELD. */
static bool find_past(const struct version *v, const struct version *of,
                      const struct cell_type *type, struct plan_walk *out,
                      struct cell_type *out_past, const char **out_field)
{
    const char *past = plan_past_name(v, of, type, out_past, out_field);
    if (!past || find_hook(v, "walk", past, out))
        return past != NULL;
    *out_field = "(it has no walk)";
    return false;
}

/* ---- walks -------------------------------------------------------------------------------- */

struct moving {
    struct planning *p;
    struct plan_cell *cell;
    const struct meanings *meanings;
    struct cell_type type[FORMS];
    struct moving_type *out;
};

static const struct version *version_of(const struct moving *m, int form)
{
    return form == FORM_OLD ? m->cell->old : m->cell->fresh;
}

/* Lends the version of V's cell that has the form: what runs, or what will run. */
static const struct version *in_form(const struct moving *m, const struct version *v,
                                     int form)
{
    const struct plan_cell *cell = plan_find(m->p->plan, v->info.name);
    return !cell ? v : form == FORM_OLD ? cell->old : cell->fresh;
}

static void note_walk(struct moving *m, int form, const struct plan_walk *walk)
{
    for (uint32_t i = 0; i < m->out->walk_count[form]; i++)
        if (m->out->walks[form][i].version == walk->version)
            return;
    if (m->out->walk_count[form] < WALKS_MAX)
        m->out->walks[form][m->out->walk_count[form]++] = *walk;
}

/* Notes the walks of all cells that share the type, or of the one that has it for itself. */
static void note_walks(struct moving *m, int form)
{
    struct plan_walk walk;
    const char *tag = m->out->name;
    if (find_hook(version_of(m, form), "walk", tag, &walk))
        note_walk(m, form, &walk);
    for (const struct version *v = m->p->plan->ns->versions; m->out->shared && v;
         v = v->next)
        if (v->state == VERSION_RUNNING &&
            find_hook(in_form(m, v, form), "walk", tag, &walk))
            note_walk(m, form, &walk);
}

/* Of the cells that share the type, whichever has one. */
static void find_shared(struct moving *m, int form, const char *verb,
                        struct plan_walk *out)
{
    const char *tag = m->out->name;
    bool found = find_hook(version_of(m, form), verb, tag, out);
    for (const struct version *v = m->p->plan->ns->versions;
         m->out->shared && !found && v; v = v->next)
        found =
            v->state == VERSION_RUNNING && find_hook(in_form(m, v, form), verb, tag, out);
}

static bool migrates(const struct plan *plan, const struct plan_cell *cell)
{
    for (uint32_t i = 1; i < cell->fresh->elf.section_count; i++) {
        struct cell_data now;
        const struct home *h = cell->fresh->section_home[i];
        const struct home *was;
        if (!h || h->storage == CELL_STORE_RODATA)
            continue;
        cellinfo_data(&cell->fresh->info, cell->fresh->section_object[i] - 1, &now);
        was = namespace_find_home(plan->ns, cell->name, now.key, false);
        if (!was && cell->old && plan_takes(plan, h)) /* by another name */
            was = h;
        if (was && (was != h || was->type_hash != now.type_hash || was->len != now.len))
            return true;
    }
    return false;
}

static void no_walk(struct moving *m, int form, const struct cell_type *past,
                    const char *field)
{
    const char *name = m->cell->name;
    const char *tag = m->out->name;
    const char *which = form == FORM_OLD ? "that runs" : "that comes";
    if (field)
        (void)refuse(report_next(m->p->report), "walk", name, m->type[form].name,
                     past->name,
                     "%s is said to be what struct %s was (EVOLVE_WAS), but the one %s "
                     "differs in %s: declare it as it is there",
                     past->name, tag, which, field);
    else
        (void)refuse(report_next(m->p->report), "walk", name, m->type[form].name, NULL,
                     "the form of %s %s has no walk, so there is no way %s: say "
                     "EVOLVE_WALKS(%s)%s",
                     m->type[form].name, which, form == FORM_OLD ? "there" : "back", tag,
                     form == FORM_OLD ? ", or EVOLVE_WAS for its old form" : "");
}

/* Finds who walks FORM: whoever has it, or the other version, which knows it as a form of the past. */
static void find_walks(struct moving *m, int form)
{
    struct plan_walk walk;
    struct cell_type past;
    const char *field = NULL;
    note_walks(m, form);
    if (m->out->walk_count[form])
        return;
    if (!find_past(version_of(m, form == FORM_OLD ? FORM_NEW : FORM_OLD),
                   version_of(m, form), &m->type[form], &walk, &past, &field)) {
        no_walk(m, form, &past, field);
        return;
    }
    if (migrates(m->p->plan, m->cell))
        (void)refuse(report_next(m->p->report), "walk", m->cell->name, m->type[form].name,
                     NULL,
                     "other data of %s change their form too, so a walk of the past "
                     "(EVOLVE_WAS) cannot "
                     "read them; ship EVOLVE_WALKS(%s) first, and the change after it",
                     m->cell->name, m->out->name);
    note_walk(m, form, &walk);
}

/* ---- maps --------------------------------------------------------------------------------- */

static enum status take_form(struct moving_form *form, const struct fieldmap *map,
                             uint64_t len, uint64_t other_len)
{
    form->len = (uint32_t)len;
    form->other_len = (uint32_t)other_len;
    form->map = map->list;
    form->zeros = heap_new_array(uint8_t, len + 8);
    form->known = heap_new_array(uint8_t, other_len + 8);
    if (!form->zeros || !form->known)
        return STATUS_FULL;
    for (uint32_t i = 0; i < form->map.count; i++) {
        const struct field_move *k = &form->map.moves[i];
        for (uint32_t n = 0; k->kind < MOVE_UNUSED && n < k->count; n++) {
            uint64_t bit = k->to_bit + n * k->to_stride;
            uint64_t bits = k->kind == MOVE_COPY ? k->from_bits : k->to_bits;
            for (uint64_t at = bit / 8; at < (bit + bits + 7) / 8; at++)
                form->known[at] = 1;
        }
    }
    return STATUS_OK;
}

static enum status cannot_move(struct moving *m, enum status status, const char *way,
                               const char *why)
{
    if (status == STATUS_DENIED)
        (void)refuse(
            report_next(m->p->report), "data", m->cell->name, m->type[0].name, NULL,
            "%s changed, and its elements cannot %s: %s. Keep that field, or give "
            "the new one another name",
            m->type[0].name, way, why);
    return status == STATUS_DENIED ? STATUS_OK : status;
}

static enum status map_form(struct moving *m, int form, bool lenient)
{
    struct fieldmap map;
    struct type from;
    struct type to;
    int other = form == FORM_OLD ? FORM_NEW : FORM_OLD;
    type_read(&version_of(m, form)->info, m->type[form].name, &from);
    type_read(&version_of(m, other)->info, m->type[other].name, &to);
    if (from.len > ELEMENT_LEN_MAX || to.len > ELEMENT_LEN_MAX)
        return cannot_move(m, STATUS_DENIED, "follow", "it is too large for an element");
    from.callbacks = &m->p->callbacks;
    from.form = form;
    enum status status = fieldmap_build(&from, from.len, &to, to.len, lenient, &map);
    if (status != STATUS_OK) {
        fieldmap_fini(&map);
        return cannot_move(m, status, form == FORM_OLD ? "follow" : "come back", map.why);
    }
    m->out->lacks[form] = map.lacks;
    if (form == FORM_OLD)
        snprintf(m->out->text, sizeof m->out->text, "%s",
                 map.notes[0] ? map.notes : "its fields move");
    return take_form(&m->out->form[form], &map, from.len, to.len);
}

/* The newer of the two versions knows the older one's form, so it has the edges, whichever way the swap goes. */
static enum status find_edges(struct moving *m)
{
    for (int form = 0; form < FORMS; form++) {
        const struct version *keeper =
            version_of(m, form == FORM_OLD ? FORM_NEW : FORM_OLD);
        const char *past =
            plan_past_name(keeper, version_of(m, form), &m->type[form], NULL, NULL);
        if (past)
            return plan_find_edges(m->p, m->out, m->meanings, keeper, past, form);
    }
    return STATUS_OK;
}

/* What a part becomes is known to its own edges: nobody has to fill it. */
static void know_parts(struct moving_form *form, const struct plan_way *way)
{
    for (uint32_t i = 0; i < way->count; i += 1 + way->steps[i].body) {
        const struct plan_step *s = &way->steps[i];
        for (uint32_t n = 0; s->body && n < s->count; n++)
            memset(form->known + s->to_at + n * s->to_stride, 1, s->to_len);
    }
}

/* It has no edges of its own, but holds structs that have: its fields go by name, and those over their edges. */
static enum status list_parts(struct moving *m, int form)
{
    struct way_trouble trouble;
    int other = form == FORM_OLD ? FORM_NEW : FORM_OLD;
    struct moving_type *t = m->out;
    struct way_leg leg = {.info = {&version_of(m, form)->info, &version_of(m, other)->info},
                          .text = {m->type[form].name, m->type[other].name},
                          .real = {true, true},
                          .lenient = form == FORM_NEW || t->may_lose};
    struct way_request request = {
        .meanings = m->meanings, .form = form, .legs = &leg, .leg_count = 1};
    enum status status =
        plan_list_steps(&request, &t->way[form], &t->lacks[form], &trouble);
    t->form[form].stepwise = status == STATUS_OK;
    if (status == STATUS_OK)
        know_parts(&t->form[form], &t->way[form]);
    if (status != STATUS_DENIED)
        return status;
    steps_fini(&t->way[form]);
    if (!trouble.no_edge || form == FORM_OLD)
        return cannot_move(m, status, form == FORM_OLD ? "follow" : "come back",
                           trouble.why);
    m->p->plan->revertible = false;
    if (!t->may_lose)
        (void)plan_refuse_loss(
            report_next(m->p->report), m->cell->name, t->name,
            "a struct %s holds a %s, from which no EVOLVE_EDGE leads back, so what the "
            "edge there makes of it would not be undone",
            t->name, trouble.from);
    return STATUS_OK;
}

static enum status find_parts(struct moving *m)
{
    struct moving_type *t = m->out;
    const struct part_way *part =
        meanings_part(m->meanings, FORM_NEW, m->type[FORM_NEW].name);
    enum status status = STATUS_OK;
    if (t->way[FORM_OLD].count || t->way[FORM_NEW].count || !part || !part->keeper ||
        plan_restated(m->cell, t->name))
        return STATUS_OK;
    t->by_parts = true;
    for (int form = 0; form < FORMS && status == STATUS_OK; form++)
        status = list_parts(m, form);
    return status;
}

/* What means something else must not go by names alone. */
static void check_meaning(struct moving *m)
{
    const struct moving_type *t = m->out;
    if (t->way[FORM_OLD].count || m->p->report->refusal_count ||
        !plan_restated(m->cell, t->name))
        return;
    (void)refuse(
        report_next(m->p->report), "state", m->cell->name, t->name, NULL,
        "struct %s means something else than in the version that runs (EVOLVE_STATE %u "
        "there, %u here), and no edge leads from one to the other: say EVOLVE_WAS(%s, "
        "...), and EVOLVE_EDGE both ways",
        t->name, plan_state(&m->cell->old->info, t->name),
        plan_state(&m->cell->fresh->info, t->name), t->name);
}

/* Elements of a form of the past may be completed by the version that knows it. */
static void find_past_fill(struct moving *m, int form)
{
    const struct version *keeper = version_of(m, form == FORM_OLD ? FORM_NEW : FORM_OLD);
    if (m->out->fill[form].va)
        return;
    const char *past =
        plan_past_name(keeper, version_of(m, form), &m->type[form], NULL, NULL);
    if (past)
        (void)find_hook(keeper, "fill", past, &m->out->fill[form]);
}

/* Elements that were there before the swap come back with what they had. Those that come after it have nothing for a field
 * that only the old form has, unless somebody says what; or the old version knows the new form as one of its past, and so
 * was written for elements without that field. */
static void check_way_back(struct moving *m)
{
    const struct moving_type *t = m->out;
    bool has_edges = !t->by_parts && (t->way[FORM_OLD].count || t->way[FORM_NEW].count);
    if (!t->lacks[FORM_NEW] || t->fill[FORM_OLD].va || has_edges ||
        plan_past_name(m->cell->old, m->cell->fresh, &m->type[FORM_NEW], NULL, NULL))
        return;
    m->p->plan->revertible = false;
    if (!t->may_lose)
        (void)plan_refuse_loss(
            report_next(m->p->report), m->cell->name, t->name,
            "a struct %s made during the trial would come back without its %s "
            "(EVOLVE_FILLS for the old form would say what it is)",
            t->name, t->lacks[FORM_NEW]);
}

/* Lends the place for one more type, or NULL: no memory. */
static struct moving_type *add(struct plan *plan)
{
    struct moving_type *moved =
        heap_grow_array(struct moving_type, plan->moving, plan->moving_count + 1);
    if (!moved)
        return NULL;
    plan->moving = moved;
    struct moving_type *t = &moved[plan->moving_count];
    memset(t, 0, sizeof *t);
    for (int form = 0; form < FORMS; form++) {
        t->walks[form] = heap_new_array(struct plan_walk, WALKS_MAX);
        if (!t->walks[form]) {
            heap_free(t->walks[0]);
            return NULL;
        }
    }
    plan->moving_count++;
    return t;
}

static bool is_noted(const struct plan *plan, const struct moving *m, const char *tag)
{
    for (uint32_t i = 0; i < plan->moving_count; i++) {
        const struct moving_type *t = &plan->moving[i];
        if (strcmp(t->name, tag) == 0 && (t->shared || strcmp(t->cell, m->cell->name) == 0))
            return true;
    }
    return false;
}

/* Of what is only a part of others a past form is declared for its edges. */
static bool has_past(const struct moving *m, int form, const char *tag)
{
    const char *how;
    return plan_has_past(version_of(m, form), tag) &&
           plan_who_has(m->p->plan, m->cell->old, &m->cell->fresh->info,
                        &m->type[FORM_OLD], &how);
}

/* Says whether some version of the cell, or one that shares the type, has a walk for either form. */
static bool has_walk(const struct moving *m, const char *tag, bool shared)
{
    struct plan_walk walk;
    for (int form = 0; form < FORMS; form++) {
        const struct version *own = version_of(m, form);
        if (find_hook(own, "walk", tag, &walk) || has_past(m, form, tag))
            return true;
        for (const struct version *v = m->p->plan->ns->versions; shared && v; v = v->next)
            if (v->state == VERSION_RUNNING &&
                find_hook(in_form(m, v, form), "walk", tag, &walk))
                return true;
    }
    return false;
}

enum status plan_move_type(struct planning *p, struct plan_cell *cell,
                           const struct meanings *meanings, const struct cell_type *was,
                           const struct cell_type *is, bool *out_done)
{
    struct moving m = {.p = p, .cell = cell, .meanings = meanings, .type = {*was, *is}};
    const char *tag = plan_tag(cellinfo_bare_name(was->name));
    bool shared = (was->flags & is->flags & CELL_TYPE_PUBLIC) != 0;
    *out_done = is_noted(p->plan, &m, tag);
    if (*out_done || !has_walk(&m, tag, shared))
        return STATUS_OK;
    m.out = add(p->plan);
    if (!m.out)
        return STATUS_FULL;
    *out_done = true;
    p->plan->migrations.walked = true;
    m.out->name = tag;
    m.out->cell = cell->name;
    m.out->shared = shared;
    m.out->may_lose = plan_may_lose(p->plan, cell, tag);
    find_shared(&m, FORM_NEW, "accept", &m.out->accept);
    for (int form = 0; form < FORMS; form++) {
        find_walks(&m, form);
        find_shared(&m, form, "fill", &m.out->fill[form]);
        find_past_fill(&m, form);
        enum status status = map_form(&m, form, form == FORM_NEW || m.out->may_lose);
        if (status != STATUS_OK)
            return status;
    }
    enum status status = find_edges(&m);
    if (status == STATUS_OK)
        status = find_parts(&m);
    if (status == STATUS_OK) {
        check_way_back(&m);
        check_meaning(&m);
    }
    return status == STATUS_OK ? plan_list_pointers(p->plan) : status;
}

void plan_moving_fini(struct plan *plan)
{
    plan_pointers_fini(plan);
    for (uint32_t i = 0; i < plan->moving_count; i++)
        for (int form = 0; form < FORMS; form++) {
            struct moving_type *t = &plan->moving[i];
            move_list_fini(&t->form[form].map);
            heap_free(t->form[form].zeros);
            heap_free(t->form[form].known);
            heap_free(t->walks[form]);
            steps_fini(&t->way[form]);
        }
    heap_free(plan->moving);
    plan->moving = NULL;
    plan->moving_count = 0;
}
