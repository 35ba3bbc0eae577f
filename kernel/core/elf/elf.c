/* Bounds-checked reader of ELF64 relocatable objects: one validation pass, then accessors.
 * SPDX-License-Identifier: MIT
 *
 * Invariants after elf_open() gave STATUS_OK:
 *  1. every section header, and the content of every section that has any, lies in the file;
 *  2. every name offset leads to a NUL-terminated string inside its string table;
 *  3. every symbol's section index is ELF_UNDEF or valid, and its value lies in the section;
 *  4. every relocation names a valid symbol and changes bytes inside its target section.
 */
#include <core/elf/elf.h>

#include <string.h>

enum { EHDR_LEN = 64, SHDR_LEN = 64, SYM_LEN = 24, RELA_LEN = 24 };
enum { SHN_LORESERVE = 0xff00, EM_X86_64 = 62, ET_REL = 1 };

static bool range_ok(const struct elf_object *o, uint64_t offset, uint64_t len)
{
    return offset <= o->len && len <= o->len - offset;
}

static const uint8_t *header_of(const struct elf_object *o, uint32_t index)
{
    return o->bytes + o->section_table + (uint64_t)index * SHDR_LEN;
}

static void section_raw(const struct elf_object *o, uint32_t index,
                        struct elf_section *out)
{
    const uint8_t *h = header_of(o, index);
    out->name = NULL;
    out->type = get_le32(h + 4);
    out->flags = get_le64(h + 8);
    out->offset = out->type == ELF_NOBITS ? 0 : get_le64(h + 24);
    out->len = get_le64(h + 32);
    out->link = get_le32(h + 40);
    out->info = get_le32(h + 44);
    out->align = get_le64(h + 48) ? get_le64(h + 48) : 1;
}

/* A string table is usable when its last byte is NUL: then any offset below its length
 * leads to a terminated string. */
static bool string_table_ok(const struct elf_object *o, uint32_t index, uint64_t *out_at,
                            uint64_t *out_len)
{
    struct elf_section s;
    if (index == 0 || index >= o->section_count)
        return false;
    section_raw(o, index, &s);
    if (s.type != ELF_STRTAB || s.len == 0 || !range_ok(o, s.offset, s.len) ||
        o->bytes[s.offset + s.len - 1] != 0)
        return false;
    *out_at = s.offset;
    *out_len = s.len;
    return true;
}

static const char *check_section(const struct elf_object *o, uint32_t index)
{
    struct elf_section s;
    section_raw(o, index, &s);
    if (get_le32(header_of(o, index)) >= o->section_names_len)
        return "a section name lies outside the string table";
    if (s.type != ELF_NOBITS && !range_ok(o, s.offset, s.len))
        return "a section lies outside the file";
    if (s.type == ELF_NOBITS && s.len > ELF_MAX_FILE_LEN)
        return "a zero-filled section is too large";
    if (s.align > 4096 || (s.align & (s.align - 1)))
        return "a section has an unsupported alignment";
    if ((s.flags & ELF_WRITE) && (s.flags & ELF_EXEC))
        return "a section is both writable and executable";
    if (s.flags & ELF_TLS)
        return "thread-local storage is not supported";
    return NULL;
}

static const char *check_sections(struct elf_object *o, const uint8_t *header)
{
    o->section_table = get_le64(header + 40);
    o->section_count = get_le16(header + 60);
    if (get_le16(header + 58) != SHDR_LEN || o->section_count == 0 ||
        o->section_count > ELF_MAX_SECTIONS ||
        !range_ok(o, o->section_table, (uint64_t)o->section_count * SHDR_LEN))
        return "the section table is malformed";
    if (!string_table_ok(o, get_le16(header + 62), &o->section_names,
                         &o->section_names_len))
        return "the table of section names is malformed";
    for (uint32_t i = 1; i < o->section_count; i++) {
        const char *why = check_section(o, i);
        if (why)
            return why;
    }
    return NULL;
}

static const char *check_symbol(const struct elf_object *o, uint32_t index)
{
    const uint8_t *y = o->bytes + o->symbol_table + (uint64_t)index * SYM_LEN;
    uint16_t section = get_le16(y + 6);
    uint8_t kind = y[4] & 15;
    uint8_t binding = y[4] >> 4;
    struct elf_section s;

    if (get_le32(y) >= o->strings_len)
        return "a symbol name lies outside the string table";
    if (section == ELF_UNDEF)
        return NULL;
    if (section >= SHN_LORESERVE || section >= o->section_count)
        return "a symbol has no ordinary section (absolute or common)";
    if (kind > ELF_SECTION || binding > ELF_WEAK)
        return "a symbol has an unsupported kind or binding";
    section_raw(o, section, &s);
    if (get_le64(y + 8) > s.len)
        return "a symbol lies outside its section";
    if (get_le64(y + 16) > s.len - get_le64(y + 8))
        return "a symbol is longer than its section";
    return NULL;
}

static const char *check_symbols(struct elf_object *o)
{
    struct elf_section s;
    uint32_t found = 0;
    for (uint32_t i = 1; i < o->section_count; i++) {
        section_raw(o, i, &s);
        if (s.type != ELF_SYMTAB)
            continue;
        if (found)
            return "there are two symbol tables";
        found = i;
        if (s.len % SYM_LEN || s.len / SYM_LEN > ELF_MAX_SYMBOLS || s.len == 0)
            return "the symbol table is malformed";
        if (!string_table_ok(o, s.link, &o->strings, &o->strings_len))
            return "the symbol names are malformed";
        o->symbol_table = s.offset;
        o->symbol_count = (uint32_t)(s.len / SYM_LEN);
    }
    if (!found)
        return "there is no symbol table";
    for (uint32_t i = 0; i < o->symbol_count; i++) {
        const char *why = check_symbol(o, i);
        if (why)
            return why;
    }
    return NULL;
}

static uint32_t field_len(uint32_t type)
{
    switch (type) {
    case ELF_R_NONE: return 0;
    case ELF_R_64: return 8;
    case ELF_R_PC32:
    case ELF_R_PLT32:
    case ELF_R_32S: return 4;
    default: return UINT32_MAX;
    }
}

static const char *check_relocations(const struct elf_object *o,
                                     const struct elf_section *rela)
{
    struct elf_section target;
    if (rela->len % RELA_LEN)
        return "a relocation section is malformed";
    if (rela->info == 0 || rela->info >= o->section_count)
        return "a relocation section has no target";
    section_raw(o, rela->info, &target);
    if (target.type == ELF_NOBITS && rela->len)
        return "a zero-filled section has relocations";
    for (uint32_t i = 0; i < elf_rela_count(rela); i++) {
        struct elf_rela r;
        elf_rela(o, rela, i, &r);
        uint32_t width = field_len(r.type);
        if (width == UINT32_MAX)
            return "a relocation has an unsupported type";
        if (r.symbol >= o->symbol_count)
            return "a relocation names no valid symbol";
        if (r.offset > target.len || width > target.len - r.offset)
            return "a relocation lies outside its section";
    }
    return NULL;
}

static const char *check(struct elf_object *o)
{
    static const uint8_t ident[7] = {0x7f, 'E', 'L', 'F', 2, 1, 1};
    const uint8_t *h = o->bytes;
    if (o->len < EHDR_LEN)
        return "the file is shorter than an ELF header";
    if (o->len > ELF_MAX_FILE_LEN)
        return "the file is too large";
    if (memcmp(h, ident, sizeof ident) || get_le16(h + 16) != ET_REL ||
        get_le16(h + 18) != EM_X86_64)
        return "the file is not an x86_64 relocatable object";
    const char *why = check_sections(o, h);
    if (!why)
        why = check_symbols(o);
    for (uint32_t i = 1; !why && i < o->section_count; i++) {
        struct elf_section s;
        section_raw(o, i, &s);
        if (s.type == ELF_RELA)
            why = check_relocations(o, &s);
    }
    return why;
}

enum status elf_open(const uint8_t *bytes, size_t len, struct elf_object *out,
                     const char **out_why)
{
    struct elf_object o = {.bytes = bytes, .len = len};
    const char *why = check(&o);
    if (why) {
        *out_why = why;
        return STATUS_INVALID;
    }
    *out = o;
    return STATUS_OK;
}

void elf_section(const struct elf_object *object, uint32_t index, struct elf_section *out)
{
    section_raw(object, index, out);
    out->name = (const char *)object->bytes + object->section_names +
                (index ? get_le32(header_of(object, index)) : 0);
}

void elf_symbol(const struct elf_object *object, uint32_t index, struct elf_symbol *out)
{
    const uint8_t *y = object->bytes + object->symbol_table + (uint64_t)index * SYM_LEN;
    out->name = (const char *)object->bytes + object->strings + get_le32(y);
    out->kind = y[4] & 15;
    out->binding = y[4] >> 4;
    out->section = get_le16(y + 6);
    out->value = get_le64(y + 8);
    out->len = get_le64(y + 16);
}

uint32_t elf_rela_count(const struct elf_section *rela)
{
    return (uint32_t)(rela->len / RELA_LEN);
}

void elf_rela(const struct elf_object *object, const struct elf_section *rela,
              uint32_t index, struct elf_rela *out)
{
    const uint8_t *r = object->bytes + rela->offset + (uint64_t)index * RELA_LEN;
    out->offset = get_le64(r);
    out->type = get_le32(r + 8);
    out->symbol = get_le32(r + 12);
    out->addend = (int64_t)get_le64(r + 16);
}

uint32_t elf_find_section(const struct elf_object *object, const char *name)
{
    for (uint32_t i = 1; i < object->section_count; i++) {
        struct elf_section s;
        elf_section(object, i, &s);
        if (strcmp(s.name, name) == 0)
            return i;
    }
    return 0;
}
