/* Judges what a version on trial does with memory.
 * SPDX-License-Identifier: MIT
 *
 * What cells of the swap take from the heap is noted until it is freed (mm/heap/heap.h). When the trial is over, objects of
 * those to which nothing leads (unreached.h), and of which more come from look to look, are a leak, if a last look while all
 * tasks stand finds the same; a single loss is none, nor is load, however much it takes. Objects that take much of what was
 * free are looked at before. A kernel that runs out of memory in a trial goes back while there is some left, unless most
 * of what is gone are objects that others have taken.
 * States: IDLE → READY (leaks_prepare) → WATCHING (leaks_begin) → IDLE (leaks_end, from any). The swap task is the only
 * user.
 */
#ifndef NEURATH_CORE_EVOLVE_LEAKS_H
#define NEURATH_CORE_EVOLVE_LEAKS_H

#include <core/evolve/private.h>

enum leaks_state {
    LEAKS_NONE,
    LEAKS_LOOKING, /* ask again soon */
    LEAKS_FOUND,   /* *out_reason says whose, and how much */
};

/* Takes what is needed for A's plan, before the heap itself may be on trial. Without that memory no leak is noticed. A consent
 * CELL:leak lets the cell lose what it will. */
void leaks_prepare(const struct attempt *a);
/* Begins to note what the new text takes. */
void leaks_begin(void);
/* One look during the trial; cheap as long as little is taken. */
enum leaks_state leaks_look(struct refusal *out_reason);
/* Says whether a trial that is over has to end badly, or to last longer to be judged: a fraction of a second, and seconds if
 * something is lost. */
enum leaks_state leaks_judge(struct refusal *out_reason);
/* Says whether memory is so short that who takes it has to be stopped at once. */
bool leaks_press(void);
void leaks_end(void);

#endif
