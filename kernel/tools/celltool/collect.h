// What the debug information says about each symbol, and the types that it completes.
// SPDX-License-Identifier: MIT
#ifndef CELLTOOL_COLLECT_H
#define CELLTOOL_COLLECT_H

#include "statics.h"
#include "types.h"

// The entry that describes one symbol: a function's definition, a variable, or an
// import's declaration.
struct described {
    bool found;
    Dwarf_Die die;
    const struct unit *unit;
    const char *scope; // of a variable: the function around it, or NULL
};

// A complete type with a name of its own, or without one but lying in a variable or member.
struct named_type {
    const char *name; // "struct x", "union x", "enum x", "typedef x", "struct 0123..."
    Dwarf_Die die;
    const struct unit *unit;
    uint64_t layout;
    bool is_public;
};

struct collection {
    struct job *job;
    struct object *object;
    struct debug *debug;
    struct types *types;
    const char *cell_name;
    struct described *symbols; // one per symbol of the object
    struct named_type *named;
    size_t named_count;
    const char **pointed; // texts of types that some pointer type leads to
    size_t pointed_count;
    struct described *folded; // variables that the compiler gave no storage; within a
                              // function, statics says which of them are static
    size_t folded_count;
    const struct statics *statics;
    const char **heaped; // types of which the cell's code makes objects of the heap
    size_t heaped_count;
};

// Walks the whole debug information once. False: refused (a data import, two declarations
// that disagree, an object of the heap whose type has no name).
bool collect(struct job *job, struct object *object, struct debug *debug,
             struct types *types, const char *cell_name,
             struct collection *out_collection);

#endif
