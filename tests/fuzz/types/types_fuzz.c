/* Fuzzes how an object of one type becomes one of another: whatever the types say, every move stays inside of both forms.
 * SPDX-License-Identifier: MIT
 */
#include <core/plan/fieldmap.h>

#include "../../unit/kernel/core/patch.h"
#include "../../unit/kernel/core/sample.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(bool holds)
{
    if (!holds)
        abort();
}

/* A cell whose types refer to each other in all ways. */
static void cell_init(struct image *image)
{
    struct type_info types[] = {{"struct s", 32, 0, 5, CELL_TYPE_PUBLIC, 3},
                                {"struct t", 96, 5, 3, CELL_TYPE_PUBLIC, 4},
                                {"enum e", 4, 8, 3, CELL_TYPE_PUBLIC, 5},
                                {"union u", 8, 11, 2, CELL_TYPE_PUBLIC, 6}};
    struct field_info fields[] = {
        {"a", "int64", 0, 64, 1},       {"b", "[2]int16", 64, 32, 2},
        {"c", "enum e", 96, 32, 5},     {"d", "*struct t", 128, 64, 3},
        {"bits", "uint32", 192, 5, 4},  {"list", "[2]struct s", 0, 512, 3},
        {"u", "union u", 512, 64, 6},   {"f", "float64", 576, 64, 7},
        {"NONE", "", 0, 0, 0},          {"SOME", "", 0, 0, 7},
        {"LESS", "", 0, 0, UINT64_MAX}, {"x", "int64", 0, 64, 1},
        {"y", "*int8", 0, 64, 2}};
    const struct cell_info parts = {.types = types,
                                    .type_count = ARRAY_LEN(types),
                                    .fields = fields,
                                    .field_count = ARRAY_LEN(fields)};
    sample_encode(image, &parts);
}

static void check_moves(const struct move_list *list, uint64_t from_len, uint64_t to_len)
{
    check(list->count <= FIELDMAP_MOVES_MAX);
    for (uint32_t i = 0; i < list->count; i++) {
        const struct field_move *k = &list->moves[i];
        uint64_t last = k->count ? k->count - 1 : 0;
        check(k->from_bit + last * k->from_stride + k->from_bits <= from_len * 8);
        if (k->kind != MOVE_UNUSED)
            check(k->to_bit + last * k->to_stride + k->to_bits <= to_len * 8);
        check(k->first_renaming + k->renaming_count <= list->renaming_count);
    }
}

static void map(const struct type *from, const struct type *to)
{
    for (int lenient = 0; lenient < 2; lenient++) {
        struct fieldmap m;
        if (from->len > 4096 || to->len > 4096)
            return;
        if (fieldmap_build(from, from->len, to, to->len, lenient, &m) == STATUS_OK)
            check_moves(&m.list, from->len, to->len);
        else
            check(m.why[0] != 0);
        fieldmap_fini(&m);
    }
}

/* The first byte says how long a type's text is that comes next; the rest changes the second cell. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const char *const named[] = {"struct s", "struct t", "[3]struct t", "enum e",
                                        "union u"};
    struct image images[2];
    struct elf_object elf[2];
    struct cellinfo info[2];
    const char *why;
    char text[64];
    size_t text_len = len ? data[0] % sizeof text : 0;
    text_len = text_len < len ? text_len : 0;
    memcpy(text, data + 1, text_len);
    text[text_len] = 0;
    cell_init(&images[0]);
    cell_init(&images[1]);
    if (len > text_len + 1)
        patch_image(&images[1], data + text_len + 1, len - text_len - 1);
    bool open = true;
    for (int i = 0; i < 2; i++)
        open = open &&
               elf_open(images[i].bytes, images[i].len, &elf[i], &why) == STATUS_OK &&
               cellinfo_open(&elf[i], &info[i], &why) == STATUS_OK;
    for (size_t i = 0; open && i <= ARRAY_LEN(named); i++) {
        struct type from;
        struct type to;
        type_read(&info[0], i < ARRAY_LEN(named) ? named[i] : "struct s", &from);
        type_read(&info[1], i < ARRAY_LEN(named) ? named[i] : text, &to);
        (void)type_equal(&from, &to);
        (void)type_is_pointed_to(&info[1], to.text);
        map(&from, &to);
        map(&to, &from);
    }
    image_fini(&images[0]);
    image_fini(&images[1]);
    return 0;
}
