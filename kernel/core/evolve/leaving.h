/* Which text has to be left before a coupled swap, and where the frames of tasks are in it.
 * SPDX-License-Identifier: MIT
 *
 * Lists belong to the swap task, one at a time. */
#ifndef NEURATH_CORE_EVOLVE_LEAVING_H
#define NEURATH_CORE_EVOLVE_LEAVING_H

#include <core/evolve/private.h>

/* One version that nobody may run any more, and the one in which unchanged functions go on (NULL: none). */
struct leaving {
    const struct version *from;
    const struct version *to;
    bool stays; /* its text goes on to be called; but nobody may be between two calls of a lineage that drains */
};

enum frames {
    FRAMES_CLEAR,  /* none in that text */
    FRAMES_MOVE,   /* only in functions that go on in the new text; noted */
    FRAMES_INSIDE, /* *out_pc is in a function that does not */
    FRAMES_LOST,   /* the walk ends at *out_pc and not at the task's root */
};

/* Makes the list for PLAN: its coupled cells' replaced versions, older ones of these cells, and whoever would go on to
 * call them; and all that call what drains, for they will call the new lineage. False: no memory, which cannot be BACKWARDS if it
 * was called for the way there. End with leaving_fini(); leaving_forget() gives the memory back, when the attempt ends. */
bool leaving_init(const struct plan *plan, bool backwards);
void leaving_fini(void);
void leaving_forget(void);
uint32_t leaving_count(void);
const struct leaving *leaving_at(uint32_t index);
const struct leaving *leaving_of(const struct version *v);

/* Forgets all moves. */
void frames_begin(void);
/* Says whether TASK has frames and no CPU, and is not the one that asks. Inside task_for_each(). */
bool frames_stand(const struct task *task);
/* Stops whoever runs, but for the one that asks, which keeps the gate closed. Says whether nobody did. */
bool frames_all_stand(void);
/* Walks the stack of TASK, which has frames and no CPU. Inside task_for_each(). */
enum frames frames_walk(const struct task *task, uint64_t *out_pc);
/* Stores the moves; calls nothing. */
void frames_move(void);

/* Lists what a swap, or its way back, makes of pointers, as far as that is known before its elements are; after
 * leaving_init(). False: no memory. End with holders_fini(), whatever it gave. */
bool holders_init(const struct plan *plan, bool backwards);
void holders_fini(void);
/* Gives the bytes of all lists of holders_init(), and of the search's, but for that of the heap. */
uint64_t holders_bytes(void);
/* Says whether there is something to look for, as far as that is known. */
bool holders_any(void);
/* The elements in the plan's list, if there are any, are looked for too from now on. */
void holders_elements(void);
/* Looks for such pointers in memory while tasks run, the next part; called again later, where something was written to
 * since. False: that is all for now. */
bool holders_ahead(void);
/* The search, if there is anything to look for: looks for a pointer to a stub that will lead into text that is left, or into
 * an object of which that part will lie elsewhere, while nobody is inside. True: *out names function or object, and holder.
 * False: there is none, or (*out_full) not enough memory to look everywhere. */
bool holders_find(struct refusal *out, bool *out_full);
/* The same on the way back, after followers_begin(): lends tasks that have a pointer on their stack into an object that
 * moves, and gives how many; there may be more of them when it is HOLDERS_TASKS_MAX. */
enum { HOLDERS_TASKS_MAX = 16 };
uint32_t holders_tasks(struct task *const **out);
/* Notes all others as followers. Each element to which something leads that does not follow is marked as kept, so that its
 * storage stays. Gives where the first such pointer lies, or 0. *OUT_FULL: not enough memory to look. */
uint64_t holders_keep(bool *out_full);

#endif
