/* Versions, their functions and imports: lookup by name and by address.
 * SPDX-License-Identifier: MIT
 */
#include <core/namespace/namespace.h>
#include <core/namespace/private.h>

#include <mm/heap/heap.h>
#include <stdio.h>
#include <string.h>

static struct namespace kernel_namespace;

struct namespace *namespace_kernel(void)
{
    return &kernel_namespace;
}

struct version *namespace_running(const struct namespace *ns, const char *name)
{
    for (struct version *v = ns->versions; v; v = v->next)
        if (v->state == VERSION_RUNNING && strcmp(v->info.name, name) == 0)
            return v;
    return NULL;
}

struct version *namespace_version_at(const struct namespace *ns, uint64_t va)
{
    for (struct version *v = ns->versions; v; v = v->next)
        if (va >= v->text_begin && va < v->text_end)
            return v;
    return NULL;
}

const struct function *version_function_at(const struct version *v, uint64_t va)
{
    for (uint32_t i = 0; i < v->function_count; i++) {
        const struct function *f = &v->functions[i];
        if (va >= f->va && va - f->va < f->len)
            return f;
    }
    return NULL;
}

int64_t version_export(const struct version *v, const char *name)
{
    uint32_t low = 0;
    uint32_t high = v->export_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = strcmp(name, v->functions[v->exports[middle]].name);
        if (order == 0)
            return v->exports[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return -1;
}

int64_t version_function(const struct version *v, const char *name, bool global,
                         uint32_t twin)
{
    for (uint32_t i = 0; i < v->function_count; i++) {
        const struct function *f = &v->functions[i];
        if (f->twin == twin && !(f->flags & CELL_FUNC_GLOBAL) == !global &&
            strcmp(f->name, name) == 0)
            return i;
    }
    return -1;
}

uint64_t version_placed_bytes(const struct version *v)
{
    struct elf_section s;
    uint64_t bytes = v->text.len + v->rodata.len;
    if (bytes) /* else it was placed at boot, beside others */
        return bytes;
    for (uint32_t i = 1; i < v->elf.section_count; i++)
        if (v->section_va[i] && !v->section_home[i]) {
            elf_section(&v->elf, i, &s);
            bytes += s.len;
        }
    return bytes;
}

const struct fde *version_fde_at(const struct version *v, uint64_t pc)
{
    uint32_t low = 0;
    uint32_t high = v->fde_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const struct fde *f = &v->fdes[middle];
        if (pc < f->pc)
            high = middle;
        else if (pc - f->pc >= f->len)
            low = middle + 1;
        else
            return f;
    }
    return NULL;
}

void namespace_symbolise(const struct namespace *ns, uint64_t va, char *out, size_t len)
{
    const struct version *v = namespace_version_at(ns, va);
    const struct function *f = v ? version_function_at(v, va) : NULL;
    if (f)
        snprintf(out, len, "%s@%u %s+0x%lx", v->info.name, v->number, f->name,
                 (unsigned long)(va - f->va));
    else if (v)
        snprintf(out, len, "%s@%u +0x%lx", v->info.name, v->number,
                 (unsigned long)(va - v->text_begin));
    else
        snprintf(out, len, "%s", namespace_is_stub(ns, va) ? "entry stub" : "?");
}

bool version_in_group(const struct version *v, const char *group)
{
    return group && v->info.lineage && strcmp(v->info.lineage, group) == 0;
}

bool version_same_lineage(const struct version *v, const struct version *o)
{
    return version_in_group(v, o->info.lineage) && v->lineage == o->lineage;
}

void import_unlink(struct import *import)
{
    if (!import->provider)
        return;
    struct import **at = &import->provider->functions[import->function].incoming;
    while (*at && *at != import)
        at = &(*at)->next_incoming;
    if (*at)
        *at = import->next_incoming;
    import->next_incoming = NULL;
    import->provider = NULL;
}

void import_link(struct import *import, struct version *provider, uint32_t function)
{
    import_unlink(import);
    struct function *f = &provider->functions[function];
    import->provider = provider;
    import->function = function;
    import->next_incoming = f->incoming;
    f->incoming = import;
}

void namespace_enter(struct namespace *ns, struct version *v)
{
    uint32_t number = 0;
    for (struct version *o = ns->versions; o; o = o->next)
        if (o->number > number && strcmp(o->info.name, v->info.name) == 0)
            number = o->number;
    v->number = number + 1;
    v->next = ns->versions;
    __atomic_store_n(&ns->versions, v, __ATOMIC_RELEASE);
}

void version_destroy(struct namespace *ns, struct version *v)
{
    if (!v)
        return;
    for (uint32_t i = 0; i < v->import_count; i++)
        import_unlink(&v->imports[i]);
    if (ns)
        stubs_leave(ns, v);
    for (uint32_t i = 0; v->section_home && i < v->elf.section_count; i++) {
        struct home *h = v->section_home[i];
        if (h && --h->refs == 0)
            namespace_drop_home(ns, h);
    }
    home_region_unref(v->fresh[0]);
    home_region_unref(v->fresh[1]);
    cellmem_give(&v->text);
    cellmem_give(&v->rodata);
    heap_free(v->section_va);
    heap_free(v->section_home);
    heap_free(v->section_function);
    heap_free(v->section_object);
    heap_free(v->symbol_import);
    heap_free(v->functions);
    heap_free(v->exports);
    heap_free(v->imports);
    heap_free(v->sites);
    heap_free(v->fdes);
    heap_free(v->owned_bytes);
    heap_free(v);
}

static void unlink_version(struct namespace *ns, struct version *v)
{
    struct version **at = &ns->versions;
    while (*at && *at != v)
        at = &(*at)->next;
    if (*at)
        *at = v->next;
}

static void unlink_home(struct namespace *ns, const struct home *home)
{
    struct home **at = &ns->homes;
    while (*at && *at != home)
        at = &(*at)->next;
    if (*at)
        *at = home->next;
}

void namespace_detach(struct namespace *ns, struct version *v)
{
    unlink_version(ns, v);
    v->left = true;
    for (uint32_t i = 0; i < v->import_count; i++)
        import_unlink(&v->imports[i]);
    for (uint32_t i = 1; i < v->elf.section_count; i++)
        if (v->section_home[i] && v->section_home[i]->refs == 1)
            unlink_home(ns, v->section_home[i]);
    stubs_leave(ns, v);
}

void namespace_remove(struct namespace *ns, struct version *v)
{
    unlink_version(ns, v);
    version_destroy(ns, v);
}

void namespace_fini(struct namespace *ns)
{
    for (struct version *v = ns->versions; v; v = v->next)
        for (uint32_t i = 0; i < v->function_count; i++)
            v->functions[i].incoming = NULL;
    for (struct version *v = ns->versions; v; v = v->next)
        for (uint32_t i = 0; i < v->import_count; i++)
            v->imports[i].provider = NULL;
    while (ns->versions)
        namespace_remove(ns, ns->versions);
    while (ns->homes)
        namespace_drop_home(ns, ns->homes);
    while (ns->made) {
        struct made_name *m = ns->made;
        ns->made = m->next;
        heap_free(m);
    }
    stubs_fini(ns);
}
