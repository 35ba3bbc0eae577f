/* Builds a version's table of frame descriptions, sorted by address.
 * SPDX-License-Identifier: MIT
 *
 * Reads the relocated .eh_frame (LSB 10.6): each FDE's start is pc-relative 4-byte, as the
 * kernel code model makes it; any other encoding is refused.
 */
#include <core/loader/private.h>

#include <mm/heap/heap.h>
#include <stdlib.h>
#include <string.h>

enum { FDE_MIN_LEN = 16 };

struct eh {
    uint64_t va;
    const uint8_t *bytes;
    uint64_t len;
};

static bool eh_find(const struct version *v, struct eh *out)
{
    for (uint32_t i = 1; i < v->elf.section_count; i++) {
        struct elf_section s;
        elf_section(&v->elf, i, &s);
        if (strcmp(s.name, ".eh_frame") != 0 || !v->section_va[i])
            continue;
        out->va = v->section_va[i];
        out->bytes = cellmem_view(out->va);
        out->len = s.len;
        return true;
    }
    return false;
}

/* The unwinder follows an FDE to its CIE without further checks, in fault context. */
static bool cie_ok(const struct eh *e, uint64_t fde)
{
    uint64_t back = get_le32(e->bytes + fde + 4);
    if (back < 4 || back > fde + 4)
        return false;
    uint64_t cie = fde + 4 - back;
    uint32_t len = get_le32(e->bytes + cie);
    return e->len - cie >= 8 && len >= 4 && len <= e->len - cie - 4 &&
           get_le32(e->bytes + cie + 4) == 0;
}

/* Calls out the FDEs one by one: *AT moves on; gives false at the end or when malformed. */
static bool eh_next(const struct eh *e, uint64_t *at, struct fde *out, bool *out_bad)
{
    while (e->len - *at >= 8) {
        uint64_t here = *at;
        uint32_t len = get_le32(e->bytes + here);
        if (len == 0) {
            *at = here + 4;
            continue;
        }
        if (len > e->len - here - 4) {
            *out_bad = true;
            return false;
        }
        *at = here + 4 + len;
        if (get_le32(e->bytes + here + 4) == 0)
            continue; /* a CIE */
        if (len < FDE_MIN_LEN - 4 || !cie_ok(e, here)) {
            *out_bad = true;
            return false;
        }
        out->va = e->va + here;
        out->pc =
            e->va + here + 8 + (uint64_t)(int64_t)(int32_t)get_le32(e->bytes + here + 8);
        out->len = get_le32(e->bytes + here + 12);
        if (out->len)
            return true;
    }
    return false;
}

static int by_pc(const void *a, const void *b)
{
    uint64_t x = ((const struct fde *)a)->pc;
    uint64_t y = ((const struct fde *)b)->pc;
    return (x > y) - (x < y);
}

enum status frames_build(struct version *v, struct refusal *out_why)
{
    struct eh e = {0};
    struct fde f;
    bool bad = false;
    uint32_t count = 0;
    if (!eh_find(v, &e))
        return STATUS_OK;
    for (uint64_t at = 0; eh_next(&e, &at, &f, &bad);) {
        if (f.pc < v->text_begin || f.pc > v->text_end || f.len > v->text_end - f.pc)
            bad = true;
        count++;
    }
    if (bad)
        return refuse(out_why, "object", v->info.name, ".eh_frame", NULL,
                      "the unwind table of %s is malformed", v->info.name);
    v->fdes = heap_new_array(struct fde, count + 1);
    if (!v->fdes)
        return STATUS_FULL;
    for (uint64_t at = 0; eh_next(&e, &at, &f, &bad);)
        v->fdes[v->fde_count++] = f;
    qsort(v->fdes, v->fde_count, sizeof *v->fdes, by_pc);
    return STATUS_OK;
}
