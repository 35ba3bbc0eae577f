/* The serial port COM1: bytes out, bytes in. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_CONSOLE_SERIAL_SERIAL_H
#define NEURATH_CONSOLE_SERIAL_SERIAL_H

#include <lib/base/status.h>

/* 16550A, 115200 8N1. Other cells use console or log; this is the wire. */

/* Writes LEN bytes, each newline preceded by a carriage return. When the line's other end does not take them they wait, and
 * leave by interrupt; what is too much is lost, and the line says how much: "serial: N characters lost". Any context but NMI;
 * one lock, so that one call's bytes stay together. */
void serial_write(const char *bytes, size_t len);

/* As serial_write(), without the lock: for the last words of a machine whose lock holder has died. Waits for the device; gives
 * up when it does not move for a second. */
void serial_write_unlocked(const char *bytes, size_t len);

/* Waits as well, until what was written has left: before a machine ends. */
void serial_flush_unlocked(void);

/* Takes one received byte. STATUS_AGAIN: none. Task context. */
NODISCARD enum status serial_read(char *out);

/* Signalled when bytes have come. Lends it for good. */
struct event *serial_event(void);

/* Called by init first of all: output works from here on. */
void serial_early(void);
/* Start hook, phase device: input by interrupt. */
enum status serial_start(void);

#endif
