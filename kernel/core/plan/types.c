/* Types as `.cell` writes them: text that is taken apart step by step.
 * SPDX-License-Identifier: MIT
 */
#include <core/plan/types.h>

#include <string.h>

enum { POINTER_LEN = 8, DIMENSIONS_MAX = 16 };

/* Reads decimal digits. Gives what follows them, or NULL if there are none or too many. */
static const char *read_number(const char *text, uint64_t *out)
{
    const char *at = text;
    *out = 0;
    for (; *at >= '0' && *at <= '9' && at - text < 10; at++)
        *out = *out * 10 + (uint64_t)(*at - '0');
    return at == text ? NULL : at;
}

static const char *after(const char *text, const char *prefix)
{
    size_t len = strlen(prefix);
    return strncmp(text, prefix, len) == 0 ? text + len : NULL;
}

static bool read_integer(const char *text, struct type *t)
{
    uint64_t bits;
    const char *digits = after(text, "int");
    t->is_signed = digits != NULL;
    if (!digits)
        digits = after(text, "uint");
    const char *end = digits ? read_number(digits, &bits) : NULL;
    if (!end || *end || (bits != 8 && bits != 16 && bits != 32 && bits != 64))
        return false;
    t->kind = TYPE_NUMBER;
    t->len = bits / 8;
    return true;
}

/* Two files of a cell may each have a type of that name: then the table calls them
 * `file.c::struct x`, and a text without the file does not say which is meant. */
static void read_entry(const struct cellinfo *info, const char *text, struct type *t)
{
    struct cell_field f;
    if (!cellinfo_type_named(info, text, &t->entry))
        return;
    t->len = t->entry.len;
    t->kind = TYPE_STRUCT;
    if (!t->entry.field_count)
        return;
    cellinfo_field(info, t->entry.first_field, &f);
    if (f.type_name[0])
        return;
    t->kind = TYPE_ENUM;
    for (uint32_t i = 0; i < t->entry.field_count; i++) {
        cellinfo_field(info, t->entry.first_field + i, &f);
        t->is_signed = t->is_signed || (int64_t)f.type_hash < 0;
    }
    if (t->len != 1 && t->len != 2 && t->len != 4 && t->len != 8)
        t->kind = TYPE_OTHER;
}

static void read_plain(const struct cellinfo *info, const char *text, struct type *t)
{
    uint64_t bits;
    const char *digits;
    if (text[0] == '*') {
        t->kind = TYPE_POINTER;
        t->len = POINTER_LEN;
    } else if (strcmp(text, "bool") == 0) {
        *t = (struct type){
            .info = info, .text = text, .kind = TYPE_NUMBER, .len = 1, .is_bool = true};
    } else if ((digits = after(text, "float")) && read_number(digits, &bits)) {
        t->len = bits / 8;
    } else if (!read_integer(text, t)) {
        read_entry(info, text, t);
    }
}

void type_read(const struct cellinfo *info, const char *text, struct type *out)
{
    uint64_t total = 1;
    const char *rest = text;
    *out = (struct type){.info = info, .text = text};
    for (int i = 0; i < DIMENSIONS_MAX && *rest == '['; i++) {
        uint64_t count;
        const char *end = read_number(rest + 1, &count);
        if (!end || *end != ']' || (count && total > UINT32_MAX / count))
            return;
        if (i == 0) {
            out->count = count;
            out->element = end + 1;
        }
        total *= count;
        rest = end + 1;
    }
    struct type plain = {.info = info, .text = rest};
    read_plain(info, rest, &plain);
    if (!out->element)
        *out = plain;
    else if (plain.kind == TYPE_OTHER && !plain.len)
        out->element = NULL;
    else
        out->kind = TYPE_ARRAY;
    out->len = plain.len * total;
}

/* A file is named before a type only where the cell has another one of that name, so it does not count. */
static bool same_text(const char *a, const char *b)
{
    while (*a && *a == *b && (*a == '[' || *a == ']' || (*a >= '0' && *a <= '9'))) {
        a++;
        b++;
    }
    return strcmp(cellinfo_bare_name(a), cellinfo_bare_name(b)) == 0;
}

bool type_equal(const struct type *a, const struct type *b)
{
    if (!same_text(a->text, b->text) || a->len != b->len || !a->len || a->kind != b->kind)
        return false;
    if (a->kind == TYPE_STRUCT || a->kind == TYPE_ENUM)
        return a->entry.layout == b->entry.layout && a->entry.layout;
    if (a->kind != TYPE_ARRAY)
        return true;
    /* The texts are equal, so all dimensions are: what is left is what they hold. */
    const char *x = a->text;
    const char *y = b->text;
    while (*x == '[')
        x = strchr(x, ']') + 1;
    while (*y == '[')
        y = strchr(y, ']') + 1;
    struct type p = {.info = a->info, .text = x};
    struct type q = {.info = b->info, .text = y};
    read_plain(a->info, x, &p);
    read_plain(b->info, y, &q);
    bool entries = p.kind == TYPE_STRUCT || p.kind == TYPE_ENUM;
    return p.kind == q.kind &&
           (!entries || (p.entry.layout == q.entry.layout && p.entry.layout));
}

/* Gives how long the tag of FAMILY is that TEXT goes on with, or 0. */
static size_t member(const struct type_family *family, const char *text)
{
    for (uint32_t i = 0; family && i < family->count; i++) {
        size_t len = strlen(family->tags[i]);
        if (strncmp(text, family->tags[i], len) == 0 &&
            (!text[len] || strchr(" ,)", text[len])))
            return len;
    }
    return 0;
}

uint32_t type_family_place(const struct type_family *family, const char *tag)
{
    uint32_t i = 0;
    while (i < family->count && strcmp(family->tags[i], tag) != 0)
        i++;
    return i;
}

bool type_akin(const struct type_family *family, const char *a, const char *b)
{
    while (*a && *a == *b) {
        bool word = *a == ' ';
        a++;
        b++;
        size_t x = word ? member(family, a) : 0;
        size_t y = x ? member(family, b) : 0;
        if (y) {
            a += x;
            b += y;
        }
    }
    return !*a && !*b;
}

bool type_field(const struct type *t, const char *name, struct cell_field *out)
{
    for (uint32_t i = 0; name[0] && i < t->entry.field_count; i++) {
        cellinfo_field(t->info, t->entry.first_field + i, out);
        if (strcmp(out->name, name) == 0)
            return true;
    }
    return false;
}

/* Looks for `*NAME`, with arrays or further pointers between, as a whole word. What a function
 * behind a pointer takes is no pointer that lies here. */
static bool mentions(const char *text, const char *name)
{
    bool pointer = false;
    const char *at = text;
    while (at && (*at == '*' || *at == '[')) {
        pointer = pointer || *at == '*';
        at = *at == '*' ? at : strchr(at, ']');
        if (at)
            at++;
    }
    if (!at || !pointer)
        return false;
    while (*name && *at == *name) {
        at++;
        name++;
    }
    return !*name && (*at == 0 || *at == ' ') && !strchr(text, '(');
}

bool type_is_pointed_to(const struct cellinfo *info, const char *name)
{
    for (uint32_t i = 0; i < info->count[CELL_FIELDS]; i++)
        if (mentions(cellinfo_field_type(info, i), name))
            return true;
    for (uint32_t i = 0; i < info->count[CELL_DATA]; i++) {
        struct cell_data d;
        cellinfo_data(info, i, &d);
        if (mentions(d.type_name, name))
            return true;
    }
    return false;
}
