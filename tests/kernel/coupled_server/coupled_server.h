/* A cell whose functions change their form together with their caller, coupled_client. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_TESTS_KERNEL_COUPLED_SERVER_H
#define NEURATH_TESTS_KERNEL_COUPLED_SERVER_H

#include <lib/base/status.h>

/* Version 1 serves one number, version 2 (variants `wide`, `fault`, `loop`) two. Callers give the number of their own
 * version as TAG: a message that crosses versions is counted (hazard 29). */
#if defined VARIANT_wide || defined VARIANT_fault || defined VARIANT_loop
#define COUPLED_VERSION 2u
uint64_t coupled_serve(uint64_t tag, uint64_t a, uint64_t b);
#else
#define COUPLED_VERSION 1u
uint64_t coupled_serve(uint64_t tag, uint64_t a);
#endif

/* The same form in both versions, and called by pointer: only the drain keeps old callers away from new text. */
typedef uint64_t (*coupled_check_fn)(uint64_t tag);
coupled_check_fn coupled_checker(void);

/* Messages that met another version than their own: in direct calls, and in calls by pointer. */
uint64_t coupled_mixed_direct(void);
uint64_t coupled_mixed_by_pointer(void);

uint32_t coupled_server_version(void);

/* A restartable operation (restartable_fn): sleeps until coupled_give(); *ARG becomes the version that it ended in. */
enum status coupled_take(void *arg);
void coupled_give(void);
/* Sleeps inside this cell until coupled_release(), whoever asks it to leave. */
void coupled_stay(void);
void coupled_release(void);
/* Tasks inside coupled_take() and coupled_stay(). */
uint64_t coupled_sleepers(void);

/* The address of a function of which the variant `held` has another form. */
void *coupled_hook_address(void);

/* Asks the new version to misbehave: variant `fault` faults, `loop` stays in its next call. */
void coupled_misbehave(void);

#endif
