// Lays out the canonical object byte by byte.
// SPDX-License-Identifier: MIT
#include "emit.h"

#include <string.h>

#define EHDR_LEN 64
#define SHDR_LEN 64
#define CONTENT_ALIGN 16 // in the file; memory alignment stands in the section header

struct out_section {
    uint32_t name, type, link, info;
    uint64_t flags, offset, size, align, entry_len;
};

struct emission {
    struct job *job;
    const struct object *object;
    struct text *out;
    struct text section_names;
    struct out_section *sections;
    size_t count;
};

static struct out_section *section_add(struct emission *emission, const char *prefix,
                                       const char *name, uint32_t type)
{
    emission->sections = job_grow(emission->job, emission->sections, emission->count,
                                  sizeof(*emission->sections));
    struct out_section *section = &emission->sections[emission->count++];
    *section = (struct out_section){
        .name = (uint32_t)emission->section_names.len, .type = type, .align = 1};
    text_add(&emission->section_names, "%s%s", prefix, name);
    text_add_bytes(&emission->section_names, "", 1);
    return section;
}

static void contents_emit(struct emission *emission)
{
    for (size_t i = 1; i < emission->object->section_count; i++) {
        const struct section *section = &emission->object->sections[i];
        if (!section->out_index)
            continue;
        bool empty = section->type == SHT_NOBITS;
        struct out_section *out =
            section_add(emission, "", section->name, empty ? SHT_NOBITS : SHT_PROGBITS);
        out->flags = section->flags & (SHF_ALLOC | SHF_WRITE | SHF_EXECINSTR);
        out->align = section->align;
        out->size = section->size;
        if (!empty)
            text_pad(emission->out,
                     section->align < CONTENT_ALIGN ? section->align : CONTENT_ALIGN);
        out->offset = emission->out->len;
        // Bytes under a relocation mean nothing: the addend is in the record.
        char *start = NULL;
        if (!empty) {
            text_add_bytes(emission->out, section->bytes, section->size);
            start = emission->out->bytes + out->offset;
        }
        for (size_t k = 0; start && k < section->reloc_count; k++)
            memset(start + section->relocs[k].offset, 0,
                   section->relocs[k].type == R_X86_64_64 ? 8 : 4);
    }
}

static void relocs_emit(struct emission *emission)
{
    for (size_t i = 1; i < emission->object->section_count; i++) {
        const struct section *section = &emission->object->sections[i];
        if (!section->out_index || !section->reloc_count)
            continue;
        struct out_section *out = section_add(emission, ".rela", section->name, SHT_RELA);
        text_pad(emission->out, 8);
        out->offset = emission->out->len;
        out->size = section->reloc_count * 24;
        out->align = 8;
        out->entry_len = 24;
        out->flags = SHF_INFO_LINK;
        out->info = section->out_index;
        for (size_t k = 0; k < section->reloc_count; k++) {
            const struct reloc *reloc = &section->relocs[k];
            text_put64(emission->out, reloc->offset);
            text_put32(emission->out, reloc->type);
            text_put32(emission->out, emission->object->symbols[reloc->symbol].out_index);
            text_put64(emission->out, (uint64_t)reloc->addend);
        }
    }
}

static void symbol_emit(struct emission *emission, const struct symbol *symbol,
                        uint32_t name)
{
    const struct object *object = emission->object;
    // After linking each name has one definition, so a weak one is as good as any.
    uint8_t bind = symbol->bind == STB_LOCAL ? STB_LOCAL : STB_GLOBAL;
    uint8_t info[4] = {ELF64_ST_INFO(bind, symbol->type),
                       symbol->section ? symbol->visibility : STV_DEFAULT};
    uint32_t section =
        symbol->section ? object->sections[symbol->section].out_index : SHN_UNDEF;

    text_put32(emission->out, name);
    info[2] = (uint8_t)section;
    info[3] = (uint8_t)(section >> 8);
    text_add_bytes(emission->out, info, sizeof(info));
    text_put64(emission->out, symbol->value);
    text_put64(emission->out, symbol->size);
}

static const struct symbol **symbols_in_order(struct emission *emission, size_t *out_count)
{
    const struct object *object = emission->object;
    const struct symbol **order =
        job_alloc(emission->job, (object->symbol_count + 1) * sizeof(struct symbol *));
    size_t count = 0;

    for (size_t i = 1; i < object->symbol_count; i++)
        if (object->symbols[i].out_index) {
            order[object->symbols[i].out_index - 1] = &object->symbols[i];
            count++;
        }
    *out_count = count;
    return order;
}

static void symbols_emit(struct emission *emission)
{
    struct text names;
    size_t count, locals = 1;
    const struct symbol **order = symbols_in_order(emission, &count);
    struct out_section *out = section_add(emission, "", ".symtab", SHT_SYMTAB);

    text_init(&names, emission->job);
    text_add_bytes(&names, "", 1);
    text_pad(emission->out, 8);
    out->offset = emission->out->len;
    for (int i = 0; i < 3; i++)
        text_put64(emission->out, 0);
    for (size_t i = 0; i < count; i++) {
        bool named = order[i]->type != STT_SECTION && order[i]->name[0];
        symbol_emit(emission, order[i], named ? (uint32_t)names.len : 0);
        if (named)
            text_add_bytes(&names, order[i]->name, strlen(order[i]->name) + 1);
        locals += order[i]->bind == STB_LOCAL;
    }
    out->size = emission->out->len - out->offset;
    out->align = 8;
    out->entry_len = 24;
    out->info = (uint32_t)locals;
    out->link = (uint32_t)emission->count; // the string table comes next
    out = section_add(emission, "", ".strtab", SHT_STRTAB);
    out->offset = emission->out->len;
    out->size = names.len;
    text_add_bytes(emission->out, names.bytes, names.len);
}

static void headers_emit(struct emission *emission)
{
    struct text header;

    for (size_t i = 0; i < emission->count; i++) {
        const struct out_section *section = &emission->sections[i];
        text_put32(emission->out, section->name);
        text_put32(emission->out, section->type);
        text_put64(emission->out, section->flags);
        text_put64(emission->out, 0);
        text_put64(emission->out, section->offset);
        text_put64(emission->out, section->size);
        text_put32(emission->out, section->link);
        text_put32(emission->out, section->info);
        text_put64(emission->out, section->align);
        text_put64(emission->out, section->entry_len);
    }
    text_init(&header, emission->job);
    text_add_bytes(&header, "\177ELF\2\1\1\0\0\0\0\0\0\0\0\0", 16);
    text_put16(&header, ET_REL);
    text_put16(&header, EM_X86_64);
    text_put32(&header, EV_CURRENT);
    text_put64(&header, 0);
    text_put64(&header, 0);
    text_put64(&header, emission->out->len - emission->count * SHDR_LEN);
    text_put32(&header, 0);
    text_put16(&header, EHDR_LEN);
    text_put16(&header, 0);
    text_put16(&header, 0);
    text_put16(&header, SHDR_LEN);
    text_put16(&header, (uint16_t)emission->count);
    text_put16(&header, (uint16_t)(emission->count - 1)); // section names come last
    memcpy(emission->out->bytes, header.bytes, EHDR_LEN);
}

void emit_object(struct job *job, const struct object *object, const struct text *cell,
                 struct text *out)
{
    struct emission emission = {.job = job, .object = object, .out = out};
    static const char blank[EHDR_LEN];

    text_init(&emission.section_names, job);
    text_add_bytes(out, blank, EHDR_LEN);
    section_add(&emission, "", "", SHT_NULL)->align = 0;
    contents_emit(&emission);
    size_t relocs_from = emission.count;
    relocs_emit(&emission);
    size_t relocs_to = emission.count;
    struct out_section *section = section_add(&emission, "", ".cell", SHT_PROGBITS);
    text_pad(out, 8);
    section->align = 8;
    section->offset = out->len;
    section->size = cell->len;
    text_add_bytes(out, cell->bytes, cell->len);
    for (size_t i = relocs_from; i < relocs_to; i++)
        emission.sections[i].link =
            (uint32_t)emission.count; // the symbol table comes next
    symbols_emit(&emission);
    section = section_add(&emission, "", ".shstrtab", SHT_STRTAB);
    section->offset = out->len;
    section->size = emission.section_names.len;
    text_add_bytes(out, emission.section_names.bytes, emission.section_names.len);
    text_pad(out, 8);
    headers_emit(&emission);
}
