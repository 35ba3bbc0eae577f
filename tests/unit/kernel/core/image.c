// Builds the small relocatable object.
// SPDX-License-Identifier: MIT
#include "image.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

static const char names[] =
    "\0.text.f\0.bss.n\0.rela.text.f\0.symtab\0.strtab\0.shstrtab\0.cell"
    "\0.eh_frame\0.rela.eh_frame";
static const char strings[] = "\0n\0f\0g";

// One CIE as the compiler writes it, and one FDE: eight bytes of code at function f.
static const uint8_t frames[] = {0x14, 0, 0,    0,    0, 0,    0,    0, 1, 'z',  'R',
                                 0,    1, 0x78, 0x10, 1, 0x1b, 0x0c, 7, 8, 0x90, 1,
                                 0,    0, 0x10, 0,    0, 0,    0x1c, 0, 0, 0,    0,
                                 0,    0, 0,    8,    0, 0,    0,    0, 0, 0,    0};
enum { FRAMES_START_AT = 32 };

enum { EHDR_LEN = 64, SHDR_LEN = 64, SYM_LEN = 24, RELA_LEN = 24 };

uint8_t *image_header(struct image *image, uint32_t section, uint32_t field)
{
    return image->bytes + get_le64(image->bytes + 40) + (size_t)section * SHDR_LEN + field;
}

uint8_t *image_content(struct image *image, uint32_t section)
{
    return image->bytes + get_le64(image_header(image, section, SH_OFFSET));
}

uint8_t *image_symbol(struct image *image, uint32_t symbol, uint32_t field)
{
    return image_content(image, IMAGE_SYMTAB) + (size_t)symbol * SYM_LEN + field;
}

uint8_t *image_rela(struct image *image, uint32_t index, uint32_t field)
{
    return image_content(image, IMAGE_RELA) + (size_t)index * RELA_LEN + field;
}

static void symbol_put(struct image *image, uint32_t index, uint32_t name, uint8_t info,
                       uint16_t section, uint64_t value, uint64_t size)
{
    put_le32(image_symbol(image, index, SYM_NAME), name);
    *image_symbol(image, index, SYM_INFO) = info;
    put_le16(image_symbol(image, index, SYM_SECTION), section);
    put_le64(image_symbol(image, index, SYM_VALUE), value);
    put_le64(image_symbol(image, index, SYM_SIZE), size);
}

static void rela_put(uint8_t *at, uint64_t offset, uint32_t type, uint32_t symbol,
                     int64_t addend)
{
    put_le64(at + RELA_OFFSET, offset);
    put_le32(at + RELA_TYPE, type);
    put_le32(at + RELA_SYMBOL, symbol);
    put_le64(at + RELA_ADDEND, (uint64_t)addend);
}

static uint32_t name_offset(const char *name)
{
    for (size_t i = 1; i < sizeof(names); i += strlen(names + i) + 1)
        if (strcmp(names + i, name) == 0)
            return (uint32_t)i;
    abort();
}

struct part {
    const char *name;
    uint32_t type;
    uint64_t flags;
    size_t len;
    uint32_t link, info;
    uint64_t align;
    const void *content;
};

void image_init(struct image *image, const void *cell, size_t cell_len)
{
    const struct part parts[IMAGE_SECTIONS] = {
        [IMAGE_TEXT] = {".text.f", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR,
                        IMAGE_TEXT_LEN, .align = 16},
        [IMAGE_BSS] = {".bss.n", SHT_NOBITS, SHF_ALLOC | SHF_WRITE, IMAGE_BSS_LEN,
                       .align = 8},
        [IMAGE_RELA] = {".rela.text.f", SHT_RELA, SHF_INFO_LINK, IMAGE_RELAS * RELA_LEN,
                        IMAGE_SYMTAB, IMAGE_TEXT, 8, NULL},
        [IMAGE_SYMTAB] = {".symtab", SHT_SYMTAB, 0, IMAGE_SYMBOLS * SYM_LEN, IMAGE_STRTAB,
                          IMAGE_SYM_F, 8, NULL},
        [IMAGE_STRTAB] = {".strtab", SHT_STRTAB, 0, sizeof(strings), .align = 1,
                          .content = strings},
        [IMAGE_NAMES] = {".shstrtab", SHT_STRTAB, 0, sizeof(names), .align = 1,
                         .content = names},
        [IMAGE_CELL] = {".cell", SHT_PROGBITS, 0, cell_len, .align = 8, .content = cell},
        [IMAGE_FRAMES] = {".eh_frame", SHT_PROGBITS, SHF_ALLOC, sizeof(frames),
                          .align = 8, .content = frames},
        [IMAGE_FRAMES_RELA] = {".rela.eh_frame", SHT_RELA, SHF_INFO_LINK, RELA_LEN,
                               IMAGE_SYMTAB, IMAGE_FRAMES, 8, NULL},
    };
    uint32_t count = cell ? IMAGE_SECTIONS : IMAGE_CELL;
    size_t at = EHDR_LEN;

    for (uint32_t i = 1; i < count; i++)
        at += parts[i].type == SHT_NOBITS ? 0 : align_up(parts[i].len, 8);
    image->len = at + (size_t)count * SHDR_LEN;
    image->bytes = calloc(1, image->len);
    memcpy(image->bytes, "\177ELF\2\1\1", 7);
    put_le16(image->bytes + 16, ET_REL);
    put_le16(image->bytes + 18, EM_X86_64);
    put_le32(image->bytes + 20, EV_CURRENT);
    put_le64(image->bytes + 40, at);
    put_le16(image->bytes + 52, EHDR_LEN);
    put_le16(image->bytes + 58, SHDR_LEN);
    put_le16(image->bytes + 60, (uint16_t)count);
    put_le16(image->bytes + 62, IMAGE_NAMES);
    at = EHDR_LEN;
    for (uint32_t i = 1; i < count; i++) {
        put_le32(image_header(image, i, SH_NAME), name_offset(parts[i].name));
        put_le32(image_header(image, i, SH_TYPE), parts[i].type);
        put_le64(image_header(image, i, SH_FLAGS), parts[i].flags);
        put_le64(image_header(image, i, SH_OFFSET), at);
        put_le64(image_header(image, i, SH_SIZE), parts[i].len);
        put_le32(image_header(image, i, SH_LINK), parts[i].link);
        put_le32(image_header(image, i, SH_INFO), parts[i].info);
        put_le64(image_header(image, i, SH_ALIGN), parts[i].align);
        if (parts[i].type == SHT_RELA || parts[i].type == SHT_SYMTAB)
            put_le64(image_header(image, i, SH_ENTSIZE), 24);
        if (parts[i].content)
            memcpy(image->bytes + at, parts[i].content, parts[i].len);
        at += parts[i].type == SHT_NOBITS ? 0 : align_up(parts[i].len, 8);
    }
    image_content(image, IMAGE_TEXT)[11] = 0xe8; // call
    symbol_put(image, IMAGE_SYM_N, 1, ELF64_ST_INFO(STB_LOCAL, STT_OBJECT), IMAGE_BSS, 0,
               8);
    symbol_put(image, IMAGE_SYM_F, 3, ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), IMAGE_TEXT, 4,
               8);
    symbol_put(image, IMAGE_SYM_G, 5, ELF64_ST_INFO(STB_GLOBAL, STT_NOTYPE), SHN_UNDEF, 0,
               0);
    rela_put(image_rela(image, 0, 0), 0, R_X86_64_PC32, IMAGE_SYM_N, -4);
    rela_put(image_rela(image, 1, 0), 12, R_X86_64_PLT32, IMAGE_SYM_G, -4);
    if (cell)
        rela_put(image_content(image, IMAGE_FRAMES_RELA), FRAMES_START_AT, R_X86_64_PC32,
                 IMAGE_SYM_F, 0);
}

void image_fini(struct image *image)
{
    free(image->bytes);
    image->bytes = NULL;
}

void image_cut(struct image *image, size_t len)
{
    uint8_t *shorter = malloc(len ? len : 1);

    memcpy(shorter, image->bytes, len);
    free(image->bytes);
    image->bytes = shorter;
    image->len = len;
}
