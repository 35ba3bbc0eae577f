/* The kernel's own page tables, built once from what the boot stub and the image builder say. */
/* SPDX-License-Identifier: MIT */
#include "private.h"

#include <boot/bootinfo/bootinfo.h>
#include <lib/base/io.h>
#include <mm/frame/frame.h>
#include <string.h>

#define MSR_EFER 0xc0000080u
#define EFER_NO_EXEC (1ull << 11)
#define CR0_WRITE_PROTECT (1ull << 16)

/* Maps LEN bytes, all page-aligned. Looks a table up once for its 512 pages. */
static enum status set_range(uint64_t va, uint64_t phys, uint64_t len, unsigned flags)
{
    uint64_t *leaf = NULL;
    for (uint64_t at = 0; at < len; at += PAGE_SIZE) {
        if (leaf == NULL || ((va + at) >> 12 & (TABLE_ENTRIES - 1)) == 0)
            leaf = tree_leaf(va + at, true);
        if (leaf == NULL)
            return STATUS_FULL;
        *leaf++ = entry_make(phys + at, flags);
    }
    return STATUS_OK;
}

/* Segments that are not writable have no second, writable address. */
static void seal_segments(void)
{
    struct boot_segment segment;
    for (size_t i = 0; boot_segment_at(i, &segment) == STATUS_OK; i++)
        for (uint64_t at = 0; !(segment.flags & BOOT_SEGMENT_WRITE) && at < segment.len;
             at += PAGE_SIZE) {
            uint64_t *leaf = tree_leaf(PAGING_DIRECT_BASE + segment.phys + at, false);
            if (leaf != NULL)
                *leaf = 0;
        }
}

static enum status build_direct_map(void)
{
    struct boot_memory memory;
    enum status status = STATUS_OK;
    for (size_t m = 0; status == STATUS_OK && boot_memory_at(m, &memory) == STATUS_OK;
         m++) {
        uint64_t begin = align_up(memory.addr, PAGE_SIZE);
        uint64_t end = align_down(memory.addr + memory.len, PAGE_SIZE);
        if (memory.type == 1 && begin < end)
            status =
                set_range(PAGING_DIRECT_BASE + begin, begin, end - begin, PAGING_WRITE);
    }
    seal_segments();
    return status;
}

static enum status build_image_map(void)
{
    struct boot_segment segment;
    uint64_t begin, text_end, end;
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && boot_segment_at(i, &segment) == STATUS_OK;
         i++) {
        unsigned flags = (segment.flags & BOOT_SEGMENT_WRITE ? PAGING_WRITE : 0) |
                         (segment.flags & BOOT_SEGMENT_EXEC ? PAGING_EXEC : 0);
        if ((flags & PAGING_WRITE) && (flags & PAGING_EXEC))
            return STATUS_INVALID;
        status = set_range(segment.va, segment.phys, segment.len, flags);
    }
    /* The stub has done its work: its constants can be read, its data is the boot stack, nothing of it can run. */
    boot_stub_range(&begin, &text_end, &end);
    if (status == STATUS_OK)
        status = set_range(PAGING_IMAGE_BASE + begin, begin, text_end - begin, 0);
    if (status == STATUS_OK)
        status = set_range(PAGING_IMAGE_BASE + text_end, text_end, end - text_end,
                           PAGING_WRITE);
    return status;
}

enum status paging_start(void)
{
    uint64_t root;
    enum status status = frame_take_run(1, 1ull << 32, &root);
    if (status != STATUS_OK)
        return status;
    memset(phys_to_virt(root), 0, PAGE_SIZE);
    tree_set_root(root);
    status = build_direct_map();
    if (status == STATUS_OK)
        status = build_image_map();
    if (status == STATUS_OK)
        paging_start_cpu();
    return status;
}

void paging_start_cpu(void)
{
    uint64_t cr0;
    msr_write(MSR_EFER, msr_read(MSR_EFER) | EFER_NO_EXEC);
    __asm__ volatile("movq %0, %%cr3" ::"r"(tree_root()) : "memory");
    __asm__ volatile("movq %%cr0, %0" : "=r"(cr0));
    __asm__ volatile("movq %0, %%cr0" ::"r"(cr0 | CR0_WRITE_PROTECT) : "memory");
}
