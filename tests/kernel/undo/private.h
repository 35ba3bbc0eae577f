/* What the tests of undoing and queueing share. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_TESTS_KERNEL_UNDO_PRIVATE_H
#define NEURATH_TESTS_KERNEL_UNDO_PRIVATE_H

#include <tests/kernel/kswap/kswap.h>
#include <tests/kernel/swap_target/swap_target.h>

/* kswap_submit() and kswap_run() of swap_target. */
enum status undo_submit(const char *variant, uint64_t trial_ms, uint64_t *out_attempt);
enum evolve_phase undo_swap(const char *variant);
/* Lends the swap task. */
struct task *undo_swap_task(void);
/* Lends the task in which it calls functions of cells. */
struct task *undo_walker_task(void);
/* Checks heap, frames and namespace. */
bool undo_went_well(void);

/* ---- what runs ----------------------------------------------------------------------------------------------- */

enum undo_part {
    UNDO_TEXT,
    UNDO_CONSTANTS,
    UNDO_CALLS,  /* where they lead */
    UNDO_STUBS,  /* likewise */
    UNDO_CELLS,  /* which version of which lineage, also as the service is told */
    UNDO_HOMES,  /* whose they are, where, and of what form */
    UNDO_VALUES, /* of the statics of cells that this test swaps */
    UNDO_MARKS, /* what a way back leaves: counts of changes, names of types that were made */
    UNDO_PARTS
};
enum { UNDO_ALL = (1 << UNDO_PARTS) - 1, UNDO_BUT_MARKS = UNDO_ALL & ~(1 << UNDO_MARKS) };

struct undo_digest {
    uint64_t part[UNDO_PARTS];
};
void undo_digest(struct undo_digest *out);
/* Gives a bit for each part that is not as BEFORE says. */
uint32_t undo_changed(const struct undo_digest *before);
/* Gives the parts that are as before when a swap was taken back; MOVES: as of a kind. */
uint32_t undo_taken_back(bool moves);

/* ---- what is taken ------------------------------------------------------------------------------------------- */

struct undo_use {
    uint64_t objects; /* of the heap; every region of cell memory has one too */
    uint64_t bytes;   /* of these */
    uint64_t frames;  /* beside those that the heap keeps */
};
void undo_use(struct undo_use *out);
/* The same as soon as retired versions are gone, which takes seconds. */
void undo_use_later(struct undo_use *out);
/* Says whether no more than BEFORE is in use by then, but for what the rest of the machine takes. */
bool undo_left_nothing(const struct undo_use *before);
/* Waits a moment until no more than BEFORE is in use: a scan has some while it lasts. False, and says what is left, if that
 * does not come. The rest of the machine takes something now and then: what leaves something does so UNDO_TRIES times. */
enum { UNDO_TRIES = 4 };
bool undo_gave_back(const struct undo_use *before);

/* ---- swaps of all kinds -------------------------------------------------------------------------------------- */

struct undo_kind {
    const char *name;
    const char *there; /* kswap.others, and kswap.remove */
    const char *there_goes;
    const char *back;
    const char *back_goes;
    uint64_t fails[2]; /* there, and back: so many requests one after the other; 0: the other direction is enough */
    uint32_t stride; /* of requests, one in so many fails (unit undo_test tries all of a plan); 0: each */
    bool asks_back;      /* its way back asks for memory, as no other kind's does */
    bool (*begin)(void); /* NULL: nothing is to be done first. Gives false if it went wrong */
    bool (*holds)(
        void); /* its values are there, in either version; NULL: the digest says it all */
    uint32_t changes; /* parts of the digest that must differ between the two versions */
    bool moves; /* after a way back its elements lie elsewhere, so its statics point elsewhere */
    bool late;      /* its values arrive when the trial is over */
    uint32_t least; /* so many requests for memory at least fail the swap */
};
extern const struct undo_kind undo_kinds[];
extern const uint32_t undo_kind_count;
/* Gives how it ended. */
enum evolve_phase undo_swap_kind(const struct undo_kind *kind, bool back);
/* Says whether KIND holds what it has to. */
bool undo_holds(const struct undo_kind *kind);

/* ---- cases --------------------------------------------------------------------------------------------------- */

void undo_begin(void);
void a_request_that_cannot_be_copied_is_not_queued(void);
void a_swap_that_runs_out_of_memory_changes_nothing(void);
void a_way_back_that_runs_out_of_memory_is_tried_again(void);
void walks_and_edges_ask_for_no_memory(void);
void a_hook_that_runs_out_of_memory_changes_nothing(void);
void a_check_that_runs_out_of_memory_says_nothing(void);
void a_step_that_says_no_changes_nothing(void);
void a_damaged_object_changes_nothing(void);
void a_dry_run_of_each_kind_changes_nothing(void);
void a_wish_takes_each_kind_back(void);
void a_cpu_that_comes_late_is_waited_for(void);
void a_cpu_that_cannot_be_held_is_named(void);
void requests_of_several_tasks_are_carried_out_in_order(void);
void a_full_queue_says_so(void);

#endif
