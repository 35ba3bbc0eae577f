/* Port and device-register access, and the few privileged instructions that cells use. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_LIB_BASE_IO_H
#define NEURATH_LIB_BASE_IO_H

#include <lib/base/types.h>

static inline void io_out8(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" ::"a"(value), "Nd"(port) : "memory");
}

static inline void io_out16(uint16_t port, uint16_t value)
{
    __asm__ volatile("outw %0, %1" ::"a"(value), "Nd"(port) : "memory");
}

static inline void io_out32(uint16_t port, uint32_t value)
{
    __asm__ volatile("outl %0, %1" ::"a"(value), "Nd"(port) : "memory");
}

static inline uint8_t io_in8(uint16_t port)
{
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port) : "memory");
    return value;
}

static inline uint16_t io_in16(uint16_t port)
{
    uint16_t value;
    __asm__ volatile("inw %1, %0" : "=a"(value) : "Nd"(port) : "memory");
    return value;
}

static inline uint32_t io_in32(uint16_t port)
{
    uint32_t value;
    __asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port) : "memory");
    return value;
}

/* Device registers behind a pointer from mmio_map(). One access of exactly this width, in program order. */
static inline uint8_t mmio_read8(const volatile void *address)
{
    return *(const volatile uint8_t *)address;
}

static inline uint32_t mmio_read32(const volatile void *address)
{
    return *(const volatile uint32_t *)address;
}

static inline uint64_t mmio_read64(const volatile void *address)
{
    return *(const volatile uint64_t *)address;
}

static inline void mmio_write8(volatile void *address, uint8_t value)
{
    *(volatile uint8_t *)address = value;
}

static inline void mmio_write32(volatile void *address, uint32_t value)
{
    *(volatile uint32_t *)address = value;
}

static inline void mmio_write64(volatile void *address, uint64_t value)
{
    *(volatile uint64_t *)address = value;
}

static inline uint64_t msr_read(uint32_t msr)
{
    uint32_t low, high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
    return (uint64_t)high << 32 | low;
}

static inline void msr_write(uint32_t msr, uint64_t value)
{
    __asm__ volatile("wrmsr" ::"c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
                     : "memory");
}

/* The time stamp counter of this CPU. */
static inline uint64_t tsc_read(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high)::"memory");
    return (uint64_t)high << 32 | low;
}

struct cpuid {
    uint32_t eax, ebx, ecx, edx;
};

static inline struct cpuid cpuid_read(uint32_t leaf, uint32_t subleaf)
{
    struct cpuid r;
    __asm__ volatile("cpuid"
                     : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
                     : "a"(leaf), "c"(subleaf));
    return r;
}

/* Interrupts of this CPU: off, and back to what they were. */
static inline uint64_t interrupts_off(void)
{
    uint64_t flags;
    __asm__ volatile("pushfq; popq %0; cli" : "=r"(flags)::"memory");
    return flags;
}

static inline void interrupts_restore(uint64_t flags)
{
    if (flags & 0x200)
        __asm__ volatile("sti" ::: "memory");
}

static inline bool interrupts_enabled(void)
{
    uint64_t flags;
    __asm__ volatile("pushfq; popq %0" : "=r"(flags)::"memory");
    return (flags & 0x200) != 0;
}

/* Belongs into every loop that waits for another CPU or a device. */
static inline void cpu_pause(void)
{
    __asm__ volatile("pause" ::: "memory");
}

/* Ends QEMU with exit status 2*CODE+1 where its isa-debug-exit device is present; else does nothing. */
static inline void debug_exit(uint32_t code)
{
    io_out32(0xf4, code);
}

#endif
