/* The local APIC's registers. */
/* SPDX-License-Identifier: MIT */
#include <irq/lapic/lapic.h>

#include <bus/acpi/acpi.h>
#include <lib/base/io.h>
#include <mm/paging/paging.h>
#include <task/cpu/cpu.h>
#include <time/clock/clock.h>

/* Intel SDM volume 3, table 11-1. */
enum lapic_register {
    LAPIC_ID = 0x20,
    LAPIC_TASK_PRIORITY = 0x80,
    LAPIC_EOI = 0xb0,
    LAPIC_SPURIOUS = 0xf0,
    LAPIC_IN_SERVICE = 0x100,
    LAPIC_COMMAND_LOW = 0x300,
    LAPIC_COMMAND_HIGH = 0x310,
    LAPIC_TIMER = 0x320,
    LAPIC_PERFORMANCE = 0x340,
    LAPIC_LINT0 = 0x350,
    LAPIC_LINT1 = 0x360,
    LAPIC_ERROR = 0x370,
    LAPIC_TIMER_INITIAL = 0x380,
    LAPIC_TIMER_CURRENT = 0x390,
    LAPIC_TIMER_DIVIDE = 0x3e0,
};

#define MSR_APIC_BASE 0x1bu
#define MASKED 0x10000u
#define DELIVERY_NMI 0x400u
#define COMMAND_INIT 0x4500u
#define COMMAND_STARTUP 0x4600u
#define COMMAND_FIXED 0x4000u
#define COMMAND_BUSY 0x1000u
#define DIVIDE_BY_16 3u
#define CALIBRATE_NS (5 * NS_PER_MS)

static struct {
    volatile uint8_t *registers; /* [I] the same address on every CPU */
    uint64_t ticks_per_ms;       /* [I] of the timer, divided by 16 */
} lapic;

static uint32_t get(enum lapic_register reg)
{
    return mmio_read32(lapic.registers + reg);
}

static void put(enum lapic_register reg, uint32_t value)
{
    mmio_write32(lapic.registers + reg, value);
}

void lapic_eoi(void)
{
    mmio_write32(lapic.registers + LAPIC_EOI, 0);
}

uint32_t lapic_id(void)
{
    return get(LAPIC_ID) >> 24;
}

static void send_command(uint32_t apic_id, uint32_t command)
{
    uint64_t flags = interrupts_off();
    while (get(LAPIC_COMMAND_LOW) & COMMAND_BUSY)
        cpu_pause();
    put(LAPIC_COMMAND_HIGH, apic_id << 24);
    put(LAPIC_COMMAND_LOW, command);
    interrupts_restore(flags);
}

void lapic_send(uint32_t apic_id, unsigned vector)
{
    send_command(apic_id, COMMAND_FIXED | vector);
}

void lapic_send_nmi(uint32_t apic_id)
{
    send_command(apic_id, COMMAND_FIXED | DELIVERY_NMI);
}

void lapic_send_init(uint32_t apic_id)
{
    send_command(apic_id, COMMAND_INIT);
}

void lapic_send_startup(uint32_t apic_id, unsigned page)
{
    send_command(apic_id, COMMAND_STARTUP | page);
}

void lapic_timer_arm(uint64_t delay_ns)
{
    uint64_t ticks;
    if (delay_ns > NS_PER_S * 3600)
        delay_ns = NS_PER_S * 3600;
    ticks = delay_ns * lapic.ticks_per_ms / NS_PER_MS + 1;
    put(LAPIC_TIMER_INITIAL, ticks > UINT32_MAX ? UINT32_MAX : (uint32_t)ticks);
}

void lapic_timer_stop(void)
{
    put(LAPIC_TIMER_INITIAL, 0);
}

bool lapic_in_service(unsigned vector)
{
    uint32_t bits = mmio_read32(lapic.registers + LAPIC_IN_SERVICE + vector / 32 * 16);
    return (bits >> (vector % 32) & 1) != 0;
}

enum status lapic_start(void)
{
    volatile void *registers;
    enum status status = mmio_map(acpi_lapic_phys(), PAGE_SIZE, &registers);
    if (status == STATUS_OK)
        lapic.registers = registers;
    return status;
}

void lapic_start_cpu(void)
{
    msr_write(MSR_APIC_BASE, msr_read(MSR_APIC_BASE) | 0x800);
    put(LAPIC_TASK_PRIORITY, 0);
    put(LAPIC_LINT0, MASKED);
    put(LAPIC_LINT1, DELIVERY_NMI);
    put(LAPIC_ERROR, MASKED);
    put(LAPIC_PERFORMANCE, MASKED);
    put(LAPIC_TIMER_DIVIDE, DIVIDE_BY_16);
    put(LAPIC_TIMER, VECTOR_TIMER);
    put(LAPIC_SPURIOUS, 0x100 | VECTOR_SPURIOUS);
}

void lapic_timer_calibrate(void)
{
    uint64_t begin, end;
    uint32_t left;
    put(LAPIC_TIMER, MASKED | VECTOR_TIMER);
    put(LAPIC_TIMER_INITIAL, UINT32_MAX);
    begin = clock_ns();
    do {
        cpu_pause();
        end = clock_ns();
    } while (end - begin < CALIBRATE_NS);
    left = get(LAPIC_TIMER_CURRENT);
    put(LAPIC_TIMER_INITIAL, 0);
    put(LAPIC_TIMER, VECTOR_TIMER);
    lapic.ticks_per_ms = (UINT32_MAX - left) * NS_PER_MS / (end - begin);
    if (lapic.ticks_per_ms == 0)
        lapic.ticks_per_ms = 1;
}
