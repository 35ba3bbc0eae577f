/* evolvable: which types of a set of cells could change their form in a swap, and what would be missing.
 * SPDX-License-Identifier: MIT
 *
 *   evolvable OBJECT...
 *   evolvable --held OBJECT...
 *
 * One line for each type: what would happen, its name, the cells that know it, and of a refusal the reason. It is the
 * planner that answers, so what stands here is what a push would be told.
 * --held: only types of which some mutable object is one, or holds one by value; one line for each cell that has such an
 * object: what would happen, the type, the cell, the object.
 */
#include <core/hosted/hosted.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REASON_MAX = 256, CELLS_MAX = 512 };

/* A type: equal names are one if they have the same fate. */
struct row {
    char name[128];
    char cells[CELLS_MAX];
    char reason[REASON_MAX];
    enum hosted_fate fate;
};

static struct {
    struct row *rows;
    size_t count;
} all;

static const char *const fates[] = {
    [HOSTED_CLOSURE] = "closure", [HOSTED_FROZEN] = "frozen",
    [HOSTED_NO_HEAP] = "no-heap", [HOSTED_WALKS] = "walks",
    [HOSTED_DRAINS] = "drains",   [HOSTED_FREE] = "free",
    [HOSTED_MADE] = "refused",    [HOSTED_UNKNOWN] = "refused",
    [HOSTED_INSIDE] = "inside"};

NORETURN static void fail(const char *what, const char *why)
{
    fprintf(stderr, "evolvable: %s: %s\n", what, why);
    exit(1);
}

static void reason(const struct hosted_type *type, char *out)
{
    out[0] = 0;
    if (type->fate == HOSTED_MADE)
        snprintf(out, REASON_MAX,
                 "%s makes objects of it on the heap, and nobody walks them", type->who);
    if (type->fate == HOSTED_INSIDE)
        snprintf(out, REASON_MAX, "it lies in %s, which cannot change", type->who);
    if (type->fate == HOSTED_UNKNOWN)
        snprintf(out, REASON_MAX, "%s has pointers to it, and %s gives memory of no type",
                 type->who, type->source);
}

static void note(const struct hosted_type *type, void *arg)
{
    char why[REASON_MAX];
    (void)arg;
    reason(type, why);
    for (size_t i = 0; i < all.count; i++) {
        struct row *r = &all.rows[i];
        size_t used = strlen(r->cells);
        if (strcmp(r->name, type->name) != 0 || r->fate != type->fate ||
            strcmp(r->reason, why) != 0)
            continue;
        snprintf(r->cells + used, sizeof r->cells - used, " %s", type->cell);
        return;
    }
    all.rows = realloc(all.rows, (all.count + 1) * sizeof *all.rows);
    if (!all.rows)
        fail("types", "out of memory");
    struct row *r = &all.rows[all.count++];
    snprintf(r->name, sizeof r->name, "%s", type->name);
    snprintf(r->cells, sizeof r->cells, "%s", type->cell);
    snprintf(r->reason, sizeof r->reason, "%s", why);
    r->fate = type->fate;
}

static void print_held(const struct hosted_type *type, void *arg)
{
    (void)arg;
    if (type->held)
        printf("%s\t%s\t%s\t%s\n", fates[type->fate], type->name, type->cell, type->held);
}

static int by_fate(const void *a, const void *b)
{
    const struct row *x = a;
    const struct row *y = b;
    return x->fate != y->fate ? (int)x->fate - (int)y->fate : strcmp(x->name, y->name);
}

static struct hosted_object read_object(const char *path)
{
    struct hosted_object o = {.name = path};
    FILE *file = fopen(path, "rb");
    long len;
    if (!file || fseek(file, 0, SEEK_END) != 0 || (len = ftell(file)) < 0)
        fail(path, strerror(errno));
    rewind(file);
    uint8_t *bytes = malloc((size_t)len + 1);
    o.len = (size_t)len;
    if (!bytes || fread(bytes, 1, o.len, file) != o.len)
        fail(path, "cannot be read");
    fclose(file);
    o.bytes = bytes;
    return o;
}

static void print_rows(void)
{
    qsort(all.rows, all.count, sizeof *all.rows, by_fate);
    for (size_t i = 0; i < all.count; i++) {
        const struct row *r = &all.rows[i];
        printf("%-8s %s (%s)%s%s\n", fates[r->fate], r->name, r->cells,
               r->reason[0] ? ": " : "", r->reason);
    }
    free(all.rows);
}

int main(int count, char **words)
{
    static struct plan_report report;
    bool held = count > 1 && strcmp(words[1], "--held") == 0;
    int first = held ? 2 : 1;
    struct hosted_object *objects = calloc((size_t)count, sizeof *objects);
    if (count <= first || !objects)
        fail("usage", "evolvable [--held] OBJECT...");
    for (int i = first; i < count; i++)
        objects[i - first] = read_object(words[i]);
    if (hosted_types(objects, (size_t)(count - first), held ? print_held : note, NULL,
                     &report) != STATUS_OK)
        fail("the cells do not fit together",
             report.refusal_count ? report.refusals[0].text : "out of memory");
    print_rows();
    for (int i = first; i < count; i++)
        free((void *)objects[i - first].bytes);
    free(objects);
    return 0;
}
