/* The way from one form of a type to another over the forms between: edges that the newer version's source keeps.
 * SPDX-License-Identifier: MIT
 *
 * Forms are the structs that a version declares: its own, and those of the past (EVOLVE_WAS). An edge is a function
 * evolve_edge_FROM__TO of it. The shortest way is taken; there must be one back as well. Without any edge fields
 * move by name alone.
 */
#include <core/plan/ways.h>

#include <stdio.h>
#include <string.h>

enum { EDGE_NAME_MAX = 224, NOWHERE = FAMILY_MAX };

static uint64_t edge_between(const struct version *v, const char *from, const char *to)
{
    char name[EDGE_NAME_MAX];
    if (snprintf(name, sizeof name, "evolve_edge_%s__%s", from, to) >= (int)sizeof name)
        return 0;
    int64_t f = version_function(v, name, false, 0);
    return f < 0 ? 0 : v->functions[f].va;
}

/* Breadth first. */
bool plan_find_way(const struct version *v, const struct type_family *family,
                   uint32_t from, uint32_t to, struct form_way *out)
{
    uint32_t queue[FAMILY_MAX];
    uint32_t came_from[FAMILY_MAX];
    uint32_t taken = 0;
    uint32_t count = 0;
    for (uint32_t i = 0; i < FAMILY_MAX; i++)
        came_from[i] = NOWHERE;
    queue[count++] = from;
    came_from[from] = from;
    while (taken < count && came_from[to] == NOWHERE) {
        uint32_t at = queue[taken++];
        for (uint32_t i = 0; i < family->count; i++)
            if (came_from[i] == NOWHERE &&
                edge_between(v, family->tags[at], family->tags[i])) {
                came_from[i] = at;
                queue[count++] = i;
            }
    }
    if (came_from[to] == NOWHERE)
        return false;
    out->count = 1;
    for (uint32_t at = to; at != from; at = came_from[at])
        out->count++;
    for (uint32_t at = to, i = out->count; i-- > 0; at = came_from[at])
        out->forms[i] = at;
    return true;
}

struct way_leg plan_way_leg(const struct version *v, const struct type_family *family,
                            const struct form_way *way, uint32_t i, bool lenient)
{
    const char *tags[LEG_ENDS] = {family->tags[way->forms[i]],
                                  family->tags[way->forms[i + 1]]};
    struct way_leg leg = {.edge = edge_between(v, tags[LEG_FROM], tags[LEG_TO]),
                          .lenient = lenient,
                          .family = family};
    for (int end = 0; end < LEG_ENDS; end++) {
        struct cell_type t;
        leg.info[end] = &v->info;
        leg.text[end] = plan_find_type(&v->info, tags[end], &t) ? t.name : "";
    }
    return leg;
}

/* The way of T from the form FORM. */
static enum status list_way(struct planning *p, struct moving_type *t,
                            const struct meanings *meanings, const struct version *v,
                            const struct type_family *family, const struct form_way *way,
                            int form)
{
    struct way_leg legs[FAMILY_MAX];
    struct way_trouble trouble;
    struct way_request request = {
        .meanings = meanings, .form = form, .legs = legs, .leg_count = way->count - 1};
    for (uint32_t i = 0; i + 1 < way->count; i++) {
        legs[i] = plan_way_leg(v, family, way, i, form == FORM_NEW || t->may_lose);
        legs[i].real[LEG_FROM] = i == 0;
        legs[i].real[LEG_TO] = i + 2 == way->count;
    }
    t->form[form].stepwise = true;
    enum status status = plan_list_steps(&request, &t->way[form], NULL, &trouble);
    if (status != STATUS_DENIED)
        return status;
    (void)refuse(report_next(p->report), "data", t->cell, t->name, NULL,
                 "%s cannot become %s (EVOLVE_EDGE): %s", trouble.from, trouble.to,
                 trouble.why);
    return STATUS_OK;
}

enum status plan_find_edges(struct planning *p, struct moving_type *t,
                            const struct meanings *meanings, const struct version *keeper,
                            const char *past, int form)
{
    struct type_family family;
    struct form_way there;
    struct form_way back;
    int other = form == FORM_OLD ? FORM_NEW : FORM_OLD;
    plan_family(keeper, t->name, &family);
    uint32_t place = type_family_place(&family, past);
    bool has_there =
        place < family.count && plan_find_way(keeper, &family, place, 0, &there);
    bool has_back =
        place < family.count && plan_find_way(keeper, &family, 0, place, &back);
    if (!has_there && !has_back)
        return STATUS_OK;
    bool returns = form == FORM_OLD ? has_back : has_there;
    if (!returns) { /* then fields go back by name alone */
        p->plan->revertible = false;
        if (!t->may_lose)
            (void)plan_refuse_loss(
                report_next(p->report), t->cell, t->name,
                "no EVOLVE_EDGE(%s, %s) leads back, so what the edge there makes of a "
                "struct %s would not be undone",
                form == FORM_OLD ? t->name : past, form == FORM_OLD ? past : t->name,
                t->name);
        return form == FORM_OLD ? list_way(p, t, meanings, keeper, &family, &there, form)
                                : list_way(p, t, meanings, keeper, &family, &back, other);
    }
    if (!has_there || !has_back) {
        (void)refuse(report_next(p->report), "walk", t->cell, t->name, NULL,
                     "there are edges from struct %s to struct %s, but none back; say "
                     "EVOLVE_EDGE(%s, %s)",
                     has_there ? past : t->name, has_there ? t->name : past,
                     has_there ? t->name : past, has_there ? past : t->name);
        return STATUS_OK;
    }
    enum status status = list_way(p, t, meanings, keeper, &family, &there, form);
    return status == STATUS_OK ? list_way(p, t, meanings, keeper, &family, &back, other)
                               : status;
}
