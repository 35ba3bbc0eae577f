/* Helpers of the attack tests.
 * SPDX-License-Identifier: MIT
 */
#include "attack.h"

#include <string.h>

int attack_set_up(void **state)
{
    static struct sim sim;
    sim_init(&sim);
    *state = &sim;
    return 0;
}

int attack_tear_down(void **state)
{
    sim_fini(*state);
    return 0;
}

bool is_path(const struct sim_answer *answer, const char *part)
{
    return strstr(answer->path, part) != NULL;
}

struct sim *at_rest(void **state)
{
    struct sim *sim = *state;
    sim_boot(sim);
    sim_run(sim, 5);
    assert_int_equal(CLIENT_RUNNING, sim_status(sim).state);
    return sim;
}

void refused_then_recovers(struct sim *sim, const char *code)
{
    assert_true(sim_runs(sim, COLOURS(1, 1, 1, 1)));
    assert_string_equal(code, sim_reason(sim));
    assert_int_equal(0, sim->submits);
    assert_int_equal(1, sim_count(sim, "attempt", "refused"));
    sim->bend = NULL;
    sim_release(sim, 9, COLOURS(9, 1, 1, 1));
    sim_run(sim, 120);
    assert_true(sim_runs(sim, COLOURS(9, 1, 1, 1)));
    assert_string_equal("permanent", sim_result(sim));
}
