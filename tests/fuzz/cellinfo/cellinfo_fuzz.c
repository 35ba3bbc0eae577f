// Opens changed .cell sections and reads all that the accessors promise.
// SPDX-License-Identifier: MIT
#include <core/cellinfo/cellinfo.h>

#include "../../unit/kernel/core/patch.h"
#include "../../unit/kernel/core/sample.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static volatile size_t sink;

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void check_place(const struct elf_object *object, uint32_t section,
                        uint64_t offset, uint64_t len)
{
    struct elf_section home;

    check(section && section < object->section_count);
    elf_section(object, section, &home);
    check((home.flags & ELF_ALLOC) && offset <= home.len && len <= home.len - offset);
}

static void read_tables(const struct elf_object *object, const struct cellinfo *info)
{
    for (uint32_t i = 0; i < info->count[CELL_FUNCTIONS]; i++) {
        struct cell_function function;
        cellinfo_function(info, i, &function);
        check_place(object, function.section, function.offset, 0);
        sink += strlen(function.name);
    }
    for (uint32_t i = 0; i < info->count[CELL_DATA]; i++) {
        struct cell_data item;
        cellinfo_data(info, i, &item);
        check_place(object, item.section, item.offset, item.len);
        sink += strlen(item.key) + strlen(item.type_name);
    }
    for (uint32_t i = 0; i < info->count[CELL_TYPES]; i++) {
        struct cell_type type;
        cellinfo_type(info, i, &type);
        sink += strlen(type.name);
    }
    for (uint32_t i = 0; i < info->count[CELL_IMPORTS]; i++) {
        struct cell_import import;
        cellinfo_import(info, i, &import);
        sink += strlen(import.name);
    }
    for (uint32_t i = 0; i < info->count[CELL_USES]; i++)
        check(cellinfo_may_use(info, cellinfo_use(info, i)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct image image;
    struct elf_object object;
    struct cellinfo info;
    const char *why = NULL;

    sample_init(&image);
    patch_image(&image, data, len);
    if (elf_open(image.bytes, image.len, &object, &why) == STATUS_OK) {
        if (cellinfo_open(&object, &info, &why) == STATUS_OK) {
            size_t name_len = strlen(info.name);
            check(name_len && name_len <= CELL_NAME_MAX);
            read_tables(&object, &info);
        } else {
            check(why && *why);
        }
    }
    image_fini(&image);
    return 0;
}
