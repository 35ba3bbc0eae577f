/* The time stamp counter as a clock. */
/* SPDX-License-Identifier: MIT */
#include <time/clock/clock.h>

#include <boot/bootinfo/bootinfo.h>
#include <lib/base/io.h>
#include <time/hpet/hpet.h>

#define CALIBRATE_NS (20 * NS_PER_MS)
#define FS_PER_NS 1000000ull
#define PIT_HZ 1193182ull

/* ns = (tsc - start) * scale / 2^32 */
static struct {
    uint64_t start;
    uint64_t scale; /* 0: not measured yet */
    uint64_t hz;
} clock;

static uint64_t multiply_shift(uint64_t a, uint64_t b)
{
    return (uint64_t)((unsigned __int128)a * b >> 32);
}

uint64_t clock_ns(void)
{
    uint64_t now = tsc_read() - clock.start;
    return (int64_t)now < 0 ? 0 : multiply_shift(now, clock.scale);
}

uint64_t clock_tsc_hz(void)
{
    return clock.hz;
}

void clock_delay_ns(uint64_t ns)
{
    uint64_t begin = clock_ns();
    while (clock_ns() - begin < ns)
        cpu_pause();
}

static uint64_t measure_hpet(void)
{
    uint64_t ticks = CALIBRATE_NS * FS_PER_NS / hpet_period_fs();
    uint64_t begin = hpet_counter(), tsc_begin = tsc_read(), end, tsc_end;
    do {
        cpu_pause();
        end = hpet_counter();
        tsc_end = tsc_read();
    } while (end - begin < ticks);
    return (tsc_end - tsc_begin) * NS_PER_S /
           ((end - begin) * hpet_period_fs() / FS_PER_NS);
}

static uint16_t pit_count(void)
{
    uint8_t low;
    io_out8(0x43, 0x80); /* latch channel 2 */
    low = io_in8(0x42);
    return (uint16_t)(low | io_in8(0x42) << 8);
}

/* Channel 2 of the 8254 counts down from 65535, 55 ms; read at both ends, so that coming late does no harm. */
static uint64_t measure_pit(void)
{
    uint16_t ticks = (uint16_t)(PIT_HZ * CALIBRATE_NS / NS_PER_S), begin, end;
    uint64_t tsc_begin, tsc_end;
    io_out8(0x61, (uint8_t)((io_in8(0x61) & 0xfc) | 1));
    io_out8(0x43, 0xb0);
    io_out8(0x42, 0xff);
    io_out8(0x42, 0xff);
    begin = pit_count();
    tsc_begin = tsc_read();
    do {
        cpu_pause();
        end = pit_count();
        tsc_end = tsc_read();
    } while ((uint16_t)(begin - end) < ticks);
    return (tsc_end - tsc_begin) * PIT_HZ / (uint16_t)(begin - end);
}

void clock_start(void)
{
    clock.hz = hpet_present() ? measure_hpet() : measure_pit();
    clock.start = boot_tsc();
    clock.scale = (NS_PER_S << 32) / clock.hz;
}
