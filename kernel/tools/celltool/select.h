// Which sections, symbols and relocations make up the cell, and which it may not have.
// SPDX-License-Identifier: MIT
#ifndef CELLTOOL_SELECT_H
#define CELLTOOL_SELECT_H

#include "object.h"

// Gives every kept section and symbol its place in the final object (out_index) and drops
// the relocations that mean nothing. False: the cell may not be so; the refusal names
// section, symbol and relocation type.
bool object_select(struct object *object);

// A function or data symbol that is defined in a kept section.
bool symbol_is_function(const struct object *object, const struct symbol *symbol);
bool symbol_is_data(const struct object *object, const struct symbol *symbol);
// Visible to other cells once loaded.
bool symbol_is_exported(const struct symbol *symbol);
// Undefined and used: an import.
bool symbol_is_import(const struct symbol *symbol);

#endif
