/* Entry stubs: one address for each function whose address is taken.
 * SPDX-License-Identifier: MIT
 *
 * Stubs are made in chunks: one page of code, all of it `jmp *slot(%rip)` from the start, and
 * one page of slots. So taking a stub writes data only; executable bytes never change.
 */
#include <core/namespace/namespace.h>
#include <core/namespace/private.h>

#include <mm/heap/heap.h>
#include <string.h>

enum {
    STUB_LEN = NAMESPACE_STUB_LEN,
    SLOT_LEN = 8,
    STUBS_PER_CHUNK = CELLMEM_PAGE / STUB_LEN
};

struct stub_chunk {
    struct stub_chunk *next;
    struct cellmem_region code;
    struct cellmem_region slots; /* open for ever: data */
    uint32_t used;
};

static bool same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool is_for(const struct stub *s, const char *cell, const char *name,
                   uint32_t twin, uint64_t signature)
{
    return s->signature == signature && s->twin == twin && same(s->cell, cell) &&
           strcmp(s->name, name) == 0;
}

struct stub *namespace_find_stub(const struct namespace *ns, uint32_t lineage,
                                 const char *cell, const char *name, uint32_t twin,
                                 uint64_t signature)
{
    for (struct stub *s = ns->stubs; s; s = s->next)
        if (s->lineage == lineage && is_for(s, cell, name, twin, signature))
            return s;
    return NULL;
}

/* Lends the chunk that S lies in; NULL: it was placed at boot. */
static struct stub_chunk *chunk_of(const struct namespace *ns, const struct stub *s)
{
    for (struct stub_chunk *c = ns->chunks; c; c = c->next)
        if (s->slot - c->slots.va < c->slots.len)
            return c;
    return NULL;
}

/* Stubs of groups that drain would pile up with each lineage: so one takes those of a lineage that has ended. */
void stubs_leave(struct namespace *ns, const struct version *v)
{
    for (struct stub *s = ns->stubs; s; s = s->next)
        if (s->version == v) {
            s->version = NULL;
            s->idle = v->info.lineage && chunk_of(ns, s);
        }
}

static struct stub *take_idle(struct namespace *ns, struct version *v, uint32_t index,
                              const char *cell)
{
    const struct function *f = &v->functions[index];
    for (struct stub *s = v->info.lineage ? ns->stubs : NULL; s; s = s->next)
        if (s->idle && is_for(s, cell, f->name, f->twin, f->signature)) {
            struct stub_chunk *c = chunk_of(ns, s);
            put_le64(c->slots.write + (s->slot - c->slots.va), f->va);
            s->idle = false;
            s->lineage = v->lineage;
            s->function = index;
            s->version = v;
            return s;
        }
    return NULL;
}

const struct stub *namespace_stub_at(const struct namespace *ns, uint64_t va)
{
    const struct stub *s = ns->stubs;
    while (s && va - s->va >= STUB_LEN)
        s = s->next;
    return s;
}

bool namespace_is_stub(const struct namespace *ns, uint64_t va)
{
    return namespace_stub_at(ns, va) != NULL;
}

/* jmp *disp32(%rip), padded with INT3. */
static void write_stub(uint8_t *code, uint64_t va, uint64_t slot)
{
    memset(code, 0xcc, STUB_LEN);
    code[0] = 0xff;
    code[1] = 0x25;
    put_le32(code + 2, (uint32_t)(slot - (va + 6)));
}

static struct stub_chunk *chunk_create(struct namespace *ns)
{
    struct stub_chunk *c = heap_new(struct stub_chunk);
    if (!c)
        return NULL;
    if (cellmem_take(CELLMEM_STUB, CELLMEM_PAGE, &c->code) != STATUS_OK)
        goto free_chunk;
    if (cellmem_take(CELLMEM_SLOT, STUBS_PER_CHUNK * SLOT_LEN, &c->slots) != STATUS_OK)
        goto give_code;
    for (uint32_t i = 0; i < STUBS_PER_CHUNK; i++)
        write_stub(c->code.write + i * STUB_LEN, c->code.va + i * STUB_LEN,
                   c->slots.va + i * SLOT_LEN);
    cellmem_seal(&c->code);
    /* The first place stays empty: the chunk's own address would pass for a pointer to that stub in a scan. */
    c->used = 1;
    c->next = ns->chunks;
    ns->chunks = c;
    return c;
give_code:
    cellmem_give(&c->code);
free_chunk:
    heap_free(c);
    return NULL;
}

static struct stub *stub_create(struct namespace *ns, struct version *v, uint32_t index)
{
    const struct function *f = &v->functions[index];
    struct stub *s = heap_new(struct stub);
    if (!s)
        return NULL;
    s->name = string_copy(f->name);
    s->cell = f->flags & CELL_FUNC_GLOBAL ? NULL : string_copy(v->info.name);
    if (!s->name || (!s->cell && !(f->flags & CELL_FUNC_GLOBAL))) {
        heap_free(s->name);
        heap_free(s->cell);
        heap_free(s);
        return NULL;
    }
    s->signature = f->signature;
    s->twin = f->twin;
    s->lineage = v->lineage;
    s->version = v;
    s->function = index;
    s->next = ns->stubs;
    return s;
}

enum status namespace_stub(struct namespace *ns, struct version *v, uint32_t index,
                           struct stub **out)
{
    struct function *f = &v->functions[index];
    const char *cell = f->flags & CELL_FUNC_GLOBAL ? NULL : v->info.name;
    if (!f->stub)
        f->stub =
            namespace_find_stub(ns, v->lineage, cell, f->name, f->twin, f->signature);
    if (!f->stub)
        f->stub = take_idle(ns, v, index, cell);
    if (f->stub) {
        f->stub->idle = false;
        *out = f->stub;
        return STATUS_OK;
    }
    struct stub_chunk *c = ns->chunks;
    if (!c || c->used == STUBS_PER_CHUNK)
        c = chunk_create(ns);
    struct stub *s = c ? stub_create(ns, v, index) : NULL;
    if (!s)
        return STATUS_FULL;
    s->va = c->code.va + (uint64_t)c->used * STUB_LEN;
    s->slot = c->slots.va + (uint64_t)c->used * SLOT_LEN;
    c->used++;
    put_le64(c->slots.write + (s->slot - c->slots.va), f->va);
    __atomic_store_n(&ns->stubs, s, __ATOMIC_RELEASE);
    f->stub = s;
    *out = s;
    return STATUS_OK;
}

enum status namespace_adopt_stub(struct namespace *ns, struct version *v, uint32_t index,
                                 uint64_t va, uint64_t slot)
{
    struct stub *s = stub_create(ns, v, index);
    if (!s)
        return STATUS_FULL;
    s->va = va;
    s->slot = slot;
    v->functions[index].stub = s;
    __atomic_store_n(&ns->stubs, s, __ATOMIC_RELEASE);
    return STATUS_OK;
}

void stubs_fini(struct namespace *ns)
{
    while (ns->stubs) {
        struct stub *s = ns->stubs;
        ns->stubs = s->next;
        heap_free(s->name);
        heap_free(s->cell);
        heap_free(s);
    }
    while (ns->chunks) {
        struct stub_chunk *c = ns->chunks;
        ns->chunks = c->next;
        cellmem_give(&c->code);
        cellmem_give(&c->slots);
        heap_free(c);
    }
}
