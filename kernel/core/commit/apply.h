/* The stores of a swap, and what a held CPU may still do. Inline: part of each closure cell.
 * SPDX-License-Identifier: MIT
 */
#ifndef NEURATH_CORE_COMMIT_APPLY_H
#define NEURATH_CORE_COMMIT_APPLY_H

#include <core/plan/plan.h>
#include <lib/base/io.h>
#include <task/cpu/cpu.h>

static inline uint64_t closure_tsc(void)
{
    uint32_t low;
    uint32_t high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high)::"memory");
    return (uint64_t)high << 32 | low;
}

static inline void closure_pause(void)
{
    __asm__ volatile("pause" ::: "memory");
}

static inline uint64_t poke_read(const struct poke *k)
{
    switch (k->len) {
    case 1: return *(volatile uint8_t *)k->write;
    case 4: return *(volatile uint32_t *)k->write;
    default: return *(volatile uint64_t *)k->write;
    }
}

static inline void poke_write(const struct poke *k, uint64_t value)
{
    switch (k->len) {
    case 1: *(volatile uint8_t *)k->write = (uint8_t)value; break;
    case 4: *(volatile uint32_t *)k->write = (uint32_t)value; break;
    default: *(volatile uint64_t *)k->write = value;
    }
}

/* Lends the first store whose place does not hold what the journal expects, or NULL. */
static inline const struct poke *pokes_drift(const struct poke *pokes, uint32_t count,
                                             bool backwards)
{
    for (uint32_t i = 0; i < count; i++)
        if (poke_read(&pokes[i]) != (backwards ? pokes[i].after : pokes[i].before))
            return &pokes[i];
    return NULL;
}

static inline void pokes_store(const struct poke *pokes, uint32_t count, bool backwards)
{
    for (uint32_t i = 0; i < count; i++)
        poke_write(&pokes[i], backwards ? pokes[i].before : pokes[i].after);
}

/* Answers a TLB shootdown that another CPU waits for; the paging cell's protocol, inline,
 * because a held CPU may run no code that a swap can change. Global pages are flushed too. */
static inline void closure_shootdown(struct cpu_block *block)
{
    if (!__atomic_load_n(&block->shootdown_pending, __ATOMIC_ACQUIRE))
        return;
    uint64_t cr4;
    __asm__ volatile("movq %%cr4, %0" : "=r"(cr4)::"memory");
    __asm__ volatile("movq %0, %%cr4" ::"r"(cr4 ^ 0x80) : "memory");
    __asm__ volatile("movq %0, %%cr4" ::"r"(cr4) : "memory");
    __atomic_store_n(&block->shootdown_pending, 0, __ATOMIC_RELEASE);
}

#endif
