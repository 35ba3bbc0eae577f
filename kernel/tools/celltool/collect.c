// Ties debug entries to symbols: by address what is defined, by name what is imported.
// SPDX-License-Identifier: MIT
#include "collect.h"

#include "select.h"

#include <string.h>

static void describe_address(struct collection *all, uint64_t address, bool function,
                             const struct described *entry)
{
    uint32_t section = (uint32_t)(address >> 32);

    for (size_t i = 1; i < all->object->symbol_count; i++) {
        const struct symbol *symbol = &all->object->symbols[i];
        bool kind = function ? symbol_is_function(all->object, symbol)
                             : symbol_is_data(all->object, symbol);
        if (!kind || symbol->section != section || symbol->value != (uint32_t)address ||
            all->symbols[i].found)
            continue;
        // Code that moved out of its function may start a section, and a range list, of
        // its own.
        size_t len = strlen(symbol->name);
        if (function && len > 5 && strcmp(symbol->name + len - 5, ".cold") == 0)
            continue;
        all->symbols[i] = *entry;
    }
}

// The import that an external declaration is about. Names that the compiler made up for
// its builtins say what the compiler assumes, not what the cell's headers declare; they
// are no evidence.
static size_t import_find(const struct collection *all, Dwarf_Die *die)
{
    const char *name = die_name(die);
    const char *linkage = die_linkage_name(die);

    if (!name || strncmp(name, "__builtin_", 10) == 0)
        return 0;
    for (size_t i = 1; i < all->object->symbol_count; i++)
        if (symbol_is_import(&all->object->symbols[i]) &&
            strcmp(all->object->symbols[i].name, linkage ? linkage : name) == 0)
            return i;
    return 0;
}

static bool visit_function(struct collection *all, const struct described *entry)
{
    Dwarf_Die die = entry->die;
    uint64_t address;

    if (entry->unit->assembly)
        return true;
    if (die_entry(&die, &address)) {
        describe_address(all, address, true, entry);
        return true;
    }
    if (!die_flag(&die, DW_AT_declaration))
        return true;
    size_t import = import_find(all, &die);
    if (!import)
        return true;
    struct described *known = &all->symbols[import];
    if (known->found && types_signature(all->types, &known->die) &&
        types_signature(all->types, &die) &&
        types_signature(all->types, &known->die) != types_signature(all->types, &die))
        return job_refuse(all->job,
                          "%s is imported with two signatures: %s in %s, %s in %s",
                          all->object->symbols[import].name,
                          types_signature_text(all->types, &known->die), known->unit->file,
                          types_signature_text(all->types, &die), entry->unit->file);
    if (!known->found || !types_signature(all->types, &known->die))
        *known = *entry;
    return true;
}

// A header that other cells include: one beside the source is only public under the
// cell's own name.
static bool is_public(struct collection *all, const struct unit *unit, Dwarf_Die *die)
{
    const char *path = die_file(all->debug, unit, die);
    size_t len = path ? strlen(path) : 0;

    if (len < 2 || strcmp(path + len - 2, ".h") != 0)
        return false;
    const char *base = strrchr(path, '/') + 1;
    size_t directory_len = (size_t)(base - path) - 1;
    if (strlen(unit->directory) != directory_len ||
        strncmp(path, unit->directory, directory_len) != 0)
        return true;
    size_t name_len = strlen(all->cell_name);
    return strncmp(base, all->cell_name, name_len) == 0 &&
           strcmp(base + name_len, ".h") == 0;
}

static void named_add(struct collection *all, const struct named_type *type)
{
    all->named = job_grow(all->job, all->named, all->named_count, sizeof(*all->named));
    all->named[all->named_count++] = *type;
}

static bool strip_arrays(Dwarf_Die *type, Dwarf_Die *out_type)
{
    Dwarf_Die at = *type;
    for (;;) {
        int tag = dwarf_tag(&at);
        if (tag != DW_TAG_array_type && tag != DW_TAG_const_type &&
            tag != DW_TAG_volatile_type && tag != DW_TAG_atomic_type)
            break;
        Dwarf_Die next;
        if (!die_type(&at, &next))
            return false;
        at = next;
    }
    *out_type = at;
    return true;
}

// A variable or member whose type has no name: that is a type of the table too, called by its
// text, so that its members can be followed from version to version.
static void visit_holder(struct collection *all, const struct described *entry)
{
    Dwarf_Die die = entry->die, type;

    if (!die_name(&die) || !die_type(&die, &type) || !strip_arrays(&type, &type) ||
        !types_is_aggregate(&type) || die_name(&type) ||
        die_flag(&type, DW_AT_declaration))
        return;
    named_add(all, &(struct named_type){.name = types_text(all->types, &type),
                                        .die = type,
                                        .unit = entry->unit,
                                        .layout = types_layout(all->types, &type)});
}

static void visit_pointer(struct collection *all, const struct described *entry)
{
    Dwarf_Die die = entry->die, type;

    if (!die_type(&die, &type) || !strip_arrays(&type, &type))
        return;
    all->pointed =
        job_grow(all->job, all->pointed, all->pointed_count, sizeof(*all->pointed));
    all->pointed[all->pointed_count++] = types_text(all->types, &type);
}

// The source has it, and no place in the object is it: its value stands in the code. Constants
// too: what was a variable may have become one. Within a function these are candidates only.
static bool is_folded(const struct described *entry, Dwarf_Die *die)
{
    Dwarf_Die type;

    return !entry->unit->assembly && die_name(die) && !die_flag(die, DW_AT_declaration) &&
           !die_flag(die, DW_AT_external) && die_type(die, &type);
}

static bool visit_variable(struct collection *all, const struct described *entry)
{
    Dwarf_Die die = entry->die;
    uint64_t address;

    if (die_static_address(&die, &address) && address >> 32) {
        visit_holder(all, entry);
        describe_address(all, address, false, entry);
        return true;
    }
    size_t import = die_flag(&die, DW_AT_declaration) ? import_find(all, &die) : 0;
    if (import)
        return job_refuse(all->job,
                          "%s imports the data object %s: data is not shared between "
                          "cells, use a function",
                          entry->unit->file, all->object->symbols[import].name);
    if (is_folded(entry, &die)) {
        all->folded =
            job_grow(all->job, all->folded, all->folded_count, sizeof(*all->folded));
        all->folded[all->folded_count++] = *entry;
    }
    return true;
}

static void visit_type(struct collection *all, const struct described *entry)
{
    Dwarf_Die die = entry->die, declared;
    const char *name;

    if (dwarf_tag(&die) == DW_TAG_typedef) {
        if (!die_type(&die, &declared) || !types_is_aggregate(&declared) ||
            die_name(&declared) || !die_name(&die))
            return;
        name = job_print(all->job, "typedef %s", die_name(&die));
    } else {
        declared = die;
        name = types_tag_name(all->types, &die);
    }
    if (!name || die_flag(&declared, DW_AT_declaration))
        return;
    named_add(all, &(struct named_type){.name = name,
                                        .die = declared,
                                        .unit = entry->unit,
                                        .layout = types_layout(all->types, &declared),
                                        .is_public = is_public(all, entry->unit, &die)});
}

static bool visit(void *context, const struct unit *unit, Dwarf_Die *die,
                  const char *scope)
{
    struct described entry = {true, *die, unit, scope};

    switch (dwarf_tag(die)) {
    case DW_TAG_subprogram: return visit_function(context, &entry);
    case DW_TAG_variable: return visit_variable(context, &entry);
    case DW_TAG_member: visit_holder(context, &entry); return true;
    case DW_TAG_pointer_type: visit_pointer(context, &entry); return true;
    case DW_TAG_structure_type:
    case DW_TAG_union_type:
    case DW_TAG_enumeration_type:
    case DW_TAG_typedef: visit_type(context, &entry); return true;
    default: return true;
    }
}

// A type that holds no struct: a pointer to one, a number, a character. Others are called by
// their tag, so that the table has them.
static bool holds_no_struct(const char *type)
{
    static const char *const plain[] = {"char",    "bool",     "_Bool",    "size_t",
                                        "int8_t",  "int16_t",  "int32_t",  "int64_t",
                                        "uint8_t", "uint16_t", "uint32_t", "uint64_t"};
    for (size_t i = 0; i < ARRAY_LEN(plain); i++)
        if (strcmp(type, plain[i]) == 0)
            return true;
    return strchr(type, '*') || strncmp(type, "enum ", 5) == 0;
}

static bool is_named(const struct collection *all, const char *name)
{
    for (size_t i = 0; i < all->named_count; i++)
        if (strcmp(all->named[i].name, name) == 0)
            return true;
    return false;
}

// heap_new() and its like leave the text of their type in sections of this name
// (mm/heap/typed.h), one after another.
static bool collect_heaped(struct collection *all)
{
    for (size_t i = 1; i < all->object->section_count; i++) {
        const struct section *section = &all->object->sections[i];
        if (strcmp(section->name, ".neurath.heap") != 0 || !section->bytes)
            continue;
        for (uint64_t at = 0; at < section->size;) {
            const char *text = (const char *)section->bytes + at;
            uint64_t len = strnlen(text, section->size - at);
            if (at + len == section->size)
                return job_refuse(all->job, "section %s is damaged", section->name);
            at += len + 1;
            const char *type = job_print(all->job, "%.*s", (int)strcspn(text, "["), text);
            if (holds_no_struct(type))
                continue;
            if (!is_named(all, type))
                return job_refuse(all->job,
                                  "heap_new(%s): no complete struct or union of that "
                                  "name; write its tag out, as in struct x",
                                  type);
            all->heaped =
                job_grow(all->job, all->heaped, all->heaped_count, sizeof(*all->heaped));
            all->heaped[all->heaped_count++] = type;
        }
    }
    return true;
}

bool collect(struct job *job, struct object *object, struct debug *debug,
             struct types *types, const char *cell_name, struct collection *out_collection)
{
    *out_collection = (struct collection){.job = job,
                                          .object = object,
                                          .debug = debug,
                                          .types = types,
                                          .cell_name = cell_name};
    out_collection->symbols =
        job_alloc(job, object->symbol_count * sizeof(struct described));
    return debug_walk(debug, visit, out_collection) && collect_heaped(out_collection);
}
