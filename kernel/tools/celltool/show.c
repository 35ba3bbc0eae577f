// Prints a loaded cell. Names are escaped: an object may come from anywhere.
// SPDX-License-Identifier: MIT
#include "show.h"

#include <stdio.h>
#include <string.h>

static const char *storage_name(uint32_t storage)
{
    return storage == CELL_STORE_DATA  ? "data"
           : storage == CELL_STORE_BSS ? "bss"
                                       : "rodata";
}

// A name with control bytes and non-ASCII shown as '?'.
static const char *plain(const struct text *out, const char *name)
{
    char *copy = job_print(out->job, "%s", name);

    for (char *at = copy; *at; at++)
        if (*at < ' ' || *at > '~')
            *at = '?';
    return copy;
}

static void text_functions(const struct cell_info *info, struct text *out)
{
    text_add(out, "functions  %zu\n", info->function_count);
    for (size_t i = 0; i < info->function_count; i++) {
        const struct function_info *function = &info->functions[i];
        text_add(out, "  %-40s %016llx%s%s%s%s\n", plain(out, function->name),
                 (unsigned long long)function->signature,
                 function->flags & CELL_FUNC_GLOBAL ? " exported" : "",
                 function->flags & CELL_FUNC_TAKEN ? " address-taken" : "",
                 function->flags & CELL_FUNC_MEMORY ? " takes-memory" : "",
                 function->flags & CELL_FUNC_ASSEMBLY ? " no-signature" : "");
    }
    text_add(out, "imports    %zu\n", info->import_count);
    for (size_t i = 0; i < info->import_count; i++)
        text_add(out, "  %-40s %016llx%s%s\n", plain(out, info->imports[i].name),
                 (unsigned long long)info->imports[i].signature,
                 info->imports[i].flags & CELL_IMPORT_TAKEN ? " address-taken" : "",
                 info->imports[i].flags & CELL_IMPORT_GIVES ? " gives-memory" : "");
}

static void text_data(const struct cell_info *info, struct text *out)
{
    text_add(out, "data       %zu\n", info->data_count);
    for (size_t i = 0; i < info->data_count; i++) {
        const struct data_info *data = &info->data[i];
        const char *key =
            data->flags & CELL_DATA_LITERAL ? "(literals)" : plain(out, data->key);
        text_add(out, "  %-40s %-6s %6u bytes, align %u, %s%s%s%s\n", key,
                 storage_name(data->storage), data->size, data->align,
                 data->type[0] ? plain(out, data->type) : "-",
                 data->flags & CELL_DATA_CONST ? " const" : "",
                 data->flags & CELL_DATA_TAKEN ? " address-matters" : "",
                 data->flags & CELL_DATA_AMBIGUOUS ? " AMBIGUOUS" : "");
    }
}

static void text_folded(const struct cell_info *info, struct text *out)
{
    if (!info->folded)
        return;
    text_add(out, "folded    ");
    for (const char *at = info->folded; *at; at += strcspn(at, "\n"), at += *at != 0)
        text_add(out, " %s",
                 plain(out, job_print(out->job, "%.*s", (int)strcspn(at, "\n"), at)));
    text_add(out, "\n");
}

static void text_types(const struct cell_info *info, struct text *out)
{
    text_add(out, "types      %zu\n", info->type_count);
    for (size_t i = 0; i < info->type_count; i++) {
        const struct type_info *type = &info->types[i];
        bool enumeration = strncmp(type->name, "enum ", 5) == 0;
        text_add(out, "  %-40s %016llx %u bytes%s%s\n", plain(out, type->name),
                 (unsigned long long)type->layout_hash, type->size,
                 type->flags & CELL_TYPE_PUBLIC ? " public" : "",
                 type->flags & CELL_TYPE_HEAP ? " on-heap" : "");
        for (size_t k = 0; k < type->field_count; k++) {
            const struct field_info *field = &info->fields[type->first_field + k];
            if (enumeration || !field->type[0])
                text_add(out, "    %s = %lld\n", plain(out, field->name),
                         (long long)field->type_hash);
            else if (field->bit_offset % 8 || field->bit_size % 8)
                text_add(out, "    bit %-5u %-30s %s:%u\n", field->bit_offset,
                         plain(out, field->name), plain(out, field->type),
                         field->bit_size);
            else
                text_add(out, "    %-9u %-30s %s\n", field->bit_offset / 8,
                         plain(out, field->name), plain(out, field->type));
        }
    }
}

void show_text(const struct cell *cell, struct text *out)
{
    const struct cell_info *info = &cell->info;

    text_add(out, "cell       %s (%s, start phase %s%s)\n", plain(out, info->name),
             kind_name(info->kind), phase_name(info->phase),
             info->flags & CELL_CLOSURE ? ", closure" : "");
    if (info->lineage)
        text_add(out, "lineage    %s\n", plain(out, info->lineage));
    text_add(out, "identity   %s\nlength     %zu bytes\nabi        %016llx\nuses      ",
             cell->identity, cell->file_len, (unsigned long long)info->abi_hash);
    for (size_t i = 0; i < info->uses_count; i++)
        text_add(out, " %s", plain(out, info->uses[i]));
    text_add(out, "%s\n", info->uses_count ? "" : " -");
    text_functions(info, out);
    text_data(info, out);
    text_folded(info, out);
    text_types(info, out);
}

static void json_string(struct text *out, const char *string)
{
    text_add(out, "\"");
    for (const char *at = string; *at; at++) {
        if (*at == '"' || *at == '\\')
            text_add(out, "\\%c", *at);
        else if (*at < ' ' || *at > '~')
            text_add(out, "\\u%04x", (unsigned)(uint8_t)*at);
        else
            text_add_bytes(out, at, 1);
    }
    text_add(out, "\"");
}

static void json_member(struct text *out, const char *name, const char *value)
{
    text_add(out, "\"%s\": ", name);
    json_string(out, value);
    text_add(out, ", ");
}

static void json_flag(struct text *out, const char *name, bool value)
{
    text_add(out, ", \"%s\": %s", name, value ? "true" : "false");
}

static void json_functions(const struct cell *cell, struct text *out)
{
    const struct cell_info *info = &cell->info;

    text_add(out, ",\n \"functions\": [");
    for (size_t i = 0; i < info->function_count; i++) {
        const struct function_info *function = &info->functions[i];
        text_add(out, "%s\n  {", i ? "," : "");
        json_member(out, "name", function->name);
        text_add(out, "\"signature\": \"%016llx\", \"length\": %llu",
                 (unsigned long long)function->signature,
                 (unsigned long long)cell_function_size(cell, function));
        json_flag(out, "exported", function->flags & CELL_FUNC_GLOBAL);
        json_flag(out, "address_taken", function->flags & CELL_FUNC_TAKEN);
        json_flag(out, "takes_memory", function->flags & CELL_FUNC_MEMORY);
        json_flag(out, "undescribed", function->flags & CELL_FUNC_ASSEMBLY);
        text_add(out, "}");
    }
    text_add(out, "],\n \"imports\": [");
    for (size_t i = 0; i < info->import_count; i++) {
        text_add(out, "%s\n  {", i ? "," : "");
        json_member(out, "name", info->imports[i].name);
        text_add(out, "\"signature\": \"%016llx\"",
                 (unsigned long long)info->imports[i].signature);
        json_flag(out, "address_taken", info->imports[i].flags & CELL_IMPORT_TAKEN);
        json_flag(out, "gives_memory", info->imports[i].flags & CELL_IMPORT_GIVES);
        text_add(out, "}");
    }
    text_add(out, "]");
}

static void json_data(const struct cell_info *info, struct text *out)
{
    text_add(out, ",\n \"data\": [");
    for (size_t i = 0; i < info->data_count; i++) {
        const struct data_info *data = &info->data[i];
        text_add(out, "%s\n  {", i ? "," : "");
        json_member(out, "key", data->key);
        json_member(out, "type", data->type);
        json_member(out, "storage", storage_name(data->storage));
        text_add(out, "\"type_hash\": \"%016llx\", \"length\": %u, \"align\": %u",
                 (unsigned long long)data->type_hash, data->size, data->align);
        json_flag(out, "const", data->flags & CELL_DATA_CONST);
        json_flag(out, "anonymous", data->flags & CELL_DATA_LITERAL);
        json_flag(out, "address_matters", data->flags & CELL_DATA_TAKEN);
        json_flag(out, "ambiguous", data->flags & CELL_DATA_AMBIGUOUS);
        text_add(out, "}");
    }
    text_add(out, "]");
}

static void json_types(const struct cell_info *info, struct text *out)
{
    text_add(out, ",\n \"types\": [");
    for (size_t i = 0; i < info->type_count; i++) {
        const struct type_info *type = &info->types[i];
        text_add(out, "%s\n  {", i ? "," : "");
        json_member(out, "name", type->name);
        text_add(out, "\"layout\": \"%016llx\", \"length\": %u",
                 (unsigned long long)type->layout_hash, type->size);
        json_flag(out, "public", type->flags & CELL_TYPE_PUBLIC);
        json_flag(out, "pointed_to", type->flags & CELL_TYPE_POINTED);
        json_flag(out, "on_heap", type->flags & CELL_TYPE_HEAP);
        text_add(out, ", \"fields\": [");
        for (size_t k = 0; k < type->field_count; k++) {
            const struct field_info *field = &info->fields[type->first_field + k];
            text_add(out, "%s\n   {", k ? "," : "");
            json_member(out, "name", field->name);
            if (field->type[0]) {
                json_member(out, "type", field->type);
                text_add(out,
                         "\"bit_offset\": %u, \"bits\": %u, \"type_hash\": \"%016llx\"}",
                         field->bit_offset, field->bit_size,
                         (unsigned long long)field->type_hash);
            } else {
                text_add(out, "\"value\": %lld}", (long long)field->type_hash);
            }
        }
        text_add(out, "]}");
    }
    text_add(out, "]");
}

void show_json(const struct cell *cell, struct text *out)
{
    const struct cell_info *info = &cell->info;

    text_add(out, "{");
    json_member(out, "name", info->name);
    json_member(out, "kind", kind_name(info->kind));
    json_member(out, "start", phase_name(info->phase));
    json_member(out, "identity", cell->identity);
    text_add(out, "\"length\": %zu, \"abi\": \"%016llx\"", cell->file_len,
             (unsigned long long)info->abi_hash);
    json_flag(out, "closure", info->flags & CELL_CLOSURE);
    if (info->lineage) {
        text_add(out, ", \"lineage\": ");
        json_string(out, info->lineage);
    }
    text_add(out, ",\n \"uses\": [");
    for (size_t i = 0; i < info->uses_count; i++) {
        text_add(out, i ? ", " : "");
        json_string(out, info->uses[i]);
    }
    text_add(out, "]");
    json_functions(cell, out);
    json_data(info, out);
    json_types(info, out);
    text_add(out, "}\n");
}
