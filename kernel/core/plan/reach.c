/* What the guard and the commit reach in other cells: it branches to no address that it reads at run time, and waits for nobody.
 * SPDX-License-Identifier: MIT
 *
 * The loader sees one object; which functions of other cells run when a swap is stored or taken back depends on all of them.
 * So the planner follows every direct branch from the functions that the closure imports, through the namespace as it will
 * be, and reads what it finds. How far that goes may change with every commit; that it can be known may not.
 */
#include <core/loader/instruction.h>
#include <core/loader/waits.h>
#include <core/plan/private.h>

#include <string.h>

enum { REACH_MAX = 128, FIELD_LEN = 4 };

/* Where it may look at something over and over: the interrupt controller has sent what it was told before. */
static const char *const spins[] = {"lapic_send"};

struct reached {
    const struct version *v;
    uint32_t function;
};

struct reach {
    struct planning *p;
    const char *from; /* the cell of the closure whose imports are followed */
    struct reached list[REACH_MAX];
    uint32_t count;
};

static enum status deny(const struct reach *r, const struct reached *at, const char *what)
{
    const char *cell = at->v->info.name;
    const char *function = at->v->functions[at->function].name;
    return refuse(report_next(r->p->report), "closure", cell, function, r->from,
                  "%s of %s, which %s comes through, %s: nobody could tell that a swap "
                  "is taken back, whatever else is broken",
                  function, cell, r->from, what);
}

/* AT is reached too. STATUS_DENIED: there is no end of it. */
static enum status reach(struct reach *r, const struct version *v, uint32_t function)
{
    struct reached at = {v, function};
    for (uint32_t i = 0; i < r->count; i++)
        if (r->list[i].v == v && r->list[i].function == function)
            return STATUS_OK;
    if (r->count == REACH_MAX)
        return deny(r, &at, "is one of too many");
    r->list[r->count++] = at;
    return STATUS_OK;
}

/* What nobody provides is refused elsewhere. */
static enum status reach_import(struct reach *r, const struct version *v, const char *name)
{
    struct version *provider;
    uint32_t function;
    if (plan_lookup(r->p->plan, v, name, &provider, &function) != STATUS_OK)
        return STATUS_OK;
    return reach(r, provider, function);
}

static enum status reach_own(struct reach *r, const struct version *v, uint32_t section,
                             uint64_t offset)
{
    const struct function *f = plan_function_around(v, section, offset);
    return f ? reach(r, v, (uint32_t)(f - v->functions)) : STATUS_OK;
}

/* Finds the relocation of the field at OFFSET of SECTION. */
static bool find_relocation(const struct version *v, uint32_t section, uint64_t offset,
                            struct elf_rela *out)
{
    struct elf_section s;
    if (!plan_relocations_of(v, section, &s))
        return false;
    for (uint32_t i = 0; i < elf_rela_count(&s); i++) {
        elf_rela(&v->elf, &s, i, out);
        if (out->offset == offset)
            return true;
    }
    return false;
}

/* The branch N ends at END of its section, where CODE ends too. */
static enum status follow(struct reach *r, const struct reached *at,
                          const struct instruction *n, const uint8_t *code, uint64_t end)
{
    struct elf_rela a;
    struct elf_symbol y;
    uint32_t section = at->v->functions[at->function].section;
    if (n->target_len == 1)
        return reach_own(r, at->v, section, end + (uint64_t)(int8_t)code[-1]);
    if (!find_relocation(at->v, section, end - FIELD_LEN, &a))
        return reach_own(r, at->v, section,
                         end + (uint64_t)(int32_t)get_le32(code - FIELD_LEN));
    elf_symbol(&at->v->elf, a.symbol, &y);
    if (y.section == ELF_UNDEF)
        return reach_import(r, at->v, y.name);
    return reach_own(r, at->v, y.section, y.value + (uint64_t)a.addend + FIELD_LEN);
}

static enum status check_waits(const struct reach *r, const struct reached *at,
                               const uint8_t *code, uint64_t len)
{
    size_t where;
    bool may_spin = at->v->info.flags & CELL_CLOSURE; /* its own words: loader/closure.c */
    const char *name = at->v->functions[at->function].name;
    for (size_t i = 0; i < ARRAY_LEN(spins); i++)
        may_spin = may_spin || strcmp(name, spins[i]) == 0;
    enum waits_kind kind = waits_find(code, len, may_spin, &where);
    return kind == WAITS_NONE ? STATUS_OK : deny(r, at, waits_text(kind));
}

static enum status read_function(struct reach *r, const struct reached *at)
{
    const struct function *f = &at->v->functions[at->function];
    struct elf_section s;
    struct instruction n;
    enum status status = STATUS_OK;
    elf_section(&at->v->elf, f->section, &s);
    if (s.type == ELF_NOBITS)
        return STATUS_OK;
    uint64_t end = f->len ? min_u64(f->offset + f->len, s.len) : s.len;
    for (uint64_t i = f->offset; i < end && status == STATUS_OK; i += n.len) {
        const uint8_t *code = at->v->elf.bytes + s.offset + i;
        if (!instruction_read(code, end - i, &n))
            return deny(r, at, "has an instruction that is not known");
        if (n.indirect)
            return deny(r, at, "branches to an address that it reads at run time");
        if (n.relative)
            status = follow(r, at, &n, code + n.len, i + n.len);
    }
    return status == STATUS_OK
               ? check_waits(r, at, at->v->elf.bytes + s.offset + f->offset,
                             end - f->offset)
               : status;
}

static void check_from(struct planning *p, const struct version *v)
{
    struct reach r = {.p = p, .from = v->info.name};
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < v->import_count && status == STATUS_OK; i++)
        status = reach_import(&r, v, v->imports[i].name);
    for (uint32_t i = 0; i < r.count && status == STATUS_OK; i++) {
        struct reached at = r.list[i];
        status = read_function(&r, &at);
    }
}

/* No call of what runs leads to a cell that is only added: names are provided once. */
static bool only_adds(const struct plan *plan)
{
    for (uint32_t i = 0; i < plan->cell_count; i++)
        if (plan->cells[i].old || plan_in_closure(&plan->cells[i]))
            return false;
    return true;
}

void plan_check_reach(struct planning *p)
{
    static const char *const begins[] = {"guard", "commit"};
    if (only_adds(p->plan))
        return;
    for (size_t i = 0; i < ARRAY_LEN(begins); i++) {
        const struct plan_cell *cell = plan_find(p->plan, begins[i]);
        const struct version *v =
            cell ? cell->fresh : namespace_running(p->plan->ns, begins[i]);
        if (v)
            check_from(p, v);
    }
}
