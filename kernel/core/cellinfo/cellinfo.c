/* Bounds-checked reader of a cell's `.cell` section: one validation pass, then accessors.
 * SPDX-License-Identifier: MIT
 *
 * Invariants after cellinfo_open() gave STATUS_OK:
 *  1. each table lies in the section, its records are whole;
 *  2. each string offset in a record leads to a terminated string;
 *  3. each section index and offset names bytes of an existing ELF section;
 *  4. types stand in the order of their bare names.
 */
#include <core/cellinfo/cellinfo.h>

#include <string.h>

enum { HEADER_LEN = 96, VERSION = 2 };

static const uint32_t record_len[CELL_TABLES] = {32, 40, 32, 24, 24, 4};

static const uint8_t *record(const struct cellinfo *c, enum cell_table table,
                             uint32_t index)
{
    return c->bytes + c->at[table] + (uint64_t)index * record_len[table];
}

static const char *string_at(const struct cellinfo *c, uint32_t offset)
{
    return (const char *)c->bytes + c->strings_at + offset;
}

static bool range_ok(const struct cellinfo *c, uint32_t at, uint64_t len)
{
    return at <= c->len && len <= c->len - at;
}

static bool name_ok(const char *name)
{
    size_t n = strlen(name);
    if (n == 0 || n > CELL_NAME_MAX)
        return false;
    for (size_t i = 0; i < n; i++) {
        char b = name[i];
        if (!(b >= 'a' && b <= 'z') && !(b >= '0' && b <= '9') && b != '_')
            return false;
    }
    return true;
}

static const char *check_header(struct cellinfo *c)
{
    if (c->len < HEADER_LEN || memcmp(c->bytes, "NCEL", 4) != 0)
        return "the .cell section has no header";
    if (get_le16(c->bytes + 4) != VERSION)
        return "the .cell section has an unknown version";
    if (get_le32(c->bytes + 12) != c->len)
        return "the .cell section has a wrong length";
    c->kind = get_le16(c->bytes + 6);
    c->phase = get_le16(c->bytes + 8);
    c->flags = get_le16(c->bytes + 10);
    c->abi_hash = get_le64(c->bytes + 20);
    for (uint32_t t = 0; t < CELL_TABLES; t++) {
        c->at[t] = get_le32(c->bytes + 28 + 8 * t);
        c->count[t] = get_le32(c->bytes + 32 + 8 * t);
        if (!range_ok(c, c->at[t], (uint64_t)c->count[t] * record_len[t]))
            return "a table of the .cell section lies outside it";
    }
    c->strings_at = get_le32(c->bytes + 76);
    c->strings_len = get_le32(c->bytes + 80);
    if (c->strings_len == 0 || !range_ok(c, c->strings_at, c->strings_len) ||
        c->bytes[c->strings_at + c->strings_len - 1] != 0)
        return "the strings of the .cell section are malformed";
    if (get_le32(c->bytes + 16) >= c->strings_len)
        return "the cell has no name";
    c->name = string_at(c, get_le32(c->bytes + 16));
    if (!name_ok(c->name))
        return "the cell's name is malformed";
    c->lineage = NULL;
    if (c->flags & CELL_LINEAGE) {
        if (get_le32(c->bytes + 84) >= c->strings_len)
            return "the cell's lineage has no name";
        c->lineage = string_at(c, get_le32(c->bytes + 84));
        if (!name_ok(c->lineage))
            return "the name of the cell's lineage is malformed";
    }
    if (get_le32(c->bytes + 88) >= c->strings_len)
        return "the list of what was folded away lies outside the strings";
    c->folded = get_le32(c->bytes + 88) ? string_at(c, get_le32(c->bytes + 88)) : NULL;
    if (c->kind < CELL_CORE || c->kind > CELL_TEST || c->phase > CELL_PHASE_APP)
        return "the cell's kind or start phase is unknown";
    return NULL;
}

/* Each table's first word is a string offset; some have a second at NAME2. */
static bool strings_ok(const struct cellinfo *c, enum cell_table t, uint32_t name2)
{
    for (uint32_t i = 0; i < c->count[t]; i++) {
        const uint8_t *r = record(c, t, i);
        if (get_le32(r) >= c->strings_len ||
            (name2 && get_le32(r + name2) >= c->strings_len))
            return false;
    }
    return true;
}

static bool place_ok(const struct elf_object *o, uint32_t index, uint64_t offset,
                     uint64_t len)
{
    struct elf_section s;
    if (index == 0 || index >= o->section_count)
        return false;
    elf_section(o, index, &s);
    return (s.flags & ELF_ALLOC) && offset <= s.len && len <= s.len - offset;
}

static const char *type_name(const struct cellinfo *c, uint32_t index)
{
    return cellinfo_bare_name(string_at(c, get_le32(record(c, CELL_TYPES, index))));
}

static bool in_order(const struct cellinfo *c)
{
    for (uint32_t i = 1; i < c->count[CELL_TYPES]; i++)
        if (strcmp(type_name(c, i - 1), type_name(c, i)) > 0)
            return false;
    return true;
}

static const char *check_tables(const struct cellinfo *c, const struct elf_object *o)
{
    if (!strings_ok(c, CELL_FUNCTIONS, 24) || !strings_ok(c, CELL_DATA, 32) ||
        !strings_ok(c, CELL_TYPES, 0) || !strings_ok(c, CELL_FIELDS, 4) ||
        !strings_ok(c, CELL_IMPORTS, 0) || !strings_ok(c, CELL_USES, 0))
        return "a name in the .cell section lies outside its strings";
    for (uint32_t i = 0; i < c->count[CELL_FUNCTIONS]; i++) {
        struct cell_function f;
        cellinfo_function(c, i, &f);
        if (!place_ok(o, f.section, f.offset, 0))
            return "a function of the .cell section lies outside its ELF section";
    }
    for (uint32_t i = 0; i < c->count[CELL_DATA]; i++) {
        struct cell_data d;
        cellinfo_data(c, i, &d);
        if (!place_ok(o, d.section, d.offset, d.len))
            return "a data object of the .cell section lies outside its ELF section";
    }
    for (uint32_t i = 0; i < c->count[CELL_TYPES]; i++) {
        const uint8_t *r = record(c, CELL_TYPES, i);
        uint64_t end = (uint64_t)get_le32(r + 16) + get_le32(r + 20);
        if (end > c->count[CELL_FIELDS])
            return "a type of the .cell section has fields outside the table";
    }
    if (!in_order(c))
        return "the types of the .cell section are not in the order of their names";
    return NULL;
}

enum status cellinfo_open(const struct elf_object *object, struct cellinfo *out,
                          const char **out_why)
{
    struct cellinfo c = {0};
    struct elf_section s;
    uint32_t index = elf_find_section(object, ".cell");
    const char *why = "there is no .cell section: it was not made by celltool";

    if (index) {
        elf_section(object, index, &s);
        if (s.type == ELF_PROGBITS && !(s.flags & ELF_ALLOC)) {
            c.bytes = object->bytes + s.offset;
            c.len = (uint32_t)s.len;
            why = check_header(&c);
            if (!why)
                why = check_tables(&c, object);
        }
    }
    if (why) {
        *out_why = why;
        return STATUS_INVALID;
    }
    *out = c;
    return STATUS_OK;
}

void cellinfo_function(const struct cellinfo *info, uint32_t index,
                       struct cell_function *out)
{
    const uint8_t *r = record(info, CELL_FUNCTIONS, index);
    out->name = string_at(info, get_le32(r));
    out->section = get_le32(r + 4);
    out->signature = get_le64(r + 8);
    out->flags = get_le32(r + 16);
    out->offset = get_le32(r + 20);
    out->type_name = string_at(info, get_le32(r + 24));
}

void cellinfo_data(const struct cellinfo *info, uint32_t index, struct cell_data *out)
{
    const uint8_t *r = record(info, CELL_DATA, index);
    out->key = string_at(info, get_le32(r));
    out->section = get_le32(r + 4);
    out->type_hash = get_le64(r + 8);
    out->len = get_le32(r + 16);
    out->align = get_le32(r + 20);
    out->storage = get_le32(r + 24);
    out->flags = get_le32(r + 28);
    out->type_name = string_at(info, get_le32(r + 32));
    out->offset = get_le32(r + 36);
}

void cellinfo_type(const struct cellinfo *info, uint32_t index, struct cell_type *out)
{
    const uint8_t *r = record(info, CELL_TYPES, index);
    out->name = string_at(info, get_le32(r));
    out->len = get_le32(r + 4);
    out->layout = get_le64(r + 8);
    out->first_field = get_le32(r + 16);
    out->field_count = get_le32(r + 20);
    out->flags = get_le32(r + 24);
}

const char *cellinfo_bare_name(const char *name)
{
    const char *file = strstr(name, "::");
    return file ? file + 2 : name;
}

uint32_t cellinfo_types_called(const struct cellinfo *info, const char *name,
                               uint32_t *out_first)
{
    uint32_t first = 0;
    uint32_t end = info->count[CELL_TYPES];
    while (first < end) {
        uint32_t middle = first + (end - first) / 2;
        if (strcmp(type_name(info, middle), name) < 0)
            first = middle + 1;
        else
            end = middle;
    }
    *out_first = first;
    while (end < info->count[CELL_TYPES] && strcmp(type_name(info, end), name) == 0)
        end++;
    return end - first;
}

bool cellinfo_type_named(const struct cellinfo *info, const char *name,
                         struct cell_type *out)
{
    uint32_t first;
    uint32_t count = cellinfo_types_called(info, cellinfo_bare_name(name), &first);
    for (uint32_t i = 0; i < count; i++) {
        cellinfo_type(info, first + i, out);
        if (strcmp(out->name, name) == 0)
            return true;
    }
    return false;
}

const char *cellinfo_field_type(const struct cellinfo *info, uint32_t index)
{
    return string_at(info, get_le32(record(info, CELL_FIELDS, index) + 4));
}

void cellinfo_field(const struct cellinfo *info, uint32_t index, struct cell_field *out)
{
    const uint8_t *r = record(info, CELL_FIELDS, index);
    out->name = string_at(info, get_le32(r));
    out->type_name = cellinfo_field_type(info, index);
    out->bit_offset = get_le32(r + 8);
    out->bit_size = get_le32(r + 12);
    out->type_hash = get_le64(r + 16);
}

void cellinfo_import(const struct cellinfo *info, uint32_t index, struct cell_import *out)
{
    const uint8_t *r = record(info, CELL_IMPORTS, index);
    out->name = string_at(info, get_le32(r));
    out->signature = get_le64(r + 8);
    out->flags = get_le32(r + 16);
}

const char *cellinfo_use(const struct cellinfo *info, uint32_t index)
{
    return string_at(info, get_le32(record(info, CELL_USES, index)));
}

bool cellinfo_may_use(const struct cellinfo *info, const char *name)
{
    for (uint32_t i = 0; i < info->count[CELL_USES]; i++)
        if (strcmp(cellinfo_use(info, i), name) == 0)
            return true;
    return false;
}

bool cellinfo_folds(const struct cellinfo *info, const char *key)
{
    size_t len = strlen(key);
    const char *at = info->folded;
    while (at && *at) {
        const char *end = strchr(at, '\n');
        size_t n = end ? (size_t)(end - at) : strlen(at);
        if (n == len && memcmp(at, key, n) == 0)
            return true;
        at = end ? end + 1 : NULL;
    }
    return false;
}
