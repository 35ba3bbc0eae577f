/* What a hostile server or a broken wire can do: cases B of the attack list, in the simulator.
 * SPDX-License-Identifier: MIT
 */
#include "attack.h"

#include <stdlib.h>
#include <string.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
