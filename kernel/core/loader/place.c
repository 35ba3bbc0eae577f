/* Gives every section of a new version its memory, and copies the contents.
 * SPDX-License-Identifier: MIT
 *
 * Text and version-owned read-only data get a region each. A data object goes to the home
 * that it already has, or that another cell gives it; if it is new, to a home of its own in a region for this load.
 */
#include <core/loader/closure.h>
#include <core/loader/private.h>

#include <mm/heap/heap.h>
#include <string.h>

enum pool { POOL_TEXT, POOL_RODATA, POOL_HOMES, POOL_CONST_HOMES, POOLS, POOL_NONE };

struct placing {
    struct namespace *ns;
    const struct loader_order *order;
    struct version *v;
    const struct version *old; /* NULL: none */
    bool apart;                /* it starts a lineage of its own beside the running one */
    uint64_t need[POOLS];
    struct cellmem_region *region[POOLS];
};

static enum pool pool_of(const struct version *v, uint32_t index,
                         const struct elf_section *s)
{
    if (!(s->flags & ELF_ALLOC) || s->len == 0)
        return POOL_NONE;
    if (s->flags & ELF_EXEC)
        return POOL_TEXT;
    if (s->flags & ELF_WRITE)
        return POOL_HOMES;
    return v->section_object[index] ? POOL_CONST_HOMES : POOL_RODATA;
}

static enum status check_writable(const struct version *v, uint32_t index,
                                  const struct elf_section *s, struct refusal *out_why)
{
    struct cell_data d;
    if (!v->section_object[index])
        return refuse(
            out_why, "data", v->info.name, s->name, NULL,
            "section %s holds mutable data that no single named object owns; give "
            "each object a section of its own",
            s->name);
    cellinfo_data(&v->info, v->section_object[index] - 1, &d);
    if (d.flags & CELL_DATA_AMBIGUOUS)
        return refuse(
            out_why, "data", v->info.name, d.key, NULL,
            "two objects are called %s; rename one, so that each can be followed "
            "from version to version",
            d.key);
    return STATUS_OK;
}

/* Says whether the object in section IS has another form than H, or, a constant, other words. */
static bool is_another(const struct placing *p, const struct home *h, uint32_t is)
{
    struct cell_data d;
    struct elf_section s;
    struct elf_section was;
    cellinfo_data(&p->v->info, p->v->section_object[is] - 1, &d);
    elf_section(&p->v->elf, is, &s);
    if (h->type_hash != d.type_hash || h->len != s.len)
        return true;
    for (uint32_t i = 1;
         h->storage == CELL_STORE_RODATA && p->old && i < p->old->elf.section_count; i++) {
        if (p->old->section_home[i] != h)
            continue;
        elf_section(&p->old->elf, i, &was);
        return was.len != s.len || memcmp(p->old->elf.bytes + was.offset,
                                          p->v->elf.bytes + s.offset, s.len) != 0;
    }
    return false;
}

/* Shares the home that the object has, if there is one and it fits. Variables and constants lie apart. What its form is there
 * is the plan's concern; but the versions of a cell of the closure work side by side, so another form lies beside the first. */
static enum status share_home(struct placing *p, uint32_t index, bool *out_shared,
                              struct refusal *out_why)
{
    struct cell_data d;
    struct elf_section s;
    cellinfo_data(&p->v->info, p->v->section_object[index] - 1, &d);
    elf_section(&p->v->elf, index, &s);
    bool constant = !(s.flags & ELF_WRITE);
    struct home *h = namespace_find_home(p->ns, p->v->info.name, d.key, constant);
    bool own = h;
    *out_shared = false;
    enum status status =
        own ? STATUS_OK : p->order->take(p->order->context, p->v, d.key, &h, out_why);
    if (status != STATUS_OK || !h)
        return status;
    if (constant && !own) /* whoever gives one has a variable */
        return refuse(out_why, "data", p->v->info.name, d.key, h->cell,
                      "%s of %s becomes a constant as %s takes it; an object changes its "
                      "owner or name in one commit and becomes constant in another",
                      h->key, h->cell, p->v->info.name);
    /* It has outgrown its home: it gets another one, and the plan moves its value there. */
    if ((h->va & (s.align - 1)) || s.len > h->capacity)
        return STATUS_OK;
    if (own && p->v->info.flags & CELL_CLOSURE && is_another(p, h, index))
        return STATUS_OK;
    h->refs++;
    p->v->section_home[index] = h;
    p->v->section_va[index] = h->va;
    *out_shared = true;
    return STATUS_OK;
}

/* Where the next section of POOL begins, USED bytes being taken. No home lies where its memory begins: what says where that is
 * (a list of segments) would look like a pointer to it. */
enum { HOMES_BEGIN = 64 };

static uint64_t begin_of(enum pool pool, uint64_t used, const struct elf_section *s)
{
    if (pool < POOL_HOMES)
        return align_up(used, s->align);
    return align_up(used ? used : HOMES_BEGIN, max_u64(s->align, HOME_ALIGN));
}

static enum status measure(struct placing *p, struct refusal *out_why)
{
    for (uint32_t i = 1; i < p->v->elf.section_count; i++) {
        struct elf_section s;
        bool shared = false;
        enum status status = STATUS_OK;
        elf_section(&p->v->elf, i, &s);
        enum pool pool = pool_of(p->v, i, &s);
        if (pool == POOL_HOMES)
            status = check_writable(p->v, i, &s, out_why);
        if (status == STATUS_OK && !p->apart &&
            (pool == POOL_HOMES || pool == POOL_CONST_HOMES))
            status = share_home(p, i, &shared, out_why);
        if (status != STATUS_OK)
            return status;
        if (pool == POOL_NONE || shared)
            continue;
        uint64_t len = pool >= POOL_HOMES ? home_capacity(s.len) : s.len;
        p->need[pool] = begin_of(pool, p->need[pool], &s) + len;
    }
    return STATUS_OK;
}

static enum status take_memory(struct placing *p)
{
    static const enum cellmem_kind kind[POOLS] = {CELLMEM_TEXT, CELLMEM_RODATA,
                                                  CELLMEM_DATA, CELLMEM_RODATA};
    p->region[POOL_TEXT] = &p->v->text;
    p->region[POOL_RODATA] = &p->v->rodata;
    for (int i = 0; i < 2; i++) {
        p->v->fresh[i] = heap_new(struct home_region);
        if (!p->v->fresh[i])
            return STATUS_FULL;
        p->v->fresh[i]->refs = 1;
        p->region[POOL_HOMES + i] = &p->v->fresh[i]->memory;
    }
    for (int i = 0; i < POOLS; i++)
        if (p->need[i] && cellmem_take(kind[i], p->need[i], p->region[i]) != STATUS_OK)
            return STATUS_FULL;
    return STATUS_OK;
}

static enum status new_home(struct placing *p, uint32_t index, enum pool pool, uint64_t va)
{
    struct cell_data d;
    struct elf_section s;
    struct home *h;
    cellinfo_data(&p->v->info, p->v->section_object[index] - 1, &d);
    elf_section(&p->v->elf, index, &s);
    struct home like = {
        .region = p->v->fresh[pool - POOL_HOMES],
        .cell = (char *)p->v->info.name,
        .key = (char *)d.key,
        .va = va,
        .len = (uint32_t)s.len,
        .capacity = (uint32_t)home_capacity(s.len),
        .align = (uint32_t)s.align,
        .storage = pool == POOL_CONST_HOMES ? CELL_STORE_RODATA : d.storage,
        .type_hash = d.type_hash,
        .orphan = p->apart, /* until the commit: by name the running one is found */
    };
    if (namespace_add_home(p->ns, &like, &h) != STATUS_OK)
        return STATUS_FULL;
    h->refs = 1;
    p->v->section_home[index] = h;
    return STATUS_OK;
}

static enum status assign(struct placing *p)
{
    uint64_t used[POOLS] = {0};
    for (uint32_t i = 1; i < p->v->elf.section_count; i++) {
        struct elf_section s;
        elf_section(&p->v->elf, i, &s);
        enum pool pool = pool_of(p->v, i, &s);
        if (pool == POOL_NONE || p->v->section_va[i])
            continue;
        bool home = pool >= POOL_HOMES;
        used[pool] = begin_of(pool, used[pool], &s);
        p->v->section_va[i] = p->region[pool]->va + used[pool];
        if (s.type != ELF_NOBITS)
            memcpy(p->region[pool]->write + used[pool], p->v->elf.bytes + s.offset, s.len);
        if (home && new_home(p, i, pool, p->v->section_va[i]) != STATUS_OK)
            return STATUS_FULL;
        used[pool] += home ? home_capacity(s.len) : s.len;
    }
    return STATUS_OK;
}

static enum status check_closure(const struct version *v, struct refusal *out_why)
{
    struct closure_finding f;
    if (closure_check(&v->elf, v->info.name, v->info.flags & CELL_CLOSURE, &f) == STATUS_OK)
        return STATUS_OK;
    return refuse(out_why, "closure", v->info.name, f.symbol, NULL, "%s", f.text);
}

enum status loader_place(struct namespace *ns, const struct loader_order *order,
                         struct version **out, struct refusal *out_why)
{
    const struct version *old = order->old;
    struct placing p = {.ns = ns,
                        .order = order,
                        .old = old,
                        .apart = old && old->lineage != order->lineage};
    enum status status =
        version_describe(order->bytes, order->len, order->hash, &p.v, out_why);
    if (status != STATUS_OK)
        return status;
    p.v->lineage = order->lineage;
    if (old && old->info.abi_hash != p.v->info.abi_hash)
        status = refuse(out_why, "toolchain", p.v->info.name, NULL, NULL,
                        "%s was built with another compiler or other ABI flags than the "
                        "version that runs",
                        p.v->info.name);
    if (status == STATUS_OK)
        status = check_closure(p.v, out_why);
    if (status == STATUS_OK)
        status = measure(&p, out_why);
    if (status == STATUS_OK)
        status = take_memory(&p);
    if (status == STATUS_OK)
        status = assign(&p);
    if (status == STATUS_OK)
        status = version_index(p.v);
    if (status != STATUS_OK) {
        version_destroy(ns, p.v);
        return status;
    }
    if (order->own)
        p.v->owned_bytes = (uint8_t *)order->bytes;
    *out = p.v;
    return STATUS_OK;
}
