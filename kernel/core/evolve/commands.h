/* What the files of the shell commands share.
 * SPDX-License-Identifier: MIT
 */
#ifndef NEURATH_CORE_EVOLVE_COMMANDS_H
#define NEURATH_CORE_EVOLVE_COMMANDS_H

#include <core/evolve/evolve.h>

void command_deps(int argc, char **argv);
void command_ns(int argc, char **argv);

/* Prints what is known of the attempt of R; SCRATCH (EVOLVE_ACCOUNT_MAX bytes) is for its account. */
void tell_report(const struct evolve_report *r, char *scratch);
/* Starts a task that prints how ATTEMPT goes on, until it is over. STATUS_FULL: no memory. */
NODISCARD enum status tell_follow(uint64_t attempt);

/* The first bytes of an object's hash. */
void print_hash(const uint8_t hash[32]);
const char *version_state_name(const struct version *v);

#endif
