/* What runs, as numbers that tell whether it has changed. */
/* SPDX-License-Identifier: MIT */
#include "private.h"

#include <string.h>

/* Cells whose data nobody stores into but the cases, and the engine. */
static const char *const quiet[] = {
    "swap_target",    "migrate_target", "states_target", "moving_target",
    "coupled_server", "coupled_client", "lineage_glue",  "lineage_library",
    "leaver",         "leaver_state",   "parted_whole",  "parted_part",
};

static uint64_t mix(uint64_t digest, uint64_t word)
{
    return (digest ^ word) * 0x100000001b3;
}

static uint64_t mix_range(uint64_t digest, uint64_t begin, uint64_t end)
{
    for (uint64_t at = begin & ~7ull; at < end; at += 8)
        digest = mix(digest, *(const volatile uint64_t *)at);
    return digest;
}

static uint64_t mix_bytes(uint64_t digest, const void *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        digest = mix(digest, ((const uint8_t *)bytes)[i]);
    return digest;
}

static uint64_t mix_text(uint64_t digest, const char *text)
{
    return mix_bytes(digest, text, strlen(text) + 1);
}

/* A walk may count how often it is called, and who waits is woken to leave. */
static bool is_quiet(const struct home *h)
{
    for (size_t i = 0; i < ARRAY_LEN(quiet); i++)
        if (strcmp(quiet[i], h->cell) == 0)
            return strcmp(h->key, "walks") != 0 && strcmp(h->key, "queue") != 0;
    return false;
}

static uint64_t mix_home(uint64_t digest, const struct home *h)
{
    digest = mix_text(mix_text(digest, h->cell), h->key);
    digest = mix(mix(mix(digest, h->va), h->len), h->capacity);
    digest = mix(mix(mix(digest, h->align), h->storage), h->type_hash);
    return mix(mix(digest, (uint64_t)h->region), h->orphan);
}

static void mix_sections(struct undo_digest *d, const struct version *v)
{
    struct elf_section s;
    for (uint32_t i = 1; i < v->elf.section_count; i++) {
        const struct home *h = v->section_home[i];
        elf_section(&v->elf, i, &s);
        uint64_t begin = v->section_va[i];
        if (begin && !(s.flags & (ELF_WRITE | ELF_EXEC)))
            d->part[UNDO_CONSTANTS] =
                mix_range(d->part[UNDO_CONSTANTS], begin, begin + s.len);
        if (!h)
            continue;
        d->part[UNDO_HOMES] = mix(mix_home(d->part[UNDO_HOMES], h), begin);
        if ((s.flags & ELF_WRITE) && is_quiet(h))
            d->part[UNDO_VALUES] =
                mix_bytes(d->part[UNDO_VALUES], (const void *)h->va, h->len);
    }
}

static void mix_version(struct undo_digest *d, const struct version *v)
{
    uint64_t cell = mix_text(d->part[UNDO_CELLS], v->info.name);
    cell = mix(mix(mix(cell, v->number), v->lineage), (uint64_t)v);
    d->part[UNDO_CELLS] = mix(mix(mix(cell, v->pinned), v->watching), v->withdrawn);
    d->part[UNDO_TEXT] = mix(d->part[UNDO_TEXT], v->text_begin);
    d->part[UNDO_TEXT] = mix_range(d->part[UNDO_TEXT], v->text_begin, v->text_end);
    for (uint32_t i = 0; i < v->import_count; i++) {
        const struct import *m = &v->imports[i];
        d->part[UNDO_CALLS] =
            mix(mix(d->part[UNDO_CALLS], (uint64_t)m->provider), m->function);
    }
    mix_sections(d, v);
}

static uint64_t mix_stub(uint64_t digest, const struct stub *s)
{
    digest = mix(mix(digest, s->va), *(const volatile uint64_t *)s->slot);
    digest = mix(mix(digest, (uint64_t)s->version), s->function);
    return mix(mix(digest, s->lineage), s->idle);
}

/* As the service sees it. */
static bool mix_running(void *context, const char *name, const uint8_t hash[32],
                        uint32_t number)
{
    uint64_t *digest = context;
    *digest = mix(mix_bytes(mix_text(*digest, name), hash, 32), number);
    return true;
}

void undo_digest(struct undo_digest *out)
{
    const struct namespace *ns = namespace_kernel();
    for (int i = 0; i < UNDO_PARTS; i++)
        out->part[i] = 0xcbf29ce484222325;
    for (const struct version *v = ns->versions; v; v = v->next)
        if (v->state == VERSION_RUNNING)
            mix_version(out, v);
    for (const struct stub *s = ns->stubs; s; s = s->next)
        if (s->version && s->version->state == VERSION_RUNNING)
            out->part[UNDO_STUBS] = mix_stub(out->part[UNDO_STUBS], s);
    evolve_running(mix_running, &out->part[UNDO_CELLS]);
    uint64_t marks = mix(mix(out->part[UNDO_MARKS], ns->generation), evolve_commits());
    for (const struct made_name *m = ns->made; m; m = m->next)
        marks = mix_text(marks, m->name);
    out->part[UNDO_MARKS] = marks;
}

uint32_t undo_changed(const struct undo_digest *before)
{
    struct undo_digest now;
    uint32_t changed = 0;
    undo_digest(&now);
    for (int i = 0; i < UNDO_PARTS; i++)
        changed |= (uint32_t)(now.part[i] != before->part[i]) << i;
    return changed;
}

uint32_t undo_taken_back(bool moves)
{
    return moves ? UNDO_BUT_MARKS & ~(1u << UNDO_VALUES) : UNDO_BUT_MARKS;
}
