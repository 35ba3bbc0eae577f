/* Applies a version's relocations, or checks those that are applied already.
 * SPDX-License-Identifier: MIT
 */
#include <core/loader/private.h>

#include <mm/heap/heap.h>
#include <string.h>

struct pass {
    struct namespace *ns;
    struct version *v;
    struct refusal *why;
    uint32_t only_section; /* loader_contents: the section asked for */
    uint8_t *contents;
};

/* The version's own memory is open while it loads; a home that it shares is not its own. */
static uint8_t *own_bytes(const struct version *v, uint64_t va)
{
    const struct cellmem_region *own[4] = {&v->text, &v->rodata,
                                           v->fresh[0] ? &v->fresh[0]->memory : NULL,
                                           v->fresh[1] ? &v->fresh[1]->memory : NULL};
    for (size_t i = 0; i < ARRAY_LEN(own); i++)
        if (own[i] && own[i]->write && va >= own[i]->va && va - own[i]->va < own[i]->len)
            return own[i]->write + (va - own[i]->va);
    return NULL;
}

static void put_value(uint8_t *at, uint32_t type, uint64_t value)
{
    if (type == ELF_R_64)
        put_le64(at, value);
    else
        put_le32(at, (uint32_t)value);
}

static enum status apply(void *context, uint32_t section, const struct elf_rela *r)
{
    struct pass *pass = context;
    struct target t;
    uint64_t va = pass->v->section_va[section] + r->offset;
    uint8_t *at = own_bytes(pass->v, va);
    enum status status = resolve(pass->ns, pass->v, section, r, va, &t, pass->why);
    if (status != STATUS_OK || !at)
        return status;
    put_value(at, r->type, t.value);
    if (t.branch)
        site_add(pass->v, (uint32_t)t.import, va, r);
    return STATUS_OK;
}

enum status loader_relocate(struct namespace *ns, struct version *v,
                            loader_lookup_fn lookup, void *context,
                            struct refusal *out_why)
{
    struct pass pass = {.ns = ns, .v = v, .why = out_why};
    enum status status = imports_resolve(v, lookup, context, out_why);
    if (status == STATUS_OK)
        status = sites_reserve(v);
    if (status == STATUS_OK)
        status = relocations_walk(v, apply, &pass);
    cellmem_seal(&v->text);
    cellmem_seal(&v->rodata);
    for (int i = 0; i < 2; i++) {
        if (v->fresh[i])
            cellmem_seal(&v->fresh[i]->memory);
        home_region_unref(v->fresh[i]);
        v->fresh[i] = NULL;
    }
    if (status == STATUS_OK)
        status = frames_build(v, out_why);
    return status;
}

void loader_link(struct version *v)
{
    for (uint32_t i = 0; i < v->import_count; i++) {
        struct version *provider = v->imports[i].provider;
        v->imports[i].provider = NULL;
        import_link(&v->imports[i], provider, v->imports[i].function);
    }
}

static enum status compute(void *context, uint32_t section, const struct elf_rela *r)
{
    struct pass *pass = context;
    struct target t;
    if (section != pass->only_section)
        return STATUS_OK;
    enum status status = resolve(pass->ns, pass->v, section, r,
                                 pass->v->section_va[section] + r->offset, &t, pass->why);
    if (status == STATUS_OK)
        put_value(pass->contents + r->offset, r->type, t.value);
    return status;
}

enum status loader_contents(struct namespace *ns, struct version *v, uint32_t section,
                            uint8_t *out)
{
    struct refusal why;
    struct elf_section s;
    struct pass pass = {
        .ns = ns, .v = v, .why = &why, .only_section = section, .contents = out};
    elf_section(&v->elf, section, &s);
    if (s.type == ELF_NOBITS)
        memset(out, 0, s.len);
    else
        memcpy(out, v->elf.bytes + s.offset, s.len);
    return relocations_walk(v, compute, &pass);
}

/* What lies at a site after boot must be what the builder's loader put there. Mutable data is
 * not checked: it may have been written since. */
static enum status check(void *context, uint32_t section, const struct elf_rela *r)
{
    struct pass *pass = context;
    struct elf_section s;
    struct target t;
    uint64_t va = pass->v->section_va[section] + r->offset;
    enum status status = resolve(pass->ns, pass->v, section, r, va, &t, pass->why);
    if (status != STATUS_OK)
        return status;
    elf_section(&pass->v->elf, section, &s);
    const uint8_t *at = cellmem_view(va);
    bool equal =
        r->type == ELF_R_64 ? get_le64(at) == t.value : get_le32(at) == (uint32_t)t.value;
    if (!equal && !(s.flags & ELF_WRITE))
        return refuse(pass->why, "image", pass->v->info.name, s.name, NULL,
                      "the boot image does not hold what its objects yield in %s of %s",
                      s.name, pass->v->info.name);
    if (t.branch)
        site_add(pass->v, (uint32_t)t.import, va, r);
    return STATUS_OK;
}

static enum status adopt_homes(struct namespace *ns, struct version *v)
{
    for (uint32_t i = 1; i < v->elf.section_count; i++) {
        struct cell_data d;
        struct elf_section s;
        struct home *h;
        if (!v->section_object[i] || !v->section_va[i])
            continue;
        cellinfo_data(&v->info, v->section_object[i] - 1, &d);
        elf_section(&v->elf, i, &s);
        struct home like = {.cell = (char *)v->info.name,
                            .key = (char *)d.key,
                            .va = v->section_va[i],
                            .len = (uint32_t)s.len,
                            .capacity = (uint32_t)home_capacity(s.len),
                            .align = (uint32_t)s.align,
                            .storage = s.flags & ELF_WRITE ? d.storage : CELL_STORE_RODATA,
                            .type_hash = d.type_hash};
        if (namespace_add_home(ns, &like, &h) != STATUS_OK)
            return STATUS_FULL;
        h->refs = 1;
        v->section_home[i] = h;
    }
    return STATUS_OK;
}

enum status loader_adopt(struct namespace *ns, const uint8_t *bytes, size_t len,
                         const uint8_t hash[32], const uint64_t *section_va,
                         uint32_t section_count, struct version **out,
                         struct refusal *out_why)
{
    struct version *v;
    enum status status = version_describe(bytes, len, hash, &v, out_why);
    if (status != STATUS_OK)
        return status;
    if (v->elf.section_count != section_count) {
        status = refuse(out_why, "image", v->info.name, NULL, NULL,
                        "the object of %s is not the one that the boot image was made of",
                        v->info.name);
    } else {
        memcpy(v->section_va, section_va, section_count * sizeof *section_va);
        status = adopt_homes(ns, v);
    }
    if (status == STATUS_OK)
        status = version_index(v);
    if (status != STATUS_OK) {
        version_destroy(ns, v);
        return status;
    }
    v->state = VERSION_RUNNING;
    namespace_enter(ns, v);
    *out = v;
    return STATUS_OK;
}

enum status loader_adopt_finish(struct namespace *ns, struct version *v,
                                loader_lookup_fn lookup, void *context,
                                struct refusal *out_why)
{
    struct pass pass = {.ns = ns, .v = v, .why = out_why};
    enum status status = imports_resolve(v, lookup, context, out_why);
    if (status == STATUS_OK)
        status = sites_reserve(v);
    if (status == STATUS_OK)
        status = relocations_walk(v, check, &pass);
    if (status == STATUS_OK)
        status = frames_build(v, out_why);
    if (status == STATUS_OK)
        loader_link(v);
    return status;
}
