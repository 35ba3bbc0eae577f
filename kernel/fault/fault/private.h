/* Shared by the files of this cell: what is told about a fault. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_FAULT_FAULT_PRIVATE_H
#define NEURATH_FAULT_FAULT_PRIVATE_H

#include <fault/fault/fault.h>

/* "cell@version function+offset" of PC. */
void report_place(uint64_t pc, char *out, size_t capacity);

/* Registers and backtrace; through the log, or for a fatal fault straight to the wire. */
void report(const struct trap_frame *frame, const struct fault_record *record,
            const char *panic_text);

/* A fault while another was being reported on this CPU: one line, no locks. */
void report_nested(const struct trap_frame *frame);

/* "page fault" and so on; never NULL. */
const char *report_vector_name(uint64_t vector);

#endif
