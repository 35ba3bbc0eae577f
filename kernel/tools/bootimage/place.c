/* Loads all cells together, twice: first to learn the sizes, then at the final addresses.
 * SPDX-License-Identifier: MIT
 */
#include "image.h"

#include <boot/boot_info.h>
#include <core/hosted/cellmem_host.h>
#include <mbedtls/sha256.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { IMAGE_PHYS = 0x200000 };

static const struct {
    int kind; /* CELLMEM_*, or -1: the placement table */
    uint64_t flags;
} layout[IMAGE_SEGMENTS] = {
    [IMAGE_TEXT] = {CELLMEM_TEXT, BOOT_SEGMENT_EXEC},
    [IMAGE_STUBS] = {CELLMEM_STUB, BOOT_SEGMENT_EXEC},
    [IMAGE_RODATA] = {CELLMEM_RODATA, 0},
    [IMAGE_TABLE] = {-1, 0},
    [IMAGE_DATA] = {CELLMEM_DATA, BOOT_SEGMENT_WRITE},
    [IMAGE_SLOTS] = {CELLMEM_SLOT, BOOT_SEGMENT_WRITE},
};

static void load(struct namespace *ns, const struct file *cells, size_t count)
{
    static struct plan_report report;
    struct plan *plan;
    struct plan_object *set = calloc(count, sizeof *set);
    if (!set)
        fail("out of memory");
    for (size_t i = 0; i < count; i++) {
        set[i].bytes = cells[i].bytes;
        set[i].len = cells[i].len;
        if (mbedtls_sha256(cells[i].bytes, cells[i].len, set[i].hash, 0) != 0)
            fail("cannot hash %s", cells[i].path);
    }
    enum status status = plan_create(ns, set, (uint32_t)count, NULL, 0, &plan, &report);
    for (uint32_t i = 0; i < report.refusal_count && i < PLAN_MAX_REFUSALS; i++)
        fprintf(stderr, "bootimage: %s\n", report.refusals[i].text);
    if (report.refusal_count > PLAN_MAX_REFUSALS)
        fprintf(stderr, "bootimage: and %u more\n",
                report.refusal_count - PLAN_MAX_REFUSALS);
    if (status != STATUS_OK)
        fail("the cells do not fit together; no image is made");
    free(set);
    plan_enter(plan);
    plan_commit(plan);
    plan_destroy(plan);
    const char *broken = namespace_check(ns);
    if (broken)
        fail("%s", broken);
}

/* Different, far apart windows: only the sizes matter. */
static void measure(const struct file *cells, size_t count, uint64_t len[IMAGE_SEGMENTS])
{
    uint64_t bases[CELLMEM_KINDS];
    struct namespace ns = {0};
    size_t table_len;
    for (uint64_t i = 0; i < CELLMEM_KINDS; i++)
        bases[i] = BOOT_IMAGE_BASE + (i + 1) * 0x10000000;
    cellmem_host_reset(bases);
    load(&ns, cells, count);
    free(table_build(&ns, &table_len));
    for (int i = 0; i < IMAGE_SEGMENTS; i++)
        len[i] = layout[i].kind < 0
                     ? align_up(table_len, CELLMEM_PAGE)
                     : cellmem_host_window((enum cellmem_kind)layout[i].kind)->used;
    namespace_fini(&ns);
}

static void fill(struct segment *s)
{
    s->bytes = calloc(1, s->len + 1);
    if (!s->bytes)
        fail("out of memory");
    for (uint64_t at = 0; at < s->len; at += CELLMEM_PAGE) {
        const uint8_t *page = cellmem_view(s->va + at);
        if (page)
            memcpy(s->bytes + at, page, CELLMEM_PAGE);
    }
}

static void find_entry(struct image *image)
{
    struct version *v = namespace_running(&image->ns, "init");
    int64_t f = v ? version_export(v, "init_main") : -1;
    if (f < 0)
        fail("no cell called init exports init_main; the stub would have nowhere to go");
    image->entry = v->functions[f].va;
}

void image_place(struct image *image, const struct file *cells, size_t count)
{
    uint64_t len[IMAGE_SEGMENTS];
    uint64_t bases[CELLMEM_KINDS];
    uint64_t va = BOOT_IMAGE_BASE + IMAGE_PHYS;
    size_t table_len;
    measure(cells, count, len);
    for (int i = 0; i < IMAGE_SEGMENTS; i++) {
        image->segments[i] =
            (struct segment){.va = va, .len = len[i], .flags = layout[i].flags};
        if (layout[i].kind >= 0)
            bases[layout[i].kind] = va;
        va += len[i];
    }
    cellmem_host_reset(bases);
    load(&image->ns, cells, count);
    for (int i = 0; i < IMAGE_SEGMENTS; i++)
        if (i != IMAGE_TABLE)
            fill(&image->segments[i]);
    uint8_t *table = table_build(&image->ns, &table_len);
    if (align_up(table_len, CELLMEM_PAGE) != len[IMAGE_TABLE])
        fail(
            "the second placement differs from the first; this is a defect of bootimage");
    image->segments[IMAGE_TABLE].bytes = calloc(1, len[IMAGE_TABLE]);
    memcpy(image->segments[IMAGE_TABLE].bytes, table, table_len);
    free(table);
    find_entry(image);
}
