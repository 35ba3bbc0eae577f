// The type and field tables: every complete struct, union and enum with a name.
// SPDX-License-Identifier: MIT
#include "tables.h"

#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 32

static int compare_named(const void *left, const void *right)
{
    const struct named_type *a = left, *b = right;
    int order = strcmp(a->name, b->name);

    if (order)
        return order;
    if (a->layout != b->layout)
        return a->layout < b->layout ? -1 : 1;
    return 0;
}

static int compare_for_sort(const void *left, const void *right)
{
    const struct named_type *a = left, *b = right;
    Dwarf_Die first = a->die, second = b->die;
    int order = compare_named(a, b);

    if (order)
        return order;
    return dwarf_dieoffset(&first) < dwarf_dieoffset(&second) ? -1 : 1;
}

void types_sort(struct collection *all)
{
    if (all->named_count)
        qsort(all->named, all->named_count, sizeof(*all->named), compare_for_sort);
}

// The first of those that are called NAME and have no smaller LAYOUT.
static size_t named_from(const struct collection *all, const char *name, uint64_t layout)
{
    struct named_type wanted = {.name = name, .layout = layout};
    size_t first = 0, end = all->named_count;

    while (first < end) {
        size_t middle = first + (end - first) / 2;
        if (compare_named(&all->named[middle], &wanted) < 0)
            first = middle + 1;
        else
            end = middle;
    }
    return first;
}

static bool has_name(const struct collection *all, size_t index, const char *name)
{
    return index < all->named_count && strcmp(all->named[index].name, name) == 0;
}

const char *types_held_text(struct collection *all, Dwarf_Die *type)
{
    const char *text = types_text(all->types, type);
    const char *name = text + strspn(text, "[0123456789]");
    size_t first = named_from(all, name, 0);
    Dwarf_Die plain;

    if (!has_name(all, first, name) || !types_element(type, &plain))
        return text;
    uint64_t layout = types_layout(all->types, &plain);
    size_t at = named_from(all, name, layout);
    size_t behind = named_from(all, name, layout + 1);
    bool twins = first != at || has_name(all, behind, name);
    if (!twins || !has_name(all, at, name) || all->named[at].layout != layout)
        return text;
    return job_print(all->job, "%.*s%s::%s", (int)(name - text), text,
                     all->named[at].unit->file, name);
}

static void field_add(struct collection *all, struct cell_info *info,
                      const struct field_info *field)
{
    info->fields = job_grow(all->job, info->fields, info->field_count, sizeof(*field));
    info->fields[info->field_count++] = *field;
}

// Members of a member without a name are members of the whole (C 6.7.2.1).
static void fields_add(struct collection *all, struct cell_info *info, Dwarf_Die *type,
                       uint64_t base, int depth)
{
    Dwarf_Die child, member_type, plain;

    for (int state = dwarf_child(type, &child); state == 0;
         state = dwarf_siblingof(&child, &child)) {
        const char *name = die_name(&child);
        if (dwarf_tag(&child) == DW_TAG_enumerator) {
            field_add(all, info,
                      &(struct field_info){.name = name ? name : "",
                                           .type = "",
                                           .type_hash =
                                               die_number(&child, DW_AT_const_value, 0)});
            continue;
        }
        if (dwarf_tag(&child) != DW_TAG_member || !die_type(&child, &member_type))
            continue;
        uint64_t offset = base + member_bit_offset(&child);
        if (!name && types_strip(&member_type, &plain) && types_is_aggregate(&plain) &&
            depth < DEPTH_MAX) {
            fields_add(all, info, &plain, offset, depth + 1);
            continue;
        }
        field_add(all, info,
                  &(struct field_info){
                      .name = name ? name : "",
                      .type = types_held_text(all, &member_type),
                      .bit_offset = (uint32_t)offset,
                      .bit_size = (uint32_t)member_bit_size(&child, &member_type),
                      .type_hash = types_layout(all->types, &member_type)});
    }
}

static int compare_text(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static bool is_pointed(const struct collection *all, const char *name)
{
    return all->pointed_count && bsearch(&name, all->pointed, all->pointed_count,
                                         sizeof(*all->pointed), compare_text);
}

static bool is_heaped(const struct collection *all, const char *name)
{
    for (size_t i = 0; i < all->heaped_count; i++)
        if (strcmp(all->heaped[i], name) == 0)
            return true;
    return false;
}

bool tables_types(struct collection *all, struct cell_info *info)
{
    struct named_type *named = all->named;
    size_t count = all->named_count;

    if (all->pointed_count)
        qsort(all->pointed, all->pointed_count, sizeof(*all->pointed), compare_text);
    info->types = job_alloc(all->job, count * sizeof(*info->types));
    for (size_t i = 0, end; i < count; i = end) {
        bool is_public = false;
        for (end = i; end < count && compare_named(&named[end], &named[i]) == 0; end++)
            is_public = is_public || named[end].is_public;
        // Two files may each have a private type of this name: the file tells them apart.
        bool shared = (i && strcmp(named[i - 1].name, named[i].name) == 0) ||
                      (end < count && strcmp(named[end].name, named[i].name) == 0);
        if (shared && is_public)
            return job_refuse(all->job,
                              "%s comes from a public header and has two layouts in the "
                              "cell's files, one of them in %s",
                              named[i].name, named[i].unit->file);
        struct type_info *type = &info->types[info->type_count++];
        *type = (struct type_info){.name = named[i].name,
                                   .size = (uint32_t)types_size(&named[i].die),
                                   .layout_hash = named[i].layout,
                                   .first_field = (uint32_t)info->field_count,
                                   .flags = is_public ? CELL_TYPE_PUBLIC : 0};
        if (is_pointed(all, named[i].name))
            type->flags |= CELL_TYPE_POINTED;
        if (is_heaped(all, named[i].name))
            type->flags |= CELL_TYPE_HEAP;
        if (shared)
            type->name = job_print(all->job, "%s::%s", named[i].unit->file, named[i].name);
        fields_add(all, info, &named[i].die, 0, 0);
        type->field_count = (uint32_t)(info->field_count - type->first_field);
    }
    return true;
}
