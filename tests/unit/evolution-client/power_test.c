/* Clock, power, store: cases C of the attack list, in the simulator.
 * SPDX-License-Identifier: MIT
 */
#include "attack.h"

#include <stdlib.h>
#include <string.h>

static void c1_a_server_clock_that_runs_back_revives_nothing(void **state)
{
    struct sim *sim = at_rest(state);
    sim->server_time_ms += 2 * FIXTURE_HOUR;
    sim->signed_state++;
    sim_run(sim, 10);
    sim->server_time_ms -= 2 * FIXTURE_HOUR;
    sim->expires_ms = FIXTURE_NOW + FIXTURE_HOUR;
    sim_release(sim, 2, COLOURS(2, 1, 1, 1));
    sim_run(sim, 60);
    assert_string_equal("expired", sim_reason(sim));
    assert_int_equal(0, sim->submits);
}

/* Hazard 35. Without the checksum in sections_find() damage that is not in the key goes unnoticed, and no new identity is asked
 * for. */
static void c5_a_damaged_blob_means_a_new_identity_and_no_crash(void **state)
{
    struct sim *sim = at_rest(state);
    struct bytes whole = sim->blob;
    for (size_t i = 0; i < whole.len; i += 37) {
        unsigned enrolments = sim->enrolments;
        sim->blob.data = malloc(whole.len);
        sim->blob.len = whole.len;
        assert_non_null(sim->blob.data);
        memcpy(sim->blob.data, whole.data, whole.len);
        sim->blob.data[i] ^= 0x55;
        sim_boot(sim);
        sim_run(sim, 1);
        assert_int_equal(enrolments + 1, sim->enrolments);
        bytes_free(&sim->blob);
    }
    sim->blob = whole;
    unsigned enrolments = sim->enrolments;
    size_t len = sim->blob.len;
    for (sim->blob.len = 0; sim->blob.len < len; sim->blob.len += 13)
        sim_boot(sim);
    sim->blob.len = len / 2;
    sim_boot(sim);
    sim_run(sim, 10);
    const json_t *boot = sim_last(sim, "boot");
    assert_string_equal("lost", json_string_value(json_object_get(boot, "blob_state")));
    assert_int_equal(enrolments + 1, sim->enrolments);
    assert_int_equal(CLIENT_RUNNING, sim_status(sim).state);
}

/* Hazard 35. Swapped all the same without the look at the store in save_step(). */
static void c5_without_a_store_nothing_is_swapped_and_it_goes_on_later(void **state)
{
    struct sim *sim = at_rest(state);
    sim->store_fails = true;
    sim_release(sim, 2, COLOURS(2, 1, 1, 1));
    sim_run(sim, 60);
    assert_int_equal(0, sim->submits);
    assert_string_equal("store", sim_status(sim).reason);
    sim->store_fails = false;
    sim_run(sim, 10);
    assert_true(sim_runs(sim, COLOURS(2, 1, 1, 1)));
}

static void without_random_numbers_nothing_is_asked(void **state)
{
    struct sim *sim = *state;
    sim->no_random = true;
    sim_boot(sim);
    sim_run(sim, 20);
    assert_int_equal(0, sim->requests);
    assert_string_equal("random", sim_status(sim).reason);
    sim->no_random = false;
    sim_run(sim, 10);
    assert_int_equal(CLIENT_RUNNING, sim_status(sim).state);
}

/* Power is cut at every moment of an update; afterwards old or new runs, never a mixture, and the update ends well. */
static void c3_power_cut_at_any_moment_of_an_update(void **state)
{
    for (unsigned moment = 0; moment < 60; moment++) {
        struct sim *sim = *state;
        if (moment > 0) {
            sim_fini(sim);
            sim_init(sim);
        }
        at_rest(state);
        sim_release(sim, 2, COLOURS(2, 2, 1, 1));
        for (unsigned step = 0; step < moment * 2; step++)
            sim_run(sim, 0.002 + moment * 0.0015);
        bool permanent = sim->phase == CLIENT_INSTALL_PERMANENT;
        if (!permanent)
            memcpy(sim->running, COLOURS(1, 1, 1, 1), sizeof sim->running);
        sim_boot(sim);
        sim_run(sim, 60);
        assert_true(sim_runs(sim, COLOURS(2, 2, 1, 1)));
        assert_int_equal(2, sim_status(sim).release);
        assert_int_equal(1, sim->enrolments);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(c1_a_server_clock_that_runs_back_revives_nothing),
        CASE(c3_power_cut_at_any_moment_of_an_update),
        CASE(c5_a_damaged_blob_means_a_new_identity_and_no_crash),
        CASE(c5_without_a_store_nothing_is_swapped_and_it_goes_on_later),
        CASE(without_random_numbers_nothing_is_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
