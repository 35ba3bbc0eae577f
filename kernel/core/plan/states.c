/* Objects that mean something else than before, or hold what turns: the way of their values over edges of their source.
 * SPDX-License-Identifier: MIT
 *
 * Each version of a source says which state of meaning its object has (EVOLVE_STATE), and keeps edges from state to state, each
 * with the types of both (EVOLVE_STATE_EDGE). The newer of two versions knows the older one's state, so it has the way there and
 * back, over states between if versions are skipped. Here the shortest is found, and its steps are listed (ways.h); the edges
 * run later (turn.h). An object whose own state stays, and that holds structs which turn, has a way of one leg, by name.
 */
#include <core/plan/fieldmap.h>
#include <core/plan/steps.h>
#include <core/plan/turn.h>
#include <core/plan/ways.h>

#include <mm/heap/heap.h>
#include <stdio.h>
#include <string.h>

enum { EDGES_MAX = 32, NAME_MAX = 192 };

struct state_edge {
    uint32_t from;
    uint32_t to;
    const char *from_type; /* texts */
    const char *to_type;
    uint64_t va;
};

struct edge_list {
    struct state_edge edges[EDGES_MAX];
    uint32_t count;
};

struct way {
    const struct state_edge *edges[EDGES_MAX];
    uint32_t count;
};

struct states {
    struct planning *p;
    struct plan_cell *cell;
    struct migration *m;
    const struct meanings *meanings;
    const struct version *keeper; /* whose edges are taken */
    struct edge_list list;
    uint32_t state[FORMS];
    const char *type[FORMS]; /* texts of the object */
};

/* ---- edges -------------------------------------------------------------------------------- */

/* The types of an edge are those that two constant pointers lead to. */
static const char *pointed_type(const struct cell_data *d)
{
    return d->type_name[0] == '*' ? d->type_name + 1 : "";
}

static bool find_into(const struct version *v, const char *key, const char *states,
                      struct cell_data *out)
{
    uint32_t at = 0;
    const char *rest;
    while ((rest = plan_mark_next(&v->info, "into", key, &at, out)) != NULL)
        if (strcmp(rest, states) == 0)
            return true;
    return false;
}

static uint64_t find_function(const struct version *v, const char *mark)
{
    char name[NAME_MAX];
    const char *from = strstr(mark, "evolve_from_");
    if (!from || snprintf(name, sizeof name, "evolve_step_%s", from + 12) >= NAME_MAX)
        return 0;
    int64_t f = version_function(v, name, false, 0);
    return f < 0 ? 0 : v->functions[f].va;
}

static void list_edges(const struct version *v, const char *key, struct edge_list *out)
{
    struct cell_data from;
    struct cell_data into;
    const char *states;
    uint32_t at = 0;
    out->count = 0;
    while (out->count < EDGES_MAX &&
           (states = plan_mark_next(&v->info, "from", key, &at, &from)) != NULL) {
        struct state_edge *e = &out->edges[out->count];
        const char *rest = plan_mark_number(states, &e->from);
        if (!rest || strncmp(rest, "__", 2) != 0)
            continue;
        rest = plan_mark_number(rest + 2, &e->to);
        e->va = find_function(v, from.key);
        if (!rest || *rest || !e->va || !find_into(v, key, states, &into))
            continue;
        e->from_type = pointed_type(&from);
        e->to_type = pointed_type(&into);
        out->count++;
    }
}

/* Finds the shortest way: breadth first, over edges. Gives false when there is none. */
static bool find_way(const struct edge_list *list, uint32_t from, uint32_t to,
                     struct way *out)
{
    uint32_t before[EDGES_MAX]; /* place in the queue of the edge before, or EDGES_MAX */
    uint32_t queue[EDGES_MAX];
    bool taken[EDGES_MAX] = {false};
    uint32_t count = 0;
    uint32_t end = EDGES_MAX;
    for (uint32_t next = 0; end == EDGES_MAX; next++) {
        uint32_t state = next ? list->edges[queue[next - 1]].to : from;
        for (uint32_t i = 0; i < list->count && end == EDGES_MAX; i++) {
            if (taken[i] || list->edges[i].from != state)
                continue;
            taken[i] = true;
            before[count] = next ? next - 1 : EDGES_MAX;
            queue[count++] = i;
            end = list->edges[i].to == to ? count - 1 : EDGES_MAX;
        }
        if (next == count)
            break;
    }
    if (end == EDGES_MAX)
        return false;
    out->count = 0;
    for (uint32_t at = end; at != EDGES_MAX; at = before[at])
        out->count++;
    for (uint32_t at = end, i = out->count; i-- > 0; at = before[at])
        out->edges[i] = &list->edges[queue[at]];
    return true;
}

/* ---- maps --------------------------------------------------------------------------------- */

static enum status cannot(struct states *s, const struct state_edge *e, const char *why)
{
    (void)refuse(
        report_next(s->p->report), "state", s->cell->name, s->m->key, NULL,
        "the way of %s from state %u to %u (EVOLVE_STATE_EDGE) cannot be gone: %s",
        s->m->key, e->from, e->to, why);
    return STATUS_OK;
}

/* What the edges begin with, and come to, must be what the two versions have. */
static enum status check_ends(struct states *s, int form, const struct way *way)
{
    const struct state_edge *first = way->edges[0];
    const struct state_edge *last = way->edges[way->count - 1];
    const struct version *versions[FORMS] = {s->cell->old, s->cell->fresh};
    int other = form == FORM_OLD ? FORM_NEW : FORM_OLD;
    bool begins = false;
    bool ends = false;
    enum status status = plan_same_text(&versions[form]->info, s->type[form],
                                        &s->keeper->info, first->from_type, &begins);
    if (status == STATUS_OK)
        status = plan_same_text(&s->keeper->info, last->to_type, &versions[other]->info,
                                s->type[other], &ends);
    if (status != STATUS_OK)
        return status;
    if (!begins)
        return cannot(s, first, "its first type is not that of the object in that state");
    if (!ends)
        return cannot(s, last, "its second type is not that of the object in that state");
    for (uint32_t i = 1; i < way->count && status == STATUS_OK && begins; i++) {
        status = plan_same_text(&s->keeper->info, way->edges[i - 1]->to_type,
                                &s->keeper->info, way->edges[i]->from_type, &begins);
        if (status == STATUS_OK && !begins)
            return cannot(s, way->edges[i], "the edge before it gives another type");
    }
    return status;
}

static enum status check_lens(struct states *s, int form, const struct state_edge *first)
{
    const uint32_t len[FORMS] = {s->m->old_len, s->m->new_len};
    const struct plan_way *way = &turn_of(s->m)->way[form];
    int other = form == FORM_OLD ? FORM_NEW : FORM_OLD;
    return way->from_len == len[form] && way->to_len == len[other]
               ? STATUS_OK
               : cannot(s, first, "the object is not as long as its type says");
}

static bool lenient(const struct states *s, int form)
{
    return form == FORM_NEW || plan_may_lose(s->p->plan, s->cell, s->m->key);
}

static enum status list_way(struct states *s, int form, const struct way *way)
{
    struct way_leg legs[EDGES_MAX];
    struct way_trouble trouble;
    struct way_request request = {
        .meanings = s->meanings, .form = form, .legs = legs, .leg_count = way->count};
    enum status status = check_ends(s, form, way);
    if (status != STATUS_OK || s->p->report->refusal_count)
        return status;
    for (uint32_t i = 0; i < way->count; i++)
        legs[i] =
            (struct way_leg){.info = {&s->keeper->info, &s->keeper->info},
                             .text = {way->edges[i]->from_type, way->edges[i]->to_type},
                             .real = {i == 0, i + 1 == way->count},
                             .edge = way->edges[i]->va,
                             .lenient = lenient(s, form)};
    status = plan_list_steps(&request, &turn_of(s->m)->way[form], NULL, &trouble);
    if (status == STATUS_DENIED)
        return cannot(s, way->edges[trouble.leg], trouble.why);
    return status == STATUS_OK ? check_lens(s, form, way->edges[0]) : status;
}

/* ---- ways --------------------------------------------------------------------------------- */

static void refuse_change(struct states *s)
{
    const char *key = s->m->key;
    (void)refuse(
        report_next(s->p->report), "state", s->cell->name, key, NULL,
        "%s of %s means something else than in the version that runs (state %u there, %u "
        "here), and no EVOLVE_STATE_EDGE leads from one to the other: say how its value "
        "turns, there and back; or EVOLVE_REINIT(%s)",
        key, s->cell->name, s->state[FORM_OLD], s->state[FORM_NEW], key);
}

static void refuse_return(struct states *s)
{
    s->p->plan->revertible = false;
    if (!plan_may_lose(s->p->plan, s->cell, s->m->key))
        (void)plan_refuse_loss(
            report_next(s->p->report), s->cell->name, s->m->key,
            "no EVOLVE_STATE_EDGE leads %s of %s back from state %u to %u, so what is "
            "stored there during the trial would be lost on the way back",
            s->m->key, s->cell->name, s->state[FORM_NEW], s->state[FORM_OLD]);
}

static void refuse_part_return(struct states *s, const struct way_trouble *trouble)
{
    s->p->plan->revertible = false;
    if (!plan_may_lose(s->p->plan, s->cell, s->m->key))
        (void)plan_refuse_loss(
            report_next(s->p->report), s->cell->name, s->m->key,
            "%s of %s holds a %s, from which no EVOLVE_EDGE leads back, so what is "
            "stored there during the trial would be lost on the way back",
            s->m->key, s->cell->name, trouble->from);
}

static enum status cannot_part(struct states *s, const char *why)
{
    (void)refuse(report_next(s->p->report), "state", s->cell->name, s->m->key, NULL,
                 "%s of %s holds a struct that turns over its edges (EVOLVE_EDGE), and "
                 "cannot follow: %s",
                 s->m->key, s->cell->name, why);
    return STATUS_OK;
}

/* Pointers into the object follow its fields by name; of what has none only those to its beginning. */
static enum status list_places(struct states *s)
{
    struct type type[FORMS];
    struct migration *m = s->m;
    const struct version *versions[FORMS] = {s->cell->old, s->cell->fresh};
    const uint32_t len[FORMS] = {m->old_len, m->new_len};
    struct move_list *lists[FORMS] = {&m->forward, &m->reverse};
    for (int form = 0; form < FORMS; form++)
        type_read(&versions[form]->info, s->type[form], &type[form]);
    for (int form = 0; form < FORMS; form++) {
        int other = form == FORM_OLD ? FORM_NEW : FORM_OLD;
        struct fieldmap map;
        enum status status =
            fieldmap_build(&type[form], len[form], &type[other], len[other], true, &map);
        if (status == STATUS_FULL)
            return status;
        *lists[form] = map.list;
        if (status == STATUS_OK)
            continue;
        fieldmap_fini(&map);
        *lists[form] = (struct move_list){.moves = heap_new_array(struct field_move, 1)};
        if (!lists[form]->moves)
            return STATUS_FULL;
        lists[form]->count = lists[form]->room = 1;
        lists[form]->moves[0] = (struct field_move){.kind = MOVE_PLACE,
                                                    .count = 1,
                                                    .from_bits = len[form] * 8ull,
                                                    .to_bits = len[other] * 8ull,
                                                    .name = ""};
    }
    return STATUS_OK;
}

static enum status begin_turn(struct states *s)
{
    enum status status = list_places(s);
    s->p->plan->migrations.walked = true;
    return status == STATUS_OK ? turn_init(s->m) : status;
}

/* The object's own edges, which are called behind those of what it holds. */
static enum status turn_by_edges(struct states *s, bool *out_begins_again)
{
    const struct version *versions[FORMS] = {s->cell->fresh, s->cell->old};
    struct migration *m = s->m;
    struct way ways[FORMS];
    bool has[FORMS] = {false, false};
    for (int i = 0; i < FORMS && !has[FORM_OLD]; i++) {
        s->keeper = versions[i];
        list_edges(s->keeper, i ? m->old_home->key : m->key, &s->list);
        has[FORM_OLD] =
            find_way(&s->list, s->state[FORM_OLD], s->state[FORM_NEW], &ways[0]);
        has[FORM_NEW] =
            find_way(&s->list, s->state[FORM_NEW], s->state[FORM_OLD], &ways[1]);
    }
    if (!has[FORM_OLD]) {
        *out_begins_again = plan_may_lose(s->p->plan, s->cell, m->key);
        if (!*out_begins_again)
            refuse_change(s);
        return STATUS_OK;
    }
    enum status status = begin_turn(s);
    if (status == STATUS_OK)
        status = list_way(s, FORM_OLD, &ways[FORM_OLD]);
    if (status == STATUS_OK && has[FORM_NEW])
        status = list_way(s, FORM_NEW, &ways[FORM_NEW]);
    if (!has[FORM_NEW])
        refuse_return(s);
    snprintf(m->text, sizeof m->text, "turns from state %u to %u over %u edges",
             s->state[FORM_OLD], s->state[FORM_NEW], ways[FORM_OLD].count);
    return status;
}

/* Its fields go by name, and the structs in it over their own edges. */
static enum status list_parts(struct states *s, int form)
{
    struct way_trouble trouble;
    const struct version *versions[FORMS] = {s->cell->old, s->cell->fresh};
    int other = form == FORM_OLD ? FORM_NEW : FORM_OLD;
    struct way_leg leg = {.info = {&versions[form]->info, &versions[other]->info},
                          .text = {s->type[form], s->type[other]},
                          .real = {true, true},
                          .lenient = lenient(s, form)};
    struct way_request request = {
        .meanings = s->meanings, .form = form, .legs = &leg, .leg_count = 1};
    const uint32_t len[FORMS] = {s->m->old_len, s->m->new_len};
    struct plan_way *way = &turn_of(s->m)->way[form];
    enum status status = plan_list_steps(&request, way, NULL, &trouble);
    if (status == STATUS_DENIED && trouble.no_edge && form == FORM_NEW) {
        refuse_part_return(s, &trouble);
        steps_fini(way);
        return STATUS_OK;
    }
    if (status == STATUS_OK && (way->from_len != len[form] || way->to_len != len[other]))
        status = cannot_part(s, "it is not as long as its type says");
    return status == STATUS_DENIED ? cannot_part(s, trouble.why) : status;
}

static enum status turn_by_parts(struct states *s)
{
    struct migration *m = s->m;
    const struct part_way *part = meanings_part(s->meanings, FORM_NEW, s->type[FORM_NEW]);
    enum status status = begin_turn(s);
    for (int form = 0; form < FORMS && status == STATUS_OK; form++)
        status = list_parts(s, form);
    snprintf(m->text, sizeof m->text, "each struct %s in it turns over its own edges",
             part->tag);
    return status;
}

enum status plan_turn_object(struct planning *p, struct plan_cell *cell,
                             const struct meanings *meanings, struct migration *m,
                             const struct cell_data *was, const struct cell_data *is,
                             bool *out_begins_again)
{
    struct states s = {.p = p,
                       .cell = cell,
                       .m = m,
                       .meanings = meanings,
                       .type = {was->type_name, is->type_name}};
    s.state[FORM_OLD] = plan_state(&cell->old->info, m->old_home->key);
    s.state[FORM_NEW] = plan_state(&cell->fresh->info, m->key);
    return s.state[FORM_OLD] != s.state[FORM_NEW] ? turn_by_edges(&s, out_begins_again)
                                                  : turn_by_parts(&s);
}
