/* Compares the functions of two versions of a cell, one by one.
 * SPDX-License-Identifier: MIT
 *
 * Two functions are equal when their bytes are, outside the fields that relocations fill, and
 * each relocation refers to the same thing: the same import, the same function or object of
 * the cell by name and twin number, or literals with the same content.
 */
#include <core/plan/private.h>

#include <string.h>

struct reference {
    const struct version *v;
    struct elf_rela r;
};

static const char *object_key(const struct version *v, uint32_t section)
{
    struct cell_data d;
    if (!v->section_object[section])
        return NULL;
    cellinfo_data(&v->info, v->section_object[section] - 1, &d);
    return d.key;
}

const struct function *plan_function_around(const struct version *v, uint32_t section,
                                            uint64_t offset)
{
    const struct function *best = NULL;
    for (uint32_t i = v->section_function[section]; i;
         i = v->functions[i - 1].next_in_section) {
        const struct function *f = &v->functions[i - 1];
        if (f->offset <= offset && (!best || f->offset > best->offset))
            best = f;
    }
    return best;
}

/* Statics of two files may share a name; the nth of the old version is the nth of the new. */
static bool same_name(const struct function *a, const struct function *b)
{
    return a->twin == b->twin && !((a->flags ^ b->flags) & CELL_FUNC_GLOBAL) &&
           strcmp(a->name, b->name) == 0;
}

/* Where in its version a reference leads to. */
struct place {
    const struct version *v;
    uint32_t section;
    struct elf_section s;
    uint64_t at;
};

/* Gives false for an import. Branches and the like count from the end of their field. */
static bool place_of(const struct reference *r, struct place *out)
{
    struct elf_symbol y;
    elf_symbol(&r->v->elf, r->r.symbol, &y);
    if (y.section == ELF_UNDEF)
        return false;
    uint64_t bias = r->r.type == ELF_R_64 || r->r.type == ELF_R_32S ? 0 : 4;
    out->v = r->v;
    out->section = y.section;
    out->at = y.value + (uint64_t)r->r.addend + bias;
    elf_section(&r->v->elf, y.section, &out->s);
    return true;
}

static uint8_t byte_at(const struct place *p, uint64_t offset)
{
    return p->at + offset < p->s.len ? p->v->elf.bytes[p->s.offset + p->at + offset] : 0;
}

/* Says whether another literal begins behind P, at most LEN bytes away: something refers to it. */
static bool ends_within(const struct place *p, uint64_t len)
{
    for (uint32_t i = 1; i < p->v->elf.section_count; i++) {
        struct elf_section s;
        elf_section(&p->v->elf, i, &s);
        for (uint32_t k = 0; s.type == ELF_RELA && k < elf_rela_count(&s); k++) {
            struct reference r = {.v = p->v};
            struct place to;
            elf_rela(&p->v->elf, &s, k, &r.r);
            if (place_of(&r, &to) && to.section == p->section && to.at > p->at &&
                to.at - p->at <= len)
                return true;
        }
    }
    return false;
}

/* Literals share a section, and nothing says where one ends. A byte that differs, and is not zero, must belong to another
 * literal; the zeros before it may be padding. */
static bool same_literal(const struct place *a, const struct place *b)
{
    uint64_t len = 0;
    if (a->s.type != ELF_PROGBITS || b->s.type != ELF_PROGBITS)
        return false;
    while (byte_at(a, len) == byte_at(b, len)) {
        if (a->at + len >= a->s.len && b->at + len >= b->s.len)
            return true;
        len++;
    }
    return (!byte_at(a, len) || ends_within(a, len)) &&
           (!byte_at(b, len) || ends_within(b, len));
}

/* The signature with which the import is called: a call of another form is another call. */
static uint64_t import_form(const struct reference *r)
{
    uint32_t import = r->v->symbol_import[r->r.symbol];
    return import ? r->v->imports[import - 1].signature : 0;
}

/* What a table of the compiler's refers to is compared by its caller. */
static bool same_place(const struct reference *a, const struct reference *b)
{
    struct elf_symbol ya;
    struct elf_symbol yb;
    struct place pa;
    struct place pb;
    elf_symbol(&a->v->elf, a->r.symbol, &ya);
    elf_symbol(&b->v->elf, b->r.symbol, &yb);
    if (!place_of(a, &pa) || !place_of(b, &pb))
        return ya.section == yb.section && strcmp(ya.name, yb.name) == 0 &&
               a->r.addend == b->r.addend && import_form(a) == import_form(b);
    if (pa.s.flags != pb.s.flags)
        return false;
    if (pa.s.flags & ELF_EXEC) {
        const struct function *fa = plan_function_around(a->v, pa.section, pa.at);
        const struct function *fb = plan_function_around(b->v, pb.section, pb.at);
        return fa && fb && same_name(fa, fb) && fa->signature == fb->signature &&
               pa.at - fa->offset == pb.at - fb->offset;
    }
    const char *ka = object_key(a->v, pa.section);
    const char *kb = object_key(b->v, pb.section);
    if (ka || kb)
        return ka && kb && strcmp(ka, kb) == 0 && pa.at == pb.at;
    return same_literal(&pa, &pb);
}

bool plan_relocations_of(const struct version *v, uint32_t section,
                         struct elf_section *out)
{
    for (uint32_t i = 1; i < v->elf.section_count; i++) {
        elf_section(&v->elf, i, out);
        if (out->type == ELF_RELA && out->info == section)
            return true;
    }
    return false;
}

typedef bool (*same_fn)(const struct reference *a, const struct reference *b);

static bool same_relocations(const struct version *a, uint32_t section_a,
                             const struct version *b, uint32_t section_b, same_fn same)
{
    struct elf_section ra = {0};
    struct elf_section rb = {0};
    bool has_a = plan_relocations_of(a, section_a, &ra);
    bool has_b = plan_relocations_of(b, section_b, &rb);
    if (has_a != has_b || (has_a && elf_rela_count(&ra) != elf_rela_count(&rb)))
        return false;
    for (uint32_t i = 0; has_a && i < elf_rela_count(&ra); i++) {
        struct reference x = {.v = a};
        struct reference y = {.v = b};
        elf_rela(&a->elf, &ra, i, &x.r);
        elf_rela(&b->elf, &rb, i, &y.r);
        if (x.r.offset != y.r.offset || x.r.type != y.r.type || !same(&x, &y))
            return false;
    }
    return true;
}

/* The table behind a switch is no object of the source: it belongs to the function, with all that its words lead to. */
static bool same_target(const struct reference *a, const struct reference *b)
{
    struct place pa;
    struct place pb;
    if (!same_place(a, b))
        return false;
    if (!place_of(a, &pa) || !place_of(b, &pb) || (pa.s.flags & (ELF_EXEC | ELF_WRITE)) ||
        object_key(a->v, pa.section))
        return true;
    return same_relocations(a->v, pa.section, b->v, pb.section, same_place);
}

static bool same_function(const struct version *a, const struct function *f,
                          const struct version *b, const struct function *g)
{
    struct elf_section sa;
    struct elf_section sb;
    elf_section(&a->elf, f->section, &sa);
    elf_section(&b->elf, g->section, &sb);
    return sa.len == sb.len && f->offset == g->offset &&
           memcmp(a->elf.bytes + sa.offset, b->elf.bytes + sb.offset, sa.len) == 0 &&
           same_relocations(a, f->section, b, g->section, same_target);
}

static const struct function *counterpart(const struct version *v,
                                          const struct function *f)
{
    int64_t i = version_function(v, f->name, f->flags & CELL_FUNC_GLOBAL, f->twin);
    return i < 0 ? NULL : &v->functions[i];
}

const struct function *plan_same_function(const struct version *from,
                                          const struct function *f,
                                          const struct version *to)
{
    const struct function *g = counterpart(to, f);
    return g && f->signature == g->signature && same_function(from, f, to, g) ? g : NULL;
}

void plan_compare(struct plan_cell *cell)
{
    for (uint32_t i = 0; i < cell->fresh->function_count; i++) {
        const struct function *g = &cell->fresh->functions[i];
        const struct function *f = counterpart(cell->old, g);
        if (!f)
            cell->functions_added++;
        else if (!same_function(cell->old, f, cell->fresh, g))
            cell->functions_changed++;
    }
    for (uint32_t i = 0; i < cell->old->function_count; i++)
        cell->functions_removed += !counterpart(cell->fresh, &cell->old->functions[i]);
}
