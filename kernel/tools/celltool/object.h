// An ELF64 x86-64 relocatable object in memory, and where its relocations point.
// SPDX-License-Identifier: MIT
#ifndef CELLTOOL_OBJECT_H
#define CELLTOOL_OBJECT_H

#include "base.h"

#include <elf.h>

struct reloc {
    uint64_t offset;
    uint32_t type;
    uint32_t symbol; // index into object.symbols
    int64_t addend;
};

struct section {
    const char *name;
    uint32_t type;
    uint32_t info;
    uint64_t flags;
    uint64_t size;
    uint64_t align;
    uint8_t *bytes; // NULL for SHT_NOBITS; else SIZE bytes inside the file
    struct reloc *relocs;
    size_t reloc_count;
    uint32_t out_index; // place in the final object; 0: dropped
};

struct symbol {
    const char *name;
    uint8_t type;
    uint8_t bind;
    uint8_t visibility;
    uint32_t section; // index, SHN_UNDEF, SHN_ABS or SHN_COMMON
    uint64_t value;
    uint64_t size;
    bool used;          // a kept relocation names it
    uint32_t out_index; // place in the final object; 0: dropped
};

struct object {
    struct job *job;
    uint8_t *bytes;
    size_t len;
    struct section *sections;
    size_t section_count;
    struct symbol *symbols;
    size_t symbol_count;
};

// Where a relocation points. SECTION 0: at the undefined symbol SYMBOL.
struct place {
    uint32_t section;
    int64_t offset;
    uint32_t symbol;
};

// How the instruction around a relocated field uses it.
enum use {
    USE_BRANCH,  // call, jmp or jcc with a 32-bit displacement
    USE_ADDRESS, // anything else: the address may be kept
    USE_UNWIND,  // unwind tables: neither
};

// Parses LEN BYTES, which OBJECT goes on using (and celltool changes in place). False:
// refused in JOB.
bool object_read(struct job *job, uint8_t *bytes, size_t len, struct object *out_object);

bool object_is_unwind(const struct section *section);
// The address that the relocation refers to; a rip-relative field counts from the end of
// the field.
struct place object_target(const struct object *object, const struct reloc *reloc);
enum use object_use(const struct section *section, const struct reloc *reloc);
const char *reloc_type_name(uint32_t type);

#endif
