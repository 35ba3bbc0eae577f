// Fills the tables of .cell from the object and its debug information.
// SPDX-License-Identifier: MIT
#ifndef CELLTOOL_TABLES_H
#define CELLTOOL_TABLES_H

#include "collect.h"
#include "info.h"

// Functions with signatures and whether their address is taken; imports likewise. False:
// refused.
bool tables_functions(struct collection *all, struct cell_info *info);
// Data objects by their scope in the source, and what belongs to none (literals). False:
// refused.
bool tables_data(struct collection *all, struct cell_info *info);
// Puts the types that were collected in the order of their names and forms. First of all.
void types_sort(struct collection *all);
// The text of TYPE, which an object or a member has: types_text(), but a type (or the element of an
// array) of which two files have one each is called as the table calls it.
const char *types_held_text(struct collection *all, Dwarf_Die *type);
// Complete types and their fields. False: refused.
bool tables_types(struct collection *all, struct cell_info *info);

#endif
