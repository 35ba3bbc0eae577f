// Applies the relocations of debug sections in memory and reads the result with libdw.
// SPDX-License-Identifier: MIT
#include "debug.h"

#include <string.h>

#define DEPTH_MAX 200

static bool is_debug(const struct section *section)
{
    return section->type == SHT_PROGBITS && !(section->flags & SHF_ALLOC) &&
           strncmp(section->name, ".debug_", 7) == 0;
}

static uint64_t symbol_address(const struct object *object, const struct symbol *symbol)
{
    if (symbol->section == SHN_ABS)
        return symbol->value;
    if (symbol->section == SHN_UNDEF || symbol->section >= object->section_count)
        return 0;
    // Debug sections refer to each other by offset, so their own base is 0.
    bool alloc = object->sections[symbol->section].flags & SHF_ALLOC;
    return alloc ? debug_address(symbol->section, symbol->value) : symbol->value;
}

static bool debug_relocate(struct object *object, struct section *section)
{
    for (size_t i = 0; i < section->reloc_count; i++) {
        const struct reloc *reloc = &section->relocs[i];
        uint64_t value = symbol_address(object, &object->symbols[reloc->symbol]) +
                         (uint64_t)reloc->addend;
        uint8_t *field = section->bytes + reloc->offset;
        if (reloc->type == R_X86_64_64)
            put_le64(field, value);
        else if (reloc->type == R_X86_64_32 || reloc->type == R_X86_64_32S)
            put_le32(field, (uint32_t)value);
        else if (reloc->type != R_X86_64_NONE && reloc->type != R_X86_64_DTPOFF32)
            return job_refuse(object->job, "relocation %s in %s is not understood",
                              reloc_type_name(reloc->type), section->name);
    }
    return true;
}

// DIRECTORY/NAME with "." and ".." resolved; the last component is cut off when
// WANT_DIRECTORY.
static const char *path_clean(struct job *job, const char *directory, const char *name,
                              bool want_directory)
{
    char *path = name[0] == '/'
                     ? job_print(job, "%s", name)
                     : job_print(job, "%s/%s", directory ? directory : "", name);
    char *clean = job_alloc(job, strlen(path) + 2);
    size_t len = 0;

    for (char *part = path; *part;) {
        size_t part_len = strcspn(part, "/");
        if (part_len == 2 && part[0] == '.' && part[1] == '.') {
            while (len && clean[--len] != '/')
                ;
        } else if (part_len && !(part_len == 1 && part[0] == '.')) {
            clean[len++] = '/';
            memcpy(clean + len, part, part_len);
            len += part_len;
        }
        clean[len] = '\0';
        part += part_len + (part[part_len] == '/');
    }
    char *last = strrchr(clean, '/');
    if (want_directory && last)
        *last = '\0';
    return clean;
}

static const char *base_name(const char *path)
{
    const char *last = strrchr(path, '/');
    return last ? last + 1 : path;
}

static bool units_read(struct debug *debug)
{
    Dwarf_CU *cu = NULL;
    Dwarf_Die die;
    int state;

    while ((state = dwarf_get_units(debug->dwarf, cu, &cu, NULL, NULL, &die, NULL)) == 0) {
        debug->units =
            job_grow(debug->job, debug->units, debug->unit_count, sizeof(*debug->units));
        struct unit *unit = &debug->units[debug->unit_count++];
        Dwarf_Attribute attribute;
        const char *name = dwarf_diename(&die);
        const char *directory =
            dwarf_formstring(dwarf_attr(&die, DW_AT_comp_dir, &attribute));
        *unit = (struct unit){.die = die};
        unit->assembly = die_number(&die, DW_AT_language, 0) == DW_LANG_Mips_Assembler;
        const char *producer =
            dwarf_formstring(dwarf_attr(&die, DW_AT_producer, &attribute));
        unit->producer = producer ? producer : "";
        unit->file = base_name(name ? name : "");
        unit->directory = path_clean(debug->job, directory, name ? name : "", true);
    }
    return state > 0 || job_refuse(debug->job, "the debug information is damaged: %s",
                                   dwarf_errmsg(-1));
}

bool debug_open(struct job *job, struct object *object, struct debug *out_debug)
{
    bool any = false;

    *out_debug = (struct debug){.job = job, .object = object};
    for (size_t i = 1; i < object->section_count; i++) {
        struct section *section = &object->sections[i];
        if (!is_debug(section))
            continue;
        if (section->flags & SHF_COMPRESSED)
            return job_refuse(job, "section %s is compressed: compile with -gz=none",
                              section->name);
        if (strcmp(section->name, ".debug_info") == 0) {
            if (any)
                return job_refuse(
                    job, "there are two .debug_info sections: link the files with ld -r");
            any = true;
        }
        if (!debug_relocate(object, section))
            return false;
    }
    if (!any)
        return true;
    elf_version(EV_CURRENT);
    out_debug->elf = elf_memory((char *)object->bytes, object->len);
    out_debug->dwarf =
        out_debug->elf ? dwarf_begin_elf(out_debug->elf, DWARF_C_READ, NULL) : NULL;
    if (!out_debug->dwarf)
        return job_refuse(job, "the debug information is damaged: %s", dwarf_errmsg(-1));
    return units_read(out_debug);
}

void debug_close(struct debug *debug)
{
    if (debug->dwarf)
        dwarf_end(debug->dwarf);
    if (debug->elf)
        elf_end(debug->elf);
}

struct walk {
    struct debug *debug;
    debug_visit_fn visit;
    void *context;
    const struct unit *unit;
};

static bool walk_children(struct walk *walk, Dwarf_Die *parent, const char *scope,
                          int depth)
{
    Dwarf_Die child;
    int state = dwarf_child(parent, &child);

    if (depth > DEPTH_MAX)
        return job_refuse(walk->debug->job, "the debug information is nested too deeply");
    for (; state == 0; state = dwarf_siblingof(&child, &child)) {
        if (!walk->visit(walk->context, walk->unit, &child, scope))
            return false;
        bool function = dwarf_tag(&child) == DW_TAG_subprogram;
        if (dwarf_haschildren(&child) &&
            !walk_children(walk, &child, function ? die_name(&child) : scope, depth + 1))
            return false;
    }
    return state > 0 ||
           job_refuse(walk->debug->job, "the debug information is damaged: %s",
                      dwarf_errmsg(-1));
}

bool debug_walk(struct debug *debug, debug_visit_fn visit, void *context)
{
    for (size_t i = 0; i < debug->unit_count; i++) {
        struct walk walk = {debug, visit, context, &debug->units[i]};
        if (dwarf_haschildren(&debug->units[i].die) &&
            !walk_children(&walk, &debug->units[i].die, NULL, 0))
            return false;
    }
    return true;
}

bool die_type(Dwarf_Die *die, Dwarf_Die *out_type)
{
    Dwarf_Attribute attribute;

    return dwarf_attr_integrate(die, DW_AT_type, &attribute) &&
           dwarf_formref_die(&attribute, out_type);
}

bool die_flag(Dwarf_Die *die, unsigned attribute)
{
    Dwarf_Attribute found;
    bool set = false;

    return dwarf_attr_integrate(die, attribute, &found) &&
           dwarf_formflag(&found, &set) == 0 && set;
}

uint64_t die_number(Dwarf_Die *die, unsigned attribute, uint64_t missing)
{
    Dwarf_Attribute found;
    Dwarf_Word value;

    if (!dwarf_attr_integrate(die, attribute, &found) || dwarf_formudata(&found, &value))
        return missing;
    return value;
}

const char *die_name(Dwarf_Die *die)
{
    Dwarf_Attribute attribute;

    return dwarf_formstring(dwarf_attr_integrate(die, DW_AT_name, &attribute));
}

const char *die_linkage_name(Dwarf_Die *die)
{
    Dwarf_Attribute attribute;

    return dwarf_formstring(dwarf_attr_integrate(die, DW_AT_linkage_name, &attribute));
}

bool die_entry(Dwarf_Die *die, uint64_t *out_address)
{
    Dwarf_Addr base, start, end;

    if (dwarf_hasattr(die, DW_AT_low_pc))
        return dwarf_lowpc(die, out_address) == 0;
    return dwarf_hasattr(die, DW_AT_ranges) &&
           dwarf_ranges(die, 0, &base, &start, &end) > 0 && (*out_address = start, true);
}

bool die_static_address(Dwarf_Die *die, uint64_t *out_address)
{
    Dwarf_Attribute attribute;
    Dwarf_Op *operations;
    size_t count;

    if (!dwarf_attr(die, DW_AT_location, &attribute) ||
        dwarf_whatform(&attribute) != DW_FORM_exprloc ||
        dwarf_getlocation(&attribute, &operations, &count) || count != 1 ||
        operations[0].atom != DW_OP_addr)
        return false;
    *out_address = operations[0].number;
    return true;
}

const char *die_file(struct debug *debug, const struct unit *unit, Dwarf_Die *die)
{
    Dwarf_Attribute attribute;
    const char *file = dwarf_decl_file(die);
    Dwarf_Die top = unit->die;

    if (!file)
        return NULL;
    return path_clean(debug->job,
                      dwarf_formstring(dwarf_attr(&top, DW_AT_comp_dir, &attribute)),
                      file, false);
}
