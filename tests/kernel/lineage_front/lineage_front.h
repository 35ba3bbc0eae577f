/* What test_lineage sees of a library that drains. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_TESTS_KERNEL_LINEAGE_FRONT_H
#define NEURATH_TESTS_KERNEL_LINEAGE_FRONT_H

#include <lib/base/types.h>

struct sample;

/* NULL: the library was not started, or no memory. End it with sample_close(). */
struct sample *sample_open(void);
void sample_close(struct sample *sample);
/* Gives the sum. */
uint64_t sample_add(struct sample *sample, uint64_t number);
uint32_t sample_version(struct sample *sample);

/* Makes a thing, waits, and uses it, as who keeps nothing of the library from call to call. False: another lineage
 * than the one that made it was asked. */
bool sample_direct(uint64_t ns);

/* Called by the library's hooks; how often that was. */
void lineage_front_note_start(void);
void lineage_front_note_stop(void);
uint32_t lineage_front_starts(void);
uint32_t lineage_front_stops(void);

#endif
