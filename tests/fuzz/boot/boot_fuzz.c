/* Fuzzes what a boot reads: the archive entry by entry, and the placement table. All that is given lies inside of the input.
 * SPDX-License-Identifier: MIT
 */
#include <core/archive/archive.h>
#include <core/placement/placement.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void read_archive(const uint8_t *data, size_t len)
{
    struct archive_entry e;
    size_t at = 0;
    size_t before = 0;
    while (archive_next(data, len, &at, &e) == STATUS_OK) {
        check(at > before && at <= len);
        before = at;
        check((const uint8_t *)e.name >= data && strlen(e.name) < len);
        check(e.bytes >= data && e.bytes <= data + len);
        check(e.len <= (size_t)(data + len - e.bytes));
    }
}

static void read_table(const uint8_t *data, size_t len)
{
    struct placement table;
    struct placement_cell cell;
    struct placement_stub stub;
    uint64_t sum = 0;
    if (placement_open(data, len, &table) != STATUS_OK)
        return;
    check(table.len <= len);
    uint32_t at = PLACEMENT_HEADER_LEN;
    for (uint32_t i = 0; i < table.cell_count; i++) {
        placement_next_cell(&table, &at, &cell);
        check(strlen(cell.name) < PLACEMENT_NAME_LEN);
        sum += cell.hash[0] + cell.hash[31];
        for (uint32_t k = 0; k < cell.section_count; k++)
            sum += placement_section(&table, &cell, k);
    }
    for (uint32_t i = 0; i < table.stub_count; i++) {
        placement_stub(&table, i, &stub);
        sum += stub.va;
    }
    __asm__ volatile("" ::"r"(sum));
}

/* The headers are long and regular: one byte says how many fields to make right. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len == 0)
        return 0;
    uint8_t *copy = malloc(len);
    size_t rest = len - 1;
    uint8_t how = data[0];
    check(copy != NULL);
    memcpy(copy, data + 1, rest);
    if ((how & 1) && rest >= 110) {
        memcpy(copy, "070701", 6);
        for (size_t i = 6; i < 110; i++)
            copy[i] = (uint8_t) "0123456789abcdef"[copy[i] & 15];
        if (how & 2) /* short names and files */
            for (size_t field = 54; field <= 94; field += 40)
                memset(copy + field, '0', 6);
    }
    if ((how & 4) && rest >= PLACEMENT_HEADER_LEN) {
        memcpy(copy, "NPLC", 4);
        put_le32(copy + 4, PLACEMENT_VERSION);
        put_le32(copy + 8, (uint32_t)rest - (how >> 5));
        put_le32(copy + 12, copy[12] % 4);
        put_le32(copy + 16, copy[16] % 4);
    }
    read_archive(copy, rest);
    read_table(copy, rest);
    free(copy);
    return 0;
}
