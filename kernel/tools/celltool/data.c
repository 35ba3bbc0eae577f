// The data table: each byte of data belongs to one object, named by its source scope.
// SPDX-License-Identifier: MIT
#include "tables.h"

#include "select.h"

#include <stdlib.h>
#include <string.h>

// One object while its key is being decided.
struct item {
    struct data_info info;
    const char *file; // of the definition, or NULL
    bool global;
    bool folded;    // it has no place
    uint32_t order; // section index in the input
};

struct item_list {
    struct item *items;
    size_t count;
};

static uint32_t align_of(const struct section *section, uint64_t value)
{
    uint64_t align = section->align;

    while (align > 1 && value % align)
        align /= 2;
    return (uint32_t)align;
}

static uint32_t storage_of(const struct section *section)
{
    if (section->type == SHT_NOBITS)
        return CELL_STORE_BSS;
    return section->flags & SHF_WRITE ? CELL_STORE_DATA : CELL_STORE_RODATA;
}

static bool name_is_generated(const char *name)
{
    const char *dot = strchr(name, '.');
    return dot && dot[1] >= '0' && dot[1] <= '9';
}

static void item_add(struct collection *all, struct item_list *list,
                     const struct item *item)
{
    list->items = job_grow(all->job, list->items, list->count, sizeof(*item));
    list->items[list->count++] = *item;
}

static const char *name_key(struct collection *all, const struct described *entry,
                            const char *name)
{
    return entry->scope ? job_print(all->job, "%s::%s", entry->scope, name) : name;
}

static bool symbol_add(struct collection *all, struct item_list *list, size_t index)
{
    const struct symbol *symbol = &all->object->symbols[index];
    const struct section *section = &all->object->sections[symbol->section];
    struct described *entry = &all->symbols[index];
    Dwarf_Die type;
    struct item item = {.order = symbol->section, .global = symbol->bind != STB_LOCAL};
    struct data_info *info = &item.info;

    *info = (struct data_info){.section = section->out_index,
                               .value = (uint32_t)symbol->value,
                               .size = (uint32_t)symbol->size,
                               .align = align_of(section, symbol->value),
                               .storage = storage_of(section),
                               .type = "",
                               .key = symbol->name};
    if (entry->found) {
        const char *name = die_name(&entry->die);
        name = name ? name : symbol->name;
        info->key = name_key(all, entry, name);
        item.file = entry->unit->file;
        if (die_type(&entry->die, &type)) {
            info->type = types_held_text(all, &type);
            info->type_hash = types_layout(all->types, &type);
            if (types_is_const(&type))
                info->flags |= CELL_DATA_CONST;
        }
    } else if (name_is_generated(symbol->name)) {
        if (info->storage != CELL_STORE_RODATA)
            return job_refuse(
                all->job,
                "%s can be written to and has no name but a number that the "
                "compiler gives, so the next version would not find it "
                "again: make the compound literal a variable, or const",
                symbol->name);
        info->key = "";
        info->flags |= CELL_DATA_LITERAL;
    }
    if (info->storage == CELL_STORE_RODATA)
        info->flags |= CELL_DATA_CONST;
    item_add(all, list, &item);
    return true;
}

static int compare_place(const void *left, const void *right)
{
    const struct item *a = left, *b = right;

    if (a->order != b->order)
        return a->order < b->order ? -1 : 1;
    if (a->info.value != b->info.value)
        return a->info.value < b->info.value ? -1 : 1;
    if (a->info.size != b->info.size)
        return a->info.size < b->info.size ? -1 : 1;
    return a->folded && b->folded ? strcmp(a->file, b->file) : 0;
}

static bool is_zero(const struct section *section, uint64_t from, uint64_t to)
{
    for (uint64_t i = from; section->bytes && i < to; i++)
        if (section->bytes[i])
            return false;
    return true;
}

// Bytes FROM..TO of a section that no symbol names: literals if they cannot change,
// padding if they are few and zero.
static bool gap_add(struct collection *all, struct item_list *list, size_t index,
                    uint64_t from, uint64_t to)
{
    const struct section *section = &all->object->sections[index];
    struct item item = {.order = (uint32_t)index};

    if (from >= to || object_is_unwind(section))
        return true;
    if (to - from < section->align && is_zero(section, from, to))
        return true;
    if (section->flags & SHF_WRITE)
        return job_refuse(all->job,
                          "bytes 0x%llx to 0x%llx of section %s belong to no object: in "
                          "assembly, writable "
                          "data needs .type NAME, @object and .size NAME, LENGTH",
                          (unsigned long long)from, (unsigned long long)to, section->name);
    item.info = (struct data_info){.key = "",
                                   .type = "",
                                   .section = section->out_index,
                                   .value = (uint32_t)from,
                                   .size = (uint32_t)(to - from),
                                   .align = align_of(section, from),
                                   .storage = CELL_STORE_RODATA,
                                   .flags = CELL_DATA_CONST | CELL_DATA_LITERAL};
    item_add(all, list, &item);
    return true;
}

static bool gaps_find(struct collection *all, struct item_list *list)
{
    size_t named = list->count, at = 0;

    for (size_t i = 1; i < all->object->section_count; i++) {
        const struct section *section = &all->object->sections[i];
        uint64_t covered = 0;
        if (!section->out_index || section->flags & SHF_EXECINSTR)
            continue;
        for (; at < named && list->items[at].order <= i; at++) {
            const struct data_info *info = &list->items[at].info;
            if (!gap_add(all, list, i, covered, info->value))
                return false;
            if (info->value < covered && info->size)
                return job_refuse(all->job,
                                  "data object %s overlaps or has a second name; a "
                                  "cell's data has one name "
                                  "each",
                                  info->key);
            covered = info->value + info->size;
        }
        if (!gap_add(all, list, i, covered, section->size))
            return false;
    }
    return true;
}

static int compare_key(const void *left, const void *right)
{
    const struct item *a = *(struct item *const *)left, *b = *(struct item *const *)right;
    int order = strcmp(a->info.key, b->info.key);
    return order ? order : compare_place(a, b);
}

static struct item **sort_by_key(struct job *job, struct item_list *list,
                                 size_t *out_count)
{
    struct item **sorted = job_alloc(job, list->count * sizeof(struct item *));
    size_t count = 0;

    for (size_t i = 0; i < list->count; i++)
        if (!(list->items[i].info.flags & CELL_DATA_LITERAL))
            sorted[count++] = &list->items[i];
    qsort(sorted, count, sizeof(*sorted), compare_key);
    *out_count = count;
    return sorted;
}

static size_t run_len(struct item **sorted, size_t count, size_t from)
{
    size_t end = from + 1;
    while (end < count && strcmp(sorted[end]->info.key, sorted[from]->info.key) == 0)
        end++;
    return end - from;
}

// How many of LIST have the file and the key of ITEM, with a place or without.
static size_t count_like(const struct item_list *list, const struct item *item,
                         bool folded)
{
    size_t found = 0;

    for (size_t i = 0; i < list->count; i++)
        found += list->items[i].folded == folded && list->items[i].file &&
                 strcmp(list->items[i].file, item->file) == 0 &&
                 strcmp(list->items[i].info.key, item->info.key) == 0;
    return found;
}

static void folded_add(struct collection *all, struct item_list *list)
{
    for (size_t i = 0; i < all->folded_count; i++) {
        struct described *entry = &all->folded[i];
        const char *name = die_name(&entry->die);
        struct item item = {.info = {.key = name_key(all, entry, name)},
                            .file = entry->unit->file,
                            .folded = true};
        size_t stored = count_like(list, &item, false);
        // The rest of that name are automatic, or copies where the function is inlined.
        bool fits = entry->scope ? stored + count_like(list, &item, true) <
                                       statics_count(all->statics, entry->unit->file,
                                                     entry->scope, name)
                                 : !stored;
        if (fits)
            item_add(all, list, &item);
    }
}

// A key that several objects share gets the file's name in front; what still collides is
// flagged.
static void keys_separate(struct job *job, struct item_list *list)
{
    size_t count;
    struct item **sorted = sort_by_key(job, list, &count);

    for (size_t i = 0, len; i < count; i += len) {
        len = run_len(sorted, count, i);
        const char *shared = sorted[i]->info.key;
        for (size_t k = i; len > 1 && k < i + len; k++)
            if (!sorted[k]->global && sorted[k]->file)
                sorted[k]->info.key = job_print(job, "%s::%s", sorted[k]->file, shared);
    }
    sorted = sort_by_key(job, list, &count);
    for (size_t i = 0, len; i < count; i += len) {
        len = run_len(sorted, count, i);
        for (size_t k = i; len > 1 && k < i + len; k++)
            sorted[k]->info.flags |= CELL_DATA_AMBIGUOUS;
    }
}

// A pc-relative field in an instruction that reads memory; `lea` (8d) computes an address
// instead.
static bool is_load(const struct section *section, const struct reloc *reloc)
{
    return reloc->type == R_X86_64_PC32 && section->flags & SHF_EXECINSTR &&
           reloc->offset >= 2 && section->bytes[reloc->offset - 2] != 0x8d;
}

// A constant whose address can be kept somewhere: any reference but a plain pc-relative
// load.
static void mark_address_matters(struct collection *all, struct item_list *list)
{
    bool *taken = job_alloc(all->job, all->object->section_count);

    for (size_t i = 1; i < all->object->section_count; i++) {
        const struct section *section = &all->object->sections[i];
        for (size_t k = 0; section->out_index && k < section->reloc_count; k++) {
            const struct reloc *reloc = &section->relocs[k];
            if (object_is_unwind(section) || is_load(section, reloc))
                continue;
            taken[object_target(all->object, reloc).section] = true;
        }
    }
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].info.storage == CELL_STORE_RODATA &&
            taken[list->items[i].order] &&
            !(list->items[i].info.flags & CELL_DATA_LITERAL))
            list->items[i].info.flags |= CELL_DATA_TAKEN;
}

// Lists the keys of what is folded away, but for those that are ambiguous.
static void folded_list(struct collection *all, struct item_list *list,
                        struct cell_info *info)
{
    size_t count;
    struct item **sorted = sort_by_key(all->job, list, &count);
    struct text text;

    text_init(&text, all->job);
    for (size_t i = 0; i < count; i++)
        if (sorted[i]->folded && !(sorted[i]->info.flags & CELL_DATA_AMBIGUOUS))
            text_add(&text, "%s\n", sorted[i]->info.key);
    if (text.len)
        info->folded = job_print(all->job, "%.*s", (int)text.len, text.bytes);
}

bool tables_data(struct collection *all, struct cell_info *info)
{
    struct item_list list = {0};

    for (size_t i = 1; i < all->object->symbol_count; i++)
        if (symbol_is_data(all->object, &all->object->symbols[i]) &&
            !symbol_add(all, &list, i))
            return false;
    if (list.count)
        qsort(list.items, list.count, sizeof(*list.items), compare_place);
    if (!gaps_find(all, &list))
        return false;
    if (list.count)
        qsort(list.items, list.count, sizeof(*list.items), compare_place);
    info->data_count = list.count;
    folded_add(all, &list);
    keys_separate(all->job, &list);
    mark_address_matters(all, &list);
    folded_list(all, &list, info);
    info->data = job_alloc(all->job, info->data_count * sizeof(*info->data));
    for (size_t i = 0; i < info->data_count; i++)
        info->data[i] = list.items[i].info;
    return true;
}
