/* What the swap task says of migrations: in its report, in the log, and when one cannot be done.
 * SPDX-License-Identifier: MIT
 */
#include <core/evolve/private.h>

#include <console/log/log.h>
#include <core/commit/transfer.h>
#include <core/plan/plan.h>

void migrate_describe(struct attempt *a)
{
    const struct migration *m;
    a->report.migrated_objects = 0;
    a->report.migrated_bytes = 0;
    for (uint32_t i = 0; (m = plan_migration(a->plan, i)); i++) {
        log_write("evolve", LOG_INFO, "attempt %lu: %s of %s: %s", a->report.attempt,
                  m->key, m->cell, m->text);
        attempt_tell(a, "%s of %s: %s", m->key, m->cell, m->text);
        if (m->constant || migration_folds(m))
            continue;
        a->report.migrated_objects++;
        a->report.migrated_bytes += m->new_len;
    }
    for (uint32_t i = 0; i < a->plan->moving_count; i++)
        log_write("evolve", LOG_INFO,
                  "attempt %lu: each struct %s of %s: %s, %u to %u bytes",
                  a->report.attempt, a->plan->moving[i].name, a->plan->moving[i].cell,
                  a->plan->moving[i].text, a->plan->moving[i].form[FORM_OLD].len,
                  a->plan->moving[i].form[FORM_NEW].len);
}

static void reason_of(const struct migration_list *all, struct refusal *out)
{
    const struct migration *m = all->failed;
    const char *field = all->failed_name[0] ? all->failed_name : m->key;
    const struct stub *stub = namespace_stub_at(namespace_kernel(), all->failed_word);
    if (stub && stub->version)
        (void)refuse(
            out, "data", m->cell, m->key, stub->version->info.name,
            "%s of %s holds the address of %s of %s, which has no new form of the type "
            "that %s gets; change it in the same commit, or give the field another name",
            field, m->key, stub->name, stub->version->info.name, field);
    else if (all->failed_word)
        (void)refuse(
            out, "data", m->cell, m->key, NULL,
            "%s of %s holds a pointer (0x%lx) to a field that is gone, or that cannot "
            "be told from the struct which it began; nothing was changed",
            field, m->key, all->failed_word);
    else if (migration_folds(m) && m->new_home != m->old_home)
        (void)plan_refuse_loss(out, m->cell, m->key,
                               "the live value of %s would be lost: the new %s has "
                               "another constant. To keep "
                               "it: leave it mutable, or give the constant that value",
                               m->key, m->cell);
    else if (migration_folds(m))
        (void)plan_refuse_loss(
            out, m->cell, m->key,
            "the live value of %s would be lost: it has left its initialiser, which the "
            "new %s has in its code. To keep it: say volatile",
            m->key, m->cell);
    else
        (void)plan_refuse_loss(
            out, m->cell, m->key,
            "%s of %s would be lost: its new form has no place for what it holds", field,
            m->key);
}

void migrate_reason(const struct attempt *a, struct refusal *out)
{
    reason_of(&a->plan->migrations, out);
}

/* Each object is tried by itself, so that one answer can be given to all that would be lost. */
static void try_each(struct migration_list *all, struct plan_report *out)
{
    for (uint32_t i = 0; i < all->count && out->refusal_count < PLAN_MAX_REFUSALS; i++) {
        struct migration *m = &all->list[i];
        struct transfer t = {.all = all,
                             .object = m,
                             .list = &m->forward,
                             .from = m->saved,
                             .to = m->prepared};
        if (m->constant || moves_turned(&m->forward))
            continue;
        transfer_copy(m->saved, m->old_at, m->old_len);
        all->failed_word = 0;
        const struct field_move *k = transfer_run(&t);
        if (!k)
            continue;
        all->failed = m;
        all->failed_name = k->name;
        reason_of(all, &out->refusals[out->refusal_count++]);
    }
}

bool migrate_try(struct attempt *a, struct plan_report *out)
{
    struct plan *plan = a->plan;
    if (migrations_prepare(&plan->migrations) && migrations_prepare(&plan->late))
        return true;
    out->refusal_count = 0;
    try_each(&plan->migrations, out);
    try_each(&plan->beside, out);
    try_each(&plan->late, out);
    return false;
}

void migrate_tell_cut(struct attempt *a)
{
    const struct migration_list *all = &a->plan->migrations;
    if (!all->cut)
        return;
    log_write("evolve", LOG_WARNING,
              "attempt %lu: on the way back %u values did not fit the old form and were "
              "cut, the first in %s",
              a->report.attempt, all->cut, all->cut_name[0] ? all->cut_name : "an object");
    attempt_tell(a, "on the way back %u values did not fit and were cut, first %s",
                 all->cut, all->cut_name[0] ? all->cut_name : "an object");
}
