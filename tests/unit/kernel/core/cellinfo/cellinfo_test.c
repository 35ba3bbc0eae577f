// The reader of .cell gives what celltool wrote, and refuses every offset that leads out.
// SPDX-License-Identifier: MIT
#include <tools/celltool/info.h>

#include "../image.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

// Offsets in the header (FORMAT.md).
enum {
    AT_VERSION = 4,
    AT_KIND = 6,
    AT_PHASE = 8,
    AT_TOTAL = 12,
    AT_NAME = 16,
    AT_TABLES = 28,
    AT_STRINGS = 76,
    AT_STRINGS_LEN = 80,
    AT_LINEAGE = 84,
    AT_FOLDED = 88,
    HEADER = 96
};

static struct function_info functions[] = {{"f", IMAGE_TEXT, 4,
                                            CELL_FUNC_GLOBAL | CELL_FUNC_TAKEN,
                                            0x1122334455667788, "fn(int32) void"}};
static struct data_info data[] = {{"g::n", "int64", IMAGE_BSS, 0, IMAGE_BSS_LEN, 8,
                                   CELL_STORE_BSS, CELL_DATA_AMBIGUOUS, 42}};
static struct type_info types[] = {{"enum e", 4, 2, 1, 0, 8},
                                   {"struct s", 16, 0, 2, CELL_TYPE_PUBLIC, 7}};
static struct field_info fields[] = {
    {"a", "int64", 0, 64, 1}, {"b", "*struct s", 64, 64, 2}, {"ONE", "", 0, 0, 1}};
static struct import_info imports[] = {{"g", 99, CELL_IMPORT_TAKEN}};
static const char *uses[] = {"console", "task"};

static const struct cell_info written = {"hello",
                                         CELL_APP,
                                         CELL_PHASE_APP,
                                         CELL_CLOSURE,
                                         0xfedcba9876543210,
                                         functions,
                                         ARRAY_LEN(functions),
                                         data,
                                         ARRAY_LEN(data),
                                         types,
                                         ARRAY_LEN(types),
                                         fields,
                                         ARRAY_LEN(fields),
                                         imports,
                                         ARRAY_LEN(imports),
                                         uses,
                                         ARRAY_LEN(uses),
                                         NULL,
                                         "n\ng::nn\n"};

// An image with INFO's tables; end it with image_fini().
static void image_with(const struct cell_info *info, struct image *image)
{
    struct job job;
    struct text cell;

    job_init(&job, "test");
    text_init(&cell, &job);
    info_encode(&job, info, &cell);
    image_init(image, cell.bytes, cell.len);
    job_fini(&job);
}

static enum status open_image(const struct image *image, struct cellinfo *out,
                              const char **out_why)
{
    struct elf_object object;

    *out_why = "";
    if (elf_open(image->bytes, image->len, &object, out_why) != STATUS_OK)
        fail_msg("not even an object: %s", *out_why);
    return cellinfo_open(&object, out, out_why);
}

static void expect_refused(struct image *image, const char *words)
{
    struct cellinfo info = {.len = 77};
    const char *why;

    if (open_image(image, &info, &why) != STATUS_INVALID)
        fail_msg("nothing refused, but expected: %s", words);
    assert_non_null(why);
    if (!strstr(why, words))
        fail_msg("'%s' does not say '%s'", why, words);
    assert_int_equal(info.len, 77);
    image_fini(image);
}

static void gives_what_celltool_wrote(void **state)
{
    struct image image;
    struct cellinfo info;
    struct cell_function function;
    struct cell_data object;
    struct cell_type type;
    struct cell_import import;
    const char *why;
    (void)state;

    image_with(&written, &image);
    if (open_image(&image, &info, &why) != STATUS_OK)
        fail_msg("refused: %s", why);
    assert_string_equal(info.name, "hello");
    assert_int_equal(info.kind, CELL_APP);
    assert_int_equal(info.phase, CELL_PHASE_APP);
    assert_int_equal(info.flags, CELL_CLOSURE);
    assert_true(info.abi_hash == 0xfedcba9876543210);
    assert_int_equal(info.count[CELL_FUNCTIONS], 1);
    assert_int_equal(info.count[CELL_FIELDS], 3);
    cellinfo_function(&info, 0, &function);
    assert_string_equal(function.name, "f");
    assert_int_equal(function.section, IMAGE_TEXT);
    assert_int_equal(function.offset, 4);
    assert_int_equal(function.flags, CELL_FUNC_GLOBAL | CELL_FUNC_TAKEN);
    assert_true(function.signature == 0x1122334455667788);
    cellinfo_data(&info, 0, &object);
    assert_string_equal(object.key, "g::n");
    assert_string_equal(object.type_name, "int64");
    assert_int_equal(object.len, IMAGE_BSS_LEN);
    assert_int_equal(object.align, 8);
    assert_int_equal(object.storage, CELL_STORE_BSS);
    assert_int_equal(object.flags, CELL_DATA_AMBIGUOUS);
    assert_int_equal(object.type_hash, 42);
    cellinfo_type(&info, 0, &type);
    assert_string_equal(type.name, "enum e");
    assert_int_equal(type.len, 4);
    assert_int_equal(type.layout, 8);
    cellinfo_type(&info, 1, &type);
    assert_int_equal(type.flags, CELL_TYPE_PUBLIC);
    assert_true(cellinfo_folds(&info, "n"));
    assert_true(cellinfo_folds(&info, "g::nn"));
    assert_false(cellinfo_folds(&info, "nn"));
    assert_false(cellinfo_folds(&info, "g::n"));
    assert_false(cellinfo_folds(&info, ""));
    cellinfo_import(&info, 0, &import);
    assert_string_equal(import.name, "g");
    assert_int_equal(import.signature, 99);
    assert_int_equal(import.flags, CELL_IMPORT_TAKEN);
    assert_string_equal(cellinfo_use(&info, 1), "task");
    assert_null(info.lineage);
    image_fini(&image);
}

static void gives_the_lineage(void **state)
{
    struct image image;
    struct cellinfo info;
    const char *why;
    struct cell_info member = written;
    (void)state;

    member.flags = CELL_LINEAGE;
    member.lineage = "library";
    image_with(&member, &image);
    assert_int_equal(open_image(&image, &info, &why), STATUS_OK);
    assert_string_equal(info.lineage, "library");
    put_le32(image_content(&image, IMAGE_CELL) + AT_LINEAGE, UINT32_MAX);
    expect_refused(&image, "lineage");
    member.lineage = "no/name";
    image_with(&member, &image);
    expect_refused(&image, "lineage");
}

static void refuses_a_list_of_folded_objects_that_lies_outside(void **state)
{
    struct image image;
    (void)state;
    image_with(&written, &image);
    put_le32(image_content(&image, IMAGE_CELL) + AT_FOLDED, UINT32_MAX);
    expect_refused(&image, "folded");
}

static void says_which_cells_may_be_used(void **state)
{
    struct image image;
    struct cellinfo info;
    const char *why;
    (void)state;

    image_with(&written, &image);
    assert_int_equal(open_image(&image, &info, &why), STATUS_OK);
    assert_true(cellinfo_may_use(&info, "console"));
    assert_true(cellinfo_may_use(&info, "task"));
    assert_false(cellinfo_may_use(&info, "tas"));
    assert_false(cellinfo_may_use(&info, "heap"));
    assert_false(cellinfo_may_use(&info, ""));
    image_fini(&image);
}

static void opens_a_cell_without_any_tables(void **state)
{
    const struct cell_info bare = {.name = "a", .kind = CELL_CORE};
    struct image image;
    struct cellinfo info;
    const char *why;
    (void)state;

    image_with(&bare, &image);
    assert_int_equal(open_image(&image, &info, &why), STATUS_OK);
    for (int i = 0; i < CELL_TABLES; i++)
        assert_int_equal(info.count[i], 0);
    assert_false(cellinfo_may_use(&info, "a"));
    image_fini(&image);
}

// The table is searched by halves: one in another order would hide types from the planner.
static void finds_types_by_their_bare_names(void **state)
{
    struct type_info named[] = {{.name = "enum e"},
                                {.name = "z.c::struct p"},
                                {.name = "a.c::struct p"},
                                {.name = "struct pp"},
                                {.name = "struct s"}};
    static const struct {
        const char *name;
        uint32_t count;
        uint32_t first;
    } wanted[] = {{"enum e", 1, 0},   {"struct p", 2, 1}, {"struct pp", 1, 3},
                  {"struct s", 1, 4}, {"struct", 0, 1},   {"union s", 0, 5},
                  {"", 0, 0}};
    struct cell_info info = {
        .name = "a", .kind = CELL_CORE, .types = named, .type_count = ARRAY_LEN(named)};
    struct image image;
    struct cellinfo opened;
    const char *why;
    (void)state;

    image_with(&info, &image);
    assert_int_equal(open_image(&image, &opened, &why), STATUS_OK);
    for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
        uint32_t first;
        assert_int_equal(cellinfo_types_called(&opened, wanted[i].name, &first),
                         wanted[i].count);
        assert_int_equal(first, wanted[i].first);
    }
    image_fini(&image);
    named[4].name = "struct o";
    image_with(&info, &image);
    expect_refused(&image, "order");
}

static void refuses_an_object_without_the_section(void **state)
{
    struct image image;
    (void)state;

    image_init(&image, NULL, 0);
    expect_refused(&image, "no .cell section");
    image_with(&written, &image);
    put_le64(image_header(&image, IMAGE_CELL, SH_FLAGS), ELF_ALLOC);
    expect_refused(&image, "no .cell section");
    image_with(&written, &image);
    put_le32(image_header(&image, IMAGE_CELL, SH_TYPE), ELF_NOBITS);
    expect_refused(&image, "no .cell section");
}

static void refuses_every_truncation_of_the_section(void **state)
{
    struct image whole;
    (void)state;

    image_with(&written, &whole);
    uint64_t cell_len = get_le64(image_header(&whole, IMAGE_CELL, SH_SIZE));
    image_fini(&whole);
    for (uint64_t len = 0; len < cell_len; len++) {
        struct image image;
        image_with(&written, &image);
        put_le64(image_header(&image, IMAGE_CELL, SH_SIZE), len);
        expect_refused(&image, "");
    }
    // Also when the header goes along with it.
    for (uint64_t len = HEADER; len < cell_len; len++) {
        struct image image;
        image_with(&written, &image);
        put_le64(image_header(&image, IMAGE_CELL, SH_SIZE), len);
        put_le32(image_content(&image, IMAGE_CELL) + AT_TOTAL, (uint32_t)len);
        expect_refused(&image, "");
    }
}

struct spoilt {
    uint32_t at;
    uint32_t value;
    uint32_t width;
    const char *words;
};

static void expect_all_refused(const struct spoilt *spoilt, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct image image;
        image_with(&written, &image);
        uint8_t *at = image_content(&image, IMAGE_CELL) + spoilt[i].at;
        if (spoilt[i].width == 2)
            put_le16(at, (uint16_t)spoilt[i].value);
        else
            put_le32(at, spoilt[i].value);
        expect_refused(&image, spoilt[i].words);
    }
}

static void refuses_misleading_headers(void **state)
{
    static const struct spoilt spoilt[] = {
        {0, 0, 4, "no header"},
        {AT_VERSION, 3, 2, "unknown version"},
        {AT_VERSION, 0, 2, "unknown version"},
        {AT_KIND, 0, 2, "kind or start phase"},
        {AT_KIND, 7, 2, "kind or start phase"},
        {AT_PHASE, 5, 2, "kind or start phase"},
        {AT_TOTAL, HEADER, 4, "wrong length"},
        {AT_TOTAL, UINT32_MAX, 4, "wrong length"},
        {AT_NAME, 1 << 20, 4, "no name"},
        {AT_NAME, UINT32_MAX, 4, "no name"},
        {AT_STRINGS, UINT32_MAX, 4, "strings"},
        {AT_STRINGS_LEN, 0, 4, "strings"},
        {AT_STRINGS_LEN, UINT32_MAX, 4, "strings"},
    };
    (void)state;
    expect_all_refused(spoilt, ARRAY_LEN(spoilt));
}

static void refuses_tables_that_lie_outside(void **state)
{
    struct spoilt spoilt[4 * CELL_TABLES];
    size_t count = 0;
    (void)state;

    for (uint32_t table = 0; table < CELL_TABLES; table++) {
        uint32_t at = AT_TABLES + 8 * table;
        spoilt[count++] = (struct spoilt){at, UINT32_MAX, 4, "lies outside"};
        spoilt[count++] = (struct spoilt){at, 1 << 20, 4, "lies outside"};
        spoilt[count++] = (struct spoilt){at + 4, UINT32_MAX, 4, "lies outside"};
        spoilt[count++] = (struct spoilt){at + 4, 0x0aaaaaab, 4, "lies outside"};
    }
    expect_all_refused(spoilt, count);
}

/* Hazard 34. Not refused when cellinfo_open() believes what its checks say is wrong. */
static void refuses_records_that_lead_outside(void **state)
{
    enum {
        FUNCTION = HEADER,
        DATA = FUNCTION + 32,
        TYPE = DATA + 40,
        FIELD = TYPE + 64,
        IMPORT = FIELD + 72,
        USE = IMPORT + 24
    };
    static const struct spoilt spoilt[] = {
        {FUNCTION, 1 << 20, 4, "outside its strings"},
        {FUNCTION + 24, 1 << 20, 4, "outside its strings"},
        {DATA, UINT32_MAX, 4, "outside its strings"},
        {DATA + 32, 1 << 20, 4, "outside its strings"},
        {TYPE, 1 << 20, 4, "outside its strings"},
        {FIELD, 1 << 20, 4, "outside its strings"},
        {FIELD + 4, 1 << 20, 4, "outside its strings"},
        {IMPORT, 1 << 20, 4, "outside its strings"},
        {USE + 4, 1 << 20, 4, "outside its strings"},
        {FUNCTION + 4, 0, 4, "function"},
        {FUNCTION + 4, IMAGE_SECTIONS, 4, "function"},
        {FUNCTION + 4, UINT32_MAX, 4, "function"},
        {FUNCTION + 4, IMAGE_STRTAB, 4, "function"},
        {FUNCTION + 20, IMAGE_TEXT_LEN + 1, 4, "function"},
        {FUNCTION + 20, UINT32_MAX, 4, "function"},
        {DATA + 4, 0, 4, "data object"},
        {DATA + 4, IMAGE_SECTIONS, 4, "data object"},
        {DATA + 4, IMAGE_CELL, 4, "data object"},
        {DATA + 16, IMAGE_BSS_LEN + 1, 4, "data object"},
        {DATA + 16, UINT32_MAX, 4, "data object"},
        {DATA + 36, 1, 4, "data object"},
        {DATA + 36, UINT32_MAX, 4, "data object"},
        {TYPE + 16, 4, 4, "fields"},
        {TYPE + 16, UINT32_MAX, 4, "fields"},
        {TYPE + 20, 4, 4, "fields"},
        {TYPE + 20, UINT32_MAX, 4, "fields"},
    };
    (void)state;
    expect_all_refused(spoilt, ARRAY_LEN(spoilt));
}

static void refuses_names_that_are_no_cell_names(void **state)
{
    static const char *const names[] = {
        "",     "Hello",
        "a-b",  "a/b",
        "../x", "a b",
        "a\n",  "a234567890123456789012345678901234567890123456789012345678901234"};
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct cell_info info = written;
        struct image image;
        info.name = names[i];
        image_with(&info, &image);
        expect_refused(&image, "name");
    }
}

// Whatever one byte is set to: refused, or every accessor stays inside and every string ends.
static void stays_in_bounds_with_any_byte_changed(void **state)
{
    static const uint8_t values[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
    struct image image;
    (void)state;

    image_with(&written, &image);
    size_t len = get_le64(image_header(&image, IMAGE_CELL, SH_SIZE));
    uint8_t *cell = image_content(&image, IMAGE_CELL);
    for (size_t at = 0; at < len * ARRAY_LEN(values); at++) {
        uint8_t *byte = &cell[at / ARRAY_LEN(values)];
        uint8_t kept = *byte;
        struct cellinfo info;
        struct cell_function function;
        struct cell_data object;
        const char *why;
        size_t sum = 0;
        *byte = values[at % ARRAY_LEN(values)];
        if (open_image(&image, &info, &why) == STATUS_OK) {
            for (uint32_t i = 0; i < info.count[CELL_FUNCTIONS]; i++) {
                cellinfo_function(&info, i, &function);
                sum += strlen(function.name);
            }
            for (uint32_t i = 0; i < info.count[CELL_DATA]; i++) {
                cellinfo_data(&info, i, &object);
                sum += strlen(object.key) + strlen(object.type_name);
            }
            sum += cellinfo_may_use(&info, "task");
        }
        assert_true(sum < len * 8);
        *byte = kept;
    }
    image_fini(&image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_what_celltool_wrote),
        cmocka_unit_test(gives_the_lineage),
        cmocka_unit_test(refuses_a_list_of_folded_objects_that_lies_outside),
        cmocka_unit_test(says_which_cells_may_be_used),
        cmocka_unit_test(opens_a_cell_without_any_tables),
        cmocka_unit_test(finds_types_by_their_bare_names),
        cmocka_unit_test(refuses_an_object_without_the_section),
        cmocka_unit_test(refuses_every_truncation_of_the_section),
        cmocka_unit_test(refuses_misleading_headers),
        cmocka_unit_test(refuses_tables_that_lie_outside),
        cmocka_unit_test(refuses_records_that_lead_outside),
        cmocka_unit_test(refuses_names_that_are_no_cell_names),
        cmocka_unit_test(stays_in_bounds_with_any_byte_changed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
