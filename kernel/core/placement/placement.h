/* The placement table: where the boot image builder put each section and stub.
 * SPDX-License-Identifier: MIT
 *
 * Written by bootimage, read once at boot. Little-endian, all words aligned to 4:
 *   "NPLC" | u32 version 1 | u32 total length | u32 cells | u32 stubs | u32 zero
 *   per cell: char name[64] | u8 object sha256[32] | u32 sections | u32 zero |
 *             u64 address by ELF section index (0 = not loaded)
 *   per stub: u32 cell (index) | u32 function (index in .cell) | u64 stub | u64 slot
 * Any context.
 */
#ifndef NEURATH_CORE_PLACEMENT_H
#define NEURATH_CORE_PLACEMENT_H

#include <lib/base/status.h>

enum {
    PLACEMENT_HEADER_LEN = 24,
    PLACEMENT_CELL_LEN = 104,
    PLACEMENT_STUB_LEN = 24,
    PLACEMENT_NAME_LEN = 64,
    PLACEMENT_VERSION = 1
};

struct placement {
    const uint8_t *bytes;
    uint32_t len;
    uint32_t cell_count;
    uint32_t stub_count;
    uint32_t stubs_at;
};

struct placement_cell {
    const char *name;
    const uint8_t *hash; /* 32 bytes */
    uint32_t section_count;
    uint32_t sections_at; /* offset of the addresses */
};

struct placement_stub {
    uint32_t cell;
    uint32_t function;
    uint64_t va;
    uint64_t slot;
};

/* Checks the table at BYTES, which may be read for up to MAX_LEN bytes. Gives *out, which
 * borrows BYTES. STATUS_INVALID: malformed. */
NODISCARD enum status placement_open(const uint8_t *bytes, size_t max_len,
                                     struct placement *out);
/* Reads the cell at offset *AT (start with PLACEMENT_HEADER_LEN) and moves *AT behind it. */
void placement_next_cell(const struct placement *table, uint32_t *at,
                         struct placement_cell *out);
uint64_t placement_section(const struct placement *table,
                           const struct placement_cell *cell, uint32_t index);
void placement_stub(const struct placement *table, uint32_t index,
                    struct placement_stub *out);

#endif
