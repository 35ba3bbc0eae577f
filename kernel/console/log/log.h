/* The kernel's log: lines with time and cell, kept in a ring and shown on the console. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_CONSOLE_LOG_LOG_H
#define NEURATH_CONSOLE_LOG_LOG_H

#include <lib/base/status.h>

/* On the console a line reads "[   12.345678] cell: text"; warnings and errors have the word in front of the text.
 * The ring keeps the newest 64 KiB. Any context but NMI; one lock. */

enum log_level {
    LOG_DEBUG, /* ring only, unless the machine was booted with log=debug */
    LOG_INFO,
    LOG_WARNING,
    LOG_ERROR,
};

/* One line, without a newline at the end, cut at 255 bytes. Control characters become '?'. See format.h. */
void log_write(const char *cell, enum log_level level, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* One line of the ring. *cursor (start with 0) moves past what was read; lines that were overwritten since are
 * skipped. STATUS_AGAIN: no newer line. OUT gets at most CAPACITY bytes with NUL. */
NODISCARD enum status log_read(uint64_t *cursor, char *out, size_t capacity);

/* Signalled by each new line. */
struct event *log_event(void);

/* Start hook, phase service: shell command `log`. */
enum status log_start(void);

#endif
