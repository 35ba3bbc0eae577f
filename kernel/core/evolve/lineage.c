/* Lineages that drain: what they still serve, how they begin, and when they have ended.
 * SPDX-License-Identifier: MIT
 *
 * States of a lineage: RUNNING → DRAINING (plan_commit of a set that replaces it, plan_revert of one that brought it)
 *                      → RETIRED (lineages_end); then its versions are freed as others are (retire.c).
 *
 * Invariants:
 *  1. nobody enters the text of a draining version from outside but through an object that it made, and counts;
 *  2. so once a task was seen without a frame there, and nothing is counted, it never has one again: scans look at each
 *     task once, and what they have seen stays true;
 *  3. the stop hook is called once, after the last such look, and no lineage ends while there is an attempt.
 */
#include <core/evolve/lineage.h>

#include <console/log/log.h>
#include <core/lifecycle/lifecycle.h>

uint32_t lineage_in_use(const struct version *v, bool *out_counted)
{
    uint32_t sum = 0;
    bool counted = false;
    for (const struct version *o = namespace_kernel()->versions; o; o = o->next) {
        uint32_t count;
        if (!version_same_lineage(o, v) || !plan_in_use(o, &count))
            continue;
        /* Older text of the same lineage shares the counter. */
        if (o->state == VERSION_RETIRED)
            continue;
        sum += count;
        counted = true;
    }
    if (out_counted)
        *out_counted = counted;
    return sum;
}

/* ---- how they begin ------------------------------------------------------------------------ */

static bool is_first_of(const struct plan *plan, const struct plan_cell *cell)
{
    for (const struct plan_cell *c = plan->cells; c < cell; c++)
        if (c->drains && version_same_lineage(c->old, cell->old))
            return false;
    return true;
}

void lineages_describe(struct attempt *a)
{
    a->report.draining_objects = 0;
    for (uint32_t i = 0; i < a->plan->cell_count; i++) {
        const struct plan_cell *c = &a->plan->cells[i];
        if (!c->drains || !is_first_of(a->plan, c))
            continue;
        uint32_t count = lineage_in_use(c->old, NULL);
        a->report.draining_objects += count;
        log_write("evolve", LOG_INFO, "attempt %lu: lineage %u of %s drains, %u in use",
                  a->report.attempt, c->old->lineage, c->old->info.lineage, count);
        attempt_tell(a, "lineage %u of %s drains, with what it serves: %u in use",
                     c->old->lineage, c->old->info.lineage, count);
    }
}

static bool waits_for_another(const struct plan *plan, const struct plan_cell *cell)
{
    for (uint32_t i = 0; i < plan->cell_count; i++) {
        const struct plan_cell *c = &plan->cells[i];
        if (c != cell && c->drains && c->fresh && !c->started &&
            cellinfo_may_use(&cell->fresh->info, c->name))
            return true;
    }
    return false;
}

void lineages_start(struct attempt *a)
{
    bool forced = false;
    for (bool more = true; more;) {
        bool progress = false;
        more = false;
        for (uint32_t i = 0; i < a->plan->cell_count; i++) {
            struct plan_cell *c = &a->plan->cells[i];
            if (!c->drains || !c->fresh || c->started)
                continue;
            more = true;
            if (!forced && waits_for_another(a->plan, c))
                continue;
            progress = true;
            forced = false;
            c->started = true;
            enum status status = lifecycle_run_start(c->fresh);
            if (status != STATUS_OK && a->start_status == STATUS_OK) {
                a->start_status = status;
                a->start_failed = c->name;
            }
        }
        forced = !progress; /* two cells that use each other */
    }
}

/* ---- how they end -------------------------------------------------------------------------- */

bool lineages_drain(void)
{
    for (const struct version *v = namespace_kernel()->versions; v; v = v->next)
        if (v->state == VERSION_DRAINING)
            return true;
    return false;
}

bool lineages_seem_over(void)
{
    for (const struct version *v = namespace_kernel()->versions; v; v = v->next)
        if (v->state == VERSION_DRAINING && lineage_in_use(v, NULL) == 0)
            return true;
    return false;
}

bool lineages_press(void)
{
    bool counted;
    for (const struct version *v = namespace_kernel()->versions; v; v = v->next)
        if (v->state == VERSION_DRAINING && lineage_in_use(v, &counted) == 0 && counted)
            return true;
    return false;
}

void lineages_mark(void)
{
    for (struct version *v = namespace_kernel()->versions; v; v = v->next)
        v->ending = v->state == VERSION_DRAINING && lineage_in_use(v, NULL) == 0;
}

/* What a cell without a counter has made is only seen by what points to it. */
static bool is_held(const struct version *v, bool counted)
{
    return v->hold == VERSION_ON_STACK || v->hold == VERSION_UNSEEN ||
           (v->hold == VERSION_POINTED_TO && !counted);
}

static bool has_ended(const struct version *v)
{
    bool counted;
    if (lineage_in_use(v, &counted))
        return false;
    for (const struct version *o = namespace_kernel()->versions; o; o = o->next)
        if (o->state == VERSION_DRAINING && version_same_lineage(o, v) &&
            (!o->ending || is_held(o, counted)))
            return false;
    return true;
}

static void end(const struct version *v)
{
    uint32_t count = 0;
    for (struct version *o = namespace_kernel()->versions; o; o = o->next) {
        if (o->state != VERSION_DRAINING || !version_same_lineage(o, v))
            continue;
        o->state = VERSION_RETIRED;
        o->ending = false;
        lifecycle_run_stop(o);
        count++;
    }
    log_write("evolve", LOG_INFO, "lineage %u of %s has ended: %u cells", v->lineage,
              v->info.lineage, count);
}

void lineages_end(void)
{
    for (struct version *v = namespace_kernel()->versions; v; v = v->next)
        if (v->state == VERSION_DRAINING && has_ended(v))
            end(v);
    for (struct version *v = namespace_kernel()->versions; v; v = v->next)
        v->ending = false;
}
