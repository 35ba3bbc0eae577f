/* Checks the namespace's invariants; the numbers are those in namespace.h.
 * SPDX-License-Identifier: MIT
 */
#include <core/namespace/namespace.h>

#include <string.h>

static bool runs_once(const struct namespace *ns, const struct version *v)
{
    for (const struct version *o = ns->versions; o; o = o->next)
        if (o != v && o->state == VERSION_RUNNING &&
            strcmp(o->info.name, v->info.name) == 0)
            return false;
    return true;
}

static bool is_incoming(const struct import *m)
{
    for (const struct import *i = m->provider->functions[m->function].incoming; i;
         i = i->next_incoming)
        if (i == m)
            return true;
    return false;
}

static const char *check_imports(const struct version *v)
{
    for (uint32_t i = 0; i < v->import_count; i++) {
        const struct import *m = &v->imports[i];
        if (!m->provider)
            return "namespace invariant 2: an import leads nowhere";
        if (v->state == VERSION_RUNNING && m->provider->state != VERSION_RUNNING &&
            !m->provider->watching)
            return "namespace invariant 2: a running version imports from a retired one";
        if (v->state == VERSION_DRAINING && m->provider->state != VERSION_RUNNING &&
            !version_same_lineage(v, m->provider))
            return "namespace invariant 2: a draining version imports from a retired one";
        if (!is_incoming(m))
            return "namespace invariant 3: a function does not know who imports it";
        uint64_t target = m->provider->functions[m->function].va;
        for (uint32_t s = v->withdrawn ? 0 : m->first_site; s; s = v->sites[s - 1].next)
            if (get_le32(cellmem_view(v->sites[s - 1].va)) !=
                site_value(&v->sites[s - 1], target))
                return "namespace invariant 4: a call leads elsewhere than its import";
    }
    return NULL;
}

static uint32_t count_refs(const struct namespace *ns, const struct home *h)
{
    uint32_t refs = 0;
    for (const struct version *v = ns->versions; v; v = v->next)
        for (uint32_t i = 1; i < v->elf.section_count; i++)
            refs += v->section_home[i] == h;
    return refs;
}

const char *namespace_check(const struct namespace *ns)
{
    for (const struct version *v = ns->versions; v; v = v->next) {
        if (v->state == VERSION_RUNNING && !runs_once(ns, v))
            return "namespace invariant 1: two versions of a cell run";
        const char *why = v->state == VERSION_LOADED ? NULL : check_imports(v);
        if (why)
            return why;
    }
    for (const struct stub *s = ns->stubs; s; s = s->next)
        if (s->version &&
            get_le64(cellmem_view(s->slot)) != s->version->functions[s->function].va)
            return "namespace invariant 5: a stub leads elsewhere than its function";
    for (const struct home *h = ns->homes; h; h = h->next)
        if (count_refs(ns, h) > h->refs)
            return "namespace invariant 6: a home has more users than references";
    return NULL;
}
