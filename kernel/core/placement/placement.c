/* Reads the placement table.
 * SPDX-License-Identifier: MIT
 */
#include <core/placement/placement.h>

#include <string.h>

enum status placement_open(const uint8_t *bytes, size_t max_len, struct placement *out)
{
    struct placement t = {.bytes = bytes};
    if (max_len < PLACEMENT_HEADER_LEN || memcmp(bytes, "NPLC", 4) != 0 ||
        get_le32(bytes + 4) != PLACEMENT_VERSION)
        return STATUS_INVALID;
    t.len = get_le32(bytes + 8);
    t.cell_count = get_le32(bytes + 12);
    t.stub_count = get_le32(bytes + 16);
    if (t.len > max_len)
        return STATUS_INVALID;
    uint64_t at = PLACEMENT_HEADER_LEN;
    for (uint32_t i = 0; i < t.cell_count; i++) {
        if (at > t.len || t.len - at < PLACEMENT_CELL_LEN ||
            bytes[at + PLACEMENT_NAME_LEN - 1])
            return STATUS_INVALID;
        at += PLACEMENT_CELL_LEN + 8ull * get_le32(bytes + at + 96);
    }
    if (at > t.len || (t.len - at) / PLACEMENT_STUB_LEN < t.stub_count)
        return STATUS_INVALID;
    t.stubs_at = (uint32_t)at;
    *out = t;
    return STATUS_OK;
}

void placement_next_cell(const struct placement *table, uint32_t *at,
                         struct placement_cell *out)
{
    const uint8_t *c = table->bytes + *at;
    out->name = (const char *)c;
    out->hash = c + PLACEMENT_NAME_LEN;
    out->section_count = get_le32(c + 96);
    out->sections_at = *at + PLACEMENT_CELL_LEN;
    *at = out->sections_at + 8 * out->section_count;
}

uint64_t placement_section(const struct placement *table,
                           const struct placement_cell *cell, uint32_t index)
{
    return get_le64(table->bytes + cell->sections_at + 8 * (uint64_t)index);
}

void placement_stub(const struct placement *table, uint32_t index,
                    struct placement_stub *out)
{
    const uint8_t *s =
        table->bytes + table->stubs_at + PLACEMENT_STUB_LEN * (uint64_t)index;
    out->cell = get_le32(s);
    out->function = get_le32(s + 4);
    out->va = get_le64(s + 8);
    out->slot = get_le64(s + 16);
}
