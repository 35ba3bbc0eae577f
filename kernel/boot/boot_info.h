/* What the boot stub hands to the first cell: where memory, the archive and the placed cells are. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_BOOT_BOOT_INFO_H
#define NEURATH_BOOT_BOOT_INFO_H

#include <stdint.h>

/* Frozen between the stub, the image builder and the bootinfo cell: a change needs a new version
 * number and a boot. Addresses are physical unless they are named _va. */

#define BOOT_INFO_VERSION 1u
#define BOOT_SEGMENT_MAX 16u
#define BOOT_MEMORY_MAX 64u
#define BOOT_CMDLINE_MAX 512u

/* Everything placed at boot lies at this distance from its physical address. */
#define BOOT_IMAGE_BASE 0xffffffff80000000ull
/* All physical memory below 4 GiB when the stub jumps; all RAM after paging_start(). */
#define BOOT_DIRECT_BASE 0xffff888000000000ull

#define BOOT_SEGMENT_WRITE 1ull
#define BOOT_SEGMENT_EXEC 2ull

/* One stretch of placed cells, page-aligned; filled in by the image builder in the stub's
 * symbol boot_segments[BOOT_SEGMENT_MAX]. len 0 = unused. */
struct boot_segment {
    uint64_t va;
    uint64_t phys;
    uint64_t len;
    uint64_t flags;
};

/* type: as in ACPI's address map, 1 = usable RAM, 2 reserved, 3 ACPI tables, 4 ACPI NVS. */
struct boot_memory {
    uint64_t addr;
    uint64_t len;
    uint64_t type;
};

struct boot_info {
    uint64_t version;
    uint64_t loader; /* 1 PVH, 2 multiboot2 */
    uint64_t memory_count;
    struct boot_memory memory[BOOT_MEMORY_MAX];
    char cmdline[BOOT_CMDLINE_MAX]; /* NUL-terminated, cut when longer */
    uint64_t archive;               /* the one module; 0 = none */
    uint64_t archive_len;
    uint64_t rsdp; /* ACPI root pointer; 0 = search for it */
    uint64_t placement_va;
    uint64_t segment_count;
    struct boot_segment segments[BOOT_SEGMENT_MAX];
    uint64_t stub_begin; /* the stub's own memory, page-aligned */
    uint64_t stub_text_end;
    uint64_t stub_end;
    uint64_t trampoline_va; /* code for application processors, to be copied to a page below 1 MiB */
    uint64_t trampoline_len;
    uint64_t stack_top_va; /* the stack that the stub jumps with */
    uint64_t tsc;          /* time stamp counter at the stub's first instruction */
};

/* Two pages below 1 MiB: the trampoline's copy, executable, and what it reads. The starter fills the mailbox in. */
#define BOOT_TRAMPOLINE_PHYS 0x8000u
#define BOOT_MAILBOX_PHYS 0x9000u

struct boot_mailbox {
    uint64_t cr3;   /* below 4 GiB */
    uint64_t stack; /* initial rsp */
    uint64_t entry; /* called with ARGUMENT in rdi; must not return */
    uint64_t argument;
};

#endif
