/* Calls coupled_server in the form that its version has. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_TESTS_KERNEL_COUPLED_CLIENT_H
#define NEURATH_TESTS_KERNEL_COUPLED_CLIENT_H

#include <lib/base/status.h>

/* Sends ROUNDS tagged messages, directly and by pointer. Gives how many had a wrong answer. */
uint64_t coupled_client_work(uint64_t rounds);
/* Stays in a function that no version changes until *STOP. */
void coupled_client_idle(const volatile uint64_t *stop);

#endif
