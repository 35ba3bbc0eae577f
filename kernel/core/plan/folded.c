/* Objects that the compiler gave no storage in the new version, though its source still has them.
 * SPDX-License-Identifier: MIT
 *
 * Nothing sets such an object any more, so its initialiser stands in the code. That is what the machine goes on with as long as
 * the live value is still the initialiser of the version that runs; else the value would be lost. Only the machine can tell: a
 * migration with one move, over the whole object, that moves nothing is tried before the swap and again under the park. Its new
 * form has no bytes, so nothing is stored, there or back. What has its storage again later begins with its initialiser.
 */
#include <core/plan/private.h>

#include <mm/heap/heap.h>
#include <stdio.h>
#include <string.h>

static bool puts_into_frames(const struct version *v)
{
    const char *tag = plan_in_frames(&v->info);
    return tag && strcmp(tag, "none") != 0;
}

bool plan_folds(const struct plan_cell *cell, const struct home *home)
{
    return cellinfo_folds(&cell->fresh->info, home->key) &&
           !puts_into_frames(cell->old) && !plan_marked(cell->old, "in_place", home->key);
}

enum status plan_fold(struct planning *p, struct plan_cell *cell, struct home *home)
{
    struct migration *m = plan_add_migration(p->plan, cell);
    struct field_move *whole = m ? heap_new(struct field_move) : NULL;
    if (!whole)
        return STATUS_FULL;
    *whole = (struct field_move){
        .kind = MOVE_UNUSED, .from_bits = (uint64_t)home->len * 8, .count = 1, .name = ""};
    *m = (struct migration){.old_home = home,
                            .new_home = home,
                            .cell = cell->name,
                            .key = home->key,
                            .old_va = home->va,
                            .new_va = home->va,
                            .old_len = home->len,
                            .old_type = home->type_hash,
                            .new_type = home->type_hash,
                            .forward = {.moves = whole, .count = 1, .room = 1}};
    snprintf(
        m->text, sizeof m->text,
        "folded away by the compiler: it depends on the machine, whose value has to be "
        "the initialiser still");
    plan_set_class(cell, PLAN_DATA);
    cell->coupled = !plan_in_closure(cell);
    return STATUS_OK;
}
