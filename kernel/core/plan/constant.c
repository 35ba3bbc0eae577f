/* Objects that become constants, and constants that become objects.
 * SPDX-License-Identifier: MIT
 *
 * The two lie apart: a constant has a home of its own among those, which is found again when the cell goes to and fro.
 * A variable that becomes a constant may go if the machine loses nothing by it: its live value is what the constant holds, or
 * still its initialiser, as of what the compiler folds away (folded.c). Two migrations say so. One, over the old form alone,
 * moves nothing and compares, before the swap and again under the park; nothing of it is stored. The other has both forms,
 * for pointers: into the old one nobody may have any, for who has one may write through it; on the way back those into the
 * constant lead to the variable again. Of a constant that becomes a variable nothing can be lost: it begins with its
 * initialiser, and pointers follow as to any constant whose parts lie elsewhere in the new form.
 */
#include <core/plan/fieldmap.h>
#include <core/plan/meanings.h>

#include <mm/heap/heap.h>
#include <stdio.h>
#include <string.h>

static bool is_constant(const struct home *h)
{
    return h->storage == CELL_STORE_RODATA;
}

bool plan_changes_kind(const struct home *from, const struct home *to)
{
    return is_constant(from) != is_constant(to);
}

bool plan_becomes_constant(const struct migration *m)
{
    return migration_folds(m) && plan_changes_kind(m->old_home, m->new_home);
}

static enum status compare_value(struct planning *p, const struct plan_cell *cell,
                                 const struct migration *both)
{
    struct migration *m = plan_add_migration(p->plan, cell);
    if (!m)
        return STATUS_FULL;
    *m = *both;
    m->new_va = m->old_va;
    m->new_len = 0;
    m->new_type = m->old_type;
    snprintf(m->text, sizeof m->text,
             "a constant now: it depends on the machine, whose value has to be the "
             "constant's, or the initialiser still");
    return plan_map_whole(&m->forward, MOVE_UNUSED, m->old_len, m->old_len);
}

static enum status lead_back(struct planning *p, const struct plan_cell *cell,
                             const struct migration *both)
{
    struct migration *m = plan_add_migration(p->plan, cell);
    if (!m)
        return STATUS_FULL;
    *m = *both;
    m->constant = true;
    snprintf(m->text, sizeof m->text, "lies among the constants, at a new address");
    enum status status = plan_map_whole(&m->forward, MOVE_UNUSED, m->old_len, m->old_len);
    return status == STATUS_OK
               ? plan_map_whole(&m->reverse, MOVE_COPY, m->new_len, m->new_len)
               : status;
}

static enum status refuse_form(struct planning *p, const struct plan_cell *cell,
                               const char *key)
{
    (void)refuse(
        report_next(p->report), "data", cell->name, key, NULL,
        "%s becomes a constant, and its type or its meaning changes too, so its live "
        "value cannot be compared with it; change it in one commit and make it constant "
        "in the next, or say EVOLVE_DROPS(%s)",
        key, key);
    return STATUS_OK;
}

static enum status to_constant(struct planning *p, const struct plan_cell *cell,
                               const struct meanings *meanings,
                               const struct migration *both, const struct cell_data *is)
{
    enum status status = STATUS_OK;
    const char *key = both->key;
    bool lost = plan_may_lose(p->plan, cell, key) ||
                plan_marked(cell->old, "scratch", key) ||
                plan_marked(cell->fresh, "scratch", key);
    bool turns = meanings->any && (plan_restated(cell, key) ||
                                   meanings_part(meanings, FORM_NEW, is->type_name));
    if (!lost &&
        (turns || both->old_type != both->new_type || both->old_len != both->new_len))
        return refuse_form(p, cell, key);
    if (!lost)
        status = compare_value(p, cell, both);
    return status == STATUS_OK ? lead_back(p, cell, both) : status;
}

static enum status from_constant(struct planning *p, const struct plan_cell *cell,
                                 const struct migration *both,
                                 const struct cell_data *was, const struct cell_data *is)
{
    struct type old;
    struct type now;
    struct migration *m = plan_add_migration(p->plan, cell);
    if (!m)
        return STATUS_FULL;
    *m = *both;
    m->constant = true;
    snprintf(m->text, sizeof m->text,
             "no constant any more: begins with its initialiser, at a new address");
    type_read(&cell->old->info, was->type_name, &old);
    type_read(&cell->fresh->info, is->type_name, &now);
    return plan_map_constant(m, &old, &now);
}

enum status plan_change_kind(struct planning *p, struct plan_cell *cell,
                             const struct meanings *meanings, const struct migration *both,
                             const struct cell_data *was, const struct cell_data *is)
{
    uint32_t refused = p->report->refusal_count;
    if (plan_in_closure(cell)) {
        (void)refuse(report_next(p->report), "closure", cell->name, both->key, NULL,
                     "%s of %s changed between mutable and constant, and %s carries out "
                     "swaps; put it beside under another name",
                     both->key, cell->name, cell->name);
        return STATUS_OK;
    }
    enum status status = plan_check_pinned(p, cell, cell->old, both, was, is);
    if (status != STATUS_OK || p->report->refusal_count != refused)
        return status;
    plan_set_class(cell, PLAN_DATA);
    cell->coupled = true;
    return is_constant(both->new_home) ? to_constant(p, cell, meanings, both, is)
                                       : from_constant(p, cell, both, was, is);
}

enum status plan_constant_image(struct planning *p, struct migration *m)
{
    struct cell_data d;
    struct version *fresh = plan_find(p->plan, m->cell)->fresh;
    uint8_t *now = heap_new_array(uint8_t, align_up(m->old_len, 8));
    if (!now)
        return STATUS_FULL;
    enum status status =
        loader_contents(p->plan->ns, fresh, plan_object(fresh, m->key, &d), now);
    if (status == STATUS_OK && memcmp(now, m->old_at, m->old_len) == 0)
        memcpy(m->old_image, now, m->old_len);
    heap_free(now);
    return status;
}
