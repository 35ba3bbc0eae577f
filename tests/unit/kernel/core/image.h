// A small relocatable object built by hand, byte by byte, so that a test can spoil one field of it.
// SPDX-License-Identifier: MIT
#ifndef TEST_CORE_IMAGE_H
#define TEST_CORE_IMAGE_H

#include <lib/base/types.h>

// The sections, by index. From CELL on they are there only if the image was made with .cell bytes.
enum {
    IMAGE_TEXT = 1,
    IMAGE_BSS,
    IMAGE_RELA,
    IMAGE_SYMTAB,
    IMAGE_STRTAB,
    IMAGE_NAMES,
    IMAGE_CELL,
    IMAGE_FRAMES,
    IMAGE_FRAMES_RELA,
    IMAGE_SECTIONS
};
// Symbols: function f (global, 8 bytes at 4), object n (local, 8 bytes), imports g.
enum { IMAGE_SYM_N = 1, IMAGE_SYM_F, IMAGE_SYM_G, IMAGE_SYMBOLS };
// .text is 16 bytes; its two relocations are PC32 to n at 0 and PLT32 to g at 12.
enum { IMAGE_TEXT_LEN = 16, IMAGE_BSS_LEN = 8, IMAGE_RELAS = 2 };

// Field offsets inside a section header, a symbol and a relocation (gABI figures 4-8, 4-15, 4-21).
enum {
    SH_NAME = 0,
    SH_TYPE = 4,
    SH_FLAGS = 8,
    SH_OFFSET = 24,
    SH_SIZE = 32,
    SH_LINK = 40,
    SH_INFO = 44,
    SH_ALIGN = 48,
    SH_ENTSIZE = 56
};
enum { SYM_NAME = 0, SYM_INFO = 4, SYM_SECTION = 6, SYM_VALUE = 8, SYM_SIZE = 16 };
enum { RELA_OFFSET = 0, RELA_TYPE = 8, RELA_SYMBOL = 12, RELA_ADDEND = 16 };

struct image {
    uint8_t *bytes; // exactly len bytes of malloc, so that the sanitizer sees a step beyond
    size_t len;
};

// End with image_fini().
void image_init(struct image *image, const void *cell, size_t cell_len);
void image_fini(struct image *image);
// Cuts the image to LEN bytes (a smaller allocation).
void image_cut(struct image *image, size_t len);

uint8_t *image_header(struct image *image, uint32_t section, uint32_t field);
uint8_t *image_symbol(struct image *image, uint32_t symbol, uint32_t field);
uint8_t *image_rela(struct image *image, uint32_t index, uint32_t field);
uint8_t *image_content(struct image *image, uint32_t section);

#endif
