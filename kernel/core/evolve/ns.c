/* The shell command `ns`: what the namespace holds, and why retired versions are still there.
 * SPDX-License-Identifier: MIT
 */
#include <core/evolve/commands.h>
#include <core/evolve/lineage.h>
#include <core/evolve/private.h>
#include <core/evolve/unloaded.h>

#include <console/console/console.h>
#include <string.h>

static void print_hold(const struct version *v)
{
    bool counted;
    uint32_t in_use = lineage_in_use(v, &counted);
    if (v->state == VERSION_DRAINING && counted)
        console_print("it drains, lineage %u of %s: %u in use\n", v->lineage,
                      v->info.lineage, in_use);
    else if (v->state == VERSION_DRAINING)
        console_print("it drains, lineage %u of %s\n", v->lineage, v->info.lineage);
    else if (v->pinned)
        console_print("pinned, an entry stub leads to it\n");
    else if (v->hold == VERSION_ON_STACK)
        console_print("frame, an address in it lies on a stack at 0x%lx\n",
                      version_holder(v));
    else if (v->hold == VERSION_POINTED_TO)
        console_print("pointer found at 0x%lx\n", version_holder(v));
    else if (v->hold == VERSION_IMPORTED)
        console_print("called by a version that is kept, at 0x%lx\n", version_holder(v));
    else if (v->hold == VERSION_UNSEEN)
        console_print("a task never left its CPU, or there was no memory for the scan\n");
    else if (v->off_ns)
        console_print("cannot be executed any more, freed soon\n");
    else if (v->executed)
        console_print("executed %u times after nothing had referred to it\n", v->executed);
    else
        console_print("nothing found yet that refers to it\n");
}

static void print_totals(const struct namespace *ns)
{
    uint32_t running = 0;
    uint32_t retired = 0;
    uint32_t stubs = 0;
    uint32_t homes = 0;
    uint32_t orphans = 0;
    uint64_t home_bytes = 0;
    uint64_t retained = 0;
    for (const struct version *v = ns->versions; v; v = v->next) {
        running += v->state == VERSION_RUNNING;
        retired += v->state == VERSION_RETIRED;
        if (v->state == VERSION_RETIRED)
            retained += version_placed_bytes(v);
    }
    for (const struct stub *s = ns->stubs; s; s = s->next)
        stubs++;
    for (const struct home *h = ns->homes; h; h = h->next) {
        homes++;
        orphans += h->orphan;
        home_bytes += h->capacity;
    }
    console_print(
        "namespace kernel, generation %lu: %u cells run, %u retired versions keep %lu "
        "bytes\n%u stubs, %u homes of %lu bytes, %u of them of objects that are gone\n",
        ns->generation, running, retired, retained, stubs, homes, home_bytes, orphans);
}

static void print_all(const struct namespace *ns)
{
    print_totals(ns);
    for (const struct version *v = ns->versions; v; v = v->next)
        if (v->state == VERSION_RETIRED || v->state == VERSION_DRAINING) {
            console_print("  %s@%u keeps %lu bytes: ", v->info.name, v->number,
                          v->text.len + v->rodata.len);
            print_hold(v);
        }
    if (retire_limbo())
        console_print("%u more are about to be freed\n", retire_limbo());
    uint32_t unloaded;
    uint64_t bytes;
    unloaded_count(&unloaded, &bytes);
    console_print("objects of %u unloaded versions are kept for going back: %lu bytes\n",
                  unloaded, bytes);
    const char *broken = namespace_check(ns);
    console_print("%s\n", broken ? broken : "all invariants hold");
}

static void print_version(const struct version *v)
{
    console_print("%s@%u %s, object ", v->info.name, v->number, version_state_name(v));
    print_hash(v->object_hash);
    console_print(" of %lu bytes\n  text 0x%lx to 0x%lx, constants 0x%lx and %lu bytes; "
                  "%u functions, %u imports\n",
                  v->elf.len, v->text_begin, v->text_end, v->rodata.va, v->rodata.len,
                  v->function_count, v->import_count);
    if (v->state != VERSION_RETIRED && v->state != VERSION_DRAINING)
        return;
    console_print("  kept: ");
    print_hold(v);
}

static const char *what_became(const struct namespace *ns, const struct home *h)
{
    for (const struct version *v = ns->versions; v && h->orphan; v = v->next)
        for (uint32_t i = 1; v->state == VERSION_DRAINING && i < v->elf.section_count; i++)
            if (v->section_home[i] == h)
                return ", its lineage drains";
    return h->orphan ? ", its object is gone" : "";
}

static void print_lineage(const struct namespace *ns, const char *cell)
{
    for (const struct home *h = ns->homes; h; h = h->next)
        if (strcmp(h->cell, cell) == 0)
            console_print("  home 0x%lx %s: %u bytes, room for %u, %u versions%s%s\n",
                          h->va, h->key, h->len, h->capacity, h->refs,
                          h->storage == CELL_STORE_RODATA ? ", constant" : "",
                          what_became(ns, h));
    for (const struct stub *s = ns->stubs; s; s = s->next)
        if (s->version && strcmp(s->version->info.name, cell) == 0)
            console_print("  stub 0x%lx %s leads to version %u\n", s->va, s->name,
                          s->version->number);
}

static void print_cell(const struct namespace *ns, const char *cell)
{
    uint32_t versions = 0;
    for (const struct version *v = ns->versions; v; v = v->next)
        if (strcmp(v->info.name, cell) == 0) {
            print_version(v);
            versions++;
        }
    if (versions)
        print_lineage(ns, cell);
    else
        console_print("no version of a cell called %s is loaded; `cells -a` lists them\n",
                      cell);
}

void command_ns(int argc, char **argv)
{
    if (argc > 2)
        console_print("usage: ns [CELL]\n");
    else if (argc == 2)
        print_cell(namespace_kernel(), argv[1]);
    else
        print_all(namespace_kernel());
}
