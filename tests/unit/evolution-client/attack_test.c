/* What a hostile or broken server, wire, clock or store can do to the client: it keeps running what it runs, says why,
 * and takes the next good thing. Cases A*, B*, C* of the attack list.
 * SPDX-License-Identifier: MIT
 */
#include "sim.h"

#include <stdlib.h>
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

static bool is_path(const struct sim_answer *answer, const char *part)
{
    return strstr(answer->path, part) != NULL;
}

/* Booted, running release 1, at rest. */
static struct sim *at_rest(void **state)
{
    struct sim *sim = *state;
    sim_boot(sim);
    sim_run(sim, 5);
    assert_int_equal(CLIENT_RUNNING, sim_status(sim).state);
    return sim;
}

/* The old cells run on, CODE was reported, and once the world is good again so is the machine. */
static void refused_then_recovers(struct sim *sim, const char *code)
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

/* --- A: metadata --------------------------------------------------------------------------------------------------- */

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

/* --- B: transport -------------------------------------------------------------------------------------------------- */

static void bend_endless(struct sim *sim, struct sim_answer *answer)
{
    if (!is_path(answer, "/objects/") && !is_path(answer, "/release/"))
        return;
    answer->endless = true;
    answer->length = sim->bend_left ? -1 : 100;
}

static void b1_a_body_without_end_is_cut_at_its_declared_size(void **state)
{
    struct sim *sim = at_rest(state);
    sim->bend = bend_endless;
    sim->bend_left = 1;
    sim_release(sim, 2, COLOURS(2, 1, 1, 1));
    uint64_t before = sim->bytes_served;
    sim_run(sim, 100);
    assert_true(sim->bytes_served - before < 300000);
    refused_then_recovers(sim, "too_large");
}

static void bend_lies(struct sim *sim, struct sim_answer *answer)
{
    static const int64_t lies[] = {10, 1 << 30, INT64_MAX, 0};
    if (is_path(answer, "/objects/"))
        answer->length = lies[sim->bend_left];
}

static void b1_lengths_that_lie_are_refused(void **state)
{
    for (int lie = 0; lie < 4; lie++) {
        struct sim *sim = *state;
        if (lie > 0) {
            sim_fini(sim);
            sim_init(sim);
        }
        at_rest(state);
        sim->bend = bend_lies;
        sim->bend_left = lie;
        sim_release(sim, 2, COLOURS(2, 1, 1, 1));
        sim_run(sim, 100);
        assert_int_equal(0, sim->submits);
        assert_true(sim_runs(sim, COLOURS(1, 1, 1, 1)));
        sim->bend = NULL;
        sim_run(sim, 60);
        assert_true(sim_runs(sim, COLOURS(2, 1, 1, 1)));
    }
}

static void bend_trickle(struct sim *sim, struct sim_answer *answer)
{
    (void)sim;
    if (is_path(answer, "/objects/")) {
        answer->piece = 1;
        answer->piece_ns = SIM_SECOND;
    }
}

static void b2_a_transfer_that_trickles_is_given_up_and_told(void **state)
{
    struct sim *sim = at_rest(state);
    sim->bend = bend_trickle;
    sim_release(sim, 2, COLOURS(2, 1, 1, 1));
    sim_run(sim, 200);
    assert_string_equal("slow", sim_reason(sim));
    assert_int_equal(0, sim->submits);
    sim->bend = NULL;
    sim_run(sim, 60);
    assert_true(sim_runs(sim, COLOURS(2, 1, 1, 1)));
}

static void bend_silent(struct sim *sim, struct sim_answer *answer)
{
    if (is_path(answer, "/poll") || is_path(answer, "/report"))
        answer->ready_ns = sim->now_ns + 1000000 * SIM_SECOND;
}

static void b2_an_answer_that_never_comes_is_given_up_after_35_seconds(void **state)
{
    struct sim *sim = at_rest(state);
    sim->bend = bend_silent;
    sim->signed_state++;
    sim_run(sim, 20);
    unsigned before = sim->polls;
    sim_run(sim, 200);
    assert_in_range(sim->polls - before, 3, 7);
    sim->bend = NULL;
    sim_release(sim, 2, COLOURS(2, 1, 1, 1));
    sim_run(sim, 100);
    assert_true(sim_runs(sim, COLOURS(2, 1, 1, 1)));
}

static void bend_cut(struct sim *sim, struct sim_answer *answer)
{
    static const size_t cuts[] = {10, 15000, SIM_OBJECT_LEN - 1};
    if (!is_path(answer, "/objects/") || sim->bend_left < 0)
        return;
    size_t cut = cuts[sim->bend_left];
    answer->cut_after = cut > answer->range_from ? cut - (size_t)answer->range_from : 1;
    sim->bend_left--;
}

static void b3_a_transfer_that_is_cut_goes_on_where_it_stopped(void **state)
{
    struct sim *sim = at_rest(state);
    uint64_t before = sim_status(sim).bytes_fetched;
    sim->bend = bend_cut;
    sim->bend_left = 2;
    sim_release(sim, 2, COLOURS(2, 1, 1, 1));
    sim_run(sim, 60);
    assert_true(sim_runs(sim, COLOURS(2, 1, 1, 1)));
    assert_in_range(sim->object_requests, 2, 5);
    assert_true(sim_status(sim).bytes_fetched - before < SIM_OBJECT_LEN + 5000);
}

static void bend_wrong_range(struct sim *sim, struct sim_answer *answer)
{
    if (!is_path(answer, "/objects/"))
        return;
    if (answer->range_from == 0 && sim->bend_left-- > 0)
        answer->cut_after = 20000;
    else if (answer->range_from > 0)
        answer->range_from -= 5;
}

static void b3_a_range_that_was_not_asked_for_is_not_used(void **state)
{
    struct sim *sim = at_rest(state);
    sim->bend = bend_wrong_range;
    sim->bend_left = 1;
    sim_release(sim, 2, COLOURS(2, 1, 1, 1));
    sim_run(sim, 60);
    assert_true(sim_runs(sim, COLOURS(2, 1, 1, 1)));
}

static void bend_status(struct sim *sim, struct sim_answer *answer)
{
    static const unsigned codes[] = {301, 204, 304, 200};
    if (!is_path(answer, "/release/"))
        return;
    answer->status = codes[sim->bend_left];
    free(answer->body);
    answer->body = (uint8_t *)strdup("<html>sign in to the hotel's network</html>");
    answer->len = answer->status == 200 ? strlen((char *)answer->body) : 0;
}

static void b5_b6_redirects_pages_and_empty_answers_are_refused(void **state)
{
    static const char *const expected[] = {"redirect", "http_204", "http_304",
                                           "wrong_hash"};
    for (int kind = 0; kind < 4; kind++) {
        struct sim *sim = *state;
        if (kind > 0) {
            sim_fini(sim);
            sim_init(sim);
        }
        at_rest(state);
        sim->bend = bend_status;
        sim->bend_left = kind;
        sim_release(sim, 2, COLOURS(2, 1, 1, 1));
        sim_run(sim, 60);
        refused_then_recovers(sim, expected[kind]);
    }
}

static void bend_encoded(struct sim *sim, struct sim_answer *answer)
{
    (void)sim;
    answer->encoded = is_path(answer, "/objects/");
}

static void b6_a_coded_body_is_refused_unread(void **state)
{
    struct sim *sim = at_rest(state);
    sim->bend = bend_encoded;
    sim_release(sim, 2, COLOURS(2, 1, 1, 1));
    sim_run(sim, 60);
    assert_true(sim_status(sim).bytes_fetched < 10000);
    refused_then_recovers(sim, "encoded");
}

static void bend_garbage_poll(struct sim *sim, struct sim_answer *answer)
{
    (void)sim;
    if (is_path(answer, "/poll"))
        answer->body[answer->len / 2] = 0;
}

static void b6_a_garbled_poll_answer_is_refused_without_hurry(void **state)
{
    struct sim *sim = at_rest(state);
    sim->bend = bend_garbage_poll;
    sim_release(sim, 2, COLOURS(2, 1, 1, 1));
    unsigned before = sim->polls;
    sim_run(sim, 100);
    assert_in_range(sim->polls - before, 3, 12);
    refused_then_recovers(sim, "bad_json");
}

static void bend_busy(struct sim *sim, struct sim_answer *answer)
{
    static const unsigned codes[] = {408, 429, 500, 503};
    answer->status = codes[sim->bend_left];
    answer->retry_after_s = sim->bend_left == 3 ? 90 : 0;
}

static void b8_an_overloaded_server_is_asked_seldom_and_when_it_says(void **state)
{
    for (int kind = 0; kind < 4; kind++) {
        struct sim *sim = *state;
        if (kind > 0) {
            sim_fini(sim);
            sim_init(sim);
        }
        at_rest(state);
        sim->bend = bend_busy;
        sim->bend_left = kind;
        sim->signed_state++;
        unsigned before = sim->requests;
        sim_run(sim, 300);
        assert_in_range(sim->requests - before, kind == 3 ? 2 : 8, kind == 3 ? 5 : 22);
        sim->bend = NULL;
        sim_release(sim, 2, COLOURS(2, 1, 1, 1));
        sim_run(sim, 130);
        assert_true(sim_runs(sim, COLOURS(2, 1, 1, 1)));
    }
}

static void bend_certificate(struct sim *sim, struct sim_answer *answer)
{
    (void)sim;
    answer->refuse = CLIENT_NET_CERTIFICATE;
}

static void b9_a_server_with_another_certificate_is_not_talked_to(void **state)
{
    struct sim *sim = at_rest(state);
    sim->bend = bend_certificate;
    sim->signed_state++;
    sim_run(sim, 100);
    assert_string_equal("certificate", sim_status(sim).reason);
    assert_false(sim_status(sim).contact);
    sim->bend = NULL;
    sim_release(sim, 2, COLOURS(2, 1, 1, 1));
    sim_run(sim, 60);
    assert_true(sim_runs(sim, COLOURS(2, 1, 1, 1)));
}

static void bend_unknown_machine(struct sim *sim, struct sim_answer *answer)
{
    if (answer->mutual && sim->bend_left > 0) {
        answer->status = 403;
        sim->bend_left--;
    }
}

static void b9_a_machine_that_the_server_forgot_enrols_again_with_its_key(void **state)
{
    struct sim *sim = at_rest(state);
    char machine[17];
    strcpy(machine, sim_status(sim).machine);
    sim->bend = bend_unknown_machine;
    sim->bend_left = 1;
    sim->signed_state++;
    sim_run(sim, 60);
    assert_int_equal(2, sim->enrolments);
    assert_string_equal(machine, sim_status(sim).machine);
    assert_int_equal(CLIENT_RUNNING, sim_status(sim).state);
}

static void b11_a_server_gone_for_an_hour_is_found_again(void **state)
{
    struct sim *sim = at_rest(state);
    unsigned before = sim->requests;
    sim->down = true;
    sim_run(sim, 3600);
    assert_int_equal(before, sim->requests);
    assert_true(sim->steps < 3600);
    assert_true(sim_runs(sim, COLOURS(1, 1, 1, 1)));
    sim->down = false;
    sim_release(sim, 2, COLOURS(2, 1, 1, 1));
    sim_run(sim, 45);
    assert_true(sim_runs(sim, COLOURS(2, 1, 1, 1)));
}

static void bend_lossy(struct sim *sim, struct sim_answer *answer)
{
    sim->random = sim->random * 1664525 + 1013904223;
    if ((sim->random >> 16) % 100 < 30)
        answer->refuse = CLIENT_NET_CLOSED;
    else if ((sim->random >> 16) % 100 < 50)
        answer->cut_after = answer->len / 2;
}

static void b7_half_of_all_exchanges_failing_only_delays(void **state)
{
    struct sim *sim = at_rest(state);
    sim->bend = bend_lossy;
    for (unsigned version = 2; version < 7; version++) {
        sim_release(sim, version, COLOURS(version, 1, version + 1, 1));
        for (int i = 0; i < 40 && !sim_runs(sim, COLOURS(version, 1, version + 1, 1)); i++)
            sim_run(sim, 15);
        assert_true(sim_runs(sim, COLOURS(version, 1, version + 1, 1)));
    }
}

/* --- C: clock, store, power ------------------------------------------------------------------------------------------ */

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

static void c5_a_damaged_blob_means_a_new_identity_and_no_crash(void **state)
{
    struct sim *sim = at_rest(state);
    for (size_t i = 0; i < sim->blob.len; i += 37) {
        sim->blob.data[i] ^= 0x55;
        sim_boot(sim);
        sim->blob.data[i] ^= 0x55;
        assert_string_equal("", sim_status(sim).machine);
    }
    size_t len = sim->blob.len;
    for (sim->blob.len = 0; sim->blob.len < len; sim->blob.len += 13)
        sim_boot(sim);
    sim->blob.len = len / 2;
    sim_boot(sim);
    sim_run(sim, 10);
    const json_t *boot = sim_last(sim, "boot");
    assert_string_equal("lost", json_string_value(json_object_get(boot, "blob_state")));
    assert_int_equal(2, sim->enrolments);
    assert_int_equal(CLIENT_RUNNING, sim_status(sim).state);
}

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

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

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
        CASE(b1_a_body_without_end_is_cut_at_its_declared_size),
        CASE(b1_lengths_that_lie_are_refused),
        CASE(b2_a_transfer_that_trickles_is_given_up_and_told),
        CASE(b2_an_answer_that_never_comes_is_given_up_after_35_seconds),
        CASE(b3_a_transfer_that_is_cut_goes_on_where_it_stopped),
        CASE(b3_a_range_that_was_not_asked_for_is_not_used),
        CASE(b5_b6_redirects_pages_and_empty_answers_are_refused),
        CASE(b6_a_coded_body_is_refused_unread),
        CASE(b6_a_garbled_poll_answer_is_refused_without_hurry),
        CASE(b7_half_of_all_exchanges_failing_only_delays),
        CASE(b8_an_overloaded_server_is_asked_seldom_and_when_it_says),
        CASE(b9_a_server_with_another_certificate_is_not_talked_to),
        CASE(b9_a_machine_that_the_server_forgot_enrols_again_with_its_key),
        CASE(b11_a_server_gone_for_an_hour_is_found_again),
        CASE(c1_a_server_clock_that_runs_back_revives_nothing),
        CASE(c3_power_cut_at_any_moment_of_an_update),
        CASE(c5_a_damaged_blob_means_a_new_identity_and_no_crash),
        CASE(c5_without_a_store_nothing_is_swapped_and_it_goes_on_later),
        CASE(without_random_numbers_nothing_is_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
