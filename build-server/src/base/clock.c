/* Clocks and RFC 3339 text.
 * SPDX-License-Identifier: MIT */
#include "base/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static int64_t read_ms(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_now_ms(void)
{
    return read_ms(CLOCK_REALTIME);
}

int64_t clock_monotonic_ms(void)
{
    return read_ms(CLOCK_MONOTONIC);
}

void clock_format(int64_t ms, char out_text[static CLOCK_TEXT_LEN])
{
    time_t seconds = (time_t)(ms / 1000);
    int millis = (int)(ms % 1000);
    if (millis < 0) {
        millis += 1000;
        seconds--;
    }
    struct tm parts;
    gmtime_r(&seconds, &parts);
    char date[24];
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(out_text, CLOCK_TEXT_LEN, "%s.%03dZ", date, millis);
}

enum result clock_parse(const char *text, int64_t *out_ms)
{
    struct tm parts;
    memset(&parts, 0, sizeof parts);
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &parts);
    if (rest == NULL || rest - text != 19)
        return RESULT_INVALID;
    int millis = 0;
    if (*rest == '.') {
        int digits = 0;
        for (rest++; *rest >= '0' && *rest <= '9'; rest++, digits++) {
            if (digits < 3)
                millis = millis * 10 + (*rest - '0');
        }
        if (digits == 0 || digits > 9)
            return RESULT_INVALID;
        for (; digits < 3; digits++)
            millis *= 10;
    }
    if (rest[0] != 'Z' || rest[1] != '\0')
        return RESULT_INVALID;
    time_t seconds = timegm(&parts);
    *out_ms = (int64_t)seconds * 1000 + millis;
    return RESULT_OK;
}
