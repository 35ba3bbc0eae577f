/* The way from one form of a type to another over the forms between: edges that the newer version's source keeps.
 * SPDX-License-Identifier: MIT
 *
 * Forms are the structs that a version declares: its own, and those of the past (EVOLVE_WAS). An edge is a function
 * evolve_edge_FROM__TO of it. The shortest way is taken; there must be one back as well. Without any edge fields
 * move by name alone.
 */
#include <core/plan/fieldmap.h>
#include <core/plan/private.h>

#include <mm/heap/heap.h>
#include <stdio.h>
#include <string.h>

enum { EDGE_NAME_MAX = 224, NOWHERE = FAMILY_MAX };

struct way { /* forms, as places in the family */
    uint32_t forms[FAMILY_MAX];
    uint32_t count;
};

static uint64_t edge_between(const struct version *v, const char *from, const char *to)
{
    char name[EDGE_NAME_MAX];
    if (snprintf(name, sizeof name, "evolve_edge_%s__%s", from, to) >= (int)sizeof name)
        return 0;
    int64_t f = version_function(v, name, false, 0);
    return f < 0 ? 0 : v->functions[f].va;
}

static uint32_t place_of(const struct type_family *family, const char *tag)
{
    uint32_t i = 0;
    while (i < family->count && strcmp(family->tags[i], tag) != 0)
        i++;
    return i;
}

/* Finds the shortest way over edges: breadth first. Gives false when there is none. */
static bool find_way(const struct version *v, const struct type_family *family,
                     uint32_t from, uint32_t to, struct way *out)
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

static enum status refuse_step(struct planning *p, const struct moving_type *t,
                               const char *from, const char *to, const char *why)
{
    (void)refuse(report_next(p->report), "data", t->cell, t->name, NULL,
                 "struct %s cannot become struct %s (EVOLVE_EDGE): %s", from, to, why);
    return STATUS_OK;
}

static enum status map_step(struct planning *p, struct moving_type *t,
                            const struct version *v, const struct type_family *family,
                            const char *from, const char *to, bool lenient,
                            struct plan_step *out)
{
    char text[2][EDGE_NAME_MAX];
    struct type x;
    struct type y;
    struct fieldmap map;
    snprintf(text[0], sizeof text[0], "struct %s", from);
    snprintf(text[1], sizeof text[1], "struct %s", to);
    type_read(&v->info, text[0], &x);
    type_read(&v->info, text[1], &y);
    x.family = family;
    enum status status = fieldmap_build(&x, x.len, &y, y.len, lenient, &map);
    if (status == STATUS_DENIED)
        status = refuse_step(p, t, from, to, map.why);
    *out = (struct plan_step){.edge = edge_between(v, from, to),
                              .map = map.list,
                              .from_len = (uint32_t)x.len,
                              .to_len = (uint32_t)y.len};
    return status;
}

static enum status map_way(struct planning *p, struct moving_type *t,
                           const struct version *v, const struct type_family *family,
                           const struct way *way, int form)
{
    t->steps[form] = heap_new_array(struct plan_step, way->count);
    if (!t->steps[form])
        return STATUS_FULL;
    t->form[form].stepwise = true;
    for (uint32_t i = 0; i + 1 < way->count; i++) {
        t->step_count[form]++;
        enum status status = map_step(p, t, v, family, family->tags[way->forms[i]],
                                      family->tags[way->forms[i + 1]],
                                      form == FORM_NEW || t->may_lose, &t->steps[form][i]);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

enum status plan_find_edges(struct planning *p, struct moving_type *t,
                            const struct version *keeper, const char *past, int form)
{
    struct type_family family;
    struct way there;
    struct way back;
    int other = form == FORM_OLD ? FORM_NEW : FORM_OLD;
    plan_family(keeper, t->name, &family);
    uint32_t place = place_of(&family, past);
    bool has_there = place < family.count && find_way(keeper, &family, place, 0, &there);
    bool has_back = place < family.count && find_way(keeper, &family, 0, place, &back);
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
        return form == FORM_OLD ? map_way(p, t, keeper, &family, &there, form)
                                : map_way(p, t, keeper, &family, &back, other);
    }
    if (!has_there || !has_back) {
        (void)refuse(report_next(p->report), "walk", t->cell, t->name, NULL,
                     "there are edges from struct %s to struct %s, but none back; say "
                     "EVOLVE_EDGE(%s, %s)",
                     has_there ? past : t->name, has_there ? t->name : past,
                     has_there ? t->name : past, has_there ? past : t->name);
        return STATUS_OK;
    }
    enum status status = map_way(p, t, keeper, &family, &there, form);
    return status == STATUS_OK ? map_way(p, t, keeper, &family, &back, other) : status;
}

void plan_edges_fini(struct moving_type *t)
{
    for (int form = 0; form < FORMS; form++) {
        for (uint32_t i = 0; i < t->step_count[form]; i++)
            move_list_fini(&t->steps[form][i].map);
        heap_free(t->steps[form]);
    }
}
