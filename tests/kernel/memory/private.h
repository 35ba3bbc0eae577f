/* Shared by the files of this test. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_TESTS_KERNEL_MEMORY_PRIVATE_H
#define NEURATH_TESTS_KERNEL_MEMORY_PRIVATE_H

#include <tests/kernel/ktest/ktest.h>

void frames_come_and_go(void);
void runs_are_adjacent_and_aligned(void);
void gives_no_frame_when_the_pool_is_empty(void);

void text_cannot_be_written(void);
void data_cannot_be_executed(void);
void text_is_not_in_the_direct_map(void);
void stacks_end_at_a_guard_page(void);
void writable_and_executable_is_refused(void);
void mapping_twice_is_refused_and_changes_nothing(void);
void rights_change_and_go(void);
void what_was_written_to_is_known(void);
void frames_leave_the_direct_map_together(void);
void stack_overflow_restarts_the_task(void);
void tables_keep_their_invariants(void);

void objects_keep_their_bytes(void);
void freed_memory_is_overwritten(void);
void sizes_at_the_edges_work(void);
void nothing_is_left_in_a_large_object(void);
void too_much_gives_null(void);
void realloc_keeps_the_common_part(void);
void every_live_object_is_visited(void);
void runs_are_seen_until_they_are_given_back(void);
void freeing_twice_is_a_fault(void);
void several_tasks_share_the_heap(void);

/* xorshift: the same sequence in each run. */
static inline uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

#endif
