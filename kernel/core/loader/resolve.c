/* Resolves relocations: what each refers to, and the value that it yields.
 * SPDX-License-Identifier: MIT
 *
 * A direct branch to another cell's function becomes a site, which a later swap rewrites. A
 * function's address that is taken is the address of its entry stub, always. Data of another
 * cell cannot be named at all.
 */
#include <core/loader/private.h>

#include <mm/heap/heap.h>
#include <string.h>

static bool is_pc_relative(uint32_t type)
{
    return type == ELF_R_PC32 || type == ELF_R_PLT32;
}

/* Says whether the 4 bytes at OFFSET of text are the operand of a call, jmp or jcc. */
static bool is_branch(const struct version *v, const struct elf_section *s,
                      uint64_t offset)
{
    const uint8_t *code = v->elf.bytes + s->offset;
    if (!(s->flags & ELF_EXEC) || offset == 0)
        return false;
    if (code[offset - 1] == 0xe8 || code[offset - 1] == 0xe9)
        return true;
    return offset >= 2 && code[offset - 2] == 0x0f && (code[offset - 1] & 0xf0) == 0x80;
}

static bool is_unwind(const struct elf_section *s)
{
    return strcmp(s->name, ".eh_frame") == 0 ||
           strncmp(s->name, ".gcc_except_table", 17) == 0;
}

static enum status unsupported(const struct version *v, const char *symbol,
                               const char *what, struct refusal *out_why)
{
    return refuse(out_why, "relocation", v->info.name, symbol, NULL,
                  "a reference to %s cannot be relocated: %s",
                  symbol[0] ? symbol : "a section", what);
}

static enum status resolve_import(struct namespace *ns, struct version *v, uint32_t index,
                                  const struct elf_section *s, const struct elf_rela *r,
                                  struct target *out, struct refusal *out_why)
{
    struct import *m = &v->imports[index];
    struct stub *stub;
    struct function *f = &m->provider->functions[m->function];
    out->import = index;
    if (is_pc_relative(r->type)) {
        if (!is_branch(v, s, r->offset))
            return unsupported(v, m->name, "it is neither a call nor an address constant",
                               out_why);
        if (r->addend != -4)
            return unsupported(v, m->name, "it leads into the middle of the function",
                               out_why);
        out->branch = true;
        out->value = f->va;
        return STATUS_OK;
    }
    if (r->addend != 0)
        return unsupported(v, m->name, "it leads into the middle of the function",
                           out_why);
    if (namespace_stub(ns, m->provider, m->function, &stub) != STATUS_OK)
        return STATUS_FULL;
    out->value = stub->va;
    return STATUS_OK;
}

/* The address of an own function, as a constant: its stub. Labels inside functions have no
 * stub and would go stale, so they are refused. */
static enum status resolve_taken(struct namespace *ns, struct version *v,
                                 uint32_t section, uint64_t offset, struct target *out,
                                 struct refusal *out_why)
{
    struct stub *stub;
    out->function = function_starting_at(v, section, offset);
    if (out->function < 0)
        return unsupported(v, "", "it takes the address of a place inside a function",
                           out_why);
    if (namespace_stub(ns, v, (uint32_t)out->function, &stub) != STATUS_OK)
        return STATUS_FULL;
    out->value = stub->va;
    return STATUS_OK;
}

enum status resolve(struct namespace *ns, struct version *v, uint32_t section,
                    const struct elf_rela *r, uint64_t p, struct target *out,
                    struct refusal *out_why)
{
    struct elf_section s;
    struct elf_section to;
    struct elf_symbol y;
    enum status status = STATUS_OK;

    *out = (struct target){.import = -1, .function = -1};
    elf_section(&v->elf, section, &s);
    elf_symbol(&v->elf, r->symbol, &y);
    if (y.section == ELF_UNDEF) {
        if (!v->symbol_import[r->symbol])
            return unsupported(v, "", "it names no symbol", out_why);
        status =
            resolve_import(ns, v, v->symbol_import[r->symbol] - 1, &s, r, out, out_why);
    } else {
        elf_section(&v->elf, y.section, &to);
        uint64_t offset = y.value + (uint64_t)r->addend;
        if (!v->section_va[y.section] && to.len)
            return unsupported(v, y.name, "it leads to a section that is not loaded",
                               out_why);
        if ((to.flags & ELF_EXEC) && !is_pc_relative(r->type) && !is_unwind(&s))
            status = resolve_taken(ns, v, y.section, offset, out, out_why);
        else if ((to.flags & ELF_EXEC) && !is_unwind(&s) && !is_branch(v, &s, r->offset) &&
                 !(v->info.flags & CELL_CLOSURE)) /* old frames of it stay in old text */
            return unsupported(v, y.name,
                               "text may only be named by calls, jumps and absolute "
                               "addresses",
                               out_why);
        else
            out->value = v->section_va[y.section] + y.value;
    }
    if (status != STATUS_OK)
        return status;
    if (out->function < 0 && !(out->import >= 0 && !out->branch))
        out->value += (uint64_t)r->addend;
    if (is_pc_relative(r->type)) {
        out->value -= p;
        if ((int64_t)out->value != (int32_t)out->value)
            return unsupported(v, y.name, "it is out of the reach of 32 bits", out_why);
    } else if (r->type == ELF_R_32S && (int64_t)out->value != (int32_t)out->value) {
        return unsupported(v, y.name, "it is out of the reach of 32 bits", out_why);
    }
    return STATUS_OK;
}

enum status imports_resolve(struct version *v, loader_lookup_fn lookup, void *context,
                            struct refusal *out_why)
{
    for (uint32_t i = 0; i < v->import_count; i++) {
        struct import *m = &v->imports[i];
        struct version *provider = NULL;
        uint32_t function = 0;
        enum status status = lookup(context, v, m->name, &provider, &function);
        if (status == STATUS_DENIED)
            return refuse(out_why, "capability", v->info.name, m->name,
                          provider->info.name,
                          "%s calls %s of %s, which its cell.mk does not list under uses",
                          v->info.name, m->name, provider->info.name);
        if (status != STATUS_OK)
            return refuse(out_why, "undefined", v->info.name, m->name, NULL,
                          "%s needs %s, which no cell that it uses provides",
                          v->info.name, m->name);
        uint64_t theirs = provider->functions[function].signature;
        if (m->signature && theirs && m->signature != theirs)
            return refuse(out_why, "signature", provider->info.name, m->name, v->info.name,
                          "%s calls %s of %s with another signature than it has",
                          v->info.name, m->name, provider->info.name);
        /* Not linked yet: only the destination is noted. */
        import_unlink(m);
        m->provider = provider;
        m->function = function;
    }
    return STATUS_OK;
}

enum status relocations_walk(const struct version *v, relocation_fn each, void *context)
{
    for (uint32_t i = 1; i < v->elf.section_count; i++) {
        struct elf_section s;
        elf_section(&v->elf, i, &s);
        if (s.type != ELF_RELA || !v->section_va[s.info])
            continue;
        for (uint32_t k = 0; k < elf_rela_count(&s); k++) {
            struct elf_rela r;
            elf_rela(&v->elf, &s, k, &r);
            enum status status =
                r.type == ELF_R_NONE ? STATUS_OK : each(context, s.info, &r);
            if (status != STATUS_OK)
                return status;
        }
    }
    return STATUS_OK;
}

static enum status count_site(void *context, uint32_t section, const struct elf_rela *r)
{
    struct version *v = context;
    (void)section;
    v->site_count += v->symbol_import[r->symbol] != 0;
    return STATUS_OK;
}

enum status sites_reserve(struct version *v)
{
    v->site_count = 0;
    if (relocations_walk(v, count_site, v) != STATUS_OK)
        return STATUS_FULL;
    v->sites = heap_new_array(struct site, v->site_count + 1);
    v->site_count = 0;
    return v->sites ? STATUS_OK : STATUS_FULL;
}

void site_add(struct version *v, uint32_t import, uint64_t va, const struct elf_rela *r)
{
    struct import *m = &v->imports[import];
    struct site *s = &v->sites[v->site_count++];
    s->va = va;
    s->addend = r->addend;
    s->type = (uint8_t)r->type;
    s->next = m->first_site;
    m->first_site = v->site_count;
    m->site_count++;
}
