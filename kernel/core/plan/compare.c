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

/* Finds the function of V that contains OFFSET of SECTION: the nearest one that starts at or
 * before it. */
static const struct function *function_around(const struct version *v, uint32_t section,
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

static bool same_literal(const struct version *a, const struct elf_section *sa,
                         uint64_t at_a, const struct version *b,
                         const struct elf_section *sb, uint64_t at_b)
{
    for (;; at_a++, at_b++) {
        if (at_a >= sa->len || at_b >= sb->len)
            return at_a >= sa->len && at_b >= sb->len;
        uint8_t x = a->elf.bytes[sa->offset + at_a];
        if (x != b->elf.bytes[sb->offset + at_b])
            return false;
        if (x == 0)
            return true;
    }
}

/* The signature with which the import is called: a call of another form is another call. */
static uint64_t import_form(const struct reference *r)
{
    uint32_t import = r->v->symbol_import[r->r.symbol];
    return import ? r->v->imports[import - 1].signature : 0;
}

static bool same_target(const struct reference *a, const struct reference *b)
{
    struct elf_symbol ya;
    struct elf_symbol yb;
    struct elf_section sa;
    struct elf_section sb;
    elf_symbol(&a->v->elf, a->r.symbol, &ya);
    elf_symbol(&b->v->elf, b->r.symbol, &yb);
    if (ya.section == ELF_UNDEF || yb.section == ELF_UNDEF)
        return ya.section == yb.section && strcmp(ya.name, yb.name) == 0 &&
               a->r.addend == b->r.addend && import_form(a) == import_form(b);
    elf_section(&a->v->elf, ya.section, &sa);
    elf_section(&b->v->elf, yb.section, &sb);
    if (sa.flags != sb.flags)
        return false;
    uint64_t bias = a->r.type == ELF_R_64 || a->r.type == ELF_R_32S ? 0 : 4;
    uint64_t at_a = ya.value + (uint64_t)a->r.addend + bias;
    uint64_t at_b = yb.value + (uint64_t)b->r.addend + bias;
    if (sa.flags & ELF_EXEC) {
        const struct function *fa = function_around(a->v, ya.section, at_a);
        const struct function *fb = function_around(b->v, yb.section, at_b);
        return fa && fb && same_name(fa, fb) && fa->signature == fb->signature &&
               at_a - fa->offset == at_b - fb->offset;
    }
    const char *ka = object_key(a->v, ya.section);
    const char *kb = object_key(b->v, yb.section);
    if (ka || kb)
        return ka && kb && strcmp(ka, kb) == 0 && at_a == at_b;
    return sa.type == ELF_PROGBITS && sb.type == ELF_PROGBITS &&
           same_literal(a->v, &sa, at_a, b->v, &sb, at_b);
}

/* Finds the relocation section of SECTION, or gives false when it has none. */
static bool relocations_of(const struct version *v, uint32_t section,
                           struct elf_section *out)
{
    for (uint32_t i = 1; i < v->elf.section_count; i++) {
        elf_section(&v->elf, i, out);
        if (out->type == ELF_RELA && out->info == section)
            return true;
    }
    return false;
}

static bool same_relocations(const struct version *a, uint32_t section_a,
                             const struct version *b, uint32_t section_b)
{
    struct elf_section ra = {0};
    struct elf_section rb = {0};
    bool has_a = relocations_of(a, section_a, &ra);
    bool has_b = relocations_of(b, section_b, &rb);
    if (has_a != has_b || (has_a && elf_rela_count(&ra) != elf_rela_count(&rb)))
        return false;
    for (uint32_t i = 0; has_a && i < elf_rela_count(&ra); i++) {
        struct reference x = {.v = a};
        struct reference y = {.v = b};
        elf_rela(&a->elf, &ra, i, &x.r);
        elf_rela(&b->elf, &rb, i, &y.r);
        if (x.r.offset != y.r.offset || x.r.type != y.r.type || !same_target(&x, &y))
            return false;
    }
    return true;
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
           same_relocations(a, f->section, b, g->section);
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
