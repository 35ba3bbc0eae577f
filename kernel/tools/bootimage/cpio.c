/* Writes the boot archive: newc cpio, without times, owners or inode numbers.
 * SPDX-License-Identifier: MIT
 */
#include "image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct writer {
    uint8_t *bytes;
    size_t len;
    size_t room;
    unsigned next_inode;
};

static void put(struct writer *w, const void *bytes, size_t len)
{
    if (len > w->room - w->len) {
        w->room = (w->len + len) * 2 + 4096;
        w->bytes = realloc(w->bytes, w->room);
        if (!w->bytes)
            fail("out of memory");
    }
    memcpy(w->bytes + w->len, bytes, len);
    w->len += len;
}

static void pad(struct writer *w)
{
    static const uint8_t zeros[4];
    put(w, zeros, (4 - w->len % 4) % 4);
}

static void add(struct writer *w, const char *name, const uint8_t *bytes, size_t len)
{
    char header[160];
    bool trailer = strcmp(name, "TRAILER!!!") == 0;
    snprintf(header, sizeof header,
             "070701%08x%08x%08x%08x%08x%08x%08zx%08x%08x%08x%08x%08zx%08x",
             trailer ? 0 : w->next_inode++, trailer ? 0 : 0100444, 0, 0, 1, 0, len, 0, 0,
             0, 0, strlen(name) + 1, 0);
    put(w, header, 110);
    put(w, name, strlen(name) + 1);
    pad(w);
    put(w, bytes, len);
    pad(w);
}

static int by_name(const void *a, const void *b)
{
    return strcmp((*(const struct version *const *)a)->info.name,
                  (*(const struct version *const *)b)->info.name);
}

uint8_t *archive_build(const struct namespace *ns, const struct extra *extras,
                       size_t count, size_t *out_len)
{
    struct writer w = {.next_inode = 1};
    size_t cells = 0;
    char name[CELL_NAME_MAX + 16];
    for (const struct version *v = ns->versions; v; v = v->next)
        cells++;
    const struct version **sorted = calloc(cells + 1, sizeof *sorted);
    if (!sorted)
        fail("out of memory");
    cells = 0;
    for (const struct version *v = ns->versions; v; v = v->next)
        sorted[cells++] = v;
    qsort(sorted, cells, sizeof *sorted, by_name);
    for (size_t i = 0; i < cells; i++) {
        snprintf(name, sizeof name, "cells/%s.o", sorted[i]->info.name);
        add(&w, name, sorted[i]->elf.bytes, sorted[i]->elf.len);
    }
    free(sorted);
    for (size_t i = 0; i < count; i++)
        add(&w, extras[i].name, extras[i].file.bytes, extras[i].file.len);
    add(&w, "TRAILER!!!", (const uint8_t *)"", 0);
    *out_len = w.len;
    return w.bytes;
}
