// The DWARF of a linked object: relocated in memory, and a walk over its entries.
// SPDX-License-Identifier: MIT
//
// An address in it is (section index << 32) + offset, so that every code and data address
// names its section.
#ifndef CELLTOOL_DEBUG_H
#define CELLTOOL_DEBUG_H

#include "object.h"

#include <dwarf.h>
#include <elfutils/libdw.h>

struct unit {
    Dwarf_Die die;
    const char *file;      // base name of the source file
    const char *directory; // of the source file, cleaned of "." and ".."
    const char *producer;  // compiler and flags as the compiler recorded them, or ""
    bool assembly;
};

struct debug {
    struct job *job;
    struct object *object;
    Elf *elf;
    Dwarf *dwarf; // NULL: the object has no DWARF
    struct unit *units;
    size_t unit_count;
};

static inline uint64_t debug_address(uint32_t section, uint64_t offset)
{
    return (uint64_t)section << 32 | offset;
}

// False: refused. End with debug_close() in either case.
bool debug_open(struct job *job, struct object *object, struct debug *out_debug);
void debug_close(struct debug *debug);

// Called for each entry below a unit; SCOPE is the innermost enclosing function's name or
// NULL. False ends the walk.
typedef bool (*debug_visit_fn)(void *context, const struct unit *unit, Dwarf_Die *die,
                               const char *scope);
bool debug_walk(struct debug *debug, debug_visit_fn visit, void *context);

// The type of DIE (through abstract origins); false: void.
bool die_type(Dwarf_Die *die, Dwarf_Die *out_type);
bool die_flag(Dwarf_Die *die, unsigned attribute);
uint64_t die_number(Dwarf_Die *die, unsigned attribute, uint64_t missing);
// Its name through abstract origins, or NULL.
const char *die_name(Dwarf_Die *die);
const char *die_linkage_name(Dwarf_Die *die);
// The start address of a function's code, or false if it has none.
bool die_entry(Dwarf_Die *die, uint64_t *out_address);
// The address of a variable with static storage, or false.
bool die_static_address(Dwarf_Die *die, uint64_t *out_address);
// The file that declares DIE as a cleaned path, or NULL.
const char *die_file(struct debug *debug, const struct unit *unit, Dwarf_Die *die);

#endif
