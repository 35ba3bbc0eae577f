// Renders C types as canonical text: the same type gives the same text in every cell.
// SPDX-License-Identifier: MIT
#include "types.h"

#include "sha256.h"

#include <string.h>

#define DEPTH_MAX 64

enum detail {
    DETAIL_QUALIFIERS = 1,   // write const, volatile and _Atomic
    DETAIL_DEEP = 2,         // add the layout hash to what is held by value
    DETAIL_ENUM_BY_NAME = 4, // but not to enumerations
};

struct render {
    struct types *types;
    struct text *out;
    bool incomplete; // met by value
};

static void render_type(struct render *render, Dwarf_Die *type, unsigned detail,
                        int depth);
static uint64_t layout_hash(struct types *types, Dwarf_Die *type, bool *out_incomplete,
                            int depth);

void types_init(struct types *types, struct job *job)
{
    *types = (struct types){.job = job};
}

static struct layout_memo *memo_find(struct types *types, uint64_t offset)
{
    size_t slot = (offset * 0x9e3779b97f4a7c15u >> 20) & (types->memo_count - 1);

    while (types->memos[slot].offset && types->memos[slot].offset != offset)
        slot = (slot + 1) & (types->memo_count - 1);
    return &types->memos[slot];
}

static struct layout_memo *memo_take(struct types *types, Dwarf_Die *type)
{
    if (types->memo_used * 2 >= types->memo_count) {
        struct layout_memo *old = types->memos;
        size_t old_count = types->memo_count;
        types->memo_count = old_count ? old_count * 2 : 1024;
        types->memos = job_alloc(types->job, types->memo_count * sizeof(*old));
        for (size_t i = 0; i < old_count; i++)
            if (old[i].offset)
                *memo_find(types, old[i].offset) = old[i];
    }
    struct layout_memo *memo = memo_find(types, dwarf_dieoffset(type) + 1);
    if (!memo->offset) {
        memo->offset = dwarf_dieoffset(type) + 1;
        types->memo_used++;
    }
    return memo;
}

bool types_is_aggregate(Dwarf_Die *type)
{
    int tag = dwarf_tag(type);
    return tag == DW_TAG_structure_type || tag == DW_TAG_union_type ||
           tag == DW_TAG_enumeration_type;
}

static bool is_qualifier(int tag)
{
    return tag == DW_TAG_const_type || tag == DW_TAG_volatile_type ||
           tag == DW_TAG_restrict_type || tag == DW_TAG_atomic_type;
}

bool types_strip(Dwarf_Die *type, Dwarf_Die *out_type)
{
    Dwarf_Die at = *type;

    for (int depth = 0; dwarf_tag(&at) == DW_TAG_typedef || is_qualifier(dwarf_tag(&at));
         depth++) {
        Dwarf_Die next;
        if (depth == DEPTH_MAX || !die_type(&at, &next))
            return false;
        at = next;
    }
    *out_type = at;
    return true;
}

bool types_element(Dwarf_Die *type, Dwarf_Die *out_type)
{
    Dwarf_Die at = *type, next;

    for (int depth = 0; dwarf_tag(&at) == DW_TAG_typedef || is_qualifier(dwarf_tag(&at)) ||
                        dwarf_tag(&at) == DW_TAG_array_type;
         depth++) {
        if (depth == DEPTH_MAX || !die_type(&at, &next))
            return false;
        at = next;
    }
    *out_type = at;
    return types_is_aggregate(&at);
}

bool types_is_const(Dwarf_Die *type)
{
    Dwarf_Die at = *type, next;

    for (int depth = 0; depth < DEPTH_MAX; depth++) {
        int tag = dwarf_tag(&at);
        if (tag == DW_TAG_const_type)
            return true;
        if (tag != DW_TAG_typedef && tag != DW_TAG_array_type && !is_qualifier(tag))
            return false;
        if (!die_type(&at, &next))
            return false;
        at = next;
    }
    return false;
}

static const char *keyword(Dwarf_Die *type)
{
    int tag = dwarf_tag(type);
    return tag == DW_TAG_structure_type ? "struct"
           : tag == DW_TAG_union_type   ? "union"
                                        : "enum";
}

const char *types_tag_name(struct types *types, Dwarf_Die *type)
{
    const char *name = types_is_aggregate(type) ? die_name(type) : NULL;
    return name ? job_print(types->job, "%s %s", keyword(type), name) : NULL;
}

uint64_t types_size(Dwarf_Die *type)
{
    Dwarf_Word size;
    return dwarf_aggregate_size(type, &size) == 0 ? size : 0;
}

static void render_base(struct render *render, Dwarf_Die *type)
{
    unsigned long long bits = types_size(type) * 8;
    const char *kind;

    switch (die_number(type, DW_AT_encoding, 0)) {
    case DW_ATE_boolean: kind = "bool"; break;
    case DW_ATE_float: kind = "float"; break;
    case DW_ATE_complex_float: kind = "complex"; break;
    case DW_ATE_signed:
    case DW_ATE_signed_char: kind = "int"; break;
    case DW_ATE_unsigned:
    case DW_ATE_unsigned_char:
    case DW_ATE_UTF: kind = "uint"; break;
    default: kind = "unknown"; break;
    }
    text_add(render->out, bits == 8 && kind[0] == 'b' ? "%s" : "%s%llu", kind, bits);
}

static void render_array(struct render *render, Dwarf_Die *array, unsigned detail,
                         int depth)
{
    Dwarf_Die child, element;

    for (int state = dwarf_child(array, &child); state == 0;
         state = dwarf_siblingof(&child, &child)) {
        if (dwarf_tag(&child) != DW_TAG_subrange_type)
            continue;
        uint64_t count = die_number(&child, DW_AT_count, UINT64_MAX);
        if (count == UINT64_MAX)
            count = die_number(&child, DW_AT_upper_bound, UINT64_MAX) + 1;
        text_add(render->out, "[%llu]", (unsigned long long)count);
    }
    render_type(render, die_type(array, &element) ? &element : NULL, detail, depth + 1);
}

// Qualifiers of a parameter itself are no part of a function's type (C 6.7.6.3).
static void render_function(struct render *render, Dwarf_Die *function, unsigned detail,
                            int depth)
{
    Dwarf_Die child, type, plain;
    const char *separator = "";
    bool prototyped = die_flag(function, DW_AT_prototyped); // else `()` says nothing

    text_add(render->out, "fn(");
    for (int state = dwarf_child(function, &child); state == 0;
         state = dwarf_siblingof(&child, &child)) {
        if (dwarf_tag(&child) == DW_TAG_unspecified_parameters && prototyped) {
            text_add(render->out, "%s...", separator);
            continue;
        }
        if (dwarf_tag(&child) != DW_TAG_formal_parameter)
            continue;
        text_add(render->out, "%s", separator);
        separator = ", ";
        bool typed = die_type(&child, &type);
        while (typed && is_qualifier(dwarf_tag(&type)) && (typed = die_type(&type, &plain)))
            type = plain;
        render_type(render, typed ? &type : NULL, detail, depth + 1);
    }
    text_add(render->out, ") ");
    bool typed = die_type(function, &type);
    while (typed && is_qualifier(dwarf_tag(&type)) && (typed = die_type(&type, &plain)))
        type = plain;
    render_type(render, typed ? &type : NULL, detail, depth + 1);
}

// ALIAS names an aggregate that has no tag: the typedef that it was declared with.
static void render_aggregate(struct render *render, Dwarf_Die *type, const char *alias,
                             unsigned detail, int depth)
{
    const char *name = die_name(type);

    if (name)
        text_add(render->out, "%s %s", keyword(type), name);
    else
        text_add(render->out, alias ? "typedef %s" : "%s", alias ? alias : keyword(type));
    bool enumeration = dwarf_tag(type) == DW_TAG_enumeration_type;
    bool deep = (detail & DETAIL_DEEP) && !(enumeration && (detail & DETAIL_ENUM_BY_NAME));
    if (deep || (!name && !alias))
        text_add(render->out, " %016llx",
                 (unsigned long long)layout_hash(render->types, type, &render->incomplete,
                                                 depth + 1));
    else if (enumeration && (detail & DETAIL_DEEP))
        text_add(render->out, ":%llu", (unsigned long long)types_size(type));
}

static void render_pointer(struct render *render, Dwarf_Die *pointer, unsigned detail,
                           int depth)
{
    Dwarf_Die target;

    text_add(render->out, "*");
    render_type(render, die_type(pointer, &target) ? &target : NULL,
                detail & ~(unsigned)DETAIL_DEEP, depth + 1);
}

static void render_qualified(struct render *render, Dwarf_Die *type, unsigned detail,
                             int depth)
{
    Dwarf_Die at = *type, next;
    bool is_const = false, is_volatile = false, is_atomic = false, typed = true;
    const char *alias = NULL;

    // `const T` through a typedef and `const` written out mean the same: collected, then
    // written in a fixed order.
    for (int level = 0; typed && level < DEPTH_MAX; level++, at = next) {
        int tag = dwarf_tag(&at);
        if (tag != DW_TAG_typedef && !is_qualifier(tag))
            break;
        is_const = is_const || tag == DW_TAG_const_type;
        is_volatile = is_volatile || tag == DW_TAG_volatile_type;
        is_atomic = is_atomic || tag == DW_TAG_atomic_type;
        if (tag == DW_TAG_typedef)
            alias = die_name(&at);
        typed = die_type(&at, &next);
    }
    if (detail & DETAIL_QUALIFIERS)
        text_add(render->out, "%s%s%s", is_const ? "const " : "",
                 is_volatile ? "volatile " : "", is_atomic ? "atomic " : "");
    if (typed && types_is_aggregate(&at))
        render_aggregate(render, &at, alias, detail, depth);
    else
        render_type(render, typed ? &at : NULL, detail, depth + 1);
}

static void render_type(struct render *render, Dwarf_Die *type, unsigned detail, int depth)
{
    int tag = type ? dwarf_tag(type) : 0;

    if (depth > DEPTH_MAX) {
        render->incomplete = true;
        return;
    }
    if (!type)
        text_add(render->out, "void");
    else if (tag == DW_TAG_typedef || is_qualifier(tag))
        render_qualified(render, type, detail, depth);
    else if (tag == DW_TAG_base_type)
        render_base(render, type);
    else if (tag == DW_TAG_pointer_type)
        render_pointer(render, type, detail, depth);
    else if (tag == DW_TAG_array_type)
        render_array(render, type, detail, depth);
    else if (tag == DW_TAG_subroutine_type)
        render_function(render, type, detail, depth);
    else if (types_is_aggregate(type))
        render_aggregate(render, type, NULL, detail, depth);
    else
        text_add(render->out, "unknown 0x%x", (unsigned)tag);
}

uint64_t member_bit_offset(Dwarf_Die *member)
{
    uint64_t bits = die_number(member, DW_AT_data_bit_offset, UINT64_MAX);
    return bits != UINT64_MAX ? bits
                              : die_number(member, DW_AT_data_member_location, 0) * 8;
}

uint64_t member_bit_size(Dwarf_Die *member, Dwarf_Die *type)
{
    return die_number(member, DW_AT_bit_size, types_size(type) * 8);
}

static void layout_text(struct render *render, Dwarf_Die *type, int depth)
{
    Dwarf_Die child, member_type;

    text_add(render->out, "%s %s %llu\n", keyword(type),
             die_name(type) ? die_name(type) : "", (unsigned long long)types_size(type));
    for (int state = dwarf_child(type, &child); state == 0;
         state = dwarf_siblingof(&child, &child)) {
        const char *name = die_name(&child) ? die_name(&child) : "";
        if (dwarf_tag(&child) == DW_TAG_enumerator) {
            text_add(render->out, "%s=%lld\n", name,
                     (long long)die_number(&child, DW_AT_const_value, 0));
        } else if (dwarf_tag(&child) == DW_TAG_member && die_type(&child, &member_type)) {
            text_add(render->out, "%s:%llu:%llu:", name,
                     (unsigned long long)member_bit_offset(&child),
                     (unsigned long long)member_bit_size(&child, &member_type));
            render_type(render, &member_type, DETAIL_DEEP, depth + 1);
            text_add(render->out, "\n");
        }
    }
}

static uint64_t layout_hash(struct types *types, Dwarf_Die *type, bool *out_incomplete,
                            int depth)
{
    uint64_t hash = memo_take(types, type)->hash;
    struct text text;

    if (hash)
        return hash;
    if (die_flag(type, DW_AT_declaration) || depth > DEPTH_MAX) {
        *out_incomplete = true;
        return 0;
    }
    text_init(&text, types->job);
    struct render render = {.types = types, .out = &text};
    layout_text(&render, type, depth);
    hash = sha256_short(text.bytes, text.len);
    if (render.incomplete)
        *out_incomplete = true;
    else
        memo_take(types, type)->hash = hash;
    return hash;
}

static const char *render_text(struct types *types, Dwarf_Die *type, unsigned detail,
                               bool *out_incomplete)
{
    struct text text;
    struct render render = {.types = types, .out = &text};

    text_init(&text, types->job);
    if (type && dwarf_tag(type) == DW_TAG_subprogram)
        render_function(&render, type, detail, 0);
    else
        render_type(&render, type, detail, 0);
    *out_incomplete = render.incomplete;
    return text.bytes;
}

const char *types_signature_text(struct types *types, Dwarf_Die *function)
{
    bool incomplete;
    const char *text =
        render_text(types, function,
                    DETAIL_QUALIFIERS | DETAIL_DEEP | DETAIL_ENUM_BY_NAME, &incomplete);
    return incomplete ? NULL : text;
}

uint64_t types_signature(struct types *types, Dwarf_Die *function)
{
    const char *text = types_signature_text(types, function);
    return text ? sha256_short(text, strlen(text)) : 0;
}

const char *types_text(struct types *types, Dwarf_Die *type)
{
    bool incomplete;
    return render_text(types, type, 0, &incomplete);
}

uint64_t types_layout(struct types *types, Dwarf_Die *type)
{
    bool incomplete;
    const char *text = render_text(types, type, DETAIL_DEEP, &incomplete);
    return incomplete ? 0 : sha256_short(text, strlen(text));
}
