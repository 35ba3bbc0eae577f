/* Writes the placement table; its format is described in core/placement/placement.h.
 * SPDX-License-Identifier: MIT
 */
#include "image.h"

#include <core/placement/placement.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t index_of(const struct namespace *ns, const struct version *wanted)
{
    uint32_t index = 0;
    for (const struct version *v = ns->versions; v && v != wanted; v = v->next)
        index++;
    return index;
}

static size_t table_len(const struct namespace *ns, uint32_t *out_cells,
                        uint32_t *out_stubs)
{
    size_t len = PLACEMENT_HEADER_LEN;
    for (const struct version *v = ns->versions; v; v = v->next, ++*out_cells)
        len += PLACEMENT_CELL_LEN + 8 * (size_t)v->elf.section_count;
    for (const struct stub *s = ns->stubs; s; s = s->next, ++*out_stubs)
        len += PLACEMENT_STUB_LEN;
    return len;
}

uint8_t *table_build(const struct namespace *ns, size_t *out_len)
{
    uint32_t cells = 0;
    uint32_t stubs = 0;
    size_t len = table_len(ns, &cells, &stubs);
    uint8_t *table = calloc(1, len);
    if (!table)
        fail("out of memory");
    memcpy(table, "NPLC", 4);
    put_le32(table + 4, PLACEMENT_VERSION);
    put_le32(table + 8, (uint32_t)len);
    put_le32(table + 12, cells);
    put_le32(table + 16, stubs);
    uint8_t *at = table + PLACEMENT_HEADER_LEN;
    for (const struct version *v = ns->versions; v; v = v->next) {
        snprintf((char *)at, PLACEMENT_NAME_LEN, "%s", v->info.name);
        memcpy(at + PLACEMENT_NAME_LEN, v->object_hash, 32);
        put_le32(at + 96, v->elf.section_count);
        at += PLACEMENT_CELL_LEN;
        for (uint32_t i = 0; i < v->elf.section_count; i++, at += 8)
            put_le64(at, v->section_va[i]);
    }
    for (const struct stub *s = ns->stubs; s; s = s->next, at += PLACEMENT_STUB_LEN) {
        put_le32(at, index_of(ns, s->version));
        put_le32(at + 4, s->function);
        put_le64(at + 8, s->va);
        put_le64(at + 16, s->slot);
    }
    *out_len = len;
    return table;
}
