/* Writes log lines, each with one write call so that lines of several processes do not mix.
 * SPDX-License-Identifier: MIT */
#include "base/log.h"

#include "base/clock.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct {
    enum log_level level; /* [a] written once at start */
    int fd;
} state = {.level = LOG_INFO, .fd = -1};

static const char *const level_names[] = {"debug", "info", "warning", "error"};

void log_set_level(enum log_level level)
{
    state.level = level;
}

void log_set_file(int fd)
{
    state.fd = fd;
}

void log_line(enum log_level level, const char *area, const char *format, ...)
{
    if (level < state.level)
        return;
    char text[2048];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    text_sanitise_line(text);

    char time[CLOCK_TEXT_LEN];
    clock_format(clock_now_ms(), time);
    char line[2304];
    int len = snprintf(line, sizeof line, "%s %s %s: %s\n", time, level_names[level],
                       area, text);
    if (len <= 0)
        return;
    if ((size_t)len >= sizeof line)
        len = (int)sizeof line - 1;
    ssize_t ignored = write(STDERR_FILENO, line, (size_t)len);
    if (state.fd >= 0)
        ignored = write(state.fd, line, (size_t)len);
    (void)ignored;
}
