// Builds a small, valid cell from the hand-made image and celltool's encoder.
// SPDX-License-Identifier: MIT
#include "sample.h"

void sample_encode(struct image *image, const struct cell_info *parts)
{
    const char *uses[] = {"sample"};
    struct cell_info info = *parts;
    struct job job;
    struct text cell;

    info.name = "sample";
    info.kind = CELL_APP;
    info.abi_hash = 5;
    info.uses = uses;
    info.uses_count = ARRAY_LEN(uses);
    job_init(&job, info.name);
    text_init(&cell, &job);
    info_encode(&job, &info, &cell);
    image_init(image, cell.bytes, cell.len);
    job_fini(&job);
}

void sample_init(struct image *image)
{
    struct function_info functions[] = {
        {"f", IMAGE_TEXT, 4, CELL_FUNC_GLOBAL | CELL_FUNC_TAKEN, 1, "fn() void"}};
    struct data_info data[] = {
        {"n", "int64", IMAGE_BSS, 0, IMAGE_BSS_LEN, 8, CELL_STORE_BSS, 0, 2}};
    struct type_info types[] = {{"struct s", 8, 0, 1, CELL_TYPE_PUBLIC, 3}};
    struct field_info fields[] = {{"a", "int64", 0, 64, 4}};
    const struct cell_info parts = {.functions = functions,
                                    .function_count = ARRAY_LEN(functions),
                                    .data = data,
                                    .data_count = ARRAY_LEN(data),
                                    .types = types,
                                    .type_count = ARRAY_LEN(types),
                                    .fields = fields,
                                    .field_count = ARRAY_LEN(fields)};

    sample_encode(image, &parts);
    // What the image imports becomes a label of the cell's own, so that it can run alone.
    put_le16(image_symbol(image, IMAGE_SYM_G, SYM_SECTION), IMAGE_TEXT);
    put_le64(image_symbol(image, IMAGE_SYM_G, SYM_VALUE), 4);
}
