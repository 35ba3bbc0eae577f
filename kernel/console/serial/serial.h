/* The serial port COM1: bytes out, bytes in. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_CONSOLE_SERIAL_SERIAL_H
#define NEURATH_CONSOLE_SERIAL_SERIAL_H

#include <lib/base/status.h>

/* 16550A, 115200 8N1. Other cells use console or log; this is the wire. */

/* Writes LEN bytes, each newline preceded by a carriage return. Waits for the transmitter; gives up when it
 * does not move for a second. Any context but NMI; one lock, so that one call's bytes stay together. */
void serial_write(const char *bytes, size_t len);

/* As serial_write(), without the lock: for the last words of a machine whose lock holder has died. */
void serial_write_unlocked(const char *bytes, size_t len);

/* Takes one received byte. STATUS_AGAIN: none. Task context. */
NODISCARD enum status serial_read(char *out);

/* Signalled when bytes have come. Lends it for good. */
struct event *serial_event(void);

/* Called by init first of all: output works from here on. */
void serial_early(void);
/* Start hook, phase device: input by interrupt. */
enum status serial_start(void);

#endif
