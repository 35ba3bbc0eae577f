/* The real-time clock's periodic interrupt. */
/* SPDX-License-Identifier: MIT */
#include "ticks.h"

#include <lib/base/io.h>
#include <tests/kernel/ktest/ktest.h>

enum {
    RTC_IRQ = 8,
    RTC_INDEX = 0x70,
    RTC_DATA = 0x71,
    RTC_A = 10,
    RTC_B = 11,
    RTC_C = 12
};

static uint8_t get(uint8_t index)
{
    io_out8(RTC_INDEX, index);
    return io_in8(RTC_DATA);
}

static void put(uint8_t index, uint8_t value)
{
    io_out8(RTC_INDEX, index);
    io_out8(RTC_DATA, value);
}

void ticks_take(void)
{
    (void)get(RTC_C);
}

void ticks_start(interrupt_fn fn, enum interrupt_trigger trigger)
{
    enum interrupt_trigger usual;
    unsigned gsi = interrupt_isa_gsi(RTC_IRQ, &usual);
    KTEST_CHECK(interrupt_attach(gsi, trigger, fn, NULL, NULL) == STATUS_OK);
    put(RTC_A, (uint8_t)((get(RTC_A) & 0xf0) | 6)); /* 1,024 Hz */
    put(RTC_B, get(RTC_B) | 0x40);
    ticks_take();
}

void ticks_stop(interrupt_fn fn)
{
    enum interrupt_trigger usual;
    put(RTC_B, get(RTC_B) & (uint8_t)~0x40u);
    interrupt_detach(interrupt_isa_gsi(RTC_IRQ, &usual), fn, NULL);
}
