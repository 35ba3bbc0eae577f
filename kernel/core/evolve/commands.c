/* Shell commands about cells and swaps: cells, deps, ns, swap, history.
 * SPDX-License-Identifier: MIT
 */
#include <core/evolve/private.h>

#include <console/console/console.h>
#include <console/shell/shell.h>
#include <core/archive/archive.h>
#include <core/stale/stale.h>
#include <mm/heap/heap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time/clock/clock.h>

enum { TRIAL_BY_HAND_MS = 5000, SWAP_MAX = 16 };

static const char *state_name(enum version_state s)
{
    return s == VERSION_RUNNING ? "running" : s == VERSION_RETIRED ? "retired" : "loaded";
}

static void print_hash(const uint8_t hash[32])
{
    for (int i = 0; i < 6; i++)
        console_print("%02x", hash[i]);
}

static void command_cells(int argc, char **argv)
{
    bool all = argc > 1 && strcmp(argv[1], "-a") == 0;
    const struct namespace *ns = namespace_kernel();
    console_print("%-14s %7s %-8s %-12s %8s  %s\n", "cell", "version", "state", "object",
                  "text", "at");
    for (const struct version *v = ns->versions; v; v = v->next) {
        if (v->state != VERSION_RUNNING && !all)
            continue;
        console_print("%-14s %7u %-8s ", v->info.name, v->number, state_name(v->state));
        print_hash(v->object_hash);
        console_print(" %8lu  0x%lx\n", v->text_end - v->text_begin, v->text_begin);
    }
}

/* How many places in F hold the address of what M leads to. */
static uint32_t sites_in(const struct version *v, const struct function *f,
                         const struct import *m)
{
    uint32_t count = 0;
    for (uint32_t s = m->first_site; s; s = v->sites[s - 1].next)
        count += v->sites[s - 1].va - f->va < f->len;
    return count;
}

static void print_calls(const struct version *v, const struct function *f)
{
    uint32_t functions = 0;
    for (uint32_t i = 0; i < v->import_count; i++) {
        const struct import *m = &v->imports[i];
        uint32_t count = sites_in(v, f, m);
        functions += count != 0;
        if (count && m->provider)
            console_print("  calls %s@%u %s at %u places\n", m->provider->info.name,
                          m->provider->number, m->name, count);
    }
    console_print("  calls %u functions of other cells\n", functions);
}

static void deps_of_address(uint64_t va)
{
    char place[160];
    const struct namespace *ns = namespace_kernel();
    namespace_symbolise(ns, va, place, sizeof place);
    console_print("0x%lx: %s\n", va, place);
    const struct version *v = namespace_version_at(ns, va);
    const struct function *f = v ? version_function_at(v, va) : NULL;
    for (const struct import *m = f ? f->incoming : NULL; m; m = m->next_incoming)
        console_print("  called by %s@%u at %u places\n", m->importer->info.name,
                      m->importer->number, m->site_count);
    if (f)
        print_calls(v, f);
}

static void deps_of_cell(const struct version *v)
{
    uint32_t sites = 0;
    console_print("%s@%u uses\n", v->info.name, v->number);
    for (uint32_t i = 0; i < v->import_count; i++) {
        const struct import *m = &v->imports[i];
        sites += m->site_count;
        console_print("  %-14s %-32s %3u places\n", m->provider->info.name, m->name,
                      m->site_count);
    }
    console_print("%u functions at %u places; used by\n", v->import_count, sites);
    for (uint32_t i = 0; i < v->function_count; i++)
        for (const struct import *m = v->functions[i].incoming; m; m = m->next_incoming)
            console_print("  %-14s %-32s %3u places\n", m->importer->info.name, m->name,
                          m->site_count);
}

static void command_deps(int argc, char **argv)
{
    if (argc != 2) {
        console_print("usage: deps CELL | deps 0xADDRESS\n");
        return;
    }
    if (strncmp(argv[1], "0x", 2) == 0) {
        uint64_t va = 0;
        for (const char *c = argv[1] + 2; *c; c++)
            va = va * 16 + (uint64_t)(*c <= '9' ? *c - '0' : (*c | 32) - 'a' + 10);
        deps_of_address(va);
        return;
    }
    const struct version *v = namespace_running(namespace_kernel(), argv[1]);
    if (v)
        deps_of_cell(v);
    else
        console_print("no cell called %s runs; `cells` lists them\n", argv[1]);
}

static void print_kept(const struct version *v)
{
    console_print("  %s@%u keeps %lu bytes: ", v->info.name, v->number,
                  v->text.len + v->rodata.len);
    if (v->pinned)
        console_print("pinned, an entry stub leads to it\n");
    else if (v->hold == VERSION_ON_STACK)
        console_print("frame, an address in it lies on a stack at 0x%lx\n", v->holder);
    else if (v->hold == VERSION_POINTED_TO)
        console_print("pointer found at 0x%lx\n", v->holder);
    else if (v->hold == VERSION_IMPORTED)
        console_print("called by a version that is kept, at 0x%lx\n", v->holder);
    else if (v->hold == VERSION_UNSEEN)
        console_print("a task never left its CPU, or there was no memory for the scan\n");
    else if (v->off_ns)
        console_print("cannot be executed any more, freed soon\n");
    else if (v->executed)
        console_print("executed %u times after nothing had referred to it\n", v->executed);
    else
        console_print("nothing found yet that refers to it\n");
}

static void command_ns(int argc, char **argv)
{
    const struct namespace *ns = namespace_kernel();
    uint32_t running = 0;
    uint32_t retired = 0;
    uint32_t stubs = 0;
    uint32_t homes = 0;
    uint64_t home_bytes = 0;
    uint64_t retained = 0;
    (void)argc;
    (void)argv;
    for (const struct version *v = ns->versions; v; v = v->next) {
        running += v->state == VERSION_RUNNING;
        retired += v->state == VERSION_RETIRED;
        if (v->state == VERSION_RETIRED)
            retained += v->text.len + v->rodata.len;
    }
    for (const struct stub *s = ns->stubs; s; s = s->next)
        stubs++;
    for (const struct home *h = ns->homes; h; h = h->next) {
        homes++;
        home_bytes += h->capacity;
    }
    console_print("generation %lu: %u cells run, %u retired versions keep %lu bytes\n"
                  "%u stubs, %u homes of %lu bytes\n",
                  ns->generation, running, retired, retained, stubs, homes, home_bytes);
    for (const struct version *v = ns->versions; v; v = v->next)
        if (v->state == VERSION_RETIRED)
            print_kept(v);
    if (retire_limbo())
        console_print("%u more are about to be freed\n", retire_limbo());
    const char *broken = namespace_check(ns);
    console_print("%s\n", broken ? broken : "all invariants hold");
}

static void print_report(const struct evolve_report *r)
{
    console_print(
        "%4lu %-9s %-16s pause %lu ns, %u stores; load %lu verify %lu redirect %lu "
        "commit %lu us%s\n",
        r->attempt, evolve_phase_name(r->phase), r->label, r->pause_ns, r->stores,
        r->load_ns / 1000, r->verify_ns / 1000, r->redirect_ns / 1000,
        r->commit_ns / 1000, r->dry_run ? " (dry run)" : "");
    for (uint32_t i = 0; i < r->cell_count && i < EVOLVE_MAX_CELLS; i++) {
        const struct evolve_cell *c = &r->cells[i];
        console_print("       %-14s %-9s %u functions changed, %u added\n", c->name,
                      plan_class_name(c->class), c->functions_changed, c->functions_added);
    }
    if (r->drain_ns || r->waited_count) {
        console_print(
            "       waited %lu us until nobody was inside; %u task%s to wait for",
            r->drain_ns / 1000, r->waited_count, r->waited_count == 1 ? "" : "s");
        for (uint32_t i = 0; i < r->waited_count && i < EVOLVE_WAITED_MAX; i++)
            console_print("%s %s", i ? "," : ":", r->waited[i]);
        console_print("\n");
    }
    if (r->migrated_objects)
        console_print("       %u objects migrated, %lu bytes\n", r->migrated_objects,
                      r->migrated_bytes);
    if (r->reason.text[0])
        console_print("       %s: %s\n", r->reason.code, r->reason.text);
}

/* Executions of text that had been retired. */
static void print_stale(void)
{
    struct stale_record r;
    for (uint32_t i = STALE_RECORDS; i-- > 0;)
        if (stale_at(i, &r) == STATUS_OK)
            console_print("%4lu old text executed: %s, task %s, called from %s\n",
                          r.number, r.place, r.task[0] ? r.task : "-",
                          r.caller[0] ? r.caller : "-");
}

static void command_history(int argc, char **argv)
{
    struct evolve_report *copy = heap_alloc(sizeof *copy);
    (void)argc;
    (void)argv;
    for (uint32_t i = EVOLVE_HISTORY; copy && i-- > 0;) {
        evolve_lock();
        const struct evolve_report *r = evolve_report_at(i);
        if (r)
            *copy = *r;
        evolve_unlock();
        if (r)
            print_report(copy);
    }
    heap_free(copy);
    print_stale();
}

static void command_swap(int argc, char **argv)
{
    struct evolve_object set[SWAP_MAX] = {0};
    char names[SWAP_MAX][CELL_NAME_MAX + 1];
    struct evolve_request request = {.set = set,
                                     .self_confirm = true,
                                     .trial_ns = TRIAL_BY_HAND_MS * 1000000ull,
                                     .label = "by hand"};
    uint64_t attempt;
    int first = 1;
    if (argc > 1 && strcmp(argv[1], "-n") == 0) {
        request.dry_run = true;
        first = 2;
    }
    if (argc <= first || argc - first > SWAP_MAX) {
        console_print(
            "usage: swap [-n] FILE...   objects of the boot archive; -n changes "
            "nothing\n");
        return;
    }
    for (int i = first; i < argc; i++) {
        struct archive_entry e;
        struct evolve_object *o = &set[request.set_count++];
        const char *base = strrchr(argv[i], '/');
        if (archive_find(argv[i], &e) != STATUS_OK) {
            console_print("the boot archive has no %s\n", argv[i]);
            return;
        }
        /* The object is called as its cell, up to the first dot. */
        base = base ? base + 1 : argv[i];
        snprintf(names[i - first], sizeof names[0], "%.*s", (int)strcspn(base, "."), base);
        o->name = names[i - first];
        o->bytes = e.bytes;
        o->len = e.len;
    }
    enum status status = evolve_submit(&request, &attempt);
    if (status == STATUS_OK)
        console_print("attempt %lu; `history` tells how it went\n", attempt);
    else
        console_print("not accepted: %s\n",
                      status == STATUS_BUSY ? "the queue is full" : status_name(status));
}

enum status commands_start(void)
{
    static const struct {
        const char *name;
        shell_fn fn;
        const char *help;
    } commands[] = {
        {"cells", command_cells, "[-a]  cells that run (-a: retired versions too)"},
        {"deps", command_deps, "CELL|0xADDRESS  what it uses and what uses it"},
        {"ns", command_ns,
         "counts of the namespace, what retired versions wait for, invariants"},
        {"swap", command_swap, "[-n] FILE...  swaps in objects of the boot archive"},
        {"history", command_history, "the last attempts to swap"},
    };
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        enum status status =
            shell_register(commands[i].name, commands[i].fn, commands[i].help);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}
