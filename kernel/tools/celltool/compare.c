// Renders code and data free of section indices, symbol numbers and order of literals.
// SPDX-License-Identifier: MIT
#include "compare.h"

#include <string.h>

static void hex_add(struct text *text, const uint8_t *bytes, uint64_t len)
{
    for (uint64_t i = 0; i < len; i++)
        text_add(text, "%02x", bytes[i]);
}

static const struct data_info *data_at(const struct cell *cell, uint32_t section,
                                       int64_t offset)
{
    const struct data_info *only = NULL;
    size_t in_section = 0;

    for (size_t i = 0; i < cell->info.data_count; i++) {
        const struct data_info *data = &cell->info.data[i];
        if (data->section != section)
            continue;
        if (offset >= (int64_t)data->value &&
            offset < (int64_t)data->value + (int64_t)data->size)
            return data;
        only = data;
        in_section++;
    }
    return in_section == 1 ? only : NULL; // indexed from before or after its bounds
}

static void literal_add(struct text *text, const struct cell *cell,
                        const struct data_info *data, int64_t offset)
{
    const uint8_t *bytes = cell_bytes(cell, data->section, data->value, data->size);
    int64_t from = offset - (int64_t)data->value;

    if (!bytes || from < 0 || from >= (int64_t)data->size) {
        text_add(text, "literal outside");
        return;
    }
    const uint8_t *end = memchr(bytes + from, 0, (size_t)(data->size - from));
    text_add(text, "literal ");
    hex_add(text, bytes + from,
            end ? (uint64_t)(end - bytes - from) : (uint64_t)(data->size - from));
}

static void target_add(struct text *text, const struct cell *cell,
                       const struct reloc *reloc)
{
    struct place place = object_target(&cell->object, reloc);

    if (!place.section) {
        text_add(text, "import %s%+lld", cell->object.symbols[place.symbol].name,
                 (long long)place.offset);
        return;
    }
    for (size_t i = 0; i < cell->info.function_count; i++) {
        const struct function_info *function = &cell->info.functions[i];
        int64_t from = place.offset - (int64_t)function->value;
        if (function->section == place.section && from >= 0 &&
            from < (int64_t)cell_function_size(cell, function)) {
            text_add(text, "function %s+%lld", function->name, (long long)from);
            return;
        }
    }
    const struct data_info *data = data_at(cell, place.section, place.offset);
    if (data && data->flags & CELL_DATA_LITERAL)
        literal_add(text, cell, data, place.offset);
    else if (data)
        text_add(text, "data %s%+lld", data->key,
                 (long long)(place.offset - (int64_t)data->value));
    else
        text_add(text, "%s%+lld", cell->object.sections[place.section].name,
                 (long long)place.offset);
}

const char *meaning_text(struct job *job, const struct cell *cell, uint32_t section,
                         uint32_t value, uint64_t size)
{
    const struct section *home = &cell->object.sections[section];
    const uint8_t *bytes = cell_bytes(cell, section, value, size);
    struct text text;

    text_init(&text, job);
    if (bytes)
        hex_add(&text, bytes, size);
    for (size_t i = 0; bytes && i < home->reloc_count; i++) {
        const struct reloc *reloc = &home->relocs[i];
        if (reloc->offset < value || reloc->offset >= value + size)
            continue;
        text_add(&text, "\n%llu %u ", (unsigned long long)(reloc->offset - value),
                 reloc->type);
        target_add(&text, cell, reloc);
    }
    return text.bytes;
}
