/* What the swap task says of migrations: in its report, in the log, and when one cannot be done.
 * SPDX-License-Identifier: MIT
 */
#include <core/evolve/private.h>

#include <console/log/log.h>
#include <core/commit/transfer.h>

void migrate_describe(struct attempt *a)
{
    const struct migration_list *all = &a->plan->migrations;
    a->report.migrated_objects = 0;
    a->report.migrated_bytes = 0;
    for (uint32_t i = 0; i < all->count; i++) {
        const struct migration *m = &all->list[i];
        log_write("evolve", LOG_INFO, "attempt %lu: %s of %s: %s", a->report.attempt,
                  m->key, m->cell, m->text);
        attempt_tell(a, "%s of %s: %s", m->key, m->cell, m->text);
        if (m->constant)
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

void migrate_reason(const struct attempt *a, struct refusal *out)
{
    const struct migration_list *all = &a->plan->migrations;
    const struct migration *m = all->failed;
    const char *field = all->failed_name[0] ? all->failed_name : m->key;
    if (all->failed_word)
        (void)refuse(
            out, "data", m->cell, m->key, NULL,
            "%s of %s holds a pointer (0x%lx) to a field that is gone, or that cannot "
            "be told from the struct which it began; nothing was changed",
            field, m->key, all->failed_word);
    else
        (void)refuse(
            out, "data", m->cell, m->key, NULL,
            "%s of %s holds a value that its new form has no place for; nothing was "
            "changed. EVOLVE_DROPS(%s) would let it go",
            field, m->key, m->key);
}

bool migrate_try(struct attempt *a, struct refusal *out)
{
    if (migrations_prepare(&a->plan->migrations))
        return true;
    migrate_reason(a, out);
    return false;
}
