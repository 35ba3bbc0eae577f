/* A ring of lines, and the command that shows it. */
/* SPDX-License-Identifier: MIT */
#include <console/log/log.h>

#include <boot/bootinfo/bootinfo.h>
#include <console/console/console.h>
#include <console/shell/shell.h>
#include <lib/format/format.h>
#include <string.h>
#include <task/spinlock/spinlock.h>
#include <task/task/task.h>
#include <time/clock/clock.h>

#define LINE_MAX 256u
#define RING_LEN 65536u /* a power of two */

/* Positions count bytes ever written; a line is its text and a NUL. The oldest kept line begins at or after
 * written - RING_LEN. */
static struct {
    struct spinlock lock;
    uint64_t written;    /* [L] */
    char ring[RING_LEN]; /* [L] */
    struct event event;
} log;

static void keep(const char *line, size_t len)
{
    spin_lock(&log.lock);
    for (size_t i = 0; i <= len; i++)
        log.ring[log.written++ % RING_LEN] = line[i];
    spin_unlock(&log.lock);
}

static const char *prefix(enum log_level level)
{
    switch (level) {
    case LOG_WARNING: return "warning: ";
    case LOG_ERROR: return "error: ";
    default: return "";
    }
}

static bool is_debug_shown(void)
{
    char value[8];
    return boot_option("log", value, sizeof value) == STATUS_OK &&
           strcmp(value, "debug") == 0;
}

void log_write(const char *cell, enum log_level level, const char *format, ...)
{
    char line[LINE_MAX];
    uint64_t us = clock_ns() / NS_PER_US;
    size_t len, start;
    va_list arguments;
    len = format_text(line, sizeof line - 1, "[%5lu.%06lu] %s: %s", us / 1000000,
                      us % 1000000, cell, prefix(level));
    len = start = min_u64(len, sizeof line - 2);
    va_start(arguments, format);
    len += format_text_list(line + len, sizeof line - 1 - len, format, arguments);
    va_end(arguments);
    len = min_u64(len, sizeof line - 2);
    for (size_t i = start; i < len; i++)
        if ((uint8_t)line[i] < 32 || line[i] == 127)
            line[i] = '?';
    line[len] = 0;
    keep(line, len);
    event_signal(&log.event);
    if (level != LOG_DEBUG || is_debug_shown()) {
        line[len] = '\n';
        console_write(line, len + 1);
    }
}

/* Lock held. Moves to the first line that begins at or after POSITION. */
static uint64_t line_start(uint64_t position)
{
    if (position == 0)
        return 0;
    while (position < log.written && log.ring[(position - 1) % RING_LEN] != 0)
        position++;
    return position;
}

enum status log_read(uint64_t *cursor, char *out, size_t capacity)
{
    enum status status = STATUS_AGAIN;
    uint64_t at = *cursor;
    size_t len = 0;
    spin_lock(&log.lock);
    if (at + RING_LEN < log.written)
        at = line_start(log.written - RING_LEN + 1);
    if (at < log.written) {
        for (char c; (c = log.ring[at % RING_LEN]) != 0; at++)
            if (len + 1 < capacity)
                out[len++] = c;
        *cursor = at + 1;
        status = STATUS_OK;
    }
    spin_unlock(&log.lock);
    if (status == STATUS_OK && capacity > 0)
        out[len] = 0;
    return status;
}

struct event *log_event(void)
{
    return &log.event;
}

/* log [N]: the newest N lines. */
static void log_command(int argc, char **argv)
{
    char line[LINE_MAX];
    uint64_t cursor = 0, lines = 0, wanted = 20, skip;
    if (argc > 1) {
        wanted = 0;
        for (const char *c = argv[1]; *c >= '0' && *c <= '9'; c++)
            wanted = (wanted * 10 + (uint64_t)(*c - '0')) % 100000;
    }
    while (log_read(&cursor, line, sizeof line) == STATUS_OK)
        lines++;
    skip = lines > wanted ? lines - wanted : 0;
    cursor = 0;
    for (uint64_t i = 0; i < lines && log_read(&cursor, line, sizeof line) == STATUS_OK;
         i++)
        if (i >= skip)
            console_print("%s\n", line);
}

enum status log_start(void)
{
    return shell_register("log", log_command,
                          "[N]  shows the newest N lines of the log (20)");
}
