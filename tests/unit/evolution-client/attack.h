/* Helpers of the attack tests.
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_UNIT_EVOLUTION_CLIENT_ATTACK_H
#define TESTS_UNIT_EVOLUTION_CLIENT_ATTACK_H

#include "sim.h"

int attack_set_up(void **state);
int attack_tear_down(void **state);
/* Whether the request's path contains PART. */
bool is_path(const struct sim_answer *answer, const char *part);
/* Booted, running release 1, at rest. */
struct sim *at_rest(void **state);
/* The old cells run on, CODE was reported, and once the world is good again so is the machine. */
void refused_then_recovers(struct sim *sim, const char *code);

#define CASE(name) cmocka_unit_test_setup_teardown(name, attack_set_up, attack_tear_down)

#endif
