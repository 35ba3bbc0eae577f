/* Lists the objects of the heap in which a swap and the namespace describe what there is.
 * SPDX-License-Identifier: MIT
 */
#include <core/evolve/described.h>

#include <core/evolve/private.h>

bool described_list(const struct plan *plan, const void *const *more, uint32_t count,
                    struct addresses *out)
{
    const struct migration_list *all = &plan->migrations;
    uint32_t room =
        4 + count + 5 * all->count + FORMS * plan->moving_count + retire_limbo();
    for (const struct version *v = plan->ns->versions; v; v = v->next)
        room++;
    if (!addresses_init(out, room))
        return false;
    for (const struct version *v = plan->ns->versions; v; v = v->next)
        addresses_add(out, v->section_va);
    for (const struct version *v = retire_first_in_limbo(); v; v = v->limbo)
        addresses_add(out, v->section_va);
    for (uint32_t i = 0; i < all->count; i++) {
        addresses_add(out, all->list[i].saved);
        addresses_add(out, all->list[i].prepared);
        addresses_add(out, all->list[i].back);
        addresses_add(out, all->list[i].forward.renamings);
        addresses_add(out, all->list[i].reverse.renamings);
    }
    for (uint32_t i = 0; i < plan->moving_count; i++)
        for (int form = 0; form < FORMS; form++)
            addresses_add(out, plan->moving[i].form[form].map.renamings);
    addresses_add(out, plan->pokes);
    addresses_add(out, plan->aliases);
    addresses_add(out, all->list);
    addresses_add(out, all->withdrawal.objects);
    for (uint32_t i = 0; i < count; i++)
        addresses_add(out, more[i]);
    addresses_sort(out);
    return true;
}
