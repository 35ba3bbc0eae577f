// Reads ELF64 relocatable objects; no byte is touched before its bounds are checked.
// SPDX-License-Identifier: MIT
#include "object.h"

#include <string.h>

#define EHDR_LEN 64
#define SHDR_LEN 64
#define SYM_LEN 24
#define RELA_LEN 24

struct header {
    uint32_t name, type, link, info;
    uint64_t flags, offset, size, align, entry_len;
};

static bool header_read(struct object *object, uint64_t table, size_t index,
                        struct header *out)
{
    const uint8_t *at = object->bytes + table + index * SHDR_LEN;

    *out = (struct header){get_le32(at),      get_le32(at + 4),  get_le32(at + 40),
                           get_le32(at + 44), get_le64(at + 8),  get_le64(at + 24),
                           get_le64(at + 32), get_le64(at + 48), get_le64(at + 56)};
    if (out->type == SHT_NOBITS || out->type == SHT_NULL)
        return true;
    if (out->offset > object->len || out->size > object->len - out->offset)
        return job_refuse(object->job, "section %zu reaches beyond the end of the file",
                          index);
    return true;
}

// The string at OFFSET of the table, or NULL if it does not end inside it.
static const char *table_string(const struct section *table, uint64_t offset)
{
    if (!table->bytes || offset >= table->size ||
        !memchr(table->bytes + offset, 0, table->size - offset))
        return NULL;
    return (const char *)table->bytes + offset;
}

static bool symbols_read(struct object *object, const struct header *header)
{
    if (header->entry_len != SYM_LEN || header->size % SYM_LEN ||
        header->link >= object->section_count)
        return job_refuse(object->job, "the symbol table is damaged");
    const struct section *strings = &object->sections[header->link];
    object->symbol_count = header->size / SYM_LEN;
    object->symbols = job_alloc(object->job, object->symbol_count * sizeof(struct symbol));
    for (size_t i = 0; i < object->symbol_count; i++) {
        const uint8_t *at = object->bytes + header->offset + i * SYM_LEN;
        struct symbol *symbol = &object->symbols[i];
        symbol->name = table_string(strings, get_le32(at));
        symbol->type = at[4] & 15;
        symbol->bind = at[4] >> 4;
        symbol->visibility = at[5] & 3;
        symbol->section = get_le16(at + 6);
        symbol->value = get_le64(at + 8);
        symbol->size = get_le64(at + 16);
        if (!symbol->name)
            return job_refuse(object->job, "symbol %zu has a damaged name", i);
        bool special = symbol->section == SHN_ABS || symbol->section == SHN_COMMON;
        if (symbol->section >= object->section_count && !special)
            return job_refuse(object->job, "symbol %s lies in no section", symbol->name);
        const struct section *home = special ? NULL : &object->sections[symbol->section];
        if (home && symbol->section &&
            (symbol->value > home->size || symbol->size > home->size - symbol->value))
            return job_refuse(object->job, "symbol %s reaches beyond its section",
                              symbol->name);
    }
    return true;
}

static bool relocs_read(struct object *object, const struct header *header, size_t index)
{
    if (header->entry_len != RELA_LEN || header->size % RELA_LEN || !header->info ||
        header->info >= object->section_count)
        return job_refuse(object->job, "relocation section %zu is damaged", index);
    struct section *target = &object->sections[header->info];
    if (target->relocs)
        return job_refuse(object->job, "section %s has two relocation sections",
                          target->name);
    target->reloc_count = header->size / RELA_LEN;
    target->relocs = job_alloc(object->job, target->reloc_count * sizeof(struct reloc));
    for (size_t i = 0; i < target->reloc_count; i++) {
        const uint8_t *at = object->bytes + header->offset + i * RELA_LEN;
        struct reloc *reloc = &target->relocs[i];
        *reloc = (struct reloc){get_le64(at), get_le32(at + 8), get_le32(at + 12),
                                (int64_t)get_le64(at + 16)};
        size_t width = reloc->type == R_X86_64_NONE ? 0
                       : reloc->type == R_X86_64_64 ? 8
                                                    : 4;
        if (reloc->symbol >= object->symbol_count || !target->bytes ||
            width > target->size || reloc->offset > target->size - width)
            return job_refuse(object->job, "relocation %zu of section %s is damaged", i,
                              target->name);
    }
    return true;
}

static bool sections_read(struct object *object, struct header *headers, uint64_t table,
                          size_t names)
{
    for (size_t i = 0; i < object->section_count; i++) {
        struct section *section = &object->sections[i];
        if (!header_read(object, table, i, &headers[i]))
            return false;
        section->type = headers[i].type;
        section->flags = headers[i].flags;
        section->size = headers[i].type == SHT_NULL ? 0 : headers[i].size;
        section->align = headers[i].align ? headers[i].align : 1;
        section->info = headers[i].info;
        if (section->type != SHT_NOBITS && section->type != SHT_NULL)
            section->bytes = object->bytes + headers[i].offset;
        if (section->align & (section->align - 1))
            return job_refuse(object->job, "section %zu has alignment %llu", i,
                              (unsigned long long)section->align);
    }
    for (size_t i = 0; i < object->section_count; i++) {
        object->sections[i].name = table_string(&object->sections[names], headers[i].name);
        if (!object->sections[i].name)
            return job_refuse(object->job, "section %zu has a damaged name", i);
    }
    return true;
}

bool object_read(struct job *job, uint8_t *bytes, size_t len, struct object *out_object)
{
    struct object object = {.job = job, .bytes = bytes, .len = len};
    static const uint8_t ident[] = {0x7f,       'E',         'L',       'F',
                                    ELFCLASS64, ELFDATA2LSB, EV_CURRENT};
    size_t tables = 0;

    if (len < EHDR_LEN || memcmp(bytes, ident, sizeof(ident)) != 0)
        return job_refuse(job, "not an ELF64 little-endian object");
    if (get_le16(bytes + 16) != ET_REL || get_le16(bytes + 18) != EM_X86_64)
        return job_refuse(job, "not a relocatable x86-64 object");
    uint64_t table = get_le64(bytes + 40);
    object.section_count = get_le16(bytes + 60);
    size_t names = get_le16(bytes + 62);
    if (get_le16(bytes + 58) != SHDR_LEN || !object.section_count ||
        names >= object.section_count || table > len ||
        object.section_count * SHDR_LEN > len - table)
        return job_refuse(job,
                          "the section table is damaged, or has 65,280 sections or more");

    object.sections = job_alloc(job, object.section_count * sizeof(struct section));
    struct header *headers = job_alloc(job, object.section_count * sizeof(*headers));
    if (!sections_read(&object, headers, table, names))
        return false;
    for (size_t i = 0; i < object.section_count; i++)
        if (headers[i].type == SHT_SYMTAB &&
            (tables++ || !symbols_read(&object, &headers[i])))
            return job_refuse(job, "more than one symbol table");
    for (size_t i = 0; i < object.section_count; i++) {
        if (headers[i].type == SHT_RELA && !relocs_read(&object, &headers[i], i))
            return false;
        if (headers[i].type == SHT_REL)
            return job_refuse(job, "relocations without addend (section %s)",
                              object.sections[i].name);
    }
    *out_object = object;
    return true;
}

bool object_is_unwind(const struct section *section)
{
    return strcmp(section->name, ".eh_frame") == 0 ||
           strncmp(section->name, ".gcc_except_table", 17) == 0;
}

struct place object_target(const struct object *object, const struct reloc *reloc)
{
    const struct symbol *symbol = &object->symbols[reloc->symbol];
    struct place place = {.symbol = reloc->symbol, .offset = reloc->addend};

    if (reloc->type == R_X86_64_PC32 || reloc->type == R_X86_64_PLT32)
        place.offset = (int64_t)((uint64_t)place.offset + 4);
    if (symbol->section == SHN_UNDEF)
        return place;
    place.section = symbol->section;
    place.offset = (int64_t)((uint64_t)place.offset + symbol->value);
    return place;
}

enum use object_use(const struct section *section, const struct reloc *reloc)
{
    const uint8_t *field = section->bytes + reloc->offset;

    if (object_is_unwind(section))
        return USE_UNWIND;
    if (!(section->flags & SHF_EXECINSTR) ||
        (reloc->type != R_X86_64_PC32 && reloc->type != R_X86_64_PLT32))
        return USE_ADDRESS;
    // A rip-relative ModRM byte is never one of these, so looking backwards is
    // unambiguous.
    if (reloc->offset >= 1 && (field[-1] == 0xe8 || field[-1] == 0xe9))
        return USE_BRANCH;
    if (reloc->offset >= 2 && field[-2] == 0x0f && (field[-1] & 0xf0) == 0x80)
        return USE_BRANCH;
    return USE_ADDRESS;
}

const char *reloc_type_name(uint32_t type)
{
    static const char *const names[] = {
        "R_X86_64_NONE",     "R_X86_64_64",        "R_X86_64_PC32",
        "R_X86_64_GOT32",    "R_X86_64_PLT32",     "R_X86_64_COPY",
        "R_X86_64_GLOB_DAT", "R_X86_64_JUMP_SLOT", "R_X86_64_RELATIVE",
        "R_X86_64_GOTPCREL", "R_X86_64_32",        "R_X86_64_32S",
        "R_X86_64_16",       "R_X86_64_PC16",      "R_X86_64_8",
        "R_X86_64_PC8",      "R_X86_64_DTPMOD64",  "R_X86_64_DTPOFF64",
        "R_X86_64_TPOFF64",  "R_X86_64_TLSGD",     "R_X86_64_TLSLD",
        "R_X86_64_DTPOFF32", "R_X86_64_GOTTPOFF",  "R_X86_64_TPOFF32",
        "R_X86_64_PC64",
    };
    if (type < ARRAY_LEN(names))
        return names[type];
    if (type == R_X86_64_GOTPCRELX || type == R_X86_64_REX_GOTPCRELX)
        return "R_X86_64_GOTPCRELX";
    return "of an unknown type";
}
