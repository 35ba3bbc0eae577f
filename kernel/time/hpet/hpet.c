/* The HPET's counter and comparators. */
/* SPDX-License-Identifier: MIT */
#include <time/hpet/hpet.h>

#include <bus/acpi/acpi.h>
#include <lib/base/io.h>
#include <mm/paging/paging.h>

/* IA-PC HPET specification 1.0a, 2.3. */
enum hpet_register {
    HPET_CAPABILITIES = 0x00,
    HPET_CONFIGURATION = 0x10,
    HPET_COUNTER = 0xf0,
    HPET_TIMER = 0x100, /* 0x20 bytes each: configuration, comparator */
};

#define ENABLE 1ull
#define TIMER_ENABLE (1ull << 2)
#define TIMER_PERIODIC (1ull << 3)
#define TIMER_CAN_PERIODIC (1ull << 4)
#define TIMER_SET_VALUE (1ull << 6)
#define TIMER_ROUTE_SHIFT 9
#define FS_PER_NS 1000000ull

static volatile uint8_t *registers; /* [I] NULL: no HPET */

static uint64_t get(unsigned reg)
{
    return mmio_read64(registers + reg);
}

static void put(unsigned reg, uint64_t value)
{
    mmio_write64(registers + reg, value);
}

enum status hpet_start(void)
{
    volatile void *mapped;
    enum status status;
    if (acpi_hpet_phys() == 0)
        return STATUS_NOT_FOUND;
    status = mmio_map(acpi_hpet_phys(), 1024, &mapped);
    if (status != STATUS_OK)
        return status;
    registers = mapped;
    put(HPET_CONFIGURATION, (get(HPET_CONFIGURATION) & ~2ull) | ENABLE);
    return STATUS_OK;
}

bool hpet_present(void)
{
    return registers != NULL;
}

uint64_t hpet_counter(void)
{
    return get(HPET_COUNTER);
}

uint32_t hpet_period_fs(void)
{
    return (uint32_t)(get(HPET_CAPABILITIES) >> 32);
}

enum status hpet_timer_periodic(unsigned timer, unsigned gsi, uint64_t period_ns)
{
    unsigned base = HPET_TIMER + timer * 0x20;
    uint64_t configuration, ticks;
    if (registers == NULL || timer > (get(HPET_CAPABILITIES) >> 8 & 0x1f))
        return STATUS_UNSUPPORTED;
    configuration = get(base);
    if (!(configuration & TIMER_CAN_PERIODIC) || gsi > 31 ||
        !(configuration >> (32 + gsi) & 1))
        return STATUS_UNSUPPORTED;
    ticks = period_ns * FS_PER_NS / hpet_period_fs();
    put(base, TIMER_PERIODIC | TIMER_SET_VALUE | (uint64_t)gsi << TIMER_ROUTE_SHIFT);
    put(base + 8, hpet_counter() + ticks); /* the first one, then the period */
    put(base + 8, ticks);
    put(base, TIMER_PERIODIC | TIMER_ENABLE | (uint64_t)gsi << TIMER_ROUTE_SHIFT);
    return STATUS_OK;
}

void hpet_timer_stop(unsigned timer)
{
    if (registers != NULL)
        put(HPET_TIMER + timer * 0x20, 0);
}
