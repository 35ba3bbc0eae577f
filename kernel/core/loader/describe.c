/* Opens an object as a version: functions, data objects and imports, without memory yet.
 * SPDX-License-Identifier: MIT
 */
#include <core/loader/private.h>

#include <mm/heap/heap.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum status refuse(struct refusal *out, const char *code, const char *cell,
                   const char *symbol, const char *dependent, const char *format, ...)
{
    va_list args;
    struct refusal r = {
        0}; /* no byte of the caller's stack goes into reports, which are kept */
    snprintf(r.code, sizeof r.code, "%s", code);
    snprintf(r.cell, sizeof r.cell, "%s", cell ? cell : "");
    snprintf(r.symbol, sizeof r.symbol, "%s", symbol ? symbol : "");
    snprintf(r.dependent, sizeof r.dependent, "%s", dependent ? dependent : "");
    va_start(args, format);
    vsnprintf(r.text, sizeof r.text, format, args);
    va_end(args);
    *out = r;
    return STATUS_DENIED;
}

static uint32_t name_hash(const char *name)
{
    uint32_t hash = 0x811c9dc5;
    for (; *name; name++)
        hash = (hash ^ (uint8_t)*name) * 0x01000193;
    return hash;
}

/* Numbers the functions that share name and linkage, in the order of `.cell`. */
static bool number_twins(struct version *v)
{
    uint32_t count = v->function_count;
    uint32_t *bucket = heap_new_array(uint32_t, (size_t)count * 2 + 1);
    if (!bucket)
        return false;
    uint32_t *before = bucket + count; /* index + 1 of an earlier one of the same bucket */
    for (uint32_t i = 0; i < count; i++) {
        struct function *f = &v->functions[i];
        uint32_t *head = &bucket[name_hash(f->name) % count];
        for (uint32_t k = *head; k && !f->twin; k = before[k - 1]) {
            const struct function *o = &v->functions[k - 1];
            if (!((o->flags ^ f->flags) & CELL_FUNC_GLOBAL) &&
                strcmp(o->name, f->name) == 0)
                f->twin = o->twin + 1;
        }
        before[i] = *head;
        *head = i + 1;
    }
    heap_free(bucket);
    return true;
}

static bool describe_functions(struct version *v)
{
    uint32_t count = v->info.count[CELL_FUNCTIONS];
    v->functions = heap_new_array(struct function, count + 1);
    if (!v->functions)
        return false;
    v->function_count = count;
    for (uint32_t i = 0; i < count; i++) {
        struct cell_function f;
        cellinfo_function(&v->info, i, &f);
        v->functions[i].name = f.name;
        v->functions[i].section = f.section;
        v->functions[i].offset = f.offset;
        v->functions[i].flags = f.flags;
        v->functions[i].signature = f.signature;
        v->functions[i].next_in_section = v->section_function[f.section];
        v->section_function[f.section] = i + 1;
    }
    return number_twins(v);
}

int64_t function_starting_at(const struct version *v, uint32_t section, uint64_t offset)
{
    for (uint32_t i = v->section_function[section]; i;
         i = v->functions[i - 1].next_in_section)
        if (v->functions[i - 1].offset == offset)
            return i - 1;
    return -1;
}

/* An object that fills its section alone lives in a home; whatever else lies in sections
 * (literals, constant pools) belongs to the version. */
static void describe_objects(struct version *v)
{
    for (uint32_t i = 0; i < v->info.count[CELL_DATA]; i++) {
        struct cell_data d;
        struct elf_section s;
        cellinfo_data(&v->info, i, &d);
        elf_section(&v->elf, d.section, &s);
        if (!(d.flags & CELL_DATA_LITERAL) && d.offset == 0 && d.len == s.len && s.len)
            v->section_object[d.section] = i + 1;
    }
}

static uint64_t import_signature(const struct version *v, const char *name)
{
    for (uint32_t i = 0; i < v->info.count[CELL_IMPORTS]; i++) {
        struct cell_import m;
        cellinfo_import(&v->info, i, &m);
        if (strcmp(m.name, name) == 0)
            return m.signature;
    }
    return 0;
}

static bool describe_symbols(struct version *v)
{
    uint32_t count = 0;
    for (uint32_t i = 1; i < v->elf.symbol_count; i++) {
        struct elf_symbol y;
        elf_symbol(&v->elf, i, &y);
        count += y.section == ELF_UNDEF && y.name[0];
    }
    v->imports = heap_new_array(struct import, count + 1);
    if (!v->imports)
        return false;
    for (uint32_t i = 1; i < v->elf.symbol_count; i++) {
        struct elf_symbol y;
        elf_symbol(&v->elf, i, &y);
        if (y.section == ELF_UNDEF && y.name[0]) {
            struct import *m = &v->imports[v->import_count++];
            m->name = y.name;
            m->signature = import_signature(v, y.name);
            m->importer = v;
            v->symbol_import[i] = v->import_count;
        } else if (y.section != ELF_UNDEF && y.kind == ELF_FUNC) {
            int64_t f = function_starting_at(v, y.section, y.value);
            if (f >= 0 && y.len > v->functions[f].len)
                v->functions[f].len = y.len;
        }
    }
    return true;
}

enum status version_describe(const uint8_t *bytes, size_t len, const uint8_t hash[32],
                             struct version **out, struct refusal *out_why)
{
    const char *why;
    struct version *v = heap_new(struct version);
    if (!v)
        return STATUS_FULL;
    if (elf_open(bytes, len, &v->elf, &why) != STATUS_OK) {
        heap_free(v);
        return refuse(out_why, "object", NULL, NULL, NULL, "malformed object: %s", why);
    }
    if (cellinfo_open(&v->elf, &v->info, &why) != STATUS_OK) {
        heap_free(v);
        return refuse(out_why, "object", NULL, NULL, NULL, "malformed object: %s", why);
    }
    memcpy(v->object_hash, hash, sizeof v->object_hash);
    uint32_t sections = v->elf.section_count;
    v->section_va = heap_new_array(uint64_t, sections);
    v->section_home = heap_new_array(struct home *, sections);
    v->section_function = heap_new_array(uint32_t, sections);
    v->section_object = heap_new_array(uint32_t, sections);
    v->symbol_import = heap_new_array(uint32_t, v->elf.symbol_count);
    if (!v->section_va || !v->section_home || !v->section_function || !v->section_object ||
        !v->symbol_import || !describe_functions(v) || !describe_symbols(v)) {
        version_destroy(NULL, v);
        return STATUS_FULL;
    }
    describe_objects(v);
    *out = v;
    return STATUS_OK;
}

static void sort_exports(struct version *v)
{
    for (uint32_t gap = v->export_count / 2; gap > 0; gap /= 2)
        for (uint32_t i = gap; i < v->export_count; i++) {
            uint32_t moved = v->exports[i];
            uint32_t j = i;
            for (; j >= gap && strcmp(v->functions[v->exports[j - gap]].name,
                                      v->functions[moved].name) > 0;
                 j -= gap)
                v->exports[j] = v->exports[j - gap];
            v->exports[j] = moved;
        }
}

enum status version_index(struct version *v)
{
    uint32_t globals = 0;
    v->text_begin = UINT64_MAX;
    for (uint32_t i = 0; i < v->function_count; i++) {
        struct function *f = &v->functions[i];
        f->va = v->section_va[f->section] + f->offset;
        globals += (f->flags & CELL_FUNC_GLOBAL) != 0;
    }
    for (uint32_t i = 1; i < v->elf.section_count; i++) {
        struct elf_section s;
        elf_section(&v->elf, i, &s);
        if (!(s.flags & ELF_EXEC) || !v->section_va[i])
            continue;
        if (v->section_va[i] < v->text_begin)
            v->text_begin = v->section_va[i];
        if (v->section_va[i] + s.len > v->text_end)
            v->text_end = v->section_va[i] + s.len;
    }
    if (v->text_end == 0)
        v->text_begin = 0;
    v->exports = heap_new_array(uint32_t, globals + 1);
    if (!v->exports)
        return STATUS_FULL;
    for (uint32_t i = 0; i < v->function_count; i++)
        if (v->functions[i].flags & CELL_FUNC_GLOBAL)
            v->exports[v->export_count++] = i;
    sort_exports(v);
    return STATUS_OK;
}
