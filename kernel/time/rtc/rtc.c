/* The MC146818 clock in the chip set. */
/* SPDX-License-Identifier: MIT */
#include <time/rtc/rtc.h>

#include <console/log/log.h>
#include <lib/base/io.h>
#include <task/spinlock/spinlock.h>
#include <time/clock/clock.h>

enum rtc_register {
    RTC_SECOND = 0x00,
    RTC_MINUTE = 0x02,
    RTC_HOUR = 0x04,
    RTC_DAY = 0x07,
    RTC_MONTH = 0x08,
    RTC_YEAR = 0x09,
    RTC_STATUS_A = 0x0a,
    RTC_STATUS_B = 0x0b,
    RTC_CENTURY = 0x32, /* where QEMU and most firmware have it */
};

#define UPDATE_WAIT_NS (3 * NS_PER_MS)

struct reading {
    uint8_t second, minute, hour, day, month, year, century;
};

static struct {
    struct spinlock lock; /* of the index and data ports */
    uint64_t base_ms;     /* [I] calendar time at clock 0; 0 = unknown */
} rtc;

static uint8_t get(enum rtc_register reg)
{
    io_out8(0x70, (uint8_t)reg);
    return io_in8(0x71);
}

static struct reading read_once(void)
{
    return (struct reading){get(RTC_SECOND), get(RTC_MINUTE), get(RTC_HOUR),
                            get(RTC_DAY),    get(RTC_MONTH),  get(RTC_YEAR),
                            get(RTC_CENTURY)};
}

static bool same(const struct reading *a, const struct reading *b)
{
    return a->second == b->second && a->minute == b->minute && a->hour == b->hour &&
           a->day == b->day && a->month == b->month && a->year == b->year;
}

static unsigned from_bcd(unsigned value, bool binary)
{
    return binary ? value : (value >> 4) * 10 + (value & 15);
}

/* Days since 1970-01-01 of a Gregorian date. */
static uint64_t days_of(unsigned year, unsigned month, unsigned day)
{
    uint64_t y = month <= 2 ? year - 1 : year;
    uint64_t m = month <= 2 ? month + 9 : month - 3; /* March is 0 */
    return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

static enum status convert(const struct reading *r, uint8_t status_b, uint64_t *out_unix_s)
{
    bool binary = (status_b & 4) != 0;
    unsigned second = from_bcd(r->second, binary), minute = from_bcd(r->minute, binary);
    unsigned hour = from_bcd(r->hour & 0x7f, binary), day = from_bcd(r->day, binary);
    unsigned month = from_bcd(r->month, binary), century = from_bcd(r->century, binary);
    unsigned year = from_bcd(r->year, binary);
    if (!(status_b & 2)) /* 12-hour clock, bit 7 of the hour is PM */
        hour = hour % 12 + (r->hour & 0x80 ? 12 : 0);
    year += (century >= 19 && century <= 22 ? century : 20) * 100;
    if (second > 60 || minute > 59 || hour > 23 || day < 1 || day > 31 || month < 1 ||
        month > 12)
        return STATUS_IO;
    *out_unix_s = ((days_of(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
    return STATUS_OK;
}

enum status rtc_read(uint64_t *out_unix_s)
{
    struct reading first, second;
    uint64_t end = clock_ns() + UPDATE_WAIT_NS;
    uint8_t status_b;
    spin_lock(&rtc.lock);
    while ((get(RTC_STATUS_A) & 0x80) && clock_ns() < end)
        cpu_pause();
    second = read_once();
    do { /* until no digit rolled over in between */
        first = second;
        second = read_once();
    } while (!same(&first, &second) && clock_ns() < end);
    status_b = get(RTC_STATUS_B);
    spin_unlock(&rtc.lock);
    return convert(&second, status_b, out_unix_s);
}

uint64_t rtc_now_unix_ms(void)
{
    return rtc.base_ms == 0 ? 0 : rtc.base_ms + clock_ns() / NS_PER_MS;
}

enum status rtc_start(void)
{
    uint64_t unix_s = 0;
    enum status status = rtc_read(&unix_s);
    if (status == STATUS_OK)
        rtc.base_ms = unix_s * 1000 - clock_ns() / NS_PER_MS;
    else
        log_write("rtc", LOG_WARNING, "the clock's registers make no sense");
    return status;
}
