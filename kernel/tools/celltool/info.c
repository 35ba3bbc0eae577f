// Encodes and decodes the .cell section (FORMAT.md).
// SPDX-License-Identifier: MIT
#include "info.h"

#include <string.h>

#define VERSION 2
#define HEADER_LEN 96

// In the order of the header: functions, data, types, fields, imports, uses.
static const size_t record_len[CELL_TABLES] = {32, 40, 32, 24, 24, 4};

// Distinct strings in the order of their first use, found by an open hash table.
struct strings {
    struct job *job;
    struct text bytes;
    uint32_t *slots; // offset + 1; 0: free
    size_t slot_count;
    size_t used;
};

static size_t slot_find(const struct strings *strings, const char *text)
{
    uint64_t hash = 14695981039346656037u;

    for (const char *at = text; *at; at++)
        hash = (hash ^ (uint8_t)*at) * 1099511628211u;
    size_t slot = hash & (strings->slot_count - 1);
    while (strings->slots[slot] &&
           strcmp(strings->bytes.bytes + strings->slots[slot] - 1, text) != 0)
        slot = (slot + 1) & (strings->slot_count - 1);
    return slot;
}

static void strings_widen(struct strings *strings)
{
    uint32_t *old = strings->slots;
    size_t old_count = strings->slot_count;

    strings->slot_count = old_count ? old_count * 2 : 256;
    strings->slots = job_alloc(strings->job, strings->slot_count * sizeof(uint32_t));
    for (size_t i = 0; i < old_count; i++)
        if (old[i])
            strings->slots[slot_find(strings, strings->bytes.bytes + old[i] - 1)] = old[i];
}

static uint32_t strings_add(struct strings *strings, const char *text)
{
    if (strings->used * 2 >= strings->slot_count)
        strings_widen(strings);
    size_t slot = slot_find(strings, text);
    if (!strings->slots[slot]) {
        strings->slots[slot] = (uint32_t)strings->bytes.len + 1;
        strings->used++;
        text_add_bytes(&strings->bytes, text, strlen(text) + 1);
    }
    return strings->slots[slot] - 1;
}

const char *kind_name(unsigned kind)
{
    static const char *const names[] = {"",        "core", "driver", "service",
                                        "library", "app",  "test"};
    return kind && kind < ARRAY_LEN(names) ? names[kind] : NULL;
}

const char *phase_name(unsigned phase)
{
    static const char *const names[] = {"none", "early", "device", "service", "app"};
    return phase < ARRAY_LEN(names) ? names[phase] : NULL;
}

static void header_encode(const struct cell_info *info, const uint32_t counts[CELL_TABLES],
                          uint32_t name, uint32_t lineage, uint32_t folded,
                          uint32_t strings_len, struct text *out)
{
    uint32_t offset = HEADER_LEN, strings_off = HEADER_LEN;

    for (int i = 0; i < CELL_TABLES; i++)
        strings_off += counts[i] * (uint32_t)record_len[i];

    text_add_bytes(out, "NCEL", 4);
    text_put16(out, VERSION);
    text_put16(out, info->kind);
    text_put16(out, info->phase);
    text_put16(out, info->flags);
    text_put32(out, strings_off + strings_len);
    text_put32(out, name);
    text_put64(out, info->abi_hash);
    for (int i = 0; i < CELL_TABLES; i++) {
        text_put32(out, offset);
        text_put32(out, counts[i]);
        offset += counts[i] * (uint32_t)record_len[i];
    }
    text_put32(out, strings_off);
    text_put32(out, strings_len);
    text_put32(out, lineage);
    text_put32(out, folded);
    text_pad(out, HEADER_LEN);
}

static void tables_encode(const struct cell_info *info, struct strings *strings,
                          struct text *out)
{
    for (size_t i = 0; i < info->function_count; i++) {
        const struct function_info *function = &info->functions[i];
        text_put32(out, strings_add(strings, function->name));
        text_put32(out, function->section);
        text_put64(out, function->signature);
        text_put32(out, function->flags);
        text_put32(out, function->value);
        text_put32(out, strings_add(strings, function->type));
        text_put32(out, 0);
    }
    for (size_t i = 0; i < info->data_count; i++) {
        const struct data_info *data = &info->data[i];
        text_put32(out, strings_add(strings, data->key));
        text_put32(out, data->section);
        text_put64(out, data->type_hash);
        text_put32(out, data->size);
        text_put32(out, data->align);
        text_put32(out, data->storage);
        text_put32(out, data->flags);
        text_put32(out, strings_add(strings, data->type));
        text_put32(out, data->value);
    }
    for (size_t i = 0; i < info->type_count; i++) {
        const struct type_info *type = &info->types[i];
        text_put32(out, strings_add(strings, type->name));
        text_put32(out, type->size);
        text_put64(out, type->layout_hash);
        text_put32(out, type->first_field);
        text_put32(out, type->field_count);
        text_put32(out, type->flags);
        text_put32(out, 0);
    }
    for (size_t i = 0; i < info->field_count; i++) {
        const struct field_info *field = &info->fields[i];
        text_put32(out, strings_add(strings, field->name));
        text_put32(out, strings_add(strings, field->type));
        text_put32(out, field->bit_offset);
        text_put32(out, field->bit_size);
        text_put64(out, field->type_hash);
    }
    for (size_t i = 0; i < info->import_count; i++) {
        const struct import_info *import = &info->imports[i];
        text_put32(out, strings_add(strings, import->name));
        text_put32(out, 0);
        text_put64(out, import->signature);
        text_put32(out, import->flags);
        text_put32(out, 0);
    }
    for (size_t i = 0; i < info->uses_count; i++)
        text_put32(out, strings_add(strings, info->uses[i]));
}

void info_encode(struct job *job, const struct cell_info *info, struct text *out)
{
    const uint32_t counts[CELL_TABLES] = {
        (uint32_t)info->function_count, (uint32_t)info->data_count,
        (uint32_t)info->type_count,     (uint32_t)info->field_count,
        (uint32_t)info->import_count,   (uint32_t)info->uses_count};
    struct strings strings = {.job = job};
    struct text tables;

    text_init(&strings.bytes, job);
    text_init(&tables, job);
    uint32_t name = strings_add(&strings, info->name);
    uint32_t lineage = info->lineage ? strings_add(&strings, info->lineage) : 0;
    uint32_t folded = info->folded ? strings_add(&strings, info->folded) : 0;
    tables_encode(info, &strings, &tables);
    header_encode(info, counts, name, lineage, folded, (uint32_t)strings.bytes.len, out);
    text_add_bytes(out, tables.bytes, tables.len);
    text_add_bytes(out, strings.bytes.bytes, strings.bytes.len);
}

// Reading position in one table; every string it meets is checked.
struct reader {
    struct job *job;
    const uint8_t *bytes;
    uint32_t strings_off;
    uint32_t strings_len; // the last byte is a NUL
    bool damaged;
};

static const char *read_string(struct reader *reader, const uint8_t *at)
{
    uint32_t offset = get_le32(at);

    if (offset < reader->strings_len)
        return (const char *)reader->bytes + reader->strings_off + offset;
    reader->damaged = true;
    return "";
}

static void tables_decode(struct reader *reader, const uint8_t *tables[CELL_TABLES],
                          struct cell_info *info)
{
    const uint8_t *at = tables[0];
    for (size_t i = 0; i < info->function_count; i++, at += 32)
        info->functions[i] = (struct function_info){.name = read_string(reader, at),
                                                    .section = get_le32(at + 4),
                                                    .signature = get_le64(at + 8),
                                                    .flags = get_le32(at + 16),
                                                    .value = get_le32(at + 20),
                                                    .type = read_string(reader, at + 24)};
    at = tables[1];
    for (size_t i = 0; i < info->data_count; i++, at += 40)
        info->data[i] = (struct data_info){.key = read_string(reader, at),
                                           .section = get_le32(at + 4),
                                           .type_hash = get_le64(at + 8),
                                           .size = get_le32(at + 16),
                                           .align = get_le32(at + 20),
                                           .storage = get_le32(at + 24),
                                           .flags = get_le32(at + 28),
                                           .type = read_string(reader, at + 32),
                                           .value = get_le32(at + 36)};
    at = tables[2];
    for (size_t i = 0; i < info->type_count; i++, at += 32) {
        struct type_info *type = &info->types[i];
        *type = (struct type_info){.name = read_string(reader, at),
                                   .size = get_le32(at + 4),
                                   .layout_hash = get_le64(at + 8),
                                   .first_field = get_le32(at + 16),
                                   .field_count = get_le32(at + 20),
                                   .flags = get_le32(at + 24)};
        if (type->first_field > info->field_count ||
            type->field_count > info->field_count - type->first_field)
            reader->damaged = true;
    }
    at = tables[3];
    for (size_t i = 0; i < info->field_count; i++, at += 24)
        info->fields[i] = (struct field_info){.name = read_string(reader, at),
                                              .type = read_string(reader, at + 4),
                                              .bit_offset = get_le32(at + 8),
                                              .bit_size = get_le32(at + 12),
                                              .type_hash = get_le64(at + 16)};
    at = tables[4];
    for (size_t i = 0; i < info->import_count; i++, at += 24)
        info->imports[i] = (struct import_info){.name = read_string(reader, at),
                                                .signature = get_le64(at + 8),
                                                .flags = get_le32(at + 16)};
    at = tables[5];
    for (size_t i = 0; i < info->uses_count; i++, at += 4)
        info->uses[i] = read_string(reader, at);
}

bool info_decode(struct job *job, const uint8_t *bytes, size_t len,
                 struct cell_info *out_info)
{
    const uint8_t *tables[CELL_TABLES];
    uint32_t counts[CELL_TABLES];

    if (len < HEADER_LEN || memcmp(bytes, "NCEL", 4) != 0)
        return job_refuse(job, "the .cell section is damaged");
    if (get_le16(bytes + 4) != VERSION)
        return job_refuse(job, "the .cell section has version %u, this tool reads %u",
                          get_le16(bytes + 4), VERSION);
    struct reader reader = {.job = job,
                            .bytes = bytes,
                            .strings_off = get_le32(bytes + 76),
                            .strings_len = get_le32(bytes + 80)};
    if (get_le32(bytes + 12) != len || reader.strings_off > len ||
        reader.strings_len > len - reader.strings_off || !reader.strings_len ||
        bytes[reader.strings_off + reader.strings_len - 1])
        return job_refuse(job, "the .cell section is damaged");
    for (int i = 0; i < CELL_TABLES; i++) {
        uint32_t offset = get_le32(bytes + 28 + 8 * i);
        counts[i] = get_le32(bytes + 32 + 8 * i);
        if (offset > len || counts[i] > (len - offset) / record_len[i])
            return job_refuse(job, "the .cell section is damaged");
        tables[i] = bytes + offset;
    }
    struct cell_info info = {.name = read_string(&reader, bytes + 16),
                             .kind = get_le16(bytes + 6),
                             .phase = get_le16(bytes + 8),
                             .flags = get_le16(bytes + 10),
                             .abi_hash = get_le64(bytes + 20),
                             .function_count = counts[0],
                             .data_count = counts[1],
                             .type_count = counts[2],
                             .field_count = counts[3],
                             .import_count = counts[4],
                             .uses_count = counts[5]};
    info.functions = job_alloc(job, counts[0] * sizeof(*info.functions));
    info.data = job_alloc(job, counts[1] * sizeof(*info.data));
    info.types = job_alloc(job, counts[2] * sizeof(*info.types));
    info.fields = job_alloc(job, counts[3] * sizeof(*info.fields));
    info.imports = job_alloc(job, counts[4] * sizeof(*info.imports));
    info.uses = job_alloc(job, counts[5] * sizeof(*info.uses));
    tables_decode(&reader, tables, &info);
    if (info.flags & CELL_LINEAGE)
        info.lineage = read_string(&reader, bytes + 84);
    if (get_le32(bytes + 88))
        info.folded = read_string(&reader, bytes + 88);
    if (reader.damaged || !kind_name(info.kind) || !phase_name(info.phase))
        return job_refuse(job, "the .cell section is damaged");
    *out_info = info;
    return true;
}
