/* What a hostile server can do with metadata: cases A of the attack list, in the simulator.
 * SPDX-License-Identifier: MIT
 */
#include "attack.h"

#include <stdlib.h>
#include <string.h>

static void a1_a_release_by_another_key_is_refused(void **state)
{
    struct sim *sim = at_rest(state);
    sim->release_signers[0] = 3;
    sim_release(sim, 2, COLOURS(2, 1, 1, 1));
    sim->release_signers[0] = 2;
    sim_run(sim, 60);
    assert_int_equal(1, sim_status(sim).release_version);
    refused_then_recovers(sim, "bad_signature");
}

static void a1_a_timestamp_by_another_key_is_refused(void **state)
{
    struct sim *sim = at_rest(state);
    uint64_t counter = sim_status(sim).timestamp_counter;
    sim->timestamp_signers[0] = 4;
    sim_release(sim, 2, COLOURS(2, 1, 1, 1));
    sim_run(sim, 60);
    assert_int_equal(counter, sim_status(sim).timestamp_counter);
    sim->timestamp_signers[0] = 3;
    refused_then_recovers(sim, "bad_signature");
}

static void a2_a_seed_with_an_unsound_root_makes_no_request(void **state)
{
    struct sim *sim = *state;
    for (int kind = 0; kind < 2; kind++) {
        struct bytes *frame = &sim->root_frames[0];
        frame->data[frame->len - 1 - (size_t)kind * 200] ^= 1;
        sim_boot(sim);
        sim_run(sim, 100);
        assert_int_equal(0, sim->requests);
        assert_int_equal(CLIENT_DISABLED, sim_status(sim).state);
        assert_non_null(strstr(sim->last_log, "DISABLED"));
        frame->data[frame->len - 1 - (size_t)kind * 200] ^= 1;
    }
}

static void a2_a_seed_of_another_fleet_makes_no_request(void **state)
{
    struct sim *sim = *state;
    struct manifest_root root = sim->root;
    root.fleet[0] = 'f';
    bytes_free(&sim->root_frames[0]);
    sim->root_frames[0] = fixture_root_frame(&root, SIGNED_BY(1));
    sim_boot(sim);
    sim_run(sim, 20);
    assert_int_equal(0, sim->requests);
    assert_string_equal("wrong_fleet", sim_status(sim).reason);
}

static void a4_keys_rotate_through_the_root(void **state)
{
    struct sim *sim = at_rest(state);
    struct manifest_root root = sim->root;
    root.version = 2;
    root.roles[MANIFEST_ROLE_RELEASE].key_count = 0;
    root.roles[MANIFEST_ROLE_TIMESTAMP].key_count = 0;
    assert_status(MANIFEST_OK, manifest_root_add(&root, MANIFEST_ROLE_RELEASE,
                                                 &fixture_secret(5)->key));
    assert_status(MANIFEST_OK, manifest_root_add(&root, MANIFEST_ROLE_TIMESTAMP,
                                                 &fixture_secret(6)->key));
    sim_add_root(sim, &root, SIGNED_BY(1));
    sim->release_signers[0] = 5;
    sim->timestamp_signers[0] = 6;
    sim_release(sim, 2, COLOURS(2, 1, 1, 1));
    sim_run(sim, 20);
    assert_int_equal(2, sim_status(sim).root_version);
    assert_true(sim_runs(sim, COLOURS(2, 1, 1, 1)));
    /* After a restart with the old seed the kept root still counts. */
    sim_boot(sim);
    sim_run(sim, 20);
    assert_int_equal(2, sim_status(sim).root_version);
    assert_int_equal(CLIENT_RUNNING, sim_status(sim).state);
}

static void a3_a_root_not_signed_by_its_predecessor_is_refused(void **state)
{
    struct sim *sim = at_rest(state);
    struct manifest_root root = sim->root;
    root.version = 2;
    assert_status(MANIFEST_OK,
                  manifest_root_add(&root, MANIFEST_ROLE_ROOT, &fixture_secret(7)->key));
    sim_add_root(sim, &root, SIGNED_BY(7));
    sim_release(sim, 2, COLOURS(2, 1, 1, 1));
    sim_run(sim, 30);
    assert_int_equal(1, sim_status(sim).root_version);
    assert_string_equal("bad_signature", sim_reason(sim));
    assert_true(sim_runs(sim, COLOURS(1, 1, 1, 1)));
}

static void a8_an_older_timestamp_is_refused_also_after_a_restart(void **state)
{
    struct sim *sim = at_rest(state);
    sim_release(sim, 2, COLOURS(2, 1, 1, 1));
    sim_run(sim, 20);
    uint64_t counter = sim_status(sim).timestamp_counter;
    sim->counter = 0;
    sim->signed_state++;
    sim_run(sim, 20);
    assert_string_equal("rollback", sim_reason(sim));
    sim_boot(sim);
    sim_run(sim, 20);
    assert_int_equal(counter, sim_status(sim).timestamp_counter);
    assert_true(sim_runs(sim, COLOURS(2, 1, 1, 1)));
}

static void bend_other_release(struct sim *sim, struct sim_answer *answer)
{
    const struct bytes *other = &sim->releases[1].frame;
    if (!is_path(answer, "/release/"))
        return;
    free(answer->body);
    answer->body = malloc(other->len);
    memcpy(answer->body, other->data, other->len);
    answer->len = other->len;
}

static void a9_a16_another_release_at_this_address_is_refused(void **state)
{
    struct sim *sim = at_rest(state);
    sim->bend = bend_other_release;
    sim_release(sim, 2, COLOURS(2, 1, 1, 1));
    sim_run(sim, 60);
    refused_then_recovers(sim, "wrong_hash");
}

static void a11_what_is_expired_stops_new_swaps_and_nothing_else(void **state)
{
    struct sim *sim = at_rest(state);
    sim->expires_ms = FIXTURE_NOW + 1000;
    sim_release(sim, 2, COLOURS(2, 1, 1, 1));
    sim_run(sim, 60);
    assert_int_equal(CLIENT_RUNNING, sim_status(sim).state);
    sim->expires_ms = FIXTURE_NOW + 24 * FIXTURE_HOUR;
    refused_then_recovers(sim, "expired");
}

static void a12_a_machine_that_was_off_for_months_comes_back(void **state)
{
    struct sim *sim = at_rest(state);
    sim->server_time_ms += 300 * 24 * FIXTURE_HOUR;
    sim->expires_ms = sim->server_time_ms + 24 * FIXTURE_HOUR;
    for (uint64_t version = 2; version <= 3; version++) {
        struct manifest_root root = sim->root;
        root.version = version;
        root.expires_ms = sim->server_time_ms + 24 * FIXTURE_HOUR;
        sim_add_root(sim, &root, SIGNED_BY(1));
    }
    sim_release(sim, 5, COLOURS(2, 3, 1, 1));
    sim_boot(sim);
    sim_run(sim, 30);
    assert_int_equal(3, sim_status(sim).root_version);
    assert_true(sim_runs(sim, COLOURS(2, 3, 1, 1)));
}

static void a13_c2_expiry_in_the_trial_does_not_stop_the_confirmation(void **state)
{
    struct sim *sim = at_rest(state);
    sim->expires_ms = FIXTURE_NOW + (int64_t)(sim->now_ns / 1000000) + 2000;
    sim_release(sim, 2, COLOURS(2, 1, 1, 1));
    sim_run(sim, 30);
    assert_int_equal(1, sim_count(sim, "attempt", "permanent") - 1);
    assert_true(sim_runs(sim, COLOURS(2, 1, 1, 1)));
    assert_int_equal(2, sim_status(sim).release);
}

static void bend_swapped_object(struct sim *sim, struct sim_answer *answer)
{
    if (is_path(answer, "/objects/") && answer->len > 100 && sim->bend_left != 0) {
        answer->body[99] ^= 0x20;
        sim->bend_left--;
    }
}

/* Hazard 34. Installed without the comparison of hashes in client_attempt_got_object(). */
static void a17_an_object_changed_after_signing_is_refused(void **state)
{
    struct sim *sim = at_rest(state);
    sim->bend = bend_swapped_object;
    sim->bend_left = -1;
    sim_release(sim, 2, COLOURS(2, 1, 1, 1));
    sim_run(sim, 60);
    refused_then_recovers(sim, "wrong_hash");
}

static void a17_one_damaged_transfer_is_made_good(void **state)
{
    struct sim *sim = at_rest(state);
    sim->bend = bend_swapped_object;
    sim->bend_left = 1;
    sim_release(sim, 2, COLOURS(2, 1, 1, 1));
    sim_run(sim, 20);
    assert_true(sim_runs(sim, COLOURS(2, 1, 1, 1)));
    assert_int_equal(2, sim->object_requests);
    assert_int_equal(0, sim_count(sim, "attempt", "refused"));
}

static void bend_no_release(struct sim *sim, struct sim_answer *answer)
{
    (void)sim;
    if (is_path(answer, "/release/"))
        answer->status = 404;
}

static void a21_a_missing_release_is_reported_and_asked_for_later(void **state)
{
    struct sim *sim = at_rest(state);
    sim->bend = bend_no_release;
    sim_release(sim, 2, COLOURS(2, 1, 1, 1));
    sim_run(sim, 120);
    assert_string_equal("http_404", sim_reason(sim));
    sim->bend = NULL;
    sim_run(sim, 400);
    assert_true(sim_runs(sim, COLOURS(2, 1, 1, 1)));
}

static void a22_news_of_another_channel_are_refused(void **state)
{
    struct sim *sim = at_rest(state);
    struct manifest_timestamp timestamp;
    fixture_timestamp(50, 1, &sim->releases[1].frame, &timestamp);
    strcpy(timestamp.channel, "canary");
    timestamp.expires_ms = sim->expires_ms;
    bytes_free(&sim->timestamp_frame);
    sim->timestamp_frame = fixture_timestamp_frame(&timestamp, SIGNED_BY(3));
    sim_run(sim, 60);
    assert_string_equal("wrong_channel", sim_reason(sim));
}

static void bend_no_order(struct sim *sim, struct sim_answer *answer)
{
    char *at = (char *)answer->body;
    (void)sim;
    if (is_path(answer, "/poll") && (at = strstr(at, "\"leaves\"")))
        memcpy(at, "\"leaveX\"", 8);
}

static void a22_an_order_cannot_be_withheld(void **state)
{
    struct sim *sim = at_rest(state);
    sim_order(sim, MANIFEST_INTENT_HOLD, 1, 0);
    sim->bend = bend_no_order;
    sim_release(sim, 2, COLOURS(2, 1, 1, 1));
    sim_run(sim, 60);
    assert_string_equal("bad_proof", sim_reason(sim));
    assert_int_equal(0, sim->submits);
}

static void bend_withhold_beta(struct sim *sim, struct sim_answer *answer)
{
    uint8_t wanted[32];
    if (is_path(answer, "/objects/") &&
        manifest_hex_read(strrchr(answer->path, '/') + 1, wanted, 32) &&
        memcmp(wanted, sim->releases[2].cells[1].object, 32) == 0)
        answer->status = 404;
}

static void a23_a_set_of_which_one_object_is_withheld_is_not_swapped_at_all(void **state)
{
    struct sim *sim = at_rest(state);
    sim->bend = bend_withhold_beta;
    sim_release(sim, 2, COLOURS(2, 2, 2, 1));
    sim_run(sim, 120);
    assert_int_equal(0, sim->submits);
    refused_then_recovers(sim, "http_404");
}

static void a25_old_content_below_the_security_floor_is_refused(void **state)
{
    struct sim *sim = at_rest(state);
    struct sim_release *entry = &sim->releases[2];
    sim_build(sim, 2, COLOURS(2, 1, 1, 1));
    entry->release.security = 0;
    bytes_free(&entry->frame);
    entry->frame = fixture_release_frame(&entry->release, SIGNED_BY(2));
    sim_name(sim, 2);
    sim_run(sim, 30);
    refused_then_recovers(sim, "security_floor");
}

static void a26_the_floor_does_not_rise_before_permanent(void **state)
{
    struct sim *sim = at_rest(state);
    struct sim_release *entry = &sim->releases[2];
    sim->fate = SIM_FAULT;
    sim->fault_ns = SIM_SECOND;
    sim_build(sim, 2, COLOURS(2, 1, 1, 1));
    entry->release.security = 7;
    bytes_free(&entry->frame);
    entry->frame = fixture_release_frame(&entry->release, SIGNED_BY(2));
    sim_name(sim, 2);
    assert_status(MANIFEST_OK,
                  manifest_hash(entry->frame.data, entry->frame.len, entry->hash));
    sim_run(sim, 30);
    assert_string_equal("reverted", sim_result(sim));
    assert_int_equal(1, sim_status(sim).security_floor);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a1_a_release_by_another_key_is_refused),
        CASE(a1_a_timestamp_by_another_key_is_refused),
        CASE(a2_a_seed_with_an_unsound_root_makes_no_request),
        CASE(a2_a_seed_of_another_fleet_makes_no_request),
        CASE(a3_a_root_not_signed_by_its_predecessor_is_refused),
        CASE(a4_keys_rotate_through_the_root),
        CASE(a8_an_older_timestamp_is_refused_also_after_a_restart),
        CASE(a9_a16_another_release_at_this_address_is_refused),
        CASE(a11_what_is_expired_stops_new_swaps_and_nothing_else),
        CASE(a12_a_machine_that_was_off_for_months_comes_back),
        CASE(a13_c2_expiry_in_the_trial_does_not_stop_the_confirmation),
        CASE(a17_an_object_changed_after_signing_is_refused),
        CASE(a17_one_damaged_transfer_is_made_good),
        CASE(a21_a_missing_release_is_reported_and_asked_for_later),
        CASE(a22_news_of_another_channel_are_refused),
        CASE(a22_an_order_cannot_be_withheld),
        CASE(a23_a_set_of_which_one_object_is_withheld_is_not_swapped_at_all),
        CASE(a25_old_content_below_the_security_floor_is_refused),
        CASE(a26_the_floor_does_not_rise_before_permanent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
