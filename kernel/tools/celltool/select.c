// Chooses what of the linked object ships; refuses what the loader could not keep whole.
// SPDX-License-Identifier: MIT
#include "select.h"

#include <stdlib.h>
#include <string.h>

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

static bool section_check(struct job *job, const struct section *section)
{
    if (section->flags & SHF_TLS)
        return job_refuse(job,
                          "section %s: thread-local storage is not possible in a cell",
                          section->name);
    if (section->flags & SHF_GROUP)
        return job_refuse(job, "section %s: COMDAT groups are not possible in a cell",
                          section->name);
    if (section->flags & SHF_COMPRESSED)
        return job_refuse(job, "section %s is compressed", section->name);
    if ((section->flags & SHF_WRITE) && (section->flags & SHF_EXECINSTR))
        return job_refuse(job, "section %s is both writable and executable",
                          section->name);
    if (starts_with(section->name, ".init_array") ||
        starts_with(section->name, ".fini_array") ||
        starts_with(section->name, ".preinit_array") ||
        starts_with(section->name, ".ctors") || starts_with(section->name, ".dtors"))
        return job_refuse(job,
                          "section %s: constructors and destructors never run in a cell; "
                          "use the start hook",
                          section->name);
    if (section->type != SHT_PROGBITS && section->type != SHT_NOBITS &&
        section->type != SHT_X86_64_UNWIND)
        return job_refuse(job, "section %s has type 0x%x, which a cell may not have",
                          section->name, section->type);
    if (section->size > UINT32_MAX)
        return job_refuse(job, "section %s is larger than 4 GiB", section->name);
    return true;
}

static bool sections_select(struct object *object)
{
    bool *named = job_alloc(object->job, object->section_count * sizeof(*named));
    uint32_t next = 1;

    for (size_t i = 0; i < object->symbol_count; i++) {
        const struct symbol *symbol = &object->symbols[i];
        if (symbol->section < object->section_count && symbol->type != STT_SECTION)
            named[symbol->section] = true;
    }
    for (size_t i = 1; i < object->section_count; i++) {
        struct section *section = &object->sections[i];
        if (!(section->flags & SHF_ALLOC) || section->type == SHT_NOTE)
            continue;
        if (!section->size && !named[i])
            continue;
        if (!section_check(object->job, section))
            return false;
        section->out_index = next++;
    }
    return true;
}

static bool reloc_check(struct object *object, const struct section *section,
                        const struct reloc *reloc)
{
    struct symbol *symbol = &object->symbols[reloc->symbol];
    const char *name = symbol->name;

    if (symbol->type == STT_SECTION && symbol->section < object->section_count)
        name = object->sections[symbol->section].name;
    if (reloc->type != R_X86_64_64 && reloc->type != R_X86_64_PC32 &&
        reloc->type != R_X86_64_PLT32 && reloc->type != R_X86_64_32S)
        return job_refuse(object->job,
                          "relocation %s (%u) to %s in section %s: a cell may only have "
                          "R_X86_64_64, PC32, PLT32 and 32S",
                          reloc_type_name(reloc->type), reloc->type, name, section->name);
    if (symbol->section == SHN_ABS)
        return job_refuse(object->job, "section %s refers to the absolute symbol %s",
                          section->name, name);
    if (symbol->section == SHN_COMMON)
        return job_refuse(object->job, "%s is a common symbol: compile with -fno-common",
                          name);
    if (symbol->section == SHN_UNDEF && reloc->symbol == 0)
        return job_refuse(object->job, "relocation %s in section %s has no symbol",
                          reloc_type_name(reloc->type), section->name);
    if (symbol->section == SHN_UNDEF && symbol->bind == STB_WEAK)
        return job_refuse(
            object->job,
            "%s is imported weakly: an import is there or the cell is refused", name);
    if (symbol->section != SHN_UNDEF && !object->sections[symbol->section].out_index)
        return job_refuse(object->job,
                          "section %s refers to section %s, which does not ship",
                          section->name, object->sections[symbol->section].name);
    symbol->used = true;
    return true;
}

static bool relocs_select(struct object *object)
{
    for (size_t i = 1; i < object->section_count; i++) {
        struct section *section = &object->sections[i];
        size_t kept = 0;
        if (!section->out_index)
            continue;
        for (size_t k = 0; k < section->reloc_count; k++) {
            if (section->relocs[k].type == R_X86_64_NONE)
                continue;
            if (!reloc_check(object, section, &section->relocs[k]))
                return false;
            section->relocs[kept++] = section->relocs[k];
        }
        section->reloc_count = kept;
    }
    return true;
}

static bool defined_symbol_check(struct object *object, const struct symbol *symbol)
{
    const struct section *section = &object->sections[symbol->section];
    bool code = section->flags & SHF_EXECINSTR;

    if (symbol->type == STT_FUNC && !code)
        return job_refuse(object->job, "function %s lies in section %s, which is not code",
                          symbol->name, section->name);
    if (symbol->type == STT_FUNC && !symbol->size)
        return job_refuse(object->job,
                          "function %s has no size: assembly needs .size %s, . - %s",
                          symbol->name, symbol->name, symbol->name);
    if (symbol->type == STT_OBJECT && code)
        return job_refuse(object->job, "data object %s lies in code section %s",
                          symbol->name, section->name);
    if (symbol->type == STT_NOTYPE && symbol_is_exported(symbol))
        return job_refuse(
            object->job,
            "label %s is global but has no type: assembly needs .type %s, @%s",
            symbol->name, symbol->name, code ? "function" : "object");
    return true;
}

static bool symbol_check(struct object *object, const struct symbol *symbol)
{
    if (symbol->type == STT_TLS)
        return job_refuse(object->job,
                          "%s is thread-local, which is not possible in a cell",
                          symbol->name);
    if (symbol->type == STT_GNU_IFUNC)
        return job_refuse(
            object->job,
            "%s is an indirect function (IFUNC), which is not possible in a cell",
            symbol->name);
    if (symbol->section == SHN_COMMON)
        return job_refuse(object->job, "%s is a common symbol: compile with -fno-common",
                          symbol->name);
    if (symbol->bind != STB_LOCAL && symbol->bind != STB_GLOBAL && symbol->bind != STB_WEAK)
        return job_refuse(object->job, "%s has binding %u, which a cell may not have",
                          symbol->name, symbol->bind);
    if (symbol->section && symbol->section < object->section_count &&
        object->sections[symbol->section].out_index)
        return defined_symbol_check(object, symbol);
    return true;
}

static bool symbol_is_kept(const struct object *object, const struct symbol *symbol)
{
    if (symbol->section == SHN_UNDEF)
        return symbol->used;
    if (symbol->section >= object->section_count ||
        !object->sections[symbol->section].out_index)
        return false;
    if (symbol->type == STT_NOTYPE)
        return symbol->used || symbol->bind != STB_LOCAL;
    return symbol->type == STT_FUNC || symbol->type == STT_OBJECT ||
           symbol->type == STT_SECTION;
}

// The linker orders global symbols by its hash table; here they are ordered by where they
// lie, imports by name.
static int compare_globals(const void *left, const void *right)
{
    const struct symbol *a = *(struct symbol *const *)left,
                        *b = *(struct symbol *const *)right;

    if (!a->section != !b->section)
        return a->section ? -1 : 1;
    if (a->section != b->section)
        return a->section < b->section ? -1 : 1;
    if (a->value != b->value)
        return a->value < b->value ? -1 : 1;
    return strcmp(a->name, b->name);
}

static bool symbols_select(struct object *object)
{
    struct symbol **globals =
        job_alloc(object->job, (object->symbol_count + 1) * sizeof(struct symbol *));
    size_t global_count = 0;
    uint32_t next = 1;

    for (size_t i = 1; i < object->symbol_count; i++) {
        struct symbol *symbol = &object->symbols[i];
        if (!symbol_check(object, symbol))
            return false;
        if (!symbol_is_kept(object, symbol))
            continue;
        if (symbol->bind == STB_LOCAL)
            symbol->out_index = next++;
        else
            globals[global_count++] = symbol;
    }
    qsort(globals, global_count, sizeof(*globals), compare_globals);
    for (size_t i = 0; i < global_count; i++)
        globals[i]->out_index = next++;
    return true;
}

bool object_select(struct object *object)
{
    return sections_select(object) && relocs_select(object) && symbols_select(object);
}

bool symbol_is_function(const struct object *object, const struct symbol *symbol)
{
    return symbol->type == STT_FUNC && symbol->section &&
           symbol->section < object->section_count &&
           object->sections[symbol->section].out_index;
}

bool symbol_is_data(const struct object *object, const struct symbol *symbol)
{
    return symbol->type == STT_OBJECT && symbol->section &&
           symbol->section < object->section_count &&
           object->sections[symbol->section].out_index;
}

bool symbol_is_exported(const struct symbol *symbol)
{
    return symbol->section && symbol->bind != STB_LOCAL &&
           (symbol->visibility == STV_DEFAULT || symbol->visibility == STV_PROTECTED);
}

bool symbol_is_import(const struct symbol *symbol)
{
    return symbol->section == SHN_UNDEF && symbol->used;
}
