/* Text for terminals: cleaning what came from elsewhere, times, durations, short forms.
 * SPDX-License-Identifier: MIT
 *
 * Commit texts, author names, build output and machine logs are written by anybody. Before they
 * reach a terminal they pass text_clean_line() or text_clean(): no control characters (C0, DEL,
 * C1), no bidirectional overrides, no bytes that are not UTF-8. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Replaces in place: control and direction characters and broken UTF-8 become '?' or a blank;
 * the text never grows. text_clean() keeps newlines and tabs. */
void text_clean_line(char *text);
void text_clean(char *text);

/* Columns that the UTF-8 text takes on a terminal. */
unsigned text_columns(const char *text);

/* Cuts TEXT (UTF-8) in place so that it takes at most COLUMNS. */
void text_cut(char *text, unsigned columns);

/* Unix milliseconds of an RFC 3339 UTC time; -1 if it is none. */
int64_t text_parse_time(const char *time);

/* Writes "2026-11-21 23:56:04" (UTC) of an RFC 3339 time; "-" when it is none. */
void text_format_time(const char *time, char *out, size_t out_len);

/* Writes "850 ms", "1.42 s", "3 min 10 s", "2 h 5 min", "3 d 4 h". */
void text_format_duration(double seconds, char *out, size_t out_len);

/* Writes "45 µs" and the like for a count of nanoseconds. */
void text_format_nanoseconds(double nanoseconds, char *out, size_t out_len);

/* Writes WORD so that a shell takes it as one word when pasted. */
void text_quote(const char *word, char *out, size_t out_len);

/* True if stdout is a terminal that wants colours. */
bool text_colours(void);

/* Columns of the terminal on stdout; 0 when it is none. */
unsigned text_terminal_columns(void);
