/* Lists the steps of a way, with those of what it holds by value.
 * SPDX-License-Identifier: MIT
 *
 * What is still to be done lies on a stack, the next on top. A leg becomes a step; if it holds parts, one that moves fields and
 * one that calls the edge, with the parts between them. A part becomes one step, and the legs of its own way behind it.
 */
#include <core/plan/ways.h>

#include <core/plan/fieldmap.h>
#include <core/plan/steps.h>
#include <mm/heap/heap.h>
#include <stdio.h>
#include <string.h>

enum { STEPS_MAX = 4096 };
enum todo_kind { TODO_LEG, TODO_EDGE, TODO_PART, TODO_PART_END };

struct todo {
    enum todo_kind kind;
    struct way_leg leg; /* of a part: its place in the leg that holds it */
    struct plan_step step;
    uint32_t index; /* of the step that this one ends */
    uint32_t deep;
    uint32_t top; /* which leg of the request it belongs to */
};

struct listing {
    const struct way_request *in;
    struct plan_way *out;
    struct way_trouble *trouble;
    const char *lacks;
    struct todo *todo;
    uint32_t count;
    uint32_t room;
};

/* What a leg holds is asked for while its fields are listed. */
struct leg_parts {
    struct fieldmap_parts parts;
    const struct way_request *in;
    const struct way_leg *leg;
};

static enum status cannot(struct listing *l, const struct todo *at, const char *why)
{
    l->trouble->leg = at->top;
    l->trouble->from = at->leg.text[LEG_FROM];
    l->trouble->to = at->leg.text[LEG_TO];
    l->trouble->no_edge = false;
    snprintf(l->trouble->why, sizeof l->trouble->why, "%s", why);
    return STATUS_DENIED;
}

static enum status push(struct listing *l, const struct todo *next)
{
    if (l->count == l->room) {
        uint32_t room = l->room ? l->room * 2 : 8;
        struct todo *moved = heap_grow_array(struct todo, l->todo, room);
        if (!moved)
            return STATUS_FULL;
        l->todo = moved;
        l->room = room;
    }
    l->todo[l->count++] = *next;
    return STATUS_OK;
}

/* Takes the map of STEP. */
static enum status add_step(struct listing *l, const struct todo *at,
                            struct plan_step *step)
{
    struct plan_way *w = l->out;
    enum status status = STATUS_OK;
    if (w->count >= STEPS_MAX)
        status = cannot(l, at, "it has too many parts with edges of their own");
    if (status == STATUS_OK && w->count == w->room) {
        uint32_t room = w->room ? w->room * 2 : 4;
        struct plan_step *moved = heap_grow_array(struct plan_step, w->steps, room);
        status = moved ? STATUS_OK : STATUS_FULL;
        w->steps = moved ? moved : w->steps;
        w->room = moved ? room : w->room;
    }
    if (status == STATUS_OK) {
        w->steps[w->count++] = *step;
        w->longest = max_u64(w->longest, step->from_len);
    } else if (!step->moved) {
        move_list_fini(&step->map);
    }
    return status;
}

/* ---- which parts -------------------------------------------------------------------------- */

static const char *tag_of(const char *text)
{
    return plan_tag(cellinfo_bare_name(text));
}

/* Gives the form of WAY that TEXT is at that end of the leg, as a place in its family. False: it is none. */
static bool form_at(const struct leg_parts *p, int end, const char *text,
                    const struct part_way *way, uint32_t *out_place)
{
    const struct plan_cell *cell = p->in->meanings->cell;
    const struct cellinfo *info = p->leg->info[end];
    const struct version *v = info == &cell->old->info ? cell->old : cell->fresh;
    const char *tag = tag_of(text);
    if (p->leg->real[end])
        v = (end == LEG_FROM) == (p->in->form == FORM_OLD) ? cell->old : cell->fresh;
    if (strcmp(tag, way->tag) == 0)
        tag = v == way->keeper ? way->tag : way->past;
    else if (info != &way->keeper->info)
        return false;
    *out_place = type_family_place(&way->family, tag);
    return *out_place < way->family.count;
}

/* Lends the way that goes from one of both types to the other, or NULL: it is no part, or does not turn here. */
static const struct part_way *way_between(const struct leg_parts *p, const char *from,
                                          const char *to, uint32_t *out_from,
                                          uint32_t *out_to)
{
    const struct meanings *m = p->in->meanings;
    for (uint32_t i = 0; i < m->way_count; i++)
        if (m->ways[i].keeper && form_at(p, LEG_FROM, from, &m->ways[i], out_from) &&
            form_at(p, LEG_TO, to, &m->ways[i], out_to))
            return *out_from == *out_to ? NULL : &m->ways[i];
    return NULL;
}

static bool is_part(const struct fieldmap_parts *parts, const char *from, const char *to)
{
    uint32_t place[LEG_ENDS];
    return way_between(container_of(parts, struct leg_parts, parts), from, to, &place[0],
                       &place[1]) != NULL;
}

static bool holds(const struct fieldmap_parts *parts, const char *text)
{
    const struct leg_parts *p = container_of(parts, struct leg_parts, parts);
    const struct meanings *m = p->in->meanings;
    int form = p->leg->info[LEG_FROM] == &m->cell->old->info ? FORM_OLD : FORM_NEW;
    return meanings_holds(m, form, text);
}

/* ---- legs and parts ----------------------------------------------------------------------- */

static const struct type *innermost(const struct type *t, struct type *room,
                                    uint32_t *deep)
{
    *deep = 0;
    while (t->kind == TYPE_ARRAY && t->element) {
        struct type outer = *t;
        type_read(outer.info, outer.element, room);
        t = room;
        ++*deep;
    }
    return t;
}

/* Between a struct and a number, or one and an array of such, nothing goes by name: the edge does all. */
static bool goes_by_name(const struct type *from, const struct type *to)
{
    struct type x;
    struct type y;
    uint32_t from_deep;
    uint32_t to_deep;
    return innermost(from, &x, &from_deep)->kind == innermost(to, &y, &to_deep)->kind &&
           from_deep == to_deep;
}

static enum status map_leg(struct listing *l, const struct todo *at,
                           struct leg_parts *parts, struct plan_step *out)
{
    const struct way_leg *leg = &at->leg;
    struct type from;
    struct type to;
    struct fieldmap map;
    type_read(leg->info[LEG_FROM], leg->text[LEG_FROM], &from);
    type_read(leg->info[LEG_TO], leg->text[LEG_TO], &to);
    from.family = leg->family;
    from.edged = leg->edge;
    from.parts = l->in->meanings && l->in->meanings->way_count ? &parts->parts : NULL;
    if (!from.len || !to.len || from.len > UINT32_MAX || to.len > UINT32_MAX)
        return cannot(l, at, "of one of its types nothing is known (give it a tag)");
    out->from_len = (uint32_t)from.len;
    out->to_len = (uint32_t)to.len;
    enum status status = fieldmap_build(&from, from.len, &to, to.len, leg->lenient, &map);
    if (at->deep == 0)
        l->lacks = map.lacks;
    if (status != STATUS_OK)
        fieldmap_fini(&map);
    if (status != STATUS_DENIED) {
        out->map = map.list;
        return status;
    }
    parts->parts.count = 0;
    return leg->edge && !goes_by_name(&from, &to) ? STATUS_OK : cannot(l, at, map.why);
}

/* The parts of a leg, the first on top. */
static enum status push_parts(struct listing *l, const struct todo *at,
                              const struct fieldmap_parts *parts)
{
    enum status status = STATUS_OK;
    for (uint32_t i = parts->count; i-- > 0 && status == STATUS_OK;) {
        const struct fieldmap_part *f = &parts->list[i];
        struct todo part = {
            .kind = TODO_PART, .leg = at->leg, .deep = at->deep + 1, .top = at->top};
        part.leg.text[LEG_FROM] = f->from;
        part.leg.text[LEG_TO] = f->to;
        part.step = (struct plan_step){.from_place = at->step.from_place,
                                       .to_place = at->step.to_place,
                                       .from_at = at->step.from_at + f->from_bit / 8,
                                       .to_at = at->step.to_at + f->to_bit / 8,
                                       .from_stride = f->from_stride / 8,
                                       .to_stride = f->to_stride / 8,
                                       .count = f->count};
        status = push(l, &part);
    }
    return status;
}

static enum status take_leg(struct listing *l, const struct todo *at)
{
    struct leg_parts parts = {.parts = {.is_part = is_part,
                                        .holds = holds,
                                        .not_whole = at->leg.family != NULL,
                                        .keeps_unions = at->leg.edge != 0},
                              .in = l->in,
                              .leg = &at->leg};
    struct todo later = *at;
    struct plan_step step = at->step;
    enum status status = map_leg(l, at, &parts, &step);
    later.kind = TODO_EDGE;
    later.index = l->out->count;
    later.step = step;
    step.unfinished = parts.parts.count && at->leg.edge;
    step.edge = step.unfinished ? 0 : at->leg.edge;
    if (status == STATUS_OK)
        status = add_step(l, at, &step);
    if (status == STATUS_OK && step.unfinished)
        status = push(l, &later);
    if (status == STATUS_OK)
        status = push_parts(l, at, &parts.parts);
    heap_free(parts.parts.list);
    return status;
}

/* COUNT legs of one way, the first on top; they begin and end where PLACE says, with memory between. */
static enum status push_legs(struct listing *l, const struct way_leg *legs,
                             uint32_t count, uint32_t deep, uint32_t top)
{
    enum status status = STATUS_OK;
    struct plan_step step = {.to_place = STEP_TO};
    for (uint32_t i = count; i-- > 0 && status == STATUS_OK;) {
        struct todo leg = {.kind = TODO_LEG, .leg = legs[i], .deep = deep, .top = top};
        struct type from;
        type_read(legs[i].info[LEG_FROM], legs[i].text[LEG_FROM], &from);
        step.from_place = i ? STEP_BETWEEN : STEP_FROM;
        step.from_at = i ? l->out->between_len : 0;
        leg.step = step;
        leg.top = deep ? top : i;
        if (i)
            l->out->between_len += align_up(from.len + 8, 16);
        step.to_place = step.from_place;
        step.to_at = step.from_at;
        status = push(l, &leg);
    }
    return status;
}

static enum status take_part(struct listing *l, const struct todo *at)
{
    struct leg_parts p = {.in = l->in, .leg = &at->leg};
    struct way_leg legs[FAMILY_MAX];
    struct form_way forms;
    uint32_t from;
    uint32_t to;
    const struct part_way *way =
        way_between(&p, at->leg.text[LEG_FROM], at->leg.text[LEG_TO], &from, &to);
    if (!plan_find_way(way->keeper, &way->family, from, to, &forms)) {
        (void)cannot(l, at, "no EVOLVE_EDGE leads from one to the other");
        l->trouble->no_edge = true;
        return STATUS_DENIED;
    }
    if (at->deep > STEPS_DEEP)
        return cannot(l, at, "parts lie in parts too deep");
    struct todo end = {.kind = TODO_PART_END, .index = l->out->count};
    struct plan_step step = at->step;
    struct type types[LEG_ENDS];
    for (int i = 0; i < LEG_ENDS; i++)
        type_read(at->leg.info[i], at->leg.text[i], &types[i]);
    step.from_len = (uint32_t)types[LEG_FROM].len;
    step.to_len = (uint32_t)types[LEG_TO].len;
    for (uint32_t i = 0; i + 1 < forms.count; i++) {
        legs[i] = plan_way_leg(way->keeper, &way->family, &forms, i, at->leg.lenient);
        legs[i].real[LEG_FROM] = i == 0 && at->leg.real[LEG_FROM];
        legs[i].real[LEG_TO] = i + 2 == forms.count && at->leg.real[LEG_TO];
    }
    enum status status = add_step(l, at, &step);
    if (status == STATUS_OK)
        status = push(l, &end);
    return status == STATUS_OK ? push_legs(l, legs, forms.count - 1, at->deep, at->top)
                               : status;
}

static enum status take_edge(struct listing *l, const struct todo *at)
{
    struct plan_step step = at->step;
    step.map = l->out->steps[at->index].map;
    step.moved = true;
    step.edge = at->leg.edge;
    return add_step(l, at, &step);
}

static enum status take(struct listing *l, const struct todo *at)
{
    switch (at->kind) {
    case TODO_LEG: return take_leg(l, at);
    case TODO_EDGE: return take_edge(l, at);
    case TODO_PART: return take_part(l, at);
    default:
        l->out->steps[at->index].body = l->out->count - at->index - 1;
        return STATUS_OK;
    }
}

enum status plan_list_steps(const struct way_request *request, struct plan_way *out,
                            const char **out_lacks, struct way_trouble *out_trouble)
{
    struct listing l = {.in = request, .out = out, .trouble = out_trouble};
    struct type end;
    *out = (struct plan_way){0};
    enum status status = push_legs(&l, request->legs, request->leg_count, 0, 0);
    while (status == STATUS_OK && l.count) {
        struct todo next = l.todo[--l.count];
        status = take(&l, &next);
    }
    heap_free(l.todo);
    if (status != STATUS_OK)
        return status;
    const struct way_leg *first = &request->legs[0];
    const struct way_leg *last = &request->legs[request->leg_count - 1];
    type_read(first->info[LEG_FROM], first->text[LEG_FROM], &end);
    out->from_len = (uint32_t)end.len;
    type_read(last->info[LEG_TO], last->text[LEG_TO], &end);
    out->to_len = (uint32_t)end.len;
    if (out_lacks)
        *out_lacks = l.lacks;
    return STATUS_OK;
}
