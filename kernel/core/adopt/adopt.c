/* Makes a namespace describe the cells that the boot image placed.
 * SPDX-License-Identifier: MIT
 */
#include <core/adopt/adopt.h>

#include <core/archive/archive.h>
#include <core/placement/placement.h>
#include <mm/heap/heap.h>
#include <stdio.h>
#include <string.h>

struct adopting {
    struct namespace *ns;
    struct placement table;
    const uint8_t *archive;
    size_t archive_len;
    struct version **versions; /* by index in the table */
    struct refusal *why;
};

static enum status lookup(void *context, const struct version *importer, const char *name,
                          struct version **out_provider, uint32_t *out_function)
{
    const struct namespace *ns = context;
    for (uint32_t i = 0; i < importer->info.count[CELL_USES]; i++) {
        struct version *v = namespace_running(ns, cellinfo_use(&importer->info, i));
        int64_t f = v ? version_export(v, name) : -1;
        if (f >= 0) {
            *out_provider = v;
            *out_function = (uint32_t)f;
            return STATUS_OK;
        }
    }
    return STATUS_NOT_FOUND;
}

static enum status find_object(const struct adopting *a, const char *name,
                               struct archive_entry *out)
{
    char path[PLACEMENT_NAME_LEN + 16];
    struct archive_entry e = {0};
    size_t at = 0;
    snprintf(path, sizeof path, "cells/%s.o", name);
    while (archive_next(a->archive, a->archive_len, &at, &e) == STATUS_OK)
        if (strcmp(e.name, path) == 0) {
            *out = e;
            return STATUS_OK;
        }
    return refuse(a->why, "image", name, NULL, NULL,
                  "the boot archive has no object for %s, which the image holds", name);
}

static enum status adopt_cell(struct adopting *a, const struct placement_cell *cell,
                              struct version **out)
{
    struct archive_entry e = {0};
    enum status status = find_object(a, cell->name, &e);
    if (status != STATUS_OK)
        return status;
    uint64_t *va = heap_new_array(uint64_t, cell->section_count + 1);
    if (!va)
        return STATUS_FULL;
    for (uint32_t i = 0; i < cell->section_count; i++)
        va[i] = placement_section(&a->table, cell, i);
    status = loader_adopt(a->ns, e.bytes, e.len, cell->hash, va, cell->section_count, out,
                          a->why);
    heap_free(va);
    return status;
}

static enum status adopt_stubs(struct adopting *a)
{
    for (uint32_t i = 0; i < a->table.stub_count; i++) {
        struct placement_stub s;
        placement_stub(&a->table, i, &s);
        if (s.cell >= a->table.cell_count ||
            s.function >= a->versions[s.cell]->function_count)
            return refuse(a->why, "image", NULL, NULL, NULL,
                          "the placement table names a function that no object has");
        enum status status =
            namespace_adopt_stub(a->ns, a->versions[s.cell], s.function, s.va, s.slot);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static enum status adopt_all(struct adopting *a)
{
    uint32_t at = PLACEMENT_HEADER_LEN;
    for (uint32_t i = 0; i < a->table.cell_count; i++) {
        struct placement_cell cell;
        placement_next_cell(&a->table, &at, &cell);
        enum status status = adopt_cell(a, &cell, &a->versions[i]);
        if (status != STATUS_OK)
            return status;
    }
    enum status status = adopt_stubs(a);
    for (uint32_t i = 0; status == STATUS_OK && i < a->table.cell_count; i++)
        status = loader_adopt_finish(a->ns, a->versions[i], lookup, a->ns, a->why);
    return status;
}

enum status adopt_tables(struct namespace *ns, const uint8_t *table, size_t table_len,
                         const uint8_t *archive, size_t archive_len,
                         struct refusal *out_why)
{
    struct adopting a = {
        .ns = ns, .archive = archive, .archive_len = archive_len, .why = out_why};
    if (placement_open(table, table_len, &a.table) != STATUS_OK)
        return refuse(out_why, "image", NULL, NULL, NULL,
                      "the placement table is malformed");
    a.versions = heap_new_array(struct version *, a.table.cell_count + 1);
    if (!a.versions)
        return STATUS_FULL;
    enum status status = adopt_all(&a);
    heap_free(a.versions);
    return status;
}
