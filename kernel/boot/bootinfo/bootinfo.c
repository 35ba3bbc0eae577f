/* A copy of the boot stub's facts, and the words of the kernel's command line. */
/* SPDX-License-Identifier: MIT */
#include <boot/bootinfo/bootinfo.h>

#include <string.h>

static struct boot_info info; /* [I] after bootinfo_take() */

void bootinfo_take(const struct boot_info *from)
{
    info = *from;
    info.cmdline[BOOT_CMDLINE_MAX - 1] = 0;
}

/* The word KEY or KEY=value; gives its value's start and length, NULL when there is none. */
static const char *find(const char *key, size_t *out_len)
{
    size_t key_len = strlen(key);
    const char *word = info.cmdline;
    while (*word != 0) {
        size_t len = 0;
        while (*word == ' ')
            word++;
        while (word[len] != 0 && word[len] != ' ')
            len++;
        if (len >= key_len && memcmp(word, key, key_len) == 0) {
            if (len == key_len) {
                *out_len = 0;
                return word + len;
            }
            if (word[key_len] == '=') {
                *out_len = len - key_len - 1;
                return word + key_len + 1;
            }
        }
        word += len;
    }
    return NULL;
}

enum status boot_option(const char *key, char *out, size_t capacity)
{
    size_t len;
    const char *value = find(key, &len);
    if (value == NULL)
        return STATUS_NOT_FOUND;
    if (len + 1 > capacity)
        return STATUS_FULL;
    memcpy(out, value, len);
    out[len] = 0;
    return STATUS_OK;
}

uint64_t boot_option_number(const char *key, uint64_t fallback)
{
    size_t len;
    uint64_t number = 0;
    const char *value = find(key, &len);
    if (value == NULL || len == 0 || len > 18)
        return fallback;
    for (size_t i = 0; i < len; i++) {
        if (value[i] < '0' || value[i] > '9')
            return fallback;
        number = number * 10 + (uint64_t)(value[i] - '0');
    }
    return number;
}

bool boot_option_present(const char *key)
{
    size_t len;
    return find(key, &len) != NULL;
}

uint64_t boot_archive_phys(void)
{
    return info.archive;
}

uint64_t boot_archive_len(void)
{
    return info.archive_len;
}

uint64_t boot_placement_va(void)
{
    return info.placement_va;
}

enum status boot_segment_at(size_t index, struct boot_segment *out)
{
    if (index >= info.segment_count)
        return STATUS_NOT_FOUND;
    *out = info.segments[index];
    return STATUS_OK;
}

enum status boot_memory_at(size_t index, struct boot_memory *out)
{
    if (index >= info.memory_count)
        return STATUS_NOT_FOUND;
    *out = info.memory[index];
    return STATUS_OK;
}

uint64_t boot_rsdp_phys(void)
{
    return info.rsdp;
}

uint64_t boot_tsc(void)
{
    return info.tsc;
}

void boot_stub_range(uint64_t *out_begin, uint64_t *out_text_end, uint64_t *out_end)
{
    *out_begin = info.stub_begin;
    *out_text_end = info.stub_text_end;
    *out_end = info.stub_end;
}

void boot_trampoline(uint64_t *out_va, uint64_t *out_len)
{
    *out_va = info.trampoline_va;
    *out_len = info.trampoline_len;
}
