/* Random bytes for keys and protocols: RDRAND, conditioned by a ChaCha20 generator. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_LIB_RANDOM_RANDOM_H
#define NEURATH_LIB_RANDOM_RANDOM_H

#include <lib/base/status.h>

/* A generator with fast key erasure (D. J. Bernstein): each call overwrites its key before it gives
 * bytes away, and mixes fresh RDRAND output in. Intel SDM volume 1, 7.3.17. */

/* Fills OUT with LEN random bytes. Any context; takes the generator's lock.
 * STATUS_UNSUPPORTED: this machine has no working source; OUT is untouched and nobody may make keys. */
NODISCARD enum status random_fill(void *out, size_t len);

/* STATUS_OK when random_fill() would work. */
enum status random_status(void);

/* Start hook, phase early: tests the source and seeds the generator; says it loudly when there is none. */
enum status random_start(void);

#endif
