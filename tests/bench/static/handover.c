/* What the image builder would write into the boot stub: where the kernel begins and what its segments are. */
/* SPDX-License-Identifier: MIT */
#include <boot/boot_info.h>

#include <core/init/init.h>

extern uint8_t static_text[], static_rodata[], static_data[];
/* Lengths, which the linker script makes the addresses of symbols. */
extern uint8_t static_text_len[], static_rodata_len[], static_data_len[];

extern struct boot_segment boot_segments[BOOT_SEGMENT_MAX];
extern uint64_t boot_entry, boot_placement;

struct boot_segment boot_segments[BOOT_SEGMENT_MAX] __attribute__((section(".data"))) = {
    {(uint64_t)static_text, (uint64_t)static_text - BOOT_IMAGE_BASE,
     (uint64_t)static_text_len, BOOT_SEGMENT_EXEC},
    {(uint64_t)static_rodata, (uint64_t)static_rodata - BOOT_IMAGE_BASE,
     (uint64_t)static_rodata_len, 0},
    {(uint64_t)static_data, (uint64_t)static_data - BOOT_IMAGE_BASE,
     (uint64_t)static_data_len, BOOT_SEGMENT_WRITE},
};
uint64_t boot_entry __attribute__((section(".data"))) = (uint64_t)init_main;
/* No table: nothing was placed, and the namespace stays empty. */
uint64_t boot_placement __attribute__((section(".data"))) = 0;
