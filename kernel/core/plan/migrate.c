/* Which data objects change their form in a swap, and what the swap does with their values.
 * SPDX-License-Identifier: MIT
 *
 * plan_migrate() compares the objects of two versions of a cell by key. An object of the same
 * type and length stays as it is. Else its moves are listed in both directions (fieldmap.c). A
 * constant has no value to keep: its words are journalled, and only its home learns the new form. But if parts of it lie
 * elsewhere in that, as the rows of a table do when each becomes longer, its moves say where pointers to them lead.
 * Objects stay in their homes as long as these have room; a larger one moves to a new home.
 * Those of the closure always do: both versions work, each with its own (closure.c).
 */
#include <core/plan/fieldmap.h>
#include <core/plan/meanings.h>
#include <core/plan/turn.h>

#include <mm/heap/heap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint32_t plan_object(const struct version *v, const char *key, struct cell_data *out)
{
    for (uint32_t i = 1; i < v->elf.section_count; i++) {
        if (!v->section_object[i] || !v->section_home[i])
            continue;
        cellinfo_data(&v->info, v->section_object[i] - 1, out);
        if (strcmp(out->key, key) == 0)
            return i;
    }
    return 0;
}

/* In the order in which they are told. */
static struct migration_list *list_at(struct plan *plan, uint32_t index)
{
    struct migration_list *lists[] = {&plan->migrations, &plan->beside, &plan->late};
    return index < ARRAY_LEN(lists) ? lists[index] : NULL;
}

const struct migration *plan_migration(const struct plan *plan, uint32_t index)
{
    const struct migration_list *l;
    for (uint32_t i = 0; (l = list_at((struct plan *)plan, i)); i++) {
        if (index < l->count)
            return &l->list[index];
        index -= l->count;
    }
    return NULL;
}

/* The list for objects of CELL: those of the closure lie beside the old ones, and what watches the trial keeps its own until
 * the handover. */
static struct migration_list *list_for(struct plan *plan, const struct plan_cell *cell)
{
    if (!plan_in_closure(cell))
        return &plan->migrations;
    return strcmp(cell->name, "guard") == 0 ? &plan->late : &plan->beside;
}

static struct migration *migration_add(struct migration_list *l)
{
    if (l->count == l->room) {
        uint32_t room = l->room ? l->room * 2 : 8;
        struct migration *moved = heap_grow_array(struct migration, l->list, room);
        if (!moved)
            return NULL;
        l->list = moved;
        l->room = room;
    }
    struct migration *m = &l->list[l->count++];
    memset(m, 0, sizeof *m);
    return m;
}

struct migration *plan_add_migration(struct plan *plan, const struct plan_cell *cell)
{
    return migration_add(list_for(plan, cell));
}

static void describe(struct migration *m, const char *what)
{
    char size[64] = "";
    if (m->old_len != m->new_len)
        snprintf(size, sizeof size, ", %u to %u bytes", m->old_len, m->new_len);
    snprintf(m->text, sizeof m->text, "%s%s%s%s", what[0] ? what : "its fields move",
             size, m->old_home == m->new_home ? "" : ", at a new address",
             m->constant ? " (constant)" : "");
}

static enum status map_both_ways(struct planning *p, struct plan_cell *cell,
                                 struct migration *m, struct type *was, struct type *is)
{
    struct fieldmap there;
    struct fieldmap back;
    was->callbacks = is->callbacks = &p->callbacks;
    is->form = FORM_NEW;
    bool drops = plan_may_lose(p->plan, cell, m->key);
    enum status status = fieldmap_build(was, m->old_len, is, m->new_len, drops, &there);
    enum status way_back =
        status == STATUS_OK ? fieldmap_build(is, m->new_len, was, m->old_len, true, &back)
                            : STATUS_OK;
    if (status == STATUS_DENIED)
        (void)refuse(
            report_next(p->report), "data", cell->name, m->key, NULL,
            "the type of %s changed, and its live value cannot follow: %s. Keep that "
            "field, or give the new one another name",
            m->key, there.why);
    if (way_back == STATUS_DENIED)
        (void)refuse(report_next(p->report), "data", cell->name, m->key, NULL,
                     "the type of %s changed, and there is no way back: %s", m->key,
                     back.why);
    describe(m, there.notes);
    m->forward = there.list;
    if (status == STATUS_OK)
        m->reverse = back.list;
    return status == STATUS_FULL || way_back == STATUS_FULL ? STATUS_FULL : STATUS_OK;
}

enum status plan_map_whole(struct move_list *list, enum move_kind kind, uint64_t old_len,
                           uint64_t new_len)
{
    move_list_fini(list);
    list->moves = heap_new_array(struct field_move, 1);
    if (!list->moves)
        return STATUS_FULL;
    list->moves[0] = (struct field_move){.kind = kind,
                                         .from_bits = 8 * old_len,
                                         .to_bits = 8 * new_len,
                                         .count = 1,
                                         .name = ""};
    list->count = list->room = 1;
    return STATUS_OK;
}

enum status plan_map_constant(struct migration *m, const struct type *was,
                              const struct type *is)
{
    struct fieldmap there;
    struct fieldmap back;
    enum status status = fieldmap_build(was, m->old_len, is, m->new_len, true, &there);
    enum status way_back = fieldmap_build(is, m->new_len, was, m->old_len, true, &back);
    bool alike = status == STATUS_OK && way_back == STATUS_OK;
    m->forward = there.list;
    m->reverse = back.list;
    if (status == STATUS_FULL || way_back == STATUS_FULL)
        return STATUS_FULL;
    if (alike && !plan_moves_parts(&m->forward) &&
        !plan_changes_kind(m->old_home, m->new_home)) {
        move_list_fini(&m->forward);
        move_list_fini(&m->reverse);
    }
    if (alike)
        return STATUS_OK;
    /* Of what has nothing in common with its other form only the begin is known. */
    status = plan_map_whole(&m->forward, MOVE_PLACE, m->old_len, m->new_len);
    return status == STATUS_OK
               ? plan_map_whole(&m->reverse, MOVE_PLACE, m->new_len, m->old_len)
               : status;
}

/* Says whether the object KEY has its initialiser after the commit. SAME: its form does not change. */
static bool begins_again(const struct plan_cell *cell, const char *key, bool same)
{
    bool scratch = plan_marked(cell->fresh, "scratch", key) ||
                   plan_marked(cell->old, "scratch", key);
    return (scratch && !same) || (plan_marked(cell->fresh, "reinit", key) &&
                                  !plan_marked(cell->old, "reinit", key));
}

enum status plan_refuse_part(struct planning *p, const struct plan_cell *cell,
                             const char *key, const struct part_way *way)
{
    const char *part = way->tag;
    if (way->twins) {
        (void)refuse(report_next(p->report), "state", cell->name, key, NULL,
                     "%s of %s holds a struct %s. Two files declare one, each its own, "
                     "and marks and edges do not say which of them turns: rename one in "
                     "a commit before",
                     key, cell->name, part);
        return STATUS_OK;
    }
    (void)refuse(
        report_next(p->report), "state", cell->name, key, NULL,
        "%s of %s holds a struct %s, which means something else than in the version that "
        "runs, and no edges lead from one to the other: say EVOLVE_WAS(%s, ...) beside "
        "it, "
        "and EVOLVE_EDGE both ways; or EVOLVE_STATE(%s, ...), and how the whole turns "
        "(EVOLVE_STATE_EDGE)",
        key, cell->name, part, part, key);
    return STATUS_OK;
}

/* The closure's old and new version work side by side; nobody stands still for edges between them. */
static enum status refuse_turn(struct planning *p, const struct plan_cell *cell,
                               const char *key)
{
    (void)refuse(report_next(p->report), "closure", cell->name, key, NULL,
                 "%s of %s means something else than in the version that runs, and %s "
                 "carries out swaps; put it beside under another name",
                 key, cell->name, cell->name);
    return STATUS_OK;
}

/* The object of section IS of the new version; WAS is that of the old one. */
static enum status migrate_object(struct planning *p, struct plan_cell *cell,
                                  const struct meanings *meanings, uint32_t was,
                                  const struct cell_data *old, uint32_t is,
                                  const struct cell_data *now)
{
    struct elf_section s;
    struct type old_type;
    struct type new_type;
    struct home *from = cell->old->section_home[was];
    struct home *to = cell->fresh->section_home[is];
    bool beside = plan_in_closure(cell);
    bool constant = from->storage == CELL_STORE_RODATA;
    elf_section(&cell->fresh->elf, is, &s);
    const struct migration forms = {.old_home = from,
                                    .new_home = to,
                                    .cell = cell->name,
                                    .key = now->key,
                                    .old_va = from->va,
                                    .new_va = to->va,
                                    .old_len = from->len,
                                    .new_len = (uint32_t)s.len,
                                    .old_type = from->type_hash,
                                    .new_type = now->type_hash,
                                    .constant = constant};
    if (plan_changes_kind(from, to))
        return plan_change_kind(p, cell, meanings, &forms, old, now);
    bool same = from == to && from->type_hash == now->type_hash && from->len == s.len;
    bool again = begins_again(cell, now->key, same);
    bool may_turn = meanings->any && !constant && !again;
    bool turns = may_turn && plan_restated(cell, now->key);
    const struct part_way *part =
        may_turn && !turns ? meanings_part(meanings, FORM_NEW, now->type_name) : NULL;
    if (part && !part->keeper)
        return plan_refuse_part(p, cell, now->key, part);
    turns = turns || part;
    if (turns && beside)
        return refuse_turn(p, cell, now->key);
    if (same && !turns && (!again || beside))
        return STATUS_OK;
    struct migration *m = plan_add_migration(p->plan, cell);
    if (!m)
        return STATUS_FULL;
    *m = forms;
    if (turns) {
        enum status status = plan_turn_object(p, cell, meanings, m, old, now, &again);
        if (status != STATUS_OK)
            return status;
    }
    enum status pinned = plan_check_pinned(p, cell, cell->old, m, old, now);
    if (m->constant || again) {
        describe(m, again ? "is initialised again" : "is rewritten");
        plan_set_class(cell, m->constant ? PLAN_TEXT : PLAN_DATA);
        cell->coupled = cell->coupled || ((!same || turns) && !beside);
    } else {
        plan_set_class(cell, PLAN_DATA);
        cell->coupled = !beside;
    }
    if (turns || same || (again && !m->constant) || (m->constant && beside) ||
        pinned != STATUS_OK)
        return pinned;
    type_read(&cell->old->info, old->type_name, &old_type);
    type_read(&cell->fresh->info, now->type_name, &new_type);
    if (m->constant)
        return plan_map_constant(m, &old_type, &new_type);
    return map_both_ways(p, cell, m, &old_type, &new_type);
}

enum status plan_migrate_taken(struct planning *p, struct plan_cell *pair,
                               const struct meanings *meanings, struct home *home,
                               const struct cell_data *was, uint32_t at,
                               const struct cell_data *is)
{
    struct elf_section s;
    struct type old_type;
    struct type new_type;
    struct home *to = pair->fresh->section_home[at];
    bool again = plan_marked(pair->fresh, "scratch", is->key) ||
                 plan_marked(pair->old, "scratch", was->key) ||
                 (plan_marked(pair->fresh, "reinit", is->key) &&
                  !plan_marked(pair->old, "reinit", was->key));
    bool turns = meanings && !again;
    struct migration *m = plan_add_migration(p->plan, pair);
    if (!m)
        return STATUS_FULL;
    elf_section(&pair->fresh->elf, at, &s);
    *m = (struct migration){.old_home = home,
                            .new_home = to,
                            .cell = plan_find(p->plan, pair->name)->name,
                            .key = is->key,
                            .old_va = home->va,
                            .new_va = to->va,
                            .old_len = home->len,
                            .new_len = (uint32_t)s.len,
                            .old_type = home->type_hash,
                            .new_type = is->type_hash};
    if (turns) {
        enum status status = plan_turn_object(p, pair, meanings, m, was, is, &again);
        if (status != STATUS_OK)
            return status;
    }
    enum status pinned = plan_check_pinned(p, pair, pair->old, m, was, is);
    if (again)
        describe(m, "is initialised again");
    if (again || turns || pinned != STATUS_OK)
        return pinned;
    type_read(&pair->old->info, was->type_name, &old_type);
    type_read(&pair->fresh->info, is->type_name, &new_type);
    return map_both_ways(p, pair, m, &old_type, &new_type);
}

enum status plan_migrate(struct planning *p, struct plan_cell *cell,
                         const struct meanings *meanings)
{
    for (uint32_t i = 1; i < cell->fresh->elf.section_count; i++) {
        struct cell_data old;
        struct cell_data now;
        if (!cell->fresh->section_home[i])
            continue;
        cellinfo_data(&cell->fresh->info, cell->fresh->section_object[i] - 1, &now);
        uint32_t was = plan_object(cell->old, now.key, &old);
        enum status status =
            was ? migrate_object(p, cell, meanings, was, &old, i, &now) : STATUS_OK;
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static bool asks_for_image(const struct migration *m)
{
    for (uint32_t i = 0; i < m->forward.count; i++)
        if (m->forward.moves[i].kind == MOVE_UNUSED)
            return true;
    return false;
}

static enum status image_of(struct planning *p, struct version *v, const char *key,
                            uint8_t *out)
{
    struct cell_data d;
    return loader_contents(p->plan->ns, v, plan_object(v, key, &d), out);
}

static enum status take_memory(struct planning *p, struct migration *m)
{
    const struct plan_cell *cell = plan_find(p->plan, m->cell);
    const struct plan_cell *from = plan_find(p->plan, m->old_home->cell);
    m->old_at = cellmem_data(m->old_va);
    m->new_at = cellmem_data(m->new_va);
    m->saved = heap_new_array(uint8_t, m->old_len + 8);
    m->back = heap_new_array(uint8_t, m->old_len + 8);
    m->prepared = heap_new_array(uint8_t, m->new_len + 8);
    if (asks_for_image(m))
        m->old_image = heap_new_array(uint8_t, m->old_len + 8);
    if (!m->saved || !m->back || !m->prepared || (asks_for_image(m) && !m->old_image))
        return STATUS_FULL;
    enum status status =
        migration_folds(m) ? STATUS_OK : image_of(p, cell->fresh, m->key, m->prepared);
    if (turn_of(m))
        memcpy(turn_of(m)->image, m->prepared, m->new_len);
    if (status == STATUS_OK && asks_for_image(m))
        status = image_of(p, from->old, m->old_home->key, m->old_image);
    return status == STATUS_OK && plan_becomes_constant(m) ? plan_constant_image(p, m)
                                                           : status;
}

static int by_old(const void *a, const void *b)
{
    uint64_t x = (*(const struct migration *const *)a)->old_va;
    uint64_t y = (*(const struct migration *const *)b)->old_va;
    return (x > y) - (x < y);
}

static int by_new(const void *a, const void *b)
{
    uint64_t x = (*(const struct migration *const *)a)->new_va;
    uint64_t y = (*(const struct migration *const *)b)->new_va;
    return (x > y) - (x < y);
}

/* So that the transfer finds by address. */
static enum status sort(struct migration_list *all)
{
    all->moving_count = 0;
    all->by_old = heap_new_array(const struct migration *, all->count + 1);
    all->by_new = heap_new_array(const struct migration *, all->count + 1);
    if (!all->by_old || !all->by_new)
        return STATUS_FULL;
    for (uint32_t i = 0; i < all->count; i++) {
        if (all->list[i].constant && !all->list[i].forward.count)
            continue;
        all->by_old[all->moving_count] = &all->list[i];
        all->by_new[all->moving_count++] = &all->list[i];
    }
    qsort(all->by_old, all->moving_count, sizeof *all->by_old, by_old);
    qsort(all->by_new, all->moving_count, sizeof *all->by_new, by_new);
    return STATUS_OK;
}

static enum status prepare(struct planning *p, struct migration_list *all)
{
    for (uint32_t i = 0; i < all->count; i++) {
        enum status status =
            all->list[i].constant ? STATUS_OK : take_memory(p, &all->list[i]);
        if (status != STATUS_OK)
            return status;
    }
    return sort(all);
}

enum status plan_prepare(struct planning *p)
{
    struct migration_list *all;
    for (uint32_t i = 0; (all = list_at(p->plan, i)); i++) {
        enum status status = prepare(p, all);
        if (status != STATUS_OK)
            return status;
    }
    p->plan->migrations.beside = p->plan->beside.count ? &p->plan->beside : NULL;
    return STATUS_OK;
}

/* Objects that only one of the two versions has: the other starts afresh when it has them again. */
static void orphan(const struct version *v, const struct version *other, bool is)
{
    for (uint32_t i = 1; i < v->elf.section_count; i++) {
        struct home *h = v->section_home[i];
        bool shared = !h || h->storage == CELL_STORE_RODATA;
        for (uint32_t k = 1; !shared && k < other->elf.section_count; k++)
            shared = other->section_home[k] == h;
        if (!shared)
            h->orphan = is;
    }
}

void plan_rehome(struct plan *plan, bool backwards)
{
    for (uint32_t i = 0; i < plan->cell_count; i++) {
        const struct plan_cell *cell = &plan->cells[i];
        if (!cell->old || !cell->fresh || cell->drains)
            continue;
        orphan(cell->old, cell->fresh, !backwards);
        orphan(cell->fresh, cell->old, backwards);
    }
    const struct migration *m;
    for (uint32_t i = 0; (m = plan_migration(plan, i)); i++) {
        if (migration_folds(m))
            continue;
        if (m->old_home == m->new_home) {
            m->new_home->len = backwards ? m->old_len : m->new_len;
            m->new_home->type_hash = backwards ? m->old_type : m->new_type;
        } else if (!plan_changes_kind(m->old_home, m->new_home)) {
            m->old_home->orphan = !backwards;
            m->new_home->orphan = backwards;
        }
    }
}

static void list_fini(struct migration_list *all)
{
    for (uint32_t i = 0; i < all->count; i++) {
        struct migration *m = &all->list[i];
        turn_fini(m);
        move_list_fini(&m->forward);
        move_list_fini(&m->reverse);
        heap_free(m->saved);
        heap_free(m->prepared);
        heap_free(m->back);
        heap_free(m->old_image);
    }
    heap_free(all->by_old);
    heap_free(all->by_new);
    heap_free(all->list);
    *all = (struct migration_list){0};
}

void plan_migrations_fini(struct plan *plan)
{
    struct migration_list *all;
    for (uint32_t i = 0; (all = list_at(plan, i)); i++)
        list_fini(all);
}
