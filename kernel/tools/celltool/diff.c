// Compares two versions of a cell table by table.
// SPDX-License-Identifier: MIT
#include "diff.h"

#include "compare.h"

#include <stdio.h>
#include <string.h>

struct difference {
    struct job *job;
    const struct cell *old, *new;
    struct text *out;
    size_t count;
};

static void __attribute__((format(printf, 2, 3)))
report(struct difference *all, const char *format, ...)
{
    char line[512];
    va_list args;

    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    for (char *at = line; *at; at++)
        if (*at < ' ' || *at > '~')
            *at = '?';
    text_add(all->out, "%s\n", line);
    all->count++;
}

// Static functions may share a name: the nth of OLD is the nth of NEW.
static const struct function_info *function_match(const struct cell_info *from,
                                                  size_t index, const struct cell_info *in)
{
    size_t nth = 0;

    for (size_t i = 0; i < index; i++)
        nth += strcmp(from->functions[i].name, from->functions[index].name) == 0;
    for (size_t i = 0; i < in->function_count; i++)
        if (strcmp(in->functions[i].name, from->functions[index].name) == 0 && nth-- == 0)
            return &in->functions[i];
    return NULL;
}

static const char *function_text(struct difference *all, const struct cell *cell,
                                 const struct function_info *function)
{
    return meaning_text(all->job, cell, function->section, function->value,
                        cell_function_size(cell, function));
}

static void diff_function(struct difference *all, const struct function_info *old,
                          const struct function_info *new)
{
    if (old->signature != new->signature)
        report(all, "function %s: signature changed", old->name);
    else if (strcmp(function_text(all, all->old, old),
                    function_text(all, all->new, new)) != 0)
        report(all, "function %s: code changed", old->name);
    if ((old->flags ^ new->flags) & CELL_FUNC_GLOBAL)
        report(all, "function %s: %s", old->name,
               new->flags &CELL_FUNC_GLOBAL ? "exported now" : "no longer exported");
    if ((old->flags ^ new->flags) & CELL_FUNC_TAKEN)
        report(all, "function %s: address %s", old->name,
               new->flags &CELL_FUNC_TAKEN ? "taken now" : "no longer taken");
}

static void diff_functions(struct difference *all)
{
    const struct cell_info *old = &all->old->info, *new = &all->new->info;

    for (size_t i = 0; i < old->function_count; i++) {
        const struct function_info *match = function_match(old, i, new);
        if (match)
            diff_function(all, &old->functions[i], match);
        else
            report(all, "function %s: removed", old->functions[i].name);
    }
    for (size_t i = 0; i < new->function_count; i++)
        if (!function_match(new, i, old))
            report(all, "function %s: added", new->functions[i].name);
}

static const struct data_info *data_find(const struct cell_info *info,
                                         const struct data_info *like)
{
    for (size_t i = 0; i < info->data_count; i++)
        if (!(info->data[i].flags & CELL_DATA_LITERAL) &&
            strcmp(info->data[i].key, like->key) == 0)
            return &info->data[i];
    return NULL;
}

static void diff_object(struct difference *all, const struct data_info *old,
                        const struct data_info *new)
{
    if (old->type_hash != new->type_hash || old->size != new->size)
        report(all, "data %s: type changed from %s (%u bytes) to %s (%u bytes)", old->key,
               old->type, old->size, new->type, new->size);
    else if ((old->storage == CELL_STORE_RODATA) != (new->storage == CELL_STORE_RODATA))
        report(all, "data %s: %s", old->key,
               new->storage == CELL_STORE_RODATA ? "constant now" : "variable now");
    else if (old->storage != new->storage ||
             strcmp(meaning_text(all->job, all->old, old->section, old->value, old->size),
                    meaning_text(all->job, all->new, new->section, new->value,
                                 new->size)) != 0)
        report(all, "data %s: %s changed", old->key,
               new->storage == CELL_STORE_RODATA ? "contents" : "initial value");
    if (old->align < new->align)
        report(all, "data %s: alignment raised from %u to %u", old->key, old->align,
               new->align);
    if ((old->flags | new->flags) & CELL_DATA_AMBIGUOUS)
        report(all, "data %s: several objects have this name in one scope", old->key);
}

static void diff_data(struct difference *all)
{
    const struct cell_info *old = &all->old->info, *new = &all->new->info;

    for (size_t i = 0; i < old->data_count; i++) {
        if (old->data[i].flags & CELL_DATA_LITERAL)
            continue;
        const struct data_info *match = data_find(new, &old->data[i]);
        if (match)
            diff_object(all, &old->data[i], match);
        else
            report(all, "data %s: removed", old->data[i].key);
    }
    for (size_t i = 0; i < new->data_count; i++)
        if (!(new->data[i].flags &CELL_DATA_LITERAL) && !data_find(old, &new->data[i]))
            report(all, "data %s: added", new->data[i].key);
}

static const struct field_info *field_find(const struct cell_info *info,
                                           const struct type_info *type, const char *name)
{
    for (size_t i = 0; i < type->field_count; i++)
        if (strcmp(info->fields[type->first_field + i].name, name) == 0)
            return &info->fields[type->first_field + i];
    return NULL;
}

static void diff_fields(struct difference *all, const struct type_info *old,
                        const struct type_info *new)
{
    const struct cell_info *old_info = &all->old->info, *new_info = &all->new->info;

    for (size_t i = 0; i < old->field_count; i++) {
        const struct field_info *field = &old_info->fields[old->first_field + i];
        const struct field_info *match = field_find(new_info, new, field->name);
        if (!match)
            report(all, "type %s: %s removed", old->name, field->name);
        else if (field->type_hash != match->type_hash)
            report(all, "type %s: %s changed its %s", old->name, field->name,
                   field->type[0] ? "type" : "value");
        else if (field->bit_offset != match->bit_offset ||
                 field->bit_size != match->bit_size)
            report(all, "type %s: %s moved", old->name, field->name);
    }
    for (size_t i = 0; i < new->field_count; i++) {
        const struct field_info *field = &new_info->fields[new->first_field + i];
        if (!field_find(old_info, old, field->name))
            report(all, "type %s: %s added", old->name, field->name);
    }
}

static const struct type_info *type_find(const struct cell_info *info, const char *name)
{
    for (size_t i = 0; i < info->type_count; i++)
        if (strcmp(info->types[i].name, name) == 0)
            return &info->types[i];
    return NULL;
}

static void diff_types(struct difference *all)
{
    const struct cell_info *old = &all->old->info, *new = &all->new->info;

    for (size_t i = 0; i < old->type_count; i++) {
        const struct type_info *match = type_find(new, old->types[i].name);
        if (!match) {
            report(all, "type %s: removed", old->types[i].name);
        } else if (match->layout_hash != old->types[i].layout_hash) {
            report(all, "type %s: layout changed (%u to %u bytes)", match->name,
                   old->types[i].size, match->size);
            diff_fields(all, &old->types[i], match);
        }
    }
    for (size_t i = 0; i < new->type_count; i++)
        if (!type_find(old, new->types[i].name))
            report(all, "type %s: added", new->types[i].name);
}

static const struct import_info *import_find(const struct cell_info *info,
                                             const char *name)
{
    for (size_t i = 0; i < info->import_count; i++)
        if (strcmp(info->imports[i].name, name) == 0)
            return &info->imports[i];
    return NULL;
}

static void diff_imports(struct difference *all)
{
    const struct cell_info *old = &all->old->info, *new = &all->new->info;

    for (size_t i = 0; i < old->import_count; i++) {
        const struct import_info *match = import_find(new, old->imports[i].name);
        if (!match)
            report(all, "import %s: removed", old->imports[i].name);
        else if (match->signature != old->imports[i].signature)
            report(all, "import %s: signature changed", match->name);
    }
    for (size_t i = 0; i < new->import_count; i++)
        if (!import_find(old, new->imports[i].name))
            report(all, "import %s: added", new->imports[i].name);
}

static bool uses_has(const struct cell_info *info, const char *name)
{
    for (size_t i = 0; i < info->uses_count; i++)
        if (strcmp(info->uses[i], name) == 0)
            return true;
    return false;
}

static void diff_header(struct difference *all)
{
    const struct cell_info *old = &all->old->info, *new = &all->new->info;

    if (strcmp(old->name, new->name) != 0)
        report(all, "name: %s became %s", old->name, new->name);
    if (old->kind != new->kind)
        report(all, "kind: %s became %s", kind_name(old->kind), kind_name(new->kind));
    if (old->phase != new->phase)
        report(all, "start phase: %s became %s", phase_name(old->phase),
               phase_name(new->phase));
    if ((old->flags ^ new->flags) & CELL_CLOSURE)
        report(all, "closure: %s",
               new->flags &CELL_CLOSURE ? "part of it now" : "no longer part of it");
    const char *was = old->lineage ? old->lineage : "none";
    const char *is = new->lineage ? new->lineage : "none";
    if (strcmp(was, is) != 0)
        report(all, "lineage: %s became %s", was, is);
    if (old->abi_hash != new->abi_hash)
        report(all, "abi: compiler or flags changed");
    const char *was_folded = old->folded ? old->folded : "";
    const char *is_folded = new->folded ? new->folded : "";
    if (strcmp(was_folded, is_folded) != 0)
        report(all, "what the compiler folds away changed");
    for (size_t i = 0; i < old->uses_count; i++)
        if (!uses_has(new, old->uses[i]))
            report(all, "uses %s: removed", old->uses[i]);
    for (size_t i = 0; i < new->uses_count; i++)
        if (!uses_has(old, new->uses[i]))
            report(all, "uses %s: added", new->uses[i]);
}

size_t diff_cells(const struct cell *old, const struct cell *new, struct text *out)
{
    struct difference all = {.job = out->job, .old = old, .new = new, .out = out};

    if (strcmp(old->identity, new->identity) == 0)
        return 0;
    diff_header(&all);
    diff_functions(&all);
    diff_data(&all);
    diff_types(&all);
    diff_imports(&all);
    return all.count;
}
