/* What the tests of migrations share. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_TESTS_KERNEL_MIGRATE_PRIVATE_H
#define NEURATH_TESTS_KERNEL_MIGRATE_PRIVATE_H

#include <tests/kernel/kswap/kswap.h>
#include <tests/kernel/migrate_target/migrate_target.h>

#define PATIENCE_NS (30 * NS_PER_S)

extern const struct migrate_view migrate_sample;
/* Says whether the target's data are EXPECTED. */
bool migrate_holds(const struct migrate_view *expected);

/* Addresses that a look at the target leaves on this stack would count as held. */
void migrate_clean_stack(void);

/* In states.c: data that change their meaning.
 * Says whether times are those that the first case has stored; its variants grown and huge have another unit. */
bool states_are_whole(void);
void values_turn_into_another_meaning_and_back(void);
void skipped_states_are_gone_through_edge_by_edge(void);
void another_meaning_without_an_edge_is_refused(void);
void what_the_new_code_stored_turns_back(void);
void an_edge_that_faults_or_never_ends_is_refused(void);
void what_is_stored_beside_an_edge_is_not_lost(void);
/* The last one that uses the cell: its task goes on. */
void a_fault_turns_values_back(void);

/* In waiters.c: tasks that wait for what moves. */
void who_waits_for_an_event_that_moves_waits_there(void);

/* In lines.c: devices' interrupts meanwhile. */
void a_handler_is_not_left_behind(void);
void lines_go_on_where_nobody_could_let_them_go(void);

#endif
