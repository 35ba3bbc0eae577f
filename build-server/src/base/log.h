/* The service's log: one line per fact, on standard error and (optionally) in a file.
 * SPDX-License-Identifier: MIT
 *
 * Lines read `2026-01-02T03:04:05.678Z level area: text`. Control characters are stripped, so that a
 * commit's text cannot forge a line or drive a terminal. Any thread; also usable after fork(). */
#ifndef NEURATH_BASE_LOG_H
#define NEURATH_BASE_LOG_H

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR };

/* Lines below LEVEL are dropped. */
void log_set_level(enum log_level level);

/* Also appends to FD (lends: valid until replaced by another or -1). */
void log_set_file(int fd);

void log_line(enum log_level level, const char *area, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#define log_debug(...) log_line(LOG_DEBUG, __VA_ARGS__)
#define log_info(...) log_line(LOG_INFO, __VA_ARGS__)
#define log_warning(...) log_line(LOG_WARNING, __VA_ARGS__)
#define log_error(...) log_line(LOG_ERROR, __VA_ARGS__)

#endif
