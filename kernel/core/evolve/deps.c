/* The shell command `deps`: what uses what, by cell, by function or object, and by address; both directions, with counts.
 * SPDX-License-Identifier: MIT
 *
 * Inside a cell that is what its object's relocations say; between cells, the imports of the namespace.
 */
#include <core/evolve/commands.h>
#include <core/evolve/private.h>

#include <console/console/console.h>
#include <string.h>

enum { HEX_DIGITS_MAX = 16, LISTED_MAX = 100 };

/* A function or a data object of a version: `deps` speaks of these, not of ELF sections. */
struct part {
    const struct version *v;
    const struct function *function; /* NULL: an object, or literals */
    uint32_t section;                /* of the object */
};

static bool part_equal(const struct part *a, const struct part *b)
{
    return a->v == b->v && a->function == b->function &&
           (a->function || a->section == b->section);
}

static const char *part_name(const struct part *p)
{
    struct cell_data d;
    if (p->function)
        return p->function->name;
    if (!p->v->section_object[p->section])
        return "(literals)";
    cellinfo_data(&p->v->info, p->v->section_object[p->section] - 1, &d);
    return d.key;
}

/* What lies at OFFSET of SECTION of V. */
static struct part part_at(const struct version *v, uint32_t section, uint64_t offset)
{
    struct part p = {.v = v, .section = section};
    for (uint32_t i = v->section_function[section]; i;
         i = v->functions[i - 1].next_in_section) {
        const struct function *f = &v->functions[i - 1];
        if (f->offset <= offset && (!p.function || f->offset > p.function->offset))
            p.function = f;
    }
    return p;
}

/* What relocation R of V refers to; an import gives the function that it leads to. */
static bool part_referred(const struct version *v, const struct elf_rela *r,
                          struct part *out)
{
    struct elf_symbol y;
    elf_symbol(&v->elf, r->symbol, &y);
    if (y.section != ELF_UNDEF) {
        uint64_t bias = r->type == ELF_R_64 || r->type == ELF_R_32S ? 0 : 4;
        *out = part_at(v, y.section, y.value + (uint64_t)r->addend + bias);
        return true;
    }
    uint32_t import = v->symbol_import[r->symbol];
    if (!import || !v->imports[import - 1].provider)
        return false;
    const struct import *m = &v->imports[import - 1];
    *out =
        (struct part){.v = m->provider, .function = &m->provider->functions[m->function]};
    return true;
}

struct counted {
    struct part part;
    uint32_t places;
};

static struct {
    struct counted list[LISTED_MAX]; /* [c] the shell's task only */
    uint32_t count;
    uint32_t more; /* places of parts that found no room */
} tally;

static void tally_begin(void)
{
    tally.count = 0;
    tally.more = 0;
}

static void tally_add(const struct part *p)
{
    uint32_t i = 0;
    while (i < tally.count && !part_equal(&tally.list[i].part, p))
        i++;
    if (i == LISTED_MAX) {
        tally.more++;
        return;
    }
    if (i == tally.count)
        tally.list[tally.count++] = (struct counted){.part = *p};
    tally.list[i].places++;
}

static void tally_print(const char *title)
{
    uint32_t places = 0;
    for (uint32_t i = 0; i < tally.count; i++)
        places += tally.list[i].places;
    console_print("%s: %u at %u places\n", title, tally.count, places);
    for (uint32_t i = 0; i < tally.count; i++) {
        const struct part *p = &tally.list[i].part;
        console_print("  %-14s %-32s %3u places%s\n", p->v->info.name, part_name(p),
                      tally.list[i].places,
                      p->v->state == VERSION_RUNNING ? "" : ", of a retired version");
    }
    if (tally.more)
        console_print("  and others at %u places\n", tally.more);
}

/* Calls VISIT for each relocation of V in what is loaded: where it lies, and what it refers to. */
typedef void (*reference_fn)(const struct part *from, const struct part *to, void *arg);

static void each_reference(const struct version *v, reference_fn visit, void *arg)
{
    for (uint32_t i = 1; i < v->elf.section_count; i++) {
        struct elf_section s;
        struct elf_section target;
        elf_section(&v->elf, i, &s);
        if (s.type != ELF_RELA || !v->section_va[s.info])
            continue;
        elf_section(&v->elf, s.info, &target);
        if (strcmp(target.name, ".eh_frame") == 0) /* describes, and uses nothing */
            continue;
        for (uint32_t k = 0; k < elf_rela_count(&s); k++) {
            struct elf_rela r;
            struct part to;
            elf_rela(&v->elf, &s, k, &r);
            struct part from = part_at(v, s.info, r.offset);
            if (part_referred(v, &r, &to))
                visit(&from, &to, arg);
        }
    }
}

static void note_used(const struct part *from, const struct part *to, void *arg)
{
    if (part_equal(from, arg))
        tally_add(to);
}

static void note_user(const struct part *from, const struct part *to, void *arg)
{
    if (part_equal(to, arg))
        tally_add(from);
}

/* Other cells name functions only, so only cells that import the function are gone through. */
static void deps_of_part(struct part *p)
{
    tally_begin();
    each_reference(p->v, note_used, p);
    tally_print("refers to");
    tally_begin();
    each_reference(p->v, note_user, p);
    for (const struct import *m = p->function ? p->function->incoming : NULL; m;
         m = m->next_incoming)
        each_reference(m->importer, note_user, p);
    tally_print("referred to by");
}

static void deps_of_function(const struct version *v, const struct function *f)
{
    struct part p = {.v = v, .function = f};
    console_print("function %s of %s@%u: 0x%lx, %lu bytes", f->name, v->info.name,
                  v->number, f->va, f->len);
    if (f->stub)
        console_print(", entry stub 0x%lx", f->stub->va);
    console_print("\n");
    deps_of_part(&p);
}

static void deps_of_object(const struct version *v, uint32_t section)
{
    struct part p = {.v = v, .section = section};
    const struct home *h = v->section_home[section];
    console_print("object %s of %s@%u: 0x%lx", part_name(&p), v->info.name, v->number,
                  v->section_va[section]);
    if (h)
        console_print(", %u bytes, home for %u, in %u versions", h->len, h->capacity,
                      h->refs);
    console_print("\n");
    deps_of_part(&p);
}

/* The section of V that VA lies in, or 0. */
static uint32_t section_at(const struct version *v, uint64_t va)
{
    for (uint32_t i = 1; i < v->elf.section_count; i++) {
        struct elf_section s;
        elf_section(&v->elf, i, &s);
        if (v->section_va[i] && va - v->section_va[i] < s.len)
            return i;
    }
    return 0;
}

static void deps_of_address(uint64_t va)
{
    const struct namespace *ns = namespace_kernel();
    const struct version *v = namespace_version_at(ns, va);
    const struct stub *s = v ? NULL : namespace_stub_at(ns, va);
    if (s && s->version) {
        console_print("0x%lx: entry stub\n", va);
        deps_of_function(s->version, &s->version->functions[s->function]);
        return;
    }
    const struct function *f = v ? version_function_at(v, va) : NULL;
    if (f) {
        console_print("0x%lx: 0x%lx behind the start\n", va, va - f->va);
        deps_of_function(v, f);
        return;
    }
    for (v = ns->versions; v; v = v->next) {
        uint32_t section = v->state == VERSION_RUNNING ? section_at(v, va) : 0;
        if (!section)
            continue;
        console_print("0x%lx: 0x%lx behind the start\n", va, va - v->section_va[section]);
        deps_of_object(v, section);
        return;
    }
    console_print("0x%lx belongs to no cell\n", va);
}

static void deps_of_name(const struct version *v, const char *name)
{
    struct cell_data d;
    uint32_t found = 0;
    for (uint32_t i = 0; i < v->function_count; i++)
        if (strcmp(v->functions[i].name, name) == 0) {
            deps_of_function(v, &v->functions[i]);
            found++;
        }
    for (uint32_t i = 1; i < v->elf.section_count; i++) {
        if (!v->section_object[i] || !v->section_va[i])
            continue;
        cellinfo_data(&v->info, v->section_object[i] - 1, &d);
        if (strcmp(d.key, name) == 0) {
            deps_of_object(v, i);
            found++;
        }
    }
    if (!found)
        console_print("%s has neither a function nor an object called %s\n", v->info.name,
                      name);
}

static void print_import(const struct version *who, const struct import *m)
{
    console_print("  %-14s %-32s %3u places%s\n", who->info.name, m->name, m->site_count,
                  m->site_count ? "" : ", takes its address");
}

static void deps_of_cell(const struct version *v)
{
    uint32_t sites = 0;
    uint32_t users = 0;
    uint32_t their_sites = 0;
    console_print("%s@%u uses\n", v->info.name, v->number);
    for (uint32_t i = 0; i < v->import_count; i++) {
        sites += v->imports[i].site_count;
        print_import(v->imports[i].provider, &v->imports[i]);
    }
    console_print("%u functions at %u places; used by\n", v->import_count, sites);
    for (uint32_t i = 0; i < v->function_count; i++)
        for (const struct import *m = v->functions[i].incoming; m; m = m->next_incoming) {
            users++;
            their_sites += m->site_count;
            print_import(m->importer, m);
        }
    console_print("%u functions of other cells at %u places\n", users, their_sites);
}

/* Every running cell in one line. */
static void deps_of_all(void)
{
    console_print("%-14s %9s %9s %9s %9s\n", "cell", "functions", "objects", "uses",
                  "used by");
    for (const struct version *v = namespace_kernel()->versions; v; v = v->next) {
        uint32_t objects = 0;
        uint32_t users = 0;
        if (v->state != VERSION_RUNNING)
            continue;
        for (uint32_t i = 1; i < v->elf.section_count; i++)
            objects += v->section_home[i] != NULL;
        for (uint32_t i = 0; i < v->function_count; i++)
            for (const struct import *m = v->functions[i].incoming; m;
                 m = m->next_incoming)
                users++;
        console_print("%-14s %9u %9u %9u %9u\n", v->info.name, v->function_count, objects,
                      v->import_count, users);
    }
}

static bool hex_read(const char *text, uint64_t *out)
{
    size_t digits = 0;
    *out = 0;
    for (; text[digits]; digits++) {
        char c = (char)(text[digits] | 32);
        bool letter = c >= 'a' && c <= 'f';
        if (digits == HEX_DIGITS_MAX || (!letter && (c < '0' || c > '9')))
            return false;
        *out = *out * 16 + (uint64_t)(letter ? c - 'a' + 10 : c - '0');
    }
    return digits > 0;
}

void command_deps(int argc, char **argv)
{
    uint64_t va;
    bool hex = argc == 2 && strncmp(argv[1], "0x", 2) == 0;
    if (argc == 1) {
        deps_of_all();
    } else if (argc > 3 || (hex && !hex_read(argv[1] + 2, &va))) {
        console_print("usage: deps [CELL [FUNCTION|OBJECT] | 0xADDRESS]\n");
    } else if (hex) {
        deps_of_address(va);
    } else {
        const struct version *v = namespace_running(namespace_kernel(), argv[1]);
        if (!v)
            console_print("no cell called %s runs; `cells` lists them\n", argv[1]);
        else if (argc == 3)
            deps_of_name(v, argv[2]);
        else
            deps_of_cell(v);
    }
}
