/* Text to and lines from the person at the console. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_CONSOLE_CONSOLE_CONSOLE_H
#define NEURATH_CONSOLE_CONSOLE_CONSOLE_H

#include <lib/base/status.h>

/* Output and log lines share the serial line: while a line is being edited, output is put above it and the line is shown again.
 * The prompt appears with the first byte that somebody types, and goes a minute after the last. */

#define CONSOLE_LINE_MAX 256u

/* Prints formatted text as it is, cut at 1023 bytes. Any context but NMI. See format.h for what it knows. */
void console_print(const char *format, ...) PRINTF_LIKE(1, 2);
void console_write(const char *text, size_t len);

/* For dying machines: no lock, no line editing. Both wait until all that was printed has left, for a second at most while
 * nobody takes it. */
void console_print_unlocked(const char *format, ...) PRINTF_LIKE(1, 2);
void console_flush_unlocked(void);

/* Line editing (left, right, home, end, backspace, delete, up, down, ctrl-a c d e k u w l). Feeds waiting input;
 * when a line is complete, copies it NUL-terminated to OUT (CONSOLE_LINE_MAX bytes) and gives STATUS_OK; else STATUS_AGAIN.
 * One reader (the shell). */
NODISCARD enum status console_read_line(char *out);

/* Shows PROMPT (copied) and starts editing a line. */
void console_prompt(const char *prompt);

/* Signalled when there is input to be fed. */
struct event *console_event(void);

#endif
