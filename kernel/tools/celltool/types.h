// C types as canonical text and hashes, read from DWARF (FORMAT.md, "Type text").
// SPDX-License-Identifier: MIT
#ifndef CELLTOOL_TYPES_H
#define CELLTOOL_TYPES_H

#include "debug.h"

// A remembered layout hash of one DWARF entry.
struct layout_memo {
    uint64_t offset; // of the entry + 1; 0: free
    uint64_t hash;
};

struct types {
    struct job *job;
    struct layout_memo *memos;
    size_t memo_count;
    size_t memo_used;
};

void types_init(struct types *types, struct job *job);

// Signature hash of a function entry (definition, declaration or subroutine type). 0: it
// names an incomplete type by value.
uint64_t types_signature(struct types *types, Dwarf_Die *function);
// The text that the signature hash covers.
const char *types_signature_text(struct types *types, Dwarf_Die *function);
// Text without qualifiers, types by name; TYPE NULL is void.
const char *types_text(struct types *types, Dwarf_Die *type);
// Hash of how values of TYPE lie in memory: deep through everything held by value,
// qualifiers ignored.
uint64_t types_layout(struct types *types, Dwarf_Die *type);
uint64_t types_size(Dwarf_Die *type);

// "struct x", "union x", "enum x" of a complete or incomplete type with a tag, else NULL.
const char *types_tag_name(struct types *types, Dwarf_Die *type);
bool types_is_aggregate(Dwarf_Die *type); // struct, union or enum
// TYPE without typedefs and qualifiers. False: void.
bool types_strip(Dwarf_Die *type, Dwarf_Die *out_type);
// What TYPE, or an element of it, is without typedefs and qualifiers. False: no struct, union or
// enum.
bool types_element(Dwarf_Die *type, Dwarf_Die *out_type);
bool types_is_const(Dwarf_Die *type); // also an array of const
uint64_t member_bit_offset(Dwarf_Die *member);
uint64_t member_bit_size(Dwarf_Die *member, Dwarf_Die *type);

#endif
