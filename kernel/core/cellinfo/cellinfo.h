/* Bounds-checked reader of a cell's `.cell` section.
 * SPDX-License-Identifier: MIT
 *
 * `.cell` says what ELF cannot: what a cell is, which cells it may use, the signature of each
 * function, and the identity, type and storage of each data object. It is written by celltool
 * from DWARF; its layout is described in kernel/tools/celltool/FORMAT.md. The reader allocates
 * nothing; a cellinfo borrows the object's bytes. After cellinfo_open() every accessor is in
 * bounds and every string is terminated. Kernel and hosts. Any context.
 */
#ifndef NEURATH_CORE_CELLINFO_H
#define NEURATH_CORE_CELLINFO_H

#include <core/elf/elf.h>

enum { CELL_NAME_MAX = 63 };

enum cell_kind {
    CELL_CORE = 1,
    CELL_DRIVER,
    CELL_SERVICE,
    CELL_LIBRARY,
    CELL_APP,
    CELL_TEST
};
enum cell_phase {
    CELL_PHASE_NONE,
    CELL_PHASE_EARLY,
    CELL_PHASE_DEVICE,
    CELL_PHASE_SERVICE,
    CELL_PHASE_APP
};
/* cellinfo.flags: part of the engine's closure (design 4); one of the cells that drain together. */
enum { CELL_CLOSURE = 1, CELL_LINEAGE = 2 };

enum cell_table {
    CELL_FUNCTIONS,
    CELL_DATA,
    CELL_TYPES,
    CELL_FIELDS,
    CELL_IMPORTS,
    CELL_USES,
    CELL_TABLES
};

/* CELL_FUNC_MEMORY: whoever calls it gives it memory of no type. */
enum {
    CELL_FUNC_GLOBAL = 1,
    CELL_FUNC_TAKEN = 2,
    CELL_FUNC_ASSEMBLY = 4,
    CELL_FUNC_MEMORY = 8
};
enum { CELL_STORE_DATA = 1, CELL_STORE_BSS = 2, CELL_STORE_RODATA = 3 };
enum {
    CELL_DATA_CONST = 1,
    CELL_DATA_LITERAL = 2,
    CELL_DATA_TAKEN = 4,
    CELL_DATA_AMBIGUOUS = 8
};
/* Objects of a type with CELL_TYPE_HEAP are made on the heap (mm/heap/typed.h). */
enum { CELL_TYPE_PUBLIC = 1, CELL_TYPE_POINTED = 2, CELL_TYPE_HEAP = 4 };
/* CELL_IMPORT_GIVES: it gives memory of no type, a `void *`. */
enum { CELL_IMPORT_TAKEN = 1, CELL_IMPORT_GIVES = 2 };

struct cellinfo {
    const uint8_t *bytes;
    uint32_t len;
    const char *name;
    const char *lineage; /* the group that it drains with, or NULL */
    const char *folded; /* keys of what the compiler folded away, a newline behind each; or NULL */
    uint16_t kind;
    uint16_t phase;
    uint16_t flags;
    uint64_t abi_hash;
    uint32_t count[CELL_TABLES];
    uint32_t at[CELL_TABLES];
    uint32_t strings_at;
    uint32_t strings_len;
};

struct cell_function {
    const char *name;
    uint32_t section; /* ELF section index */
    uint32_t offset;  /* inside that section */
    uint32_t flags;
    uint64_t signature; /* 0 = unknown (assembly) */
    const char *type_name; /* `fn(...) ...`; empty if it is not exported, and its address not taken */
};

struct cell_data {
    const char *key; /* DWARF scope, see celltool's FORMAT.md */
    const char *type_name;
    uint32_t section;
    uint32_t offset;
    uint32_t len;
    uint32_t align;
    uint32_t storage;
    uint32_t flags;
    uint64_t type_hash;
};

struct cell_type {
    const char *name;
    uint32_t len;
    uint32_t flags;
    uint64_t layout;
    uint32_t first_field;
    uint32_t field_count;
};

struct cell_field { /* or an enumerator: type_name is empty, the value is in type_hash */
    const char *name;
    const char *type_name;
    uint32_t bit_offset;
    uint32_t bit_size;
    uint64_t type_hash;
};

struct cell_import {
    const char *name;
    uint32_t flags;
    uint64_t signature; /* 0 = unknown */
};

/* Finds and checks the `.cell` section of OBJECT. Gives *out, which borrows OBJECT's bytes.
 * STATUS_INVALID: absent or malformed; *out_why says what. */
NODISCARD enum status cellinfo_open(const struct elf_object *object, struct cellinfo *out,
                                    const char **out_why);

/* INDEX is below count[] of the table concerned. */
void cellinfo_function(const struct cellinfo *info, uint32_t index,
                       struct cell_function *out);
void cellinfo_data(const struct cellinfo *info, uint32_t index, struct cell_data *out);
void cellinfo_type(const struct cellinfo *info, uint32_t index, struct cell_type *out);
/* Lends the name of a type without the file that tells it apart from another one of that name. */
const char *cellinfo_bare_name(const char *name);
/* Finds the types whose bare name is NAME: gives the index of the first, and how many follow one another from there. Takes
 * time by the logarithm of the types. */
uint32_t cellinfo_types_called(const struct cellinfo *info, const char *name,
                               uint32_t *out_first);
/* Finds the type whose whole name is NAME, with the file where the table has one. False: there is none, *out means nothing. */
bool cellinfo_type_named(const struct cellinfo *info, const char *name,
                         struct cell_type *out);
void cellinfo_field(const struct cellinfo *info, uint32_t index, struct cell_field *out);
/* Lends the type_name of a field alone. */
const char *cellinfo_field_type(const struct cellinfo *info, uint32_t index);
void cellinfo_import(const struct cellinfo *info, uint32_t index, struct cell_import *out);
const char *cellinfo_use(const struct cellinfo *info, uint32_t index);
/* Says whether the cell may import from the cell called NAME. */
bool cellinfo_may_use(const struct cellinfo *info, const char *name);
/* Says whether the source has a mutable variable KEY, at file scope, that the compiler gave no storage. */
bool cellinfo_folds(const struct cellinfo *info, const char *key);

#endif
