// Reads a canonical object and checks that .cell and ELF agree.
// SPDX-License-Identifier: MIT
#include "load.h"

#include "sha256.h"

#include <stdio.h>
#include <string.h>

static bool place_check(const struct object *object, uint32_t section, uint64_t value,
                        uint64_t size)
{
    if (!section || section >= object->section_count)
        return false;
    return value <= object->sections[section].size &&
           size <= object->sections[section].size - value;
}

static bool places_check(const struct cell *cell)
{
    for (size_t i = 0; i < cell->info.function_count; i++)
        if (!place_check(&cell->object, cell->info.functions[i].section,
                         cell->info.functions[i].value, 0))
            return false;
    for (size_t i = 0; i < cell->info.data_count; i++) {
        const struct data_info *data = &cell->info.data[i];
        if (!place_check(&cell->object, data->section, data->value, data->size))
            return false;
    }
    return true;
}

bool cell_load(struct job *job, uint8_t *bytes, size_t len, struct cell *out_cell)
{
    uint8_t digest[SHA256_LEN];
    struct cell cell = {.file_len = len};
    const struct section *found = NULL;

    sha256(bytes, len, digest);
    for (int i = 0; i < SHA256_LEN; i++)
        snprintf(cell.identity + 2 * i, 3, "%02x", digest[i]);
    if (!object_read(job, bytes, len, &cell.object))
        return false;
    for (size_t i = 1; i < cell.object.section_count; i++)
        if (strcmp(cell.object.sections[i].name, ".cell") == 0)
            found = &cell.object.sections[i];
    if (!found || !found->bytes)
        return job_refuse(job, "there is no .cell section: not made by celltool write");
    if (!info_decode(job, found->bytes, found->size, &cell.info))
        return false;
    if (!places_check(&cell))
        return job_refuse(job,
                          "the .cell section names places outside the object's sections");
    *out_cell = cell;
    return true;
}

const uint8_t *cell_bytes(const struct cell *cell, uint32_t section, uint32_t value,
                          uint64_t size)
{
    const struct section *home = &cell->object.sections[section];

    if (!home->bytes || value > home->size || size > home->size - value)
        return NULL;
    return home->bytes + value;
}

uint64_t cell_function_size(const struct cell *cell, const struct function_info *function)
{
    for (size_t i = 1; i < cell->object.symbol_count; i++) {
        const struct symbol *symbol = &cell->object.symbols[i];
        if (symbol->type == STT_FUNC && symbol->section == function->section &&
            symbol->value == function->value && strcmp(symbol->name, function->name) == 0)
            return symbol->size;
    }
    return 0;
}
