/* Translates what the loader says (PVH or multiboot2) into a struct boot_info, and jumps to the placed cells. */
/* SPDX-License-Identifier: MIT */
#include <boot/boot_info.h>

#include <stdbool.h>
#include <stddef.h>

/* Runs once on the boot processor, with the first 4 GiB mapped at BOOT_DIRECT_BASE. Trusts the loader. */

extern const uint8_t stub_begin[], stub_text_end[], stub_end[];
extern const uint8_t trampoline_begin[], trampoline_end[], stack_top[];
extern uint64_t start_tsc;

/* Filled in by the image builder; in .data so that they have bytes in the file. */
struct boot_segment boot_segments[BOOT_SEGMENT_MAX]
    __attribute__((used, section(".data")));
uint64_t boot_entry __attribute__((used, section(".data")));
uint64_t boot_placement __attribute__((used, section(".data")));

static struct boot_info info;

enum loader { LOADER_PVH = 1, LOADER_MULTIBOOT2 = 2 };

__attribute__((noreturn)) void stub_main(uint32_t loader, uint64_t loader_info);

static const void *at(uint64_t phys)
{
    return (const void *)(BOOT_DIRECT_BASE + phys);
}

static uint32_t word(const void *base, size_t offset)
{
    return *(const uint32_t *)((const char *)base + offset);
}

static uint64_t quad(const void *base, size_t offset)
{
    return *(const uint64_t *)((const char *)base + offset);
}

static void copy_cmdline(const char *text)
{
    size_t i = 0;
    for (; text[i] != 0 && i < BOOT_CMDLINE_MAX - 1; i++)
        info.cmdline[i] = text[i];
    info.cmdline[i] = 0;
}

static void add_memory(uint64_t addr, uint64_t len, uint64_t type)
{
    if (len != 0 && info.memory_count < BOOT_MEMORY_MAX)
        info.memory[info.memory_count++] =
            (struct boot_memory){.addr = addr, .len = len, .type = type};
}

/* Xen public header arch-x86/hvm/start_info.h, version 1. */
static void read_pvh(const void *start)
{
    if (word(start, 12) > 0) {
        const void *module = at(quad(start, 16));
        info.archive = quad(module, 0);
        info.archive_len = quad(module, 8);
    }
    if (quad(start, 24) != 0)
        copy_cmdline(at(quad(start, 24)));
    info.rsdp = quad(start, 32);
    for (uint32_t i = 0; word(start, 4) >= 1 && i < word(start, 48); i++) {
        const char *entry = (const char *)at(quad(start, 40)) + i * 24;
        add_memory(quad(entry, 0), quad(entry, 8), word(entry, 16));
    }
}

static void read_multiboot2_memory(uint64_t tag_phys)
{
    const void *tag = at(tag_phys);
    uint32_t entry_len = word(tag, 8);
    for (uint32_t offset = 16; entry_len >= 24 && offset + entry_len <= word(tag, 4);
         offset += entry_len)
        add_memory(quad(tag, offset), quad(tag, offset + 8), word(tag, offset + 16));
}

/* Multiboot2 specification 3.6. */
static void read_multiboot2(uint64_t phys)
{
    uint64_t end = phys + word(at(phys), 0);
    for (uint64_t tag = phys + 8; tag + 8 <= end; tag += (word(at(tag), 4) + 7u) & ~7u) {
        uint32_t type = word(at(tag), 0);
        if (type == 0)
            return;
        if (type == 1)
            copy_cmdline((const char *)at(tag + 8));
        if (type == 3 && info.archive == 0) {
            info.archive = word(at(tag), 8);
            info.archive_len = word(at(tag), 12) - info.archive;
        }
        if (type == 6)
            read_multiboot2_memory(tag);
        if (type == 14 || (type == 15 && info.rsdp == 0))
            info.rsdp = tag + 8;
    }
}

/* The root pointer of a multiboot2 loader is a copy inside its tags: keep it with our own memory. */
static void keep_rsdp_copy(void)
{
    static uint8_t copy[36];
    for (size_t i = 0; i < sizeof copy; i++)
        copy[i] = ((const uint8_t *)at(info.rsdp))[i];
    info.rsdp = (uint64_t)copy - BOOT_IMAGE_BASE;
}

void stub_main(uint32_t loader, uint64_t loader_info)
{
    info.version = BOOT_INFO_VERSION;
    info.loader = loader;
    if (loader == LOADER_PVH)
        read_pvh(at(loader_info));
    else
        read_multiboot2(loader_info);
    if (info.rsdp != 0 && loader == LOADER_MULTIBOOT2)
        keep_rsdp_copy();
    info.placement_va = boot_placement;
    for (size_t i = 0; i < BOOT_SEGMENT_MAX && boot_segments[i].len != 0; i++)
        info.segments[info.segment_count++] = boot_segments[i];
    info.stub_begin = (uint64_t)stub_begin - BOOT_IMAGE_BASE;
    info.stub_text_end = (uint64_t)stub_text_end - BOOT_IMAGE_BASE;
    info.stub_end = (uint64_t)stub_end - BOOT_IMAGE_BASE;
    info.trampoline_va = (uint64_t)trampoline_begin;
    info.trampoline_len = (uint64_t)(trampoline_end - trampoline_begin);
    info.stack_top_va = (uint64_t)stack_top;
    info.tsc = start_tsc;
    ((void (*)(struct boot_info *))boot_entry)(&info);
    __builtin_unreachable();
}
