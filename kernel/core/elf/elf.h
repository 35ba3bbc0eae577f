/* Bounds-checked reader of ELF64 relocatable objects (ET_REL, x86_64).
 * SPDX-License-Identifier: MIT
 *
 * A cell arrives as one ELF64 ET_REL file from another machine, so nothing in it is
 * believed before elf_open() has checked it: afterwards every accessor below is in bounds
 * for every index it documents. The reader allocates nothing and copies nothing; an
 * elf_object points into the caller's bytes, which must stay unchanged while it is used.
 * The same source runs in the kernel and on hosts. Source: System V gABI chapter 4,
 * x86-64 psABI 4.4. Any context.
 */
#ifndef NEURATH_CORE_ELF_H
#define NEURATH_CORE_ELF_H

#include <lib/base/status.h>
#include <lib/base/types.h>

enum {
    ELF_MAX_SECTIONS = 8192,
    ELF_MAX_SYMBOLS = 65536,
    ELF_MAX_FILE_LEN = 16 << 20,
};

/* Section types and flags that a cell may have (gABI figures 4-9, 4-11). */
enum {
    ELF_PROGBITS = 1,
    ELF_SYMTAB = 2,
    ELF_STRTAB = 3,
    ELF_RELA = 4,
    ELF_NOBITS = 8,
    ELF_X86_UNWIND = 0x70000001
};
enum { ELF_WRITE = 1, ELF_ALLOC = 2, ELF_EXEC = 4, ELF_MERGE = 16, ELF_TLS = 1024 };
/* Relocation types that the cell flags produce (psABI table 4.9). */
enum { ELF_R_NONE = 0, ELF_R_64 = 1, ELF_R_PC32 = 2, ELF_R_PLT32 = 4, ELF_R_32S = 11 };
/* Symbol kinds and bindings; ELF_UNDEF is the section index of an import. */
enum { ELF_NOTYPE = 0, ELF_OBJECT = 1, ELF_FUNC = 2, ELF_SECTION = 3 };
enum { ELF_LOCAL = 0, ELF_GLOBAL = 1, ELF_WEAK = 2 };
enum { ELF_UNDEF = 0 };

struct elf_object {
    const uint8_t *bytes;
    size_t len;
    uint32_t section_count;
    uint32_t symbol_count;
    uint64_t section_table;
    uint64_t symbol_table;
    uint64_t strings;
    uint64_t strings_len;
    uint64_t section_names;
    uint64_t section_names_len;
};

struct elf_section {
    const char *name;
    uint32_t type;
    uint64_t flags;
    uint64_t offset; /* of the content in the file; 0 for NOBITS */
    uint64_t len;
    uint64_t align; /* power of two, at least 1, at most 4096 */
    uint32_t link;
    uint32_t info;
};

struct elf_symbol {
    const char *name;
    uint8_t kind;
    uint8_t binding;
    uint32_t section; /* ELF_UNDEF or a valid section index */
    uint64_t value;   /* at most the section's length */
    uint64_t len;
};

struct elf_rela {
    uint64_t offset; /* the field it changes lies inside the target section */
    uint32_t type;   /* one of ELF_R_* above */
    uint32_t symbol; /* valid index */
    int64_t addend;
};

/* Checks BYTES whole. Gives *out, which borrows BYTES.
 * STATUS_INVALID: malformed or outside the subset; *out_why (never NULL then) is a constant
 * sentence fragment that says what. */
NODISCARD enum status elf_open(const uint8_t *bytes, size_t len, struct elf_object *out,
                               const char **out_why);

/* INDEX is below section_count; index 0 is the null section. */
void elf_section(const struct elf_object *object, uint32_t index, struct elf_section *out);
/* INDEX is below symbol_count. */
void elf_symbol(const struct elf_object *object, uint32_t index, struct elf_symbol *out);
/* RELA is a section of type ELF_RELA; INDEX is below its elf_rela_count(). */
uint32_t elf_rela_count(const struct elf_section *rela);
void elf_rela(const struct elf_object *object, const struct elf_section *rela,
              uint32_t index, struct elf_rela *out);
/* Gives the index of the first section called NAME, or 0 if there is none. */
uint32_t elf_find_section(const struct elf_object *object, const char *name);

#endif
