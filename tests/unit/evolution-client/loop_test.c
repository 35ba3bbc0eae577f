/* The main loop: enrolment, update, trial, permanent, revert, rollback, quarantine, restarts.
 * SPDX-License-Identifier: MIT
 */
#include "sim.h"

#include <string.h>

static int set_up(void **state)
{
    static struct sim sim;
    sim_init(&sim);
    *state = &sim;
    return 0;
}

static int tear_down(void **state)
{
    sim_fini(*state);
    return 0;
}

/* A client that has enrolled and runs release 1. */
static struct sim *running(void **state)
{
    struct sim *sim = *state;
    sim_boot(sim);
    sim_run(sim, 5);
    return sim;
}

static void enrols_once_and_stays_parked(void **state)
{
    struct sim *sim = *state;
    sim_boot(sim);
    sim_run(sim, 100);
    struct client_status status = sim_status(sim);
    assert_int_equal(1, sim->enrolments);
    assert_int_equal(CLIENT_RUNNING, status.state);
    assert_int_equal(1, status.release);
    assert_true(status.time_known);
    assert_true(sim->told_time_ms > FIXTURE_NOW);
    assert_in_range(sim->polls, 4, 8);
    assert_string_equal("permanent", sim_result(sim));
    assert_int_equal(0,
                     json_array_size(json_object_get(sim_last(sim, "attempt"), "cells")));
    assert_int_equal(0, sim->submits);
}

static void a_second_boot_has_the_same_identity_and_no_new_row(void **state)
{
    struct sim *sim = running(state);
    struct client_status before = sim_status(sim);
    sim_boot(sim);
    sim_run(sim, 30);
    struct client_status after = sim_status(sim);
    assert_string_equal(before.machine, after.machine);
    assert_string_not_equal(before.boot_id, after.boot_id);
    assert_int_equal(1, sim->enrolments);
    assert_int_equal(1, sim_count(sim, "attempt", NULL));
    assert_int_equal(2, sim_count(sim, "boot", NULL));
    assert_int_equal(1, after.release);
}

static void runs_what_is_pushed_and_fetches_only_what_differs(void **state)
{
    struct sim *sim = running(state);
    sim_release(sim, 2, COLOURS(2, 1, 1, 1));
    sim_run(sim, 1);
    assert_true(sim_runs(sim, COLOURS(2, 1, 1, 1)));
    assert_string_equal("trial", sim_result(sim));
    assert_int_equal(CLIENT_TRIAL, sim_status(sim).state);
    assert_int_equal(1, sim->object_requests);
    sim_run(sim, 4);
    assert_string_equal("permanent", sim_result(sim));
    const json_t *report = sim_last(sim, "attempt");
    const json_t *cell = json_array_get(json_object_get(report, "cells"), 0);
    assert_int_equal(1, json_array_size(json_object_get(report, "cells")));
    assert_string_equal("alpha", json_string_value(json_object_get(cell, "name")));
    assert_string_equal("text", json_string_value(json_object_get(cell, "class")));
    assert_int_equal(4321, json_integer_value(json_object_get(report, "pause_ns")));
    const json_t *stages = json_object_get(report, "stage_ms");
    assert_int_equal(3, json_integer_value(json_object_get(stages, "load")));
    assert_in_range(json_integer_value(json_object_get(stages, "trial")), 3000, 3400);
    assert_int_equal(2, sim_status(sim).release);
    assert_int_equal(1, sim_status(sim).security_floor);
    assert_int_equal(1, sim->confirms);
}

/* Seen to fail when client_cache_find() finds only what the present attempt has fetched. */
static void going_back_to_what_was_fetched_before_fetches_nothing(void **state)
{
    struct sim *sim = running(state);
    for (unsigned colour = 2; colour <= 3; colour++) {
        sim_release(sim, colour, COLOURS(colour, 1, 1, 1));
        sim_run(sim, 5);
        assert_string_equal("permanent", sim_result(sim));
    }
    assert_int_equal(2, sim->object_requests);
    sim_release(sim, 4, COLOURS(2, 1, 1, 1));
    sim_run(sim, 5);
    assert_string_equal("permanent", sim_result(sim));
    assert_true(sim_runs(sim, COLOURS(2, 1, 1, 1)));
    assert_int_equal(4, sim_status(sim).release);
    assert_int_equal(2, sim->object_requests);
}

/* Seen to fail when release_judge() compares the cells first. */
static void another_boot_stub_with_the_same_cells_needs_a_boot(void **state)
{
    struct sim *sim = *state;
    memset(sim->config.stub, 1, sizeof sim->config.stub);
    sim->stub = 1;
    sim_release(sim, 2, COLOURS(1, 1, 1, 1));
    sim_boot(sim);
    sim_run(sim, 5);
    assert_string_equal("permanent", sim_result(sim));
    sim->stub = 2;
    sim_release(sim, 3, COLOURS(1, 1, 1, 1));
    sim_run(sim, 5);
    assert_string_equal("refused", sim_result(sim));
    assert_string_equal("needs_boot", sim_reason(sim));
    assert_int_equal(CLIENT_BLOCKED, sim_status(sim).state);
    assert_int_equal(2, sim_status(sim).release);
    sim->stub = 1;
    sim_release(sim, 4, COLOURS(2, 1, 1, 1));
    sim_run(sim, 5);
    assert_string_equal("permanent", sim_result(sim));
    assert_int_equal(0, sim_status(sim).quarantined);
}

static int64_t number(const json_t *report, const char *key)
{
    return json_integer_value(json_object_get(report, key));
}

static void reports_tell_what_the_swap_did_and_where_it_came_from(void **state)
{
    struct sim *sim = running(state);
    assert_null(json_object_get(sim_last(sim, "attempt"), "revertible"));
    sim_release(sim, 2, COLOURS(2, 1, 1, 1));
    sim_run(sim, 5);
    const json_t *report = sim_last(sim, "attempt");
    assert_int_equal(1, number(report, "from_release"));
    assert_int_equal(77, number(report, "drain_ns"));
    assert_int_equal(9, number(report, "waited_count"));
    const json_t *waited = json_object_get(report, "waited");
    assert_int_equal(8, json_array_size(waited));
    assert_string_equal("echo", json_string_value(json_array_get(waited, 0)));
    assert_string_equal("a??", json_string_value(json_array_get(waited, 1)));
    assert_int_equal(2, number(report, "migrated_objects"));
    assert_true(number(report, "migrated_bytes") > 0);
    assert_int_equal(3, number(report, "draining_objects"));
    assert_int_equal(4096, number(report, "retained_bytes"));
    assert_true(json_is_true(json_object_get(report, "revertible")));
}

static void a_refused_swap_tells_of_no_effects(void **state)
{
    struct sim *sim = running(state);
    sim->fate = SIM_REFUSED;
    sim_release(sim, 2, COLOURS(2, 1, 1, 1));
    sim_run(sim, 5);
    assert_string_equal("refused", sim_result(sim));
    assert_null(json_object_get(sim_last(sim, "attempt"), "retained_bytes"));
}

static void adds_and_removes_cells(void **state)
{
    struct sim *sim = *state;
    sim->running[2] = 0;
    sim_release(sim, 1, COLOURS(1, 1, 0, 1));
    sim_boot(sim);
    sim_run(sim, 5);
    sim_release(sim, 2, COLOURS(0, 1, 5, 1));
    sim_run(sim, 10);
    assert_true(sim_runs(sim, COLOURS(0, 1, 5, 1)));
    assert_string_equal("permanent", sim_result(sim));
}

/* Hazard 31. Tried for ever without quarantine_of(). */
static void a_fault_in_trial_comes_back_and_is_not_tried_again(void **state)
{
    struct sim *sim = running(state);
    sim->fate = SIM_FAULT;
    sim->fault_ns = SIM_SECOND;
    sim_release(sim, 2, COLOURS(2, 1, 1, 1));
    sim_run(sim, 60);
    assert_true(sim_runs(sim, COLOURS(1, 1, 1, 1)));
    assert_string_equal("reverted", sim_result(sim));
    assert_string_equal("fault", sim_reason(sim));
    assert_int_equal(1, sim->submits);
    assert_int_equal(CLIENT_REVERTED, sim_status(sim).state);
    assert_int_equal(1, sim_status(sim).release);
    /* The same content under a new number, and the same object in another set: neither is tried. */
    sim_release(sim, 3, COLOURS(2, 1, 1, 1));
    sim_run(sim, 10);
    assert_string_equal("quarantined", sim_reason(sim));
    sim_release(sim, 4, COLOURS(2, 3, 1, 1));
    sim_run(sim, 10);
    assert_string_equal("quarantined", sim_reason(sim));
    assert_int_equal(CLIENT_BLOCKED, sim_status(sim).state);
    assert_int_equal(1, sim->submits);
    /* Nor after a restart. */
    sim_boot(sim);
    sim_run(sim, 10);
    assert_int_equal(1, sim->submits);
    /* What is right goes on. */
    sim->fate = SIM_GOOD;
    sim_release(sim, 5, COLOURS(4, 3, 1, 1));
    sim_run(sim, 10);
    assert_string_equal("permanent", sim_result(sim));
    assert_true(sim_runs(sim, COLOURS(4, 3, 1, 1)));
}

static void what_was_quarantined_is_tried_when_told(void **state)
{
    struct sim *sim = running(state);
    sim->fate = SIM_FAULT;
    sim_release(sim, 2, COLOURS(2, 1, 1, 1));
    sim_run(sim, 10);
    assert_string_equal("reverted", sim_result(sim));
    sim->fate = SIM_GOOD;
    json_array_append_new(sim->commands,
                          json_pack("{s:i, s:s}", "id", 1, "kind", "retry"));
    sim->signed_state++;
    sim_run(sim, 10);
    assert_string_equal("permanent", sim_result(sim));
    assert_int_equal(2, sim->submits);
    assert_int_equal(0, sim_status(sim).quarantined);
}

static void a_refusal_names_names_and_blocks_nothing_later(void **state)
{
    struct sim *sim = running(state);
    sim->fate = SIM_REFUSED;
    sim_release(sim, 2, COLOURS(2, 1, 1, 1));
    sim_run(sim, 60);
    assert_string_equal("refused", sim_result(sim));
    assert_string_equal("undefined_symbol", sim_reason(sim));
    const json_t *reason = json_object_get(sim_last(sim, "attempt"), "reason");
    assert_string_equal("alpha", json_string_value(json_object_get(reason, "cell")));
    assert_string_equal("beta_missing",
                        json_string_value(json_object_get(reason, "symbol")));
    assert_int_equal(1, sim->submits);
    assert_int_equal(CLIENT_BLOCKED, sim_status(sim).state);
    sim->fate = SIM_GOOD;
    sim_release(sim, 3, COLOURS(3, 1, 1, 1));
    sim_run(sim, 10);
    assert_string_equal("permanent", sim_result(sim));
}

static void a_task_in_the_way_is_given_three_tries(void **state)
{
    struct sim *sim = running(state);
    sim->fate = SIM_BUSY;
    sim_release(sim, 2, COLOURS(2, 1, 1, 1));
    sim_run(sim, 20);
    assert_string_equal("busy", sim_reason(sim));
    assert_int_equal(1, sim->submits);
    sim_run(sim, 300);
    assert_int_equal(3, sim->submits);
    sim_release(sim, 3, COLOURS(2, 3, 1, 1));
    sim_run(sim, 20);
    assert_int_equal(4, sim->submits);
    sim->fate = SIM_GOOD;
    sim_run(sim, 60);
    assert_int_equal(5, sim->submits);
    assert_true(sim_runs(sim, COLOURS(2, 3, 1, 1)));
    assert_string_equal("permanent", sim_result(sim));
}

static void a_failed_swap_is_tried_again_three_times(void **state)
{
    struct sim *sim = running(state);
    sim->fate = SIM_FAILED;
    sim_release(sim, 2, COLOURS(2, 1, 1, 1));
    sim_run(sim, 300);
    assert_int_equal(3, sim->submits);
    assert_string_equal("failed", sim_result(sim));
}

static void
a_newer_release_waits_for_the_trials_end_and_only_the_newest_counts(void **state)
{
    struct sim *sim = running(state);
    sim_release(sim, 2, COLOURS(2, 1, 1, 1));
    sim_run(sim, 1);
    sim_release(sim, 3, COLOURS(3, 1, 1, 1));
    sim_run(sim, 1);
    sim_release(sim, 4, COLOURS(4, 1, 1, 1));
    sim_run(sim, 0.5);
    assert_true(sim_runs(sim, COLOURS(2, 1, 1, 1)));
    sim_run(sim, 10);
    assert_true(sim_runs(sim, COLOURS(4, 1, 1, 1)));
    assert_int_equal(2, sim->submits);
    assert_string_equal("permanent", sim_result(sim));
}

static void a_rollback_ends_a_trial_at_once(void **state)
{
    struct sim *sim = running(state);
    sim_release(sim, 2, COLOURS(2, 1, 1, 1));
    sim_run(sim, 1);
    sim->rollback = true;
    sim_release(sim, 3, COLOURS(1, 1, 1, 1));
    sim_run(sim, 1);
    assert_true(sim_runs(sim, COLOURS(1, 1, 1, 1)));
    assert_int_equal(1, sim->submits);
    assert_string_equal("rollback", sim->revert_reason);
    assert_int_equal(1, sim_count(sim, "attempt", "reverted"));
    assert_string_equal("permanent", sim_result(sim));
    assert_int_equal(3, sim_status(sim).release);
    /* What was rolled back is not in quarantine: it may come again. */
    sim->rollback = false;
    sim_release(sim, 4, COLOURS(2, 1, 1, 1));
    sim_run(sim, 10);
    assert_true(sim_runs(sim, COLOURS(2, 1, 1, 1)));
}

static void an_order_moves_this_machine_alone_and_back(void **state)
{
    struct sim *sim = *state;
    sim_release(sim, 2, COLOURS(2, 1, 1, 1));
    sim_boot(sim);
    sim_run(sim, 10);
    assert_true(sim_runs(sim, COLOURS(2, 1, 1, 1)));
    sim_build(sim, 3, COLOURS(1, 1, 1, 1));
    sim_order(sim, MANIFEST_INTENT_ROLLBACK, 1, 3);
    sim_run(sim, 10);
    assert_true(sim_runs(sim, COLOURS(1, 1, 1, 1)));
    assert_int_equal(3, sim_status(sim).release);
    /* Without an order the channel counts again; its release must not be older. */
    sim_order(sim, MANIFEST_INTENT_HOLD, 0, 0);
    sim_run(sim, 10);
    assert_string_equal("rollback", sim_reason(sim));
    assert_true(sim_runs(sim, COLOURS(1, 1, 1, 1)));
    sim_release(sim, 4, COLOURS(2, 1, 1, 1));
    sim_run(sim, 10);
    assert_true(sim_runs(sim, COLOURS(2, 1, 1, 1)));
}

static void a_held_machine_takes_nothing_new(void **state)
{
    struct sim *sim = running(state);
    sim_order(sim, MANIFEST_INTENT_HOLD, 1, 0);
    sim_release(sim, 2, COLOURS(2, 1, 1, 1));
    sim_run(sim, 30);
    assert_int_equal(0, sim->submits);
    assert_int_equal(CLIENT_HELD, sim_status(sim).state);
    sim_order(sim, MANIFEST_INTENT_HOLD, 0, 0);
    sim_run(sim, 10);
    assert_true(sim_runs(sim, COLOURS(2, 1, 1, 1)));
}

static void a_version_that_cuts_the_network_goes_and_is_condemned(void **state)
{
    struct sim *sim = running(state);
    sim->fate = SIM_DEAF;
    sim_release(sim, 2, COLOURS(2, 1, 1, 1));
    sim_run(sim, 60);
    assert_true(sim_runs(sim, COLOURS(1, 1, 1, 1)));
    assert_string_equal("reverted", sim_result(sim));
    assert_string_equal("no_contact", sim_reason(sim));
    assert_int_equal(1, sim->submits);
    assert_in_range(sim->extends, 0, 2);
    assert_true(sim_status(sim).quarantined > 0);
}

/* Its trial is shorter. Seen to fail (reverted, and condemned) when two seconds without an answer are enough. */
static void a_network_that_answers_after_four_seconds_is_sound(void **state)
{
    struct sim *sim = running(state);
    sim->fate = SIM_DEAF;
    sim->deaf_ns = 4 * SIM_SECOND;
    sim_release(sim, 2, COLOURS(2, 1, 1, 1));
    sim_run(sim, 60);
    assert_string_equal("permanent", sim_result(sim));
    assert_int_equal(0, sim_status(sim).quarantined);
}

/* The poll that was under way is not waited for: it may last half a minute, and the verdict's time is not much longer. */
static void the_version_that_is_back_asks_the_server_at_once(void **state)
{
    struct sim *sim = running(state);
    sim->fate = SIM_DEAF;
    sim->silent = true;
    sim_release(sim, 2, COLOURS(2, 1, 1, 1));
    for (int i = 0; i < 600 && sim->reverts == 0; i++)
        sim_run(sim, 0.1);
    assert_int_equal(1, sim->reverts);
    sim_run(sim, 2);
    assert_int_equal(1, sim_count(sim, "attempt", "reverted"));
}

static void what_the_engine_found_is_the_cause_not_the_silence(void **state)
{
    struct sim *sim = running(state);
    sim->fate = SIM_DEAF;
    sim->faulted = true;
    sim_release(sim, 2, COLOURS(2, 1, 1, 1));
    sim_run(sim, 60);
    assert_string_equal("no_contact", sim->revert_reason);
    assert_string_equal("reverted", sim_result(sim));
    assert_string_equal("fault", sim_reason(sim));
    assert_true(sim_runs(sim, COLOURS(1, 1, 1, 1)));
}

static void
a_version_that_cannot_reach_the_server_over_a_sound_network_goes_later(void **state)
{
    struct sim *sim = running(state);
    sim->fate = SIM_DEAF_ABOVE;
    sim_release(sim, 2, COLOURS(2, 1, 1, 1));
    sim_run(sim, 60);
    assert_true(sim_runs(sim, COLOURS(2, 1, 1, 1)));
    assert_true(sim->extends > 0);
    sim_run(sim, 120);
    assert_true(sim_runs(sim, COLOURS(1, 1, 1, 1)));
    assert_string_equal("no_contact", sim_reason(sim));
}

static void a_server_that_goes_away_in_the_trial_extends_it(void **state)
{
    struct sim *sim = running(state);
    sim_release(sim, 2, COLOURS(2, 1, 1, 1));
    sim->swap_ns = SIM_SECOND;
    sim_run(sim, 0.5);
    sim->down = true;
    sim_run(sim, 30);
    assert_true(sim_runs(sim, COLOURS(2, 1, 1, 1)));
    assert_true(sim->extends > 0);
    sim->down = false;
    sim_run(sim, 40);
    assert_string_equal("permanent", sim_result(sim));
}

static void without_a_verdict_it_is_tried_three_times(void **state)
{
    struct sim *sim = running(state);
    sim->fate = SIM_DEAF;
    for (unsigned i = 1; i <= 3; i++) {
        sim->old_is_deaf = true;
        sim->reverts = 0;
        if (i == 1)
            sim_release(sim, 2, COLOURS(2, 1, 1, 1));
        sim_run(sim, 80);
        assert_int_equal(i, sim->submits);
        assert_true(sim_runs(sim, COLOURS(1, 1, 1, 1)));
        sim->old_is_deaf = false;
        if (i == 3)
            break;
        /* Contact is back; it is reported, then tried again. */
        for (int k = 0; k < 60 && sim_count(sim, "attempt", "inconclusive") < i; k++)
            sim_run(sim, 1);
        assert_int_equal(i, sim_count(sim, "attempt", "inconclusive"));
    }
    sim_run(sim, 300);
    assert_int_equal(3, sim->submits);
    assert_string_equal("inconclusive_limit", sim_reason(sim));
}

/* Hazard 35. Tried again when the blob does not hold what was in trial. */
static void a_reset_in_the_trial_is_known_after_the_restart(void **state)
{
    struct sim *sim = running(state);
    sim_release(sim, 2, COLOURS(2, 1, 1, 1));
    sim_run(sim, 1);
    assert_int_equal(CLIENT_TRIAL, sim_status(sim).state);
    memcpy(sim->running, COLOURS(1, 1, 1, 1), sizeof sim->running);
    strcpy(sim->seed_reset, "guest");
    sim_boot(sim);
    sim_run(sim, 30);
    assert_int_equal(1, sim_count(sim, "attempt", "reverted"));
    assert_int_equal(1, sim->submits);
    assert_true(sim_runs(sim, COLOURS(1, 1, 1, 1)));
    assert_string_equal("quarantined", sim_reason(sim));
}

static void a_power_cut_in_the_trial_is_no_verdict(void **state)
{
    struct sim *sim = running(state);
    sim_release(sim, 2, COLOURS(2, 1, 1, 1));
    sim_run(sim, 1);
    memcpy(sim->running, COLOURS(1, 1, 1, 1), sizeof sim->running);
    sim_boot(sim);
    sim_run(sim, 30);
    assert_int_equal(1, sim_count(sim, "attempt", "inconclusive"));
    assert_int_equal(2, sim->submits);
    assert_string_equal("permanent", sim_result(sim));
}

static void a_boot_of_the_new_release_closes_the_trial(void **state)
{
    struct sim *sim = running(state);
    sim_release(sim, 2, COLOURS(2, 1, 1, 1));
    sim_run(sim, 1);
    sim_boot(sim);
    sim_run(sim, 10);
    assert_string_equal("permanent", sim_result(sim));
    assert_true(json_is_true(json_object_get(sim_last(sim, "attempt"), "after_restart")));
    assert_int_equal(2, sim_status(sim).release);
    assert_int_equal(1, sim->submits);
}

static void a_plan_changes_nothing(void **state)
{
    struct sim *sim = running(state);
    sim_build(sim, 9, COLOURS(7, 8, 1, 1));
    char hash[65];
    manifest_hex_write(sim->releases[9].hash, 32, hash);
    json_array_append_new(sim->commands,
                          json_pack("{s:i, s:s, s:i, s:s, s:i}", "id", 3, "kind", "plan",
                                    "release", 9, "hash", hash, "length",
                                    (int)sim->releases[9].frame.len));
    sim->signed_state++;
    sim_run(sim, 10);
    const json_t *plan = sim_last(sim, "plan");
    assert_non_null(plan);
    assert_string_equal("planned", json_string_value(json_object_get(plan, "result")));
    assert_int_equal(2, json_array_size(json_object_get(plan, "cells")));
    assert_int_equal(3, json_integer_value(json_object_get(plan, "command")));
    assert_true(sim_runs(sim, COLOURS(1, 1, 1, 1)));
    assert_int_equal(1, sim_status(sim).release_version);
    sim_run(sim, 60);
    assert_int_equal(1, sim_count(sim, "plan", NULL));
}

static void reports_are_kept_until_acknowledged_and_told_once(void **state)
{
    struct sim *sim = running(state);
    sim_release(sim, 2, COLOURS(2, 1, 1, 1));
    sim_run(sim, 1);
    sim->down = true;
    sim_run(sim, 20);
    client_report_fault(sim->client, "net", "went \x01 wrong");
    sim_run(sim, 20);
    sim->down = false;
    sim_run(sim, 60);
    assert_int_equal(1, sim_count(sim, "fault", NULL));
    assert_int_equal(1, sim_count(sim, "attempt", "trial"));
    json_int_t last = 0;
    for (size_t i = 0; i < json_array_size(sim->reports); i++) {
        const json_t *report = json_array_get(sim->reports, i);
        if (strcmp(json_string_value(json_object_get(report, "kind")), "blob") == 0)
            continue;
        json_int_t sequence = json_integer_value(json_object_get(report, "sequence"));
        assert_true(sequence > last);
        last = sequence;
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(enrols_once_and_stays_parked),
        CASE(a_second_boot_has_the_same_identity_and_no_new_row),
        CASE(runs_what_is_pushed_and_fetches_only_what_differs),
        CASE(going_back_to_what_was_fetched_before_fetches_nothing),
        CASE(another_boot_stub_with_the_same_cells_needs_a_boot),
        CASE(reports_tell_what_the_swap_did_and_where_it_came_from),
        CASE(a_refused_swap_tells_of_no_effects),
        CASE(adds_and_removes_cells),
        CASE(a_fault_in_trial_comes_back_and_is_not_tried_again),
        CASE(what_was_quarantined_is_tried_when_told),
        CASE(a_refusal_names_names_and_blocks_nothing_later),
        CASE(a_task_in_the_way_is_given_three_tries),
        CASE(a_failed_swap_is_tried_again_three_times),
        CASE(a_newer_release_waits_for_the_trials_end_and_only_the_newest_counts),
        CASE(a_rollback_ends_a_trial_at_once),
        CASE(an_order_moves_this_machine_alone_and_back),
        CASE(a_held_machine_takes_nothing_new),
        CASE(a_version_that_cuts_the_network_goes_and_is_condemned),
        CASE(the_version_that_is_back_asks_the_server_at_once),
        CASE(what_the_engine_found_is_the_cause_not_the_silence),
        CASE(a_version_that_cannot_reach_the_server_over_a_sound_network_goes_later),
        CASE(a_network_that_answers_after_four_seconds_is_sound),
        CASE(a_server_that_goes_away_in_the_trial_extends_it),
        CASE(without_a_verdict_it_is_tried_three_times),
        CASE(a_reset_in_the_trial_is_known_after_the_restart),
        CASE(a_power_cut_in_the_trial_is_no_verdict),
        CASE(a_boot_of_the_new_release_closes_the_trial),
        CASE(a_plan_changes_nothing),
        CASE(reports_are_kept_until_acknowledged_and_told_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
