/* An object that changes its cell and its form in one swap.
 * SPDX-License-Identifier: MIT
 *
 * It migrates like any other, but from the form that the one cell's old version describes to the one that the other's new version
 * does: in its home, or, if that is too small, in a new one of the cell that takes it. Both cells are drained. Its meaning may
 * change too: the edges of the cell that takes it, or of the one that had it, lead from one to the other as if both were versions
 * of one cell. What it leads to by pointer is not looked for in another cell, so that has to keep its form and its meaning.
 */
#include <core/plan/meanings.h>

#include <mm/heap/heap.h>
#include <string.h>

/* What an object leads to: types of the version that has it, by their number, and whether by pointer. */
struct reach {
    const struct cellinfo *info;
    const struct cellinfo *to; /* that will have it */
    uint8_t *seen;             /* BY_VALUE, BY_POINTER */
    uint32_t *waiting;
    uint32_t count;
};

enum { BY_VALUE = 1, BY_POINTER = 2 };

static bool is_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '_' || c == '.' || c == ':';
}

/* The struct or union that TEXT, of a field or an object, comes to in the end; functions lead nowhere. Gives its tag's length,
 * or 0: none. */
static size_t tag_in(const char *text, const char **out_tag)
{
    const char *at = cellinfo_bare_name(text + strspn(text, "*[0123456789]"));
    size_t len = 0;
    if (strncmp(at, "struct ", 7) != 0 && strncmp(at, "union ", 6) != 0)
        return 0;
    at = plan_tag(at);
    while (is_name(at[len]))
        len++;
    *out_tag = at;
    return len;
}

static void reach(struct reach *r, const char *text, uint8_t how)
{
    const char *tag;
    size_t len = tag_in(text, &tag);
    how = strchr(text, '*') ? BY_POINTER : how;
    for (uint32_t i = 0; len && i < r->info->count[CELL_TYPES]; i++) {
        struct cell_type t;
        cellinfo_type(r->info, i, &t);
        const char *name = plan_tag(cellinfo_bare_name(t.name));
        if (strlen(name) != len || memcmp(name, tag, len) != 0 || r->seen[i] >= how)
            continue;
        r->seen[i] = how;
        r->waiting[r->count++] = i;
    }
}

/* Lends what is wrong with the type WAS, or NULL. STATUS_FULL. */
static enum status judge(const struct reach *r, const struct cell_type *was, uint8_t how,
                         const char **out_why)
{
    struct cell_type is;
    bool same = true;
    const char *tag = plan_tag(cellinfo_bare_name(was->name));
    enum status status = STATUS_OK;
    *out_why = NULL;
    if (how != BY_POINTER)
        return STATUS_OK;
    if (plan_state(r->info, tag) != plan_state(r->to, tag))
        *out_why = "with another meaning (EVOLVE_STATE)";
    else if (plan_find_type(r->to, tag, &is))
        status = plan_same_text(r->info, was->name, r->to, is.name, &same);
    if (!same)
        *out_why = "with another form";
    return status;
}

/* Refuses what OBJECT, which CELL takes from FROM, leads to if that does not stay what it is. */
static enum status check_reach(struct planning *p, const struct plan_cell *cell,
                               const struct version *from, const struct cell_data *object)
{
    struct reach r = {.info = &from->info, .to = &cell->fresh->info};
    uint32_t room = from->info.count[CELL_TYPES];
    enum status status = STATUS_OK;
    r.seen = heap_new_array(uint8_t, room + 1);
    r.waiting = heap_new_array(uint32_t, 2 * (uint64_t)room + 1);
    if (!r.seen || !r.waiting)
        status = STATUS_FULL;
    else
        reach(&r, object->type_name, BY_VALUE);
    for (uint32_t i = 0; status == STATUS_OK && i < r.count; i++) {
        struct cell_type t;
        struct cell_field f;
        const char *why;
        uint8_t how = r.seen[r.waiting[i]];
        cellinfo_type(r.info, r.waiting[i], &t);
        status = judge(&r, &t, how, &why);
        if (status == STATUS_OK && why)
            (void)refuse(
                report_next(p->report), "type", cell->name, object->key, from->info.name,
                "%s takes %s from %s, and %s, to which it leads, comes %s; an object "
                "changes its cell in one commit and what it leads to in another, and who "
                "skips one goes by it",
                cell->name, object->key, from->info.name, cellinfo_bare_name(t.name), why);
        for (uint32_t k = 0; status == STATUS_OK && k < t.field_count; k++) {
            cellinfo_field(r.info, t.first_field + k, &f);
            reach(&r, f.type_name, how);
        }
    }
    heap_free(r.seen);
    heap_free(r.waiting);
    return status;
}

static enum status refuse_closure(struct planning *p, const struct plan_cell *cell,
                                  const struct home *home)
{
    (void)refuse(
        report_next(p->report), "data", cell->name, home->key, home->cell,
        "%s takes %s from %s, but with another type or meaning, and one of the two "
        "carries out swaps; an object of theirs changes its cell in one commit and its "
        "type in another, and who skips one goes by it",
        cell->name, home->key, home->cell);
    return STATUS_OK;
}

/* The object WAS of FROM, in HOME, becomes IS, in section AT of CELL's new version. To PAIR both belong. */
static enum status change(struct planning *p, struct plan_cell *cell,
                          struct plan_cell *from, struct plan_cell *pair,
                          const struct meanings *meanings, struct home *home,
                          const struct cell_data *was, uint32_t at,
                          const struct cell_data *is)
{
    struct elf_section s;
    elf_section(&cell->fresh->elf, at, &s);
    bool same = cell->fresh->section_home[at] == home &&
                is->type_hash == home->type_hash && s.len == home->len;
    bool turns =
        plan_state(&pair->old->info, was->key) != plan_state(&pair->fresh->info, is->key);
    const struct part_way *part =
        turns ? NULL : meanings_part(meanings, FORM_NEW, is->type_name);
    if (same && !turns && !part)
        return STATUS_OK;
    if (plan_in_closure(cell) || plan_in_closure(from))
        return refuse_closure(p, cell, home);
    if (part && !part->keeper)
        return plan_refuse_part(p, cell, is->key, part);
    plan_set_class(cell, PLAN_DATA);
    plan_set_class(from, PLAN_DATA);
    cell->coupled = true;
    from->coupled = true;
    return plan_migrate_taken(p, pair, turns || part ? meanings : NULL, home, was, at, is);
}

enum status plan_check_taken(struct planning *p, struct plan_cell *cell,
                             struct plan_cell *from, struct home *home, const char *key)
{
    struct cell_data was;
    struct cell_data is;
    struct meanings meanings = {0};
    struct plan_cell pair = *cell;
    uint32_t at = plan_object(cell->fresh, key, &is);
    if (!plan_object(from->old, home->key, &was))
        return STATUS_OK;
    pair.old = from->old;
    enum status status = from == cell ? STATUS_OK : check_reach(p, cell, from->old, &was);
    if (status == STATUS_OK)
        status = meanings_init(&meanings, &pair);
    if (status == STATUS_OK)
        status = change(p, cell, from, &pair, &meanings, home, &was, at, &is);
    meanings_fini(&meanings);
    return status;
}
