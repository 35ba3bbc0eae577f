/* Lists every store of a swap: call sites, slots of stubs, words of constant objects.
 * SPDX-License-Identifier: MIT
 */
#include <core/plan/grow.h>
#include <core/plan/private.h>

#include <mm/heap/heap.h>
#include <string.h>

/* One alias is opened for each page. */
uint8_t *plan_alias(struct plan *plan, uint64_t va)
{
    uint64_t page = align_down(va, CELLMEM_PAGE);
    for (uint32_t i = plan->alias_count; i-- > 0;)
        if (plan->aliases[i].page == page)
            return plan->aliases[i].write + (va - page);
    struct plan_alias a = {.page = page};
    if (!grow(struct plan_alias, &plan->aliases, plan->alias_count, &plan->alias_room) ||
        cellmem_alias_open(page, &a.write) != STATUS_OK)
        return NULL;
    plan->aliases[plan->alias_count++] = a;
    return a.write + (va - page);
}

static enum status add_poke(struct plan *plan, uint64_t va, uint32_t len, uint64_t before,
                            uint64_t after)
{
    struct poke k = {.va = va, .len = len, .before = before, .after = after};
    if (before == after)
        return STATUS_OK;
    if (!grow(struct poke, &plan->pokes, plan->poke_count, &plan->poke_room))
        return STATUS_FULL;
    k.write = plan_alias(plan, va);
    if (!k.write)
        return STATUS_FULL;
    plan->pokes[plan->poke_count++] = k;
    return STATUS_OK;
}

static enum status wrong_bytes(struct planning *p, const struct version *v, uint64_t va)
{
    return refuse(
        report_next(p->report), "drift", v->info.name, NULL, NULL,
        "the call at %#lx in %s does not hold what the namespace says; nothing is "
        "changed",
        (unsigned long)va, v->info.name);
}

/* A site that straddles a page is written byte by byte: aliases are single pages. Nobody
 * executes it meanwhile, so the store need not be one. */
static enum status poke_site(struct planning *p, const struct version *importer,
                             const struct site *site, uint64_t from, uint64_t to)
{
    uint32_t before = site_value(site, from);
    uint32_t after = site_value(site, to);
    int64_t reach = (int64_t)(to + (uint64_t)site->addend - site->va);
    if (reach != (int32_t)reach)
        return refuse(report_next(p->report), "relocation", importer->info.name, NULL,
                      NULL, "a call in %s cannot reach the new text", importer->info.name);
    if (get_le32(cellmem_view(site->va)) != before)
        return wrong_bytes(p, importer, site->va);
    uint64_t in_page = site->va & (CELLMEM_PAGE - 1);
    if (in_page <= CELLMEM_PAGE - 4)
        return add_poke(p->plan, site->va, 4, before, after);
    for (uint32_t i = 0; i < 4; i++) {
        enum status status = add_poke(p->plan, site->va + i, 1, before >> (8 * i) & 0xff,
                                      after >> (8 * i) & 0xff);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

/* Says of the stores listed since there were FIRST whether they wait for the handover. */
static void set_late(struct plan *plan, uint32_t first, bool late)
{
    for (uint32_t i = first; i < plan->poke_count; i++)
        plan->pokes[i].late = late;
}

static enum status move_import(struct planning *p, struct import *m, struct version *from,
                               struct version *to, uint32_t to_function)
{
    struct plan *plan = p->plan;
    struct plan_move move = {.import = m,
                             .from = from,
                             .to = to,
                             .from_function = m->function,
                             .to_function = to_function};
    move.late = plan_is_late_move(plan, &move);
    if (!grow(struct plan_move, &plan->moves, plan->move_count, &plan->move_room))
        return STATUS_FULL;
    plan->moves[plan->move_count++] = move;
    if (m->importer->withdrawn) /* its sites hold INT3, and nobody goes on there */
        return STATUS_OK;
    uint64_t old_va = from->functions[m->function].va;
    uint32_t first = plan->poke_count;
    for (uint32_t i = m->first_site; i; i = m->importer->sites[i - 1].next) {
        enum status status = poke_site(p, m->importer, &m->importer->sites[i - 1], old_va,
                                       to->functions[to_function].va);
        if (status != STATUS_OK)
            return status;
    }
    set_late(plan, first, move.late);
    return STATUS_OK;
}

/* Old text's calls into its own set stay old to old: versions that the set replaces keep
 * their imports, and so does whoever calls in a form that is no more (NOW is the signature). All others, older retired
 * versions too, follow; so does old text that is not coupled, for that of coupled cells ends. What drains calls its own
 * lineage as before, and follows everywhere else, for it goes on. */
static bool follows(const struct plan *plan, const struct plan_cell *cell,
                    const struct import *m, uint64_t now)
{
    const struct plan_cell *caller = plan_find(plan, m->importer->info.name);
    if (m->signature && now && m->signature != now)
        return false;
    if (cell->drains && version_same_lineage(m->importer, cell->old))
        return false;
    return !caller || caller->drains || m->importer != caller->old ||
           (cell->coupled && !caller->coupled);
}

static enum status journal_imports(struct planning *p, const struct plan_cell *cell)
{
    for (uint32_t i = 0; i < cell->old->function_count; i++) {
        struct function *f = &cell->old->functions[i];
        for (struct import *m = f->incoming; m; m = m->next_incoming) {
            struct version *provider;
            uint32_t to;
            if (plan_follow(p->plan, cell, m, &provider, &to) != STATUS_OK ||
                !follows(p->plan, cell, m, provider->functions[to].signature))
                continue;
            enum status status = move_import(p, m, cell->old, provider, to);
            if (status != STATUS_OK)
                return status;
        }
    }
    return STATUS_OK;
}

/* What comes was led to the guard that watches. */
static enum status journal_watch(struct planning *p, const struct plan_cell *guard)
{
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < p->plan->cell_count; i++) {
        struct version *v = p->plan->cells[i].fresh;
        for (uint32_t k = 0; v && k < v->import_count && status == STATUS_OK; k++) {
            struct import *m = &v->imports[k];
            int64_t now =
                m->provider == guard->old ? version_export(guard->fresh, m->name) : -1;
            if (now >= 0)
                status = move_import(p, m, guard->old, guard->fresh, (uint32_t)now);
        }
    }
    return status;
}

static int64_t function_like(const struct version *v, const struct stub *s)
{
    int64_t i = s->cell ? version_function(v, s->name, false, s->twin)
                        : version_export(v, s->name);
    return i >= 0 && v->lineage == s->lineage && v->functions[i].signature == s->signature
               ? i
               : -1;
}

/* Lends the cell of the set that has the function of S now; it may be another than before. */
static struct plan_cell *stub_successor(struct plan *plan, const struct stub *s)
{
    for (uint32_t i = 0; i < plan->cell_count; i++) {
        struct plan_cell *cell = &plan->cells[i];
        bool own = !s->cell || strcmp(s->cell, cell->name) == 0;
        if (own && cell->fresh && function_like(cell->fresh, s) >= 0)
            return cell;
    }
    return NULL;
}

/* Before the commit S leads to the old text: of the version that it stands for, or, if a new
 * version made it, of the old function whose address nobody had taken. One that a failed plan
 * left behind leads nowhere: nobody has it, and AFTER is as good. */
static uint64_t stub_before(const struct plan *plan, const struct plan_cell *cell,
                            const struct stub *s, uint64_t after)
{
    int64_t was = cell->old ? function_like(cell->old, s) : -1;
    uint64_t leads_to = get_le64(cellmem_view(s->slot));
    if (s->version && s->version != cell->fresh)
        return s->version->functions[s->function].va;
    if (was >= 0)
        return cell->old->functions[was].va;
    return s->version || namespace_version_at(plan->ns, leads_to) ? leads_to : after;
}

static enum status journal_stub(struct planning *p, struct plan_cell *cell, struct stub *s)
{
    int64_t now = function_like(cell->fresh, s);
    int64_t was = cell->old ? function_like(cell->old, s) : -1;
    uint64_t after = cell->fresh->functions[now].va;
    uint64_t before = stub_before(p->plan, cell, s, after);
    cell->fresh->functions[now].stub = s;
    if (was >= 0)
        cell->old->functions[was].stub = s;
    uint8_t *slot = plan_alias(p->plan, s->slot);
    if (!slot)
        return STATUS_FULL;
    if (s->version == cell->fresh || !s->version)
        put_le64(slot, before);
    else if (get_le64(slot) != before)
        return wrong_bytes(p, cell->fresh, s->slot);
    uint32_t first = p->plan->poke_count;
    enum status status = add_poke(p->plan, s->slot, 8, before, after);
    set_late(p->plan, first, cell->old && plan_is_late_stub(s));
    return status;
}

/* S stands for a function that its cell loses: the old text stays as long as somebody has the stub's address, and scans tell
 * whether anybody has (evolve/retire.c). Not of the closure: the processor has addresses of its stubs, in pieces. */
static void pin_old(struct plan *plan, const struct stub *s)
{
    for (uint32_t i = 0; i < plan->cell_count; i++) {
        struct plan_cell *cell = &plan->cells[i];
        if (s->version && cell->old == s->version && cell->fresh && !cell->drains &&
            plan_in_closure(cell))
            cell->pins_old = true;
    }
}

static enum status journal_stubs(struct planning *p)
{
    for (struct stub *s = p->plan->ns->stubs; s; s = s->next) {
        struct plan_cell *cell = stub_successor(p->plan, s);
        enum status status = STATUS_OK;
        if (cell)
            status = journal_stub(p, cell, s);
        else
            pin_old(p->plan, s);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

/* A constant object stays where it is; the words of it that changed are rewritten there. */
static enum status journal_constant(struct planning *p, struct version *fresh,
                                    uint32_t section)
{
    struct elf_section s;
    enum status status = STATUS_OK;
    uint64_t va = fresh->section_va[section];
    elf_section(&fresh->elf, section, &s);
    uint8_t *now = heap_new_array(uint8_t, align_up(s.len, 8));
    if (!now)
        return STATUS_FULL;
    const uint8_t *was = cellmem_view(va);
    status = loader_contents(p->plan->ns, fresh, section, now);
    for (uint64_t at = 0; status == STATUS_OK && at < s.len; at += 8) {
        uint64_t before = get_le64(was + at);
        uint64_t after = get_le64(now + at);
        if (s.len - at < 8)
            after |= before & (UINT64_MAX << 8 * (s.len - at));
        status = before == after ? STATUS_OK : plan_may_rewrite(p, fresh, section);
        if (status == STATUS_OK)
            status = add_poke(p->plan, va + at, 8, before, after);
    }
    heap_free(now);
    return status;
}

static enum status journal_constants(struct planning *p, const struct plan_cell *cell)
{
    for (uint32_t i = 1; i < cell->fresh->elf.section_count; i++) {
        const struct home *h = cell->fresh->section_home[i];
        if (!h || h->storage != CELL_STORE_RODATA || h->refs < 2)
            continue;
        enum status status = journal_constant(p, cell->fresh, i);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

enum status plan_journal(struct planning *p)
{
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < p->plan->cell_count && status == STATUS_OK; i++) {
        struct plan_cell *cell = &p->plan->cells[i];
        if (cell->old)
            status = journal_imports(p, cell);
        if (status == STATUS_OK && cell->old && cell->fresh)
            status = journal_constants(p, cell);
    }
    const struct plan_cell *guard = plan_find(p->plan, "guard");
    if (status == STATUS_OK && guard && guard->old && guard->fresh)
        status = journal_watch(p, guard);
    return status == STATUS_OK ? journal_stubs(p) : status;
}
