/* Lists the moves that bring an object of one type into another, field by field, by name.
 * SPDX-License-Identifier: MIT
 *
 * Pairs of places that belong together wait in a list; each is taken and becomes a move, or the
 * pairs of its fields or elements. So nesting needs no recursion. Each pair lies within both
 * objects: building_add() checks that when it is taken.
 */
#include <core/plan/fieldmap.h>

#include <core/plan/building.h>
#include <core/plan/grow.h>
#include <core/plan/values.h>

#include <mm/heap/heap.h>
#include <stdio.h>
#include <string.h>

static enum status wait_for(struct building *b, const struct pair *pair)
{
    if (b->taken + b->waiting_count >= FIELDMAP_MOVES_MAX)
        return building_cannot(b, pair->name, "has too many fields to be followed");
    if (!grow(struct pair, &b->waiting, b->waiting_count, &b->waiting_room))
        return STATUS_FULL;
    b->waiting[b->waiting_count++] = *pair;
    return STATUS_OK;
}

/* Elements that both arrays have are moved; what the old one has beyond them must be unused. */
static enum status take_array(struct building *b, const struct pair *p,
                              const struct type *from, const struct type *to)
{
    char more[64];
    struct type x;
    struct type y;
    uint64_t common = from->count < to->count ? from->count : to->count;
    type_read(b->from, from->element, &x);
    type_read(b->to, to->element, &y);
    if (from->count != to->count) {
        snprintf(more, sizeof more, " from %lu to %lu elements",
                 (unsigned long)from->count, (unsigned long)to->count);
        building_note(b, to->count > from->count ? "grows" : "shrinks", p->name, more);
    }
    struct pair inner = {
        .from = from->element, .to = to->element, .name = p->name, .by_name = p->by_name};
    for (uint32_t n = 0; n < p->count; n++) {
        enum status status = STATUS_OK;
        inner.from_bit = p->from_bit + n * p->from_stride;
        inner.to_bit = p->to_bit + n * p->to_stride;
        struct field_move rest = {.kind = MOVE_UNUSED,
                                  .count = 1,
                                  .name = p->name,
                                  .from_bit = inner.from_bit + common * x.len * 8,
                                  .from_bits = (from->count - common) * x.len * 8};
        if (rest.from_bits && !b->lenient)
            status = building_add(b, &rest);
        inner.count = (uint32_t)common;
        inner.from_stride = common > 1 ? x.len * 8 : 0;
        inner.to_stride = common > 1 ? y.len * 8 : 0;
        if (status == STATUS_OK && common)
            status = wait_for(b, &inner);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static bool overlap(const struct cell_field *a, const struct cell_field *b)
{
    return (uint64_t)a->bit_offset < (uint64_t)b->bit_offset + b->bit_size &&
           (uint64_t)b->bit_offset < (uint64_t)a->bit_offset + a->bit_size;
}

/* Members of unions lie on each other. They can only be kept together, as they are: F of T and
 * its counterpart G of OTHER may overlap only fields that did not change either. */
static bool union_kept(const struct type *t, const struct cell_field *f,
                       const struct type *other, const struct cell_field *g,
                       bool *out_shared)
{
    for (uint32_t i = 0; i < t->entry.field_count; i++) {
        struct cell_field x;
        struct cell_field y;
        cellinfo_field(t->info, t->entry.first_field + i, &x);
        if (!overlap(f, &x) || strcmp(f->name, x.name) == 0)
            continue;
        *out_shared = true;
        if (!type_field(other, x.name, &y) || x.type_hash != y.type_hash ||
            !x.type_hash || x.bit_size != y.bit_size ||
            y.bit_offset - g->bit_offset != x.bit_offset - f->bit_offset)
            return false;
    }
    return true;
}

static uint64_t bits_of_field(const struct cell_field *f, const struct cellinfo *info)
{
    struct type t;
    type_read(info, f->type_name, &t);
    return t.kind == TYPE_ARRAY || t.kind == TYPE_STRUCT || f->bit_size == t.len * 8
               ? 0
               : f->bit_size;
}

static bool holds_parts(const struct building *b, const struct pair *p, const char *text)
{
    return b->parts && !p->by_name && b->parts->holds(b->parts, text);
}

static enum status take_field(struct building *b, const struct pair *p,
                              const struct type *from, const struct type *to,
                              const struct cell_field *is)
{
    struct cell_field was;
    bool shared = false;
    if (!type_field(from, is->name, &was)) {
        building_note(b, "new", is->name, "");
        if (!b->map->lacks)
            b->map->lacks = is->name;
        return STATUS_OK;
    }
    if (!union_kept(from, &was, to, is, &shared) ||
        !union_kept(to, is, from, &was, &shared))
        return building_cannot(
            b, is->name,
            "lies in a union that changed: only an edge of the whole can say "
            "which member is meant (EVOLVE_STATE)");
    if (shared && (was.type_hash != is->type_hash || was.bit_size != is->bit_size))
        return building_cannot(b, is->name, "lies in a union and changed");
    if (!was.bit_size && !is->bit_size)
        return STATUS_OK;
    bool parts = shared && holds_parts(b, p, was.type_name);
    if (parts && !b->parts->keeps_unions)
        return building_cannot(
            b, is->name,
            "lies in a union, and edges turn what it holds; only an edge of "
            "the whole can say which member is meant");
    struct pair inner = {.from = was.type_name,
                         .to = is->type_name,
                         .name = is->name,
                         .from_bit = p->from_bit + was.bit_offset,
                         .to_bit = p->to_bit + is->bit_offset,
                         .from_bits = bits_of_field(&was, b->from),
                         .to_bits = bits_of_field(is, b->to),
                         .count = p->count,
                         .from_stride = p->from_stride,
                         .to_stride = p->to_stride,
                         .by_name = p->by_name || parts};
    return wait_for(b, &inner);
}

static bool holds(const struct cellinfo *info, const struct cell_field *f,
                  const char *name)
{
    struct type t;
    struct cell_field x;
    type_read(info, f->type_name, &t);
    return t.kind == TYPE_STRUCT && type_field(&t, name, &x);
}

/* Lends the name of the field of THERE that is a struct with a field NAME, and is none, or has none, in HERE; or NULL. */
static const char *who_got(const struct type *here, const struct type *there,
                           const char *name)
{
    for (uint32_t i = 0; i < there->entry.field_count; i++) {
        struct cell_field g;
        struct cell_field x;
        cellinfo_field(there->info, there->entry.first_field + i, &g);
        if (g.name[0] && holds(there->info, &g, name) &&
            !(type_field(here, g.name, &x) && holds(here->info, &x, name)))
            return g.name;
    }
    return NULL;
}

/* Fields of HERE that THERE lacks, of which a struct beside them has one now (INTO), or had one: the value may be meant to move,
 * or not. Nobody guesses it, and it is not lost unawares. */
static enum status check_moved(struct building *b, const struct type *here,
                               const struct type *there, bool into)
{
    struct cell_field f;
    struct cell_field x;
    char why[160];
    for (uint32_t i = 0; i < here->entry.field_count; i++) {
        cellinfo_field(here->info, here->entry.first_field + i, &f);
        const char *who = f.name[0] && !type_field(there, f.name, &x)
                              ? who_got(here, there, f.name)
                              : NULL;
        if (!who)
            continue;
        snprintf(why, sizeof why,
                 "%s %s: say by an edge that it is the same (EVOLVE_STATE), or let it "
                 "go in a commit before",
                 into ? "is now in" : "was in", who);
        return building_cannot(b, f.name, why);
    }
    return STATUS_OK;
}

static enum status take_struct(struct building *b, const struct pair *p,
                               const struct type *from, const struct type *to)
{
    enum status status = STATUS_OK;
    struct cell_field f;
    struct cell_field g;
    if (!b->lenient && !b->edged) {
        status = check_moved(b, from, to, true);
        status = status == STATUS_OK ? check_moved(b, to, from, false) : status;
    }
    for (uint32_t i = 0; i < to->entry.field_count && status == STATUS_OK; i++) {
        cellinfo_field(b->to, to->entry.first_field + i, &f);
        if (f.name[0])
            status = take_field(b, p, from, to, &f);
    }
    for (uint32_t i = 0; i < from->entry.field_count && status == STATUS_OK; i++) {
        cellinfo_field(b->from, from->entry.first_field + i, &f);
        if (f.name[0] && !type_field(to, f.name, &g))
            building_note(b, "drops", f.name, "");
    }
    return status;
}

static bool is_struct_like(const struct type *t)
{
    return t->kind == TYPE_STRUCT || t->kind == TYPE_ARRAY;
}

static bool is_part(const struct building *b, const struct pair *p,
                    const struct type *from, const struct type *to)
{
    return b->parts && !p->by_name && !(b->parts->not_whole && b->taken == 1) &&
           from->kind == TYPE_STRUCT && to->kind == TYPE_STRUCT &&
           b->parts->is_part(b->parts, from->text, to->text);
}

static enum status take_part(struct building *b, const struct pair *p)
{
    struct fieldmap_parts *parts = b->parts;
    if (!grow(struct fieldmap_part, &parts->list, parts->count, &parts->room))
        return STATUS_FULL;
    parts->list[parts->count++] = (struct fieldmap_part){.from = p->from,
                                                         .to = p->to,
                                                         .from_bit = p->from_bit,
                                                         .to_bit = p->to_bit,
                                                         .from_stride = p->from_stride,
                                                         .to_stride = p->to_stride,
                                                         .count = p->count};
    b->map->identical = false;
    return STATUS_OK;
}

/* The text does not say which of several types of that name is meant. */
static bool is_ambiguous(const struct cellinfo *info, const char *text)
{
    uint32_t first;
    while (text && *text == '[') {
        const char *end = strchr(text, ']');
        text = end ? end + 1 : NULL;
    }
    return text && cellinfo_types_called(info, text, &first) > 1;
}

static bool is_callback(const struct type *t)
{
    return strncmp(t->text, "*fn(", 4) == 0;
}

static bool is_integer(const struct type *t)
{
    return t->kind == TYPE_NUMBER || t->kind == TYPE_ENUM;
}

static enum status take(struct building *b, const struct pair *p)
{
    struct type from;
    struct type to;
    type_read(b->from, p->from, &from);
    type_read(b->to, p->to, &to);
    if (!from.len || !to.len)
        return building_cannot(
            b, p->name,
            is_ambiguous(b->from, p->from) || is_ambiguous(b->to, p->to)
                ? "has a type that two files declare, each its own, and an "
                  "object from before files were told does not say which: "
                  "let its cell be built and swapped once before this"
                : "has a type of which nothing is known");
    if (is_part(b, p, &from, &to)) {
        struct field_move place =
            building_move(b, p, MOVE_PLACE, from.len * 8, to.len * 8);
        enum status status = building_add(b, &place); /* it lies within both objects */
        return status == STATUS_OK ? take_part(b, p) : status;
    }
    bool equal =
        type_equal(&from, &to) || (from.kind == TYPE_POINTER && to.kind == TYPE_POINTER &&
                                   type_akin(b->family, from.text, to.text));
    if (equal && !p->from_bits && !p->to_bits && !holds_parts(b, p, from.text)) {
        struct field_move move = building_move(b, p, MOVE_COPY, from.len * 8, to.len * 8);
        return building_add(b, &move);
    }
    if (is_struct_like(&from) && from.kind == to.kind) {
        struct field_move place =
            building_move(b, p, MOVE_PLACE, from.len * 8, to.len * 8);
        enum status status = building_add(b, &place);
        if (status != STATUS_OK)
            return status;
        return from.kind == TYPE_ARRAY ? take_array(b, p, &from, &to)
                                       : take_struct(b, p, &from, &to);
    }
    if (from.kind == TYPE_ENUM && to.kind == TYPE_ENUM)
        return value_enum(b, p, &from, &to);
    if (is_integer(&from) && is_integer(&to))
        return value_number(b, p, &from, &to);
    if (b->callbacks && is_callback(&from) && is_callback(&to))
        return value_callback(b, p, &from, &to);
    if (from.kind == TYPE_POINTER && to.kind == TYPE_POINTER)
        return building_cannot(b, p->name, "points to another type than before");
    return building_cannot(b, p->name, "changed in a way that no rule covers");
}

enum status fieldmap_build(const struct type *from, uint64_t from_len,
                           const struct type *to, uint64_t to_len, bool lenient,
                           struct fieldmap *out)
{
    struct building b = {.from = from->info,
                         .to = to->info,
                         .from_len = from_len,
                         .to_len = to_len,
                         .lenient = lenient,
                         .family = from->family,
                         .parts = from->parts,
                         .edged = from->edged,
                         .callbacks = from->callbacks,
                         .form = from->form,
                         .map = out};
    struct pair whole = {.from = from->text, .to = to->text, .name = "", .count = 1};
    memset(out, 0, sizeof *out);
    out->identical = from_len == to_len;
    if (from->len != from_len || to->len != to_len)
        return building_cannot(
            &b, "", "is not as long as its type says (an array of open length?)");
    enum status status = wait_for(&b, &whole);
    while (status == STATUS_OK && b.waiting_count) {
        struct pair next = b.waiting[--b.waiting_count];
        b.taken++;
        status = take(&b, &next);
    }
    heap_free(b.waiting);
    return status;
}

void move_list_fini(struct move_list *list)
{
    heap_free(list->moves);
    heap_free(list->renamings);
    *list = (struct move_list){0};
}

void fieldmap_fini(struct fieldmap *map)
{
    move_list_fini(&map->list);
}
