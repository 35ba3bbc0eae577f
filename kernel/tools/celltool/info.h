// The contents of a .cell section as plain tables, and their encoding (FORMAT.md).
// SPDX-License-Identifier: MIT
#ifndef CELLTOOL_INFO_H
#define CELLTOOL_INFO_H

#include "base.h"

#include <core/cellinfo/cellinfo.h>

struct function_info {
    const char *name;
    uint32_t section; // index in the final object
    uint32_t value;
    uint32_t flags;
    uint64_t signature;
    const char *type; // of one whose address may be taken, else ""
};

struct data_info {
    const char *key;
    const char *type;
    uint32_t section;
    uint32_t value;
    uint32_t size;
    uint32_t align;
    uint32_t storage;
    uint32_t flags;
    uint64_t type_hash;
};

struct type_info {
    const char *name;
    uint32_t size;
    uint32_t first_field;
    uint32_t field_count;
    uint32_t flags;
    uint64_t layout_hash;
};

struct field_info {
    const char *name;
    const char *type;
    uint32_t bit_offset;
    uint32_t bit_size;
    uint64_t type_hash; // of an enumerator: its value
};

struct import_info {
    const char *name;
    uint64_t signature;
    uint32_t flags;
};

struct cell_info {
    const char *name;
    uint16_t kind;
    uint16_t phase;
    uint16_t flags;
    uint64_t abi_hash;
    struct function_info *functions;
    size_t function_count;
    struct data_info *data;
    size_t data_count;
    struct type_info *types;
    size_t type_count;
    struct field_info *fields;
    size_t field_count;
    struct import_info *imports;
    size_t import_count;
    const char **uses;
    size_t uses_count;
    const char *lineage; // NULL: none
    const char *folded;  // keys, each with a newline behind it; NULL: none
};

// The words of kind and phase, as in cell.mk; NULL past the last.
const char *kind_name(unsigned kind);
const char *phase_name(unsigned phase);

void info_encode(struct job *job, const struct cell_info *info, struct text *out);
// Parses a .cell section; strings are lent from BYTES. False: refused.
bool info_decode(struct job *job, const uint8_t *bytes, size_t len,
                 struct cell_info *out_info);

#endif
