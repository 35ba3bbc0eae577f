/* Forms that a type had: which of those that a version declares (EVOLVE_WAS) is the one that another version has.
 * SPDX-License-Identifier: MIT
 *
 * A form is recognised field by field, and by what its source says of its meaning (EVOLVE_STATE): two forms of a type may look
 * alike. Pointers to the type itself are called after the form in each.
 */
#include <core/plan/private.h>
#include <core/plan/types.h>

#include <string.h>

static const char *tag_of(const struct cell_type *type)
{
    return plan_tag(cellinfo_bare_name(type->name));
}

bool plan_find_type(const struct cellinfo *info, const char *tag, struct cell_type *out)
{
    for (uint32_t i = 0; i < info->count[CELL_TYPES]; i++) {
        cellinfo_type(info, i, out);
        if (strcmp(tag_of(out), tag) == 0)
            return true;
    }
    return false;
}

/* Says whether the texts of two types are equal but for PAST in A, which stands for TAG in B: of types that are
 * equal otherwise such a text is that of a pointer. */
static bool same_text(const char *a, const char *past, const char *b, const char *tag)
{
    size_t past_len = strlen(past);
    size_t tag_len = strlen(tag);
    bool renamed = false;
    while (*a || *b) {
        if (*a == ' ' && *b == ' ' && strncmp(a + 1, past, past_len) == 0 &&
            strncmp(b + 1, tag, tag_len) == 0) {
            a += 1 + past_len;
            b += 1 + tag_len;
            renamed = true;
        }
        if (*a != *b)
            return false;
        a += *a != 0;
        b += *b != 0;
    }
    return renamed;
}

static const char *behind_dimensions(const char *text)
{
    while (*text == '[' && strchr(text, ']'))
        text = strchr(text, ']') + 1;
    return text;
}

/* Says whether the type F of A is what A says that the type G of B was, or an array of it: a struct that is held by value. */
static bool held_past(const struct version *a, const char *f, const struct version *b,
                      const char *g)
{
    struct cell_data d;
    const char *name;
    uint32_t at = 0;
    bool same = false;
    const char *past = plan_tag(behind_dimensions(f));
    const char *tag = plan_tag(behind_dimensions(g));
    if (behind_dimensions(f) - f != behind_dimensions(g) - g ||
        plan_state(&a->info, past) != plan_state(&b->info, tag))
        return false;
    while ((name = plan_mark_next(&a->info, "was", tag, &at, &d)) != NULL)
        if (strcmp(name, past) == 0)
            return plan_same_text(&a->info, f, &b->info, g, &same) == STATUS_OK && same;
    return false;
}

/* Lends the name of the first field in which two structs differ that should be one, or NULL. */
static const char *differs_in(const struct version *a, const struct cell_type *past,
                              const struct version *b, const struct cell_type *type)
{
    for (uint32_t i = 0; i < past->field_count || i < type->field_count; i++) {
        struct cell_field f;
        struct cell_field g;
        if (i < past->field_count)
            cellinfo_field(&a->info, past->first_field + i, &f);
        if (i >= type->field_count)
            return f.name;
        cellinfo_field(&b->info, type->first_field + i, &g);
        if (i >= past->field_count || strcmp(f.name, g.name) != 0 ||
            f.bit_offset != g.bit_offset || f.bit_size != g.bit_size ||
            (f.type_hash != g.type_hash &&
             !same_text(f.type_name, tag_of(past), g.type_name, tag_of(type)) &&
             !held_past(a, f.type_name, b, g.type_name)))
            return g.name;
    }
    if (past->len != type->len)
        return "length";
    return plan_state(&a->info, tag_of(past)) == plan_state(&b->info, tag_of(type))
               ? NULL
               : "EVOLVE_STATE";
}

const char *plan_past_name(const struct version *v, const struct version *of,
                           const struct cell_type *type, struct cell_type *out_past,
                           const char **out_field)
{
    struct cell_data d;
    struct cell_type past;
    const char *name;
    uint32_t at = 0;
    while ((name = plan_mark_next(&v->info, "was", tag_of(type), &at, &d)) != NULL) {
        if (!plan_find_type(&v->info, name, &past))
            continue;
        const char *field = differs_in(v, &past, of, type);
        if (out_past)
            *out_past = past;
        if (!field)
            return name;
        if (out_field)
            *out_field = field;
    }
    return NULL;
}

bool plan_has_past(const struct version *v, const char *tag)
{
    struct cell_data d;
    uint32_t at = 0;
    return plan_mark_next(&v->info, "was", tag, &at, &d) != NULL;
}

void plan_family(const struct version *v, const char *tag, struct type_family *out)
{
    struct cell_data d;
    const char *name;
    uint32_t at = 0;
    *out = (struct type_family){.tags = {tag}, .count = 1};
    while (out->count < FAMILY_MAX &&
           (name = plan_mark_next(&v->info, "was", tag, &at, &d)) != NULL)
        out->tags[out->count++] = name;
}
