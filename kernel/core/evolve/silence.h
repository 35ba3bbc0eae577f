/* Notices when who asked for a swap, and has to confirm it, is asleep in the new code.
 * SPDX-License-Identifier: MIT
 *
 * Who confirms is alive as long as it begins steps: a machine that cannot reach anybody then says so itself, and its own tests
 * of the network decide (design 4). A task that neither runs, nor wants to, and has begun no step for some seconds after the
 * end of the trial, will not do so: who asks without self_confirm has to step more often. The swap task is the only user.
 */
#ifndef NEURATH_CORE_EVOLVE_SILENCE_H
#define NEURATH_CORE_EVOLVE_SILENCE_H

#include <core/evolve/private.h>

/* To be asked at each look at a trial of A that is not confirmed and was to end at END_NS. True: *out_reason says who sleeps. */
bool silence_found(const struct attempt *a, uint64_t end_ns, struct refusal *out_reason);
/* Makes everybody leave who sleeps in text of A that goes, and who asked for A; their steps begin again. The stores are
 * taken back. */
void silence_end(const struct attempt *a);

#endif
