/* Gets all tasks out of text that a coupled set replaces, before the moment of the swap.
 * SPDX-License-Identifier: MIT
 *
 * Coupled cells change what they mean to each other, so no task may go on in their old text. The
 * drain closes the scheduler's gate (task.h) and walks the stack of every task that stands and has run since it was walked
 * before (walked.h):
 *   - a frame in a function that did not change moves to the same place of the new text, unless its cell's data change;
 *   - a task with any other frame in that text is let through the gate until it is out: preempted
 *     it goes on to the end of its step, asleep it is asked to restart its operation (Q2);
 *   - everybody else stays where he is.
 * On the way back (BACKWARDS) a task that stays inside for too long is made to leave: it is restarted, as after a fault.
 * When nobody is inside, the gate is sealed and the caller makes the stores in the same step. A try
 * is short, for the machine stands meanwhile; tries that fail are repeated after longer pauses,
 * then the attempt is refused and nothing has changed.
 *
 * Drain invariants:
 *  1. between DRAIN_QUIET and drain_end() no task runs but the swap task, no stack but its own changes,
 *     and every frame of another task in text that goes is in the list of moves;
 *  2. no pointer to an entry stub that would lead into that text lies in a stack, heap object or home, and none is made
 *     before the stores: device interrupts are held back as well (timers call the scheduler alone);
 *  3. after DRAIN_BUSY, and whenever the swap task is given up, the gate is open.
 * Interrupt handlers and the scheduler run with interrupts off, so a CPU is never held inside them, and an idle
 * CPU stands in the frozen cell entry: neither has to be looked at.
 * States: IDLE → WALKING (first drain_step) → SEARCHING (holders_ahead) → CLOSED → PAUSED → SEARCHING ... → MOVING
 * (nobody is inside, elements move: moving.h) → SEALED (DRAIN_QUIET) → IDLE (drain_end), or IDLE (DRAIN_BUSY). With elements
 * MOVING → DRAFTING (they are known, tasks run again: draft.h) → SEARCHING comes in between. The swap
 * task is the only user.
 */
#ifndef NEURATH_CORE_EVOLVE_DRAIN_H
#define NEURATH_CORE_EVOLVE_DRAIN_H

#include <core/evolve/private.h>

enum drain_result {
    DRAIN_WAIT, /* *out_wait says for what; then drain_step() again */
    DRAIN_QUIET, /* nobody is inside: store in this very step, then drain_moved() and drain_end() */
    DRAIN_BUSY, /* *out_reason names task and frame, or who holds a pointer */
};

/* The next look for the plan of A; BACKWARDS: the new text is what has to be left. Counts time and tasks
 * in A's report. */
enum drain_result drain_step(struct attempt *a, bool backwards, struct wait *out_wait,
                             struct refusal *out_reason);
/* The stores were made: moves the frames of unchanged functions. Calls nothing, so that it may run in text that
 * has just been replaced. */
void drain_moved(void);
/* The stores were made, in the step before: device interrupts come again, tasks do not yet. */
void drain_stored(void);
/* The stores are to be taken back before anybody else runs: drain_step() may follow, the gate stays closed. */
void drain_turn(void);
/* Opens the gate, in any state; also after stores that could not be made. */
void drain_end(void);

#endif
