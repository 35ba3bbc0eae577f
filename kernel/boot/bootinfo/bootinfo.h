/* Keeps what the boot stub found, and answers questions about it for the rest of the run. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_BOOT_BOOTINFO_BOOTINFO_H
#define NEURATH_BOOT_BOOTINFO_BOOTINFO_H

#include <boot/boot_info.h>
#include <lib/base/status.h>

/* Written once by bootinfo_take() before there is a second CPU, then constant: any context, no lock. */

/* Copies INFO; the stub's memory is not needed afterwards. */
void bootinfo_take(const struct boot_info *info);

/* The value of the word "KEY=value" on the kernel's command line, copied to OUT with a NUL.
 * STATUS_NOT_FOUND: no such word; STATUS_FULL: longer than CAPACITY. OUT is then untouched.
 * A bare word "KEY" has the value "". */
NODISCARD enum status boot_option(const char *key, char *out, size_t capacity);

/* The value as a decimal number, FALLBACK when absent or not a number. */
uint64_t boot_option_number(const char *key, uint64_t fallback);

/* True when the word is there, with or without a value. */
bool boot_option_present(const char *key);

/* The boot archive (newc cpio): physical address and length, 0 when there is none.
 * Its memory is reserved for good; read it through phys_to_virt(). */
uint64_t boot_archive_phys(void);
uint64_t boot_archive_len(void);

/* Virtual address of the placement table made by the image builder. */
uint64_t boot_placement_va(void);

/* Placed segments, memory map: entry INDEX copied to OUT. STATUS_NOT_FOUND past the end. */
NODISCARD enum status boot_segment_at(size_t index, struct boot_segment *out);
NODISCARD enum status boot_memory_at(size_t index, struct boot_memory *out);

/* The rest of the stub's facts, see struct boot_info. */
uint64_t boot_rsdp_phys(void);
uint64_t boot_tsc(void);
void boot_stub_range(uint64_t *out_begin, uint64_t *out_text_end, uint64_t *out_end);
void boot_trampoline(uint64_t *out_va, uint64_t *out_len);

#endif
