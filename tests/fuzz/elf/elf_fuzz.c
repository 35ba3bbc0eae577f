// Opens any bytes as an object and reads all that the accessors promise.
// SPDX-License-Identifier: MIT
#include <core/elf/elf.h>

#include "../../unit/kernel/core/patch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static volatile size_t sink;

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void read_relocations(const struct elf_object *object,
                             const struct elf_section *rela)
{
    struct elf_section target;

    elf_section(object, rela->info, &target);
    for (uint32_t i = 0; i < elf_rela_count(rela); i++) {
        struct elf_rela field;
        elf_rela(object, rela, i, &field);
        check(field.symbol < object->symbol_count);
        check(field.offset <= target.len);
        // The loader writes there.
        if (field.type != ELF_R_NONE)
            sink += object->bytes[target.offset + field.offset +
                                  (field.type == ELF_R_64 ? 7 : 3)];
    }
}

static void read_sections(const struct elf_object *object)
{
    for (uint32_t i = 0; i < object->section_count; i++) {
        struct elf_section section;
        elf_section(object, i, &section);
        sink += strlen(section.name) + elf_find_section(object, section.name);
        if (i == 0)
            continue;
        check(section.align && section.align <= 4096 &&
              !(section.align & (section.align - 1)));
        if (section.type != ELF_NOBITS && section.len)
            sink += object->bytes[section.offset] +
                    object->bytes[section.offset + section.len - 1];
        if (section.type == ELF_RELA)
            read_relocations(object, &section);
    }
}

static void read_symbols(const struct elf_object *object)
{
    for (uint32_t i = 0; i < object->symbol_count; i++) {
        struct elf_symbol symbol;
        struct elf_section home;
        elf_symbol(object, i, &symbol);
        sink += strlen(symbol.name);
        if (symbol.section == ELF_UNDEF)
            continue;
        check(symbol.section < object->section_count);
        elf_section(object, symbol.section, &home);
        check(symbol.value <= home.len && symbol.len <= home.len - symbol.value);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct image image;
    struct elf_object object;
    const char *why = NULL;

    image_init(&image, NULL, 0);
    patch_image(&image, data, len);
    if (elf_open(image.bytes, image.len, &object, &why) == STATUS_OK) {
        read_sections(&object);
        read_symbols(&object);
    } else {
        check(why && *why);
    }
    image_fini(&image);
    return 0;
}
