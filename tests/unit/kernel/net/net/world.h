/* A world for the net cell on the host: virtual time, one network card whose wire the test holds, the cell's task. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_TESTS_NET_WORLD_H
#define NEURATH_TESTS_NET_WORLD_H

#include <net/net/net.h>

enum { WORLD_FRAME_MAX = 1600 };

/* Starts the cell, once in a process; later calls do nothing. */
void world_start(void);

/* Lets MS milliseconds pass; the net task runs when it is due. */
void world_run(unsigned ms);

/* Runs the net task until nothing is left to do now. */
void world_settle(void);

/* Puts a frame on the wire to the card. */
void world_deliver(const void *frame, size_t len);

/* For MS milliseconds the card of a machine with so many processors always has another frame. Gives how long, in that time, the
 * net task let others have a processor. */
uint64_t world_flood(unsigned processors, unsigned ms);

/* The oldest frame that the card has sent; 0: none. */
size_t world_take_sent(void *out, size_t cap);

/* The card refuses to send while set. */
void world_block_sending(bool blocked);
void world_set_link(bool link);

/* heap_alloc() and its like fail from the COUNTth call on, once; 0: never. */
void world_fail_allocation(unsigned count);
/* Objects that are live in the heap. */
uint64_t world_live_objects(void);

/* What the shell command `net` printed when it was run with these words. */
const char *world_shell(int argc, char **argv);

#endif
