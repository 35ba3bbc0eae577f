/* Makes cells from C text at test time, and runs sets of them in a namespace.
 * SPDX-License-Identifier: MIT
 */
#include "fixture.h"

#include <core/commit/transfer.h>

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct made {
    struct made *next;
    char *key;
    uint8_t *bytes;
    size_t len;
};

static struct made *cache;

static void forget_all(void)
{
    while (cache) {
        struct made *m = cache;
        cache = m->next;
        free(m->key);
        free(m->bytes);
        free(m);
    }
}

static void run(const char *command)
{
    int code = system(command);
    if (code != 0)
        fail_msg("exit status %d of: %s", code, command);
}

static void read_object(const char *path, struct made *m)
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    m->bytes = malloc(1 << 20);
    m->len = fread(m->bytes, 1, 1 << 20, f);
    fclose(f);
    assert_true(m->len > 0);
}

/* Compiles the file number INDEX of S, which ends at a form feed. Gives what follows. */
static const char *compile_file(const struct cell_source *s, const char *text,
                                const char *folder, int index)
{
    char command[4096];
    char path[128];
    size_t len = strcspn(text, "\f");
    snprintf(path, sizeof path, "%s/%s%d.c", folder, s->name, index);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, len, f), len);
    fclose(f);
    snprintf(command, sizeof command,
             TEST_CC " " TEST_CELL_FLAGS
                     " -ffile-prefix-map=%s=/k -fdump-tree-original=%s.trees -c -o "
                     "%s/d%d.o %s",
             folder, path, folder, index, path);
    run(command);
    return text[len] ? text + len + 1 : NULL;
}

static bool is_closure(const char *cell)
{
    return strcmp(cell, "commit") == 0 || strcmp(cell, "guard") == 0 ||
           strcmp(cell, "entry") == 0;
}

static void compile(const struct cell_source *s, struct made *m)
{
    char folder[] = "/tmp/neurath-plan-XXXXXX";
    char command[4096];
    char path[128];
    int files = 0;
    assert_non_null(mkdtemp(folder));
    for (const char *text = s->text; text; files++)
        text = compile_file(s, text, folder, files);
    snprintf(command, sizeof command, "ld -r --unique -o %s/d.o $(ls %s/d?.o)", folder,
             folder);
    run(command);
    snprintf(
        command, sizeof command,
        TEST_CELLTOOL " write --name %s --kind %s --start none --uses \"%s\" %s %s "
                      "--abi-flags test --trees \"$(echo %s/*.trees)\" %s/d.o %s/o.o",
        s->name, "app", s->uses, is_closure(s->name) ? "--closure --unchecked" : "",
        strncmp(s->name, "lib_", 4) == 0 ? "--lineage lib" : "", folder, folder, folder);
    run(command);
    snprintf(path, sizeof path, "%s/o.o", folder);
    read_object(path, m);
    snprintf(command, sizeof command, "rm -r %s", folder);
    run(command);
}

struct plan_object cell_make(const struct cell_source *source)
{
    char key[8192];
    snprintf(key, sizeof key, "%s|%s|%s", source->name, source->uses, source->text);
    struct made *m = cache;
    while (m && strcmp(m->key, key) != 0)
        m = m->next;
    if (!m) {
        m = calloc(1, sizeof *m);
        assert_non_null(m);
        m->key = strdup(key);
        compile(source, m);
        if (!cache)
            atexit(forget_all);
        m->next = cache;
        cache = m;
    }
    return (struct plan_object){.bytes = m->bytes, .len = m->len};
}

struct plan *world_plan(struct world *world, const struct cell_source *cells, size_t count)
{
    struct plan_object set[16];
    struct plan *plan = NULL;
    uint32_t changed = 0;
    assert_true(count <= 16);
    for (size_t i = 0; i < count; i++) {
        const struct version *v = namespace_running(&world->ns, cells[i].name);
        set[changed] = cell_make(&cells[i]);
        changed += !v || v->elf.bytes != set[changed].bytes;
    }
    enum status status =
        plan_create(&world->ns, set, changed, NULL, 0, &plan, &world->report);
    assert_true((status == STATUS_OK) == (plan != NULL));
    assert_true(status == STATUS_OK || status == STATUS_DENIED);
    return plan;
}

void world_commit(struct world *world, struct plan *plan)
{
    plan_enter(plan);
    assert_true(migrations_prepare(&plan->migrations));
    migrations_store(&plan->migrations);
    for (uint32_t i = 0; i < plan->poke_count; i++) {
        struct poke *k = &plan->pokes[i];
        assert_memory_equal(k->write, &k->before, k->len);
        memcpy(k->write, &k->after, k->len);
    }
    plan_commit(plan);
    const char *broken = namespace_check(&world->ns);
    if (broken)
        fail_msg("%s", broken);
}

void world_handover(struct world *world, struct plan *plan)
{
    assert_true(migrations_prepare(&plan->late));
    migrations_store(&plan->late);
    for (uint32_t i = 0; i < plan->late_count; i++) {
        struct poke *k = &plan->pokes[plan->poke_count + i];
        assert_memory_equal(k->write, &k->before, k->len);
        memcpy(k->write, &k->after, k->len);
    }
    plan_handover(plan);
    const char *broken = namespace_check(&world->ns);
    if (broken)
        fail_msg("%s", broken);
}

void world_revert(struct world *world, struct plan *plan)
{
    migrations_take_back(&plan->migrations);
    for (uint32_t i = 0; i < plan->poke_count; i++) {
        struct poke *k = &plan->pokes[i];
        assert_memory_equal(k->write, &k->after, k->len);
        memcpy(k->write, &k->before, k->len);
    }
    plan_revert(plan);
    const char *broken = namespace_check(&world->ns);
    if (broken)
        fail_msg("%s", broken);
}

void world_init(struct world *world, const struct cell_source *cells, size_t count)
{
    static const uint64_t bases[CELLMEM_KINDS] = {0xffffffff90000000, 0xffffffffa0000000,
                                                  0xffffffffb0000000, 0xffffffffc0000000,
                                                  0xffffffffd0000000};
    memset(world, 0, sizeof *world);
    cellmem_host_reset(bases);
    struct plan *plan = world_plan(world, cells, count);
    if (!plan)
        fail_msg("the world does not fit together: %s", world->report.refusals[0].text);
    world_commit(world, plan);
    plan_destroy(plan);
}

void world_fini(struct world *world)
{
    static const uint64_t none[CELLMEM_KINDS];
    namespace_fini(&world->ns);
    cellmem_host_reset(none);
}

static uint64_t mix(uint64_t digest, const void *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        digest = (digest ^ ((const uint8_t *)bytes)[i]) * 0x100000001b3;
    return digest;
}

/* Whose it is, where, and of what form. */
static uint64_t mix_home(uint64_t digest, const struct home *h)
{
    digest = mix(digest, h->cell, strlen(h->cell) + 1);
    digest = mix(mix(digest, h->key, strlen(h->key) + 1), &h->va, 8);
    digest = mix(mix(digest, &h->len, 4), &h->capacity, 4);
    return mix(mix(digest, &h->type_hash, 8), &h->orphan, sizeof h->orphan);
}

uint64_t world_digest(const struct world *world)
{
    uint64_t d = 0xcbf29ce484222325;
    for (const struct version *v = world->ns.versions; v; v = v->next) {
        if (v->state != VERSION_RUNNING)
            continue;
        for (uint32_t i = 1; i < v->elf.section_count; i++) {
            struct elf_section s;
            elf_section(&v->elf, i, &s);
            if (v->section_va[i])
                d = mix(d, cellmem_view(v->section_va[i]), s.len);
            if (v->section_home[i])
                d = mix_home(d, v->section_home[i]);
        }
        for (uint32_t i = 0; i < v->import_count; i++) {
            d = mix(d, &v->imports[i].provider, sizeof(void *));
            d = mix(d, &v->imports[i].function, 4);
        }
        d = mix(d, &v->text_begin, 8);
        d = mix(d, &v->lineage, 4);
    }
    for (const struct stub *s = world->ns.stubs; s; s = s->next)
        if (s->version && s->version->state == VERSION_RUNNING)
            d = mix(d, cellmem_view(s->slot), 8);
    return mix(d, &world->ns.generation, 8);
}

void expect_undone(struct world *world, const struct cell_source *cells, size_t count)
{
    uint64_t generation = world->ns.generation;
    uint64_t before = world_digest(world);
    struct plan *plan = world_plan(world, cells, count);
    assert_non_null(plan);
    world_commit(world, plan);
    assert_true(before != world_digest(world));
    world_revert(world, plan);
    world->ns.generation = generation;
    assert_true(before == world_digest(world));
    plan_destroy(plan);
}

void expect_refused(struct world *world, const struct cell_source *cells, size_t count,
                    const char *code, const char *cell, const char *symbol,
                    const char *dependent)
{
    uint64_t before = world_digest(world);
    struct plan *plan = world_plan(world, cells, count);
    if (plan)
        fail_msg("not refused, but expected: %s", code);
    const struct refusal *r = &world->report.refusals[0];
    if (strcmp(r->code, code) != 0)
        fail_msg("refused as %s, expected %s: %s", r->code, code, r->text);
    if (cell)
        assert_string_equal(r->cell, cell);
    if (symbol)
        assert_string_equal(r->symbol, symbol);
    if (dependent)
        assert_string_equal(r->dependent, dependent);
    assert_true(r->text[0] != 0);
    assert_true(before == world_digest(world));
    assert_null(namespace_check(&world->ns));
}

void expect_calls(const struct world *world, const char *importer, const char *cell,
                  const char *function)
{
    const struct version *from = namespace_running(&world->ns, importer);
    const struct version *to = namespace_running(&world->ns, cell);
    assert_non_null(from);
    assert_non_null(to);
    for (uint32_t i = 0; i < from->import_count; i++) {
        const struct import *m = &from->imports[i];
        if (strcmp(m->name, function) != 0)
            continue;
        uint64_t target = to->functions[version_export(to, function)].va;
        assert_true(m->site_count > 0);
        for (uint32_t s = m->first_site; s; s = from->sites[s - 1].next) {
            const struct site *site = &from->sites[s - 1];
            assert_int_equal(get_le32(cellmem_view(site->va)), site_value(site, target));
        }
        return;
    }
    fail_msg("%s does not import %s", importer, function);
}
