// The function and import tables: signatures, and whose address is taken.
// SPDX-License-Identifier: MIT
//
// A function's address is taken when anything outside the unwind tables holds or computes
// it: a 64 or 32S relocation to its first byte, or a 32-bit pc-relative one in an
// instruction that is no branch. Local functions are referred to through their section's
// symbol, so the decision goes by address, not by name.
#include "tables.h"

#include "select.h"

#include <string.h>

static void mark_taken(struct collection *all, struct place place, bool *taken)
{
    for (size_t i = 1; i < all->object->symbol_count; i++) {
        const struct symbol *symbol = &all->object->symbols[i];
        if (symbol_is_function(all->object, symbol) && symbol->section == place.section &&
            (int64_t)symbol->value == place.offset)
            taken[i] = true;
    }
}

// An address inside a C function (a jump table, a label's address) would not survive a
// change of the function.
static bool inside_check(struct collection *all, const struct section *section,
                         const struct reloc *reloc, struct place place)
{
    for (size_t i = 1; i < all->object->symbol_count; i++) {
        const struct symbol *symbol = &all->object->symbols[i];
        if (!symbol_is_function(all->object, symbol) ||
            symbol->section != place.section || !all->symbols[i].found)
            continue;
        if (place.offset > (int64_t)symbol->value &&
            place.offset < (int64_t)(symbol->value + symbol->size))
            return job_refuse(
                all->job,
                "section %s holds an address inside function %s (%s): no jump tables "
                "(-fno-jump-tables) and no label addresses in a cell",
                section->name, symbol->name, reloc_type_name(reloc->type));
    }
    return true;
}

static bool find_taken(struct collection *all, bool *taken)
{
    for (size_t i = 1; i < all->object->section_count; i++) {
        const struct section *section = &all->object->sections[i];
        for (size_t k = 0; section->out_index && k < section->reloc_count; k++) {
            const struct reloc *reloc = &section->relocs[k];
            if (object_use(section, reloc) != USE_ADDRESS)
                continue;
            struct place place = object_target(all->object, reloc);
            if (!place.section)
                taken[place.symbol] = true;
            else if (all->object->sections[place.section].flags & SHF_EXECINSTR) {
                mark_taken(all, place, taken);
                if (!inside_check(all, section, reloc, place))
                    return false;
            }
        }
    }
    return true;
}

// `void *`; or, LEVELS 2, `void **`.
static bool is_bare_pointer(Dwarf_Die *type, int levels)
{
    Dwarf_Die at = *type, next;
    for (; levels; levels--, at = next) {
        if (!types_strip(&at, &at) || dwarf_tag(&at) != DW_TAG_pointer_type)
            return false;
        if (!die_type(&at, &next))
            return levels == 1;
    }
    return !types_strip(&at, &at);
}

// A function that gives memory of no type, as its result or through a parameter: what lies
// there may be anything.
static bool gives_memory(Dwarf_Die *function)
{
    Dwarf_Die child, type;

    if (die_type(function, &type) && is_bare_pointer(&type, 1))
        return true;
    for (int state = dwarf_child(function, &child); state == 0;
         state = dwarf_siblingof(&child, &child))
        if (dwarf_tag(&child) == DW_TAG_formal_parameter && die_type(&child, &type) &&
            is_bare_pointer(&type, 2))
            return true;
    return false;
}

static bool is_function_pointer(Dwarf_Die *type)
{
    Dwarf_Die at, target;
    return types_strip(type, &at) && dwarf_tag(&at) == DW_TAG_pointer_type &&
           die_type(&at, &target) && types_strip(&target, &target) &&
           dwarf_tag(&target) == DW_TAG_subroutine_type;
}

// `void *` itself: what is const is only read, what is volatile is a device's.
static bool is_plain_memory(Dwarf_Die *type)
{
    Dwarf_Die at, target;
    return types_strip(type, &at) && dwarf_tag(&at) == DW_TAG_pointer_type &&
           !die_type(&at, &target);
}

// A function that others call with memory of no type, in which its cell may put anything. Not what
// is named `out`: that stays the caller's; nor the word that goes with a callback, which comes
// back to who gave it.
static bool takes_memory(Dwarf_Die *function)
{
    Dwarf_Die child, type;
    bool takes = false;

    for (int state = dwarf_child(function, &child); state == 0;
         state = dwarf_siblingof(&child, &child)) {
        if (dwarf_tag(&child) != DW_TAG_formal_parameter || !die_type(&child, &type))
            continue;
        const char *name = die_name(&child);
        if (is_function_pointer(&type))
            return false;
        if (is_plain_memory(&type) &&
            !(name && (strcmp(name, "out") == 0 || strncmp(name, "out_", 4) == 0)))
            takes = true;
    }
    return takes;
}

bool tables_functions(struct collection *all, struct cell_info *info)
{
    const struct object *object = all->object;
    bool *taken = job_alloc(all->job, object->symbol_count * sizeof(*taken));

    if (!find_taken(all, taken))
        return false;
    info->functions = job_alloc(all->job, object->symbol_count * sizeof(*info->functions));
    info->imports = job_alloc(all->job, object->symbol_count * sizeof(*info->imports));
    for (size_t i = 1; i < object->symbol_count; i++) {
        const struct symbol *symbol = &object->symbols[i];
        struct described *entry = &all->symbols[i];
        uint64_t signature = entry->found ? types_signature(all->types, &entry->die) : 0;
        if (symbol_is_import(symbol)) {
            if (symbol->type == STT_OBJECT)
                return job_refuse(all->job, "imports the data object %s", symbol->name);
            uint32_t flags = taken[i] ? CELL_IMPORT_TAKEN : 0;
            flags |= entry->found && gives_memory(&entry->die) ? CELL_IMPORT_GIVES : 0;
            info->imports[info->import_count++] = (struct import_info){
                .name = symbol->name, .signature = signature, .flags = flags};
        } else if (symbol_is_function(object, symbol)) {
            uint32_t flags = symbol_is_exported(symbol) ? CELL_FUNC_GLOBAL : 0;
            flags |= taken[i] ? CELL_FUNC_TAKEN : 0;
            flags |= entry->found ? 0 : CELL_FUNC_ASSEMBLY;
            if (flags == CELL_FUNC_GLOBAL && takes_memory(&entry->die))
                flags |= CELL_FUNC_MEMORY;
            info->functions[info->function_count++] = (struct function_info){
                .name = symbol->name,
                .type = entry->found && (flags & (CELL_FUNC_GLOBAL | CELL_FUNC_TAKEN))
                            ? types_text(all->types, &entry->die)
                            : "",
                .section = object->sections[symbol->section].out_index,
                .value = (uint32_t)symbol->value,
                .flags = flags,
                .signature = signature};
        }
    }
    return true;
}
