// Reads a canonical object for show and diff: the ELF part and its .cell.
// SPDX-License-Identifier: MIT
#ifndef CELLTOOL_LOAD_H
#define CELLTOOL_LOAD_H

#include "info.h"
#include "object.h"

struct cell {
    struct object object;
    struct cell_info info;
    size_t file_len;
    char identity[65]; // SHA-256 of the file in hex
};

// False: refused. BYTES stay in use.
bool cell_load(struct job *job, uint8_t *bytes, size_t len, struct cell *out_cell);

// A function's or data object's bytes; NULL for data without contents.
const uint8_t *cell_bytes(const struct cell *cell, uint32_t section, uint32_t value,
                          uint64_t size);
// The length of a function, from its symbol.
uint64_t cell_function_size(const struct cell *cell, const struct function_info *function);

#endif
