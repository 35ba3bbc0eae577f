/* Reports become history: each once, in any order of arrival, with what follows for the machine.
 * SPDX-License-Identifier: MIT */
#include "base/text.h"
#include "fleet/attempts.h"

#include "base/clock.h"
#include "fixture.h"
#include "fleet/machines.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define STATE(m) "SELECT state FROM machines WHERE id = '" m "'"

/* M1 runs release 1 and has refused release 2. */
static struct fixture *refused(void **state)
{
    struct fixture *f = *state;
    fixture_poll(f, M1, BOOT_A, 0, "running");
    fixture_offer(f, 2);
    assert_int_equal(fixture_report(f, M1, BOOT_A, 1, 1, 1, 2, "refused", "signature"),
                     RESULT_OK);
    assert_string_equal(fixture_value(f, STATE(M1)), "blocked");
    return f;
}

static void an_attempt_goes_from_trial_to_permanent_in_one_row(void **state)
{
    struct fixture *f = *state;
    fixture_poll(f, M1, BOOT_A, 0, "running");
    fixture_offer(f, 2);
    assert_string_equal(fixture_value(f, STATE(M1)), "behind");
    assert_int_equal(fixture_report(f, M1, BOOT_A, 1, 1, 1, 2, "trial", NULL), RESULT_OK);
    assert_string_equal(fixture_value(f, STATE(M1)), "trial");
    assert_string_equal(
        fixture_value(f, "SELECT release FROM machines WHERE id = '" M1 "'"), "2");
    assert_int_equal(fixture_report(f, M1, BOOT_A, 2, 1, 1, 2, "permanent", NULL),
                     RESULT_OK);
    assert_string_equal(fixture_value(f, STATE(M1)), "running");
    assert_string_equal(
        fixture_value(
            f, "SELECT count(*) || result || trigger_kind || by_name FROM history"),
        "1permanentpushanna");
    assert_string_equal(fixture_value(f, "SELECT stage_json FROM history"),
                        "{\"download\":5}");
    assert_string_equal(
        fixture_value(f, "SELECT last_pause FROM machines WHERE id = '" M1 "'"), "1234");
}

/* Attempts invariant 1. */
static void a_report_that_comes_again_changes_nothing(void **state)
{
    struct fixture *f = *state;
    fixture_poll(f, M1, BOOT_A, 0, "running");
    assert_int_equal(fixture_report(f, M1, BOOT_A, 1, 1, 1, 2, "trial", NULL), RESULT_OK);
    assert_int_equal(fixture_report(f, M1, BOOT_A, 2, 1, 1, 2, "permanent", NULL),
                     RESULT_OK);
    assert_int_equal(fixture_report(f, M1, BOOT_A, 1, 1, 1, 2, "trial", NULL), RESULT_OK);
    assert_string_equal(fixture_value(f, "SELECT count(*) || result FROM history"),
                        "1permanent");
    assert_string_equal(fixture_value(f, "SELECT count(*) FROM reports"), "2");
    assert_int_equal(fixture_report(f, M1, BOOT_B, 1, 1, 2, 3, "trial", NULL), RESULT_OK);
    assert_int_equal(fixture_report(f, M2, BOOT_A, 1, 1, 1, 2, "trial", NULL), RESULT_OK);
    assert_string_equal(fixture_value(f, "SELECT count(*) FROM history"), "3");
}

/* Every third attempt leaves two rows: its own, and that of the way back, which names it as its cause. Seen to fail without
 * history_trim(), and when rows that are named as a cause were forgotten. */
static void a_machine_leaves_no_more_rows_than_are_kept(void **state)
{
    enum { KEPT = 3, REPORTS = 39 };
    struct fixture *f = *state;
    f->server.options.history_rows = KEPT;
    fixture_poll(f, M1, BOOT_A, 0, "running");
    fixture_poll(f, M2, BOOT_A, 0, "running");
    assert_int_equal(fixture_report(f, M2, BOOT_A, 1, 1, 1, 2, "refused", "signature"),
                     RESULT_OK);
    for (int i = 1; i < REPORTS; i++)
        assert_int_equal(fixture_report(f, M1, BOOT_A, i, i, 1, i % 3 == 0 ? 4 : 5,
                                        i % 3 == 0 ? "reverted" : "refused", "signature"),
                         RESULT_OK);
    /* The first, what the oldest of the three newest names, and these. */
    assert_string_equal(
        fixture_value(
            f, "SELECT group_concat(attempt || iif(cause, 'b', '')) FROM (SELECT * FROM "
               "history WHERE machine = '" M1 "' ORDER BY id)"),
        "1,36,36b,37,38");
    assert_string_equal(fixture_value(f, "SELECT count(*) > 0 FROM history_cells c JOIN "
                                         "history h ON h.id = c.history WHERE h.attempt "
                                         "= 36 AND h.cause IS NULL"),
                        "1");
    assert_string_equal(
        fixture_value(f, "SELECT count(*) FROM reports WHERE machine = '" M1 "'"), "3");
    assert_string_equal(
        fixture_value(f, "SELECT count(*) FROM history WHERE machine = '" M2 "'"), "1");
    assert_string_equal(fixture_value(f, "SELECT count(*) FROM pragma_foreign_key_check"),
                        "0");
    TEXT_OWNED char *rows = strdup(fixture_value(f, "SELECT max(id) FROM history"));
    assert_int_equal(fixture_report(f, M1, BOOT_A, REPORTS - 1, REPORTS - 1, 1, 5,
                                    "refused", "signature"),
                     RESULT_OK);
    assert_string_equal(fixture_value(f, "SELECT max(id) FROM history"), rows);
}

/* Whatever it reports after its last swap, it is known what a boot takes. Seen to fail with either exception taken out. */
static void what_a_boot_takes_is_kept_however_old(void **state)
{
    struct fixture *f = *state;
    f->server.options.history_rows = 2;
    fixture_poll(f, M1, BOOT_A, 0, "running");
    for (int i = 1; i <= 10; i++)
        assert_int_equal(fixture_report(f, M1, BOOT_A, i, i, i <= 3 ? 1 : 2,
                                        i == 3 ? 2 : 5, i == 3 ? "permanent" : "refused",
                                        i == 3 ? NULL : "signature"),
                         RESULT_OK);
    assert_string_equal(fixture_value(f, "SELECT group_concat(attempt) FROM (SELECT "
                                         "attempt FROM history ORDER BY id)"),
                        "1,3,9,10");
}

/* Attempts invariant 2. */
static void a_final_result_never_changes(void **state)
{
    struct fixture *f = *state;
    fixture_poll(f, M1, BOOT_A, 0, "running");
    assert_int_equal(fixture_report(f, M1, BOOT_A, 1, 1, 1, 2, "reverted", "fault"),
                     RESULT_OK);
    assert_int_equal(fixture_report(f, M1, BOOT_A, 2, 1, 1, 2, "trial", NULL), RESULT_OK);
    assert_int_equal(fixture_report(f, M1, BOOT_A, 3, 1, 1, 2, "permanent", NULL),
                     RESULT_OK);
    assert_string_equal(
        fixture_value(f, "SELECT result FROM history WHERE cause IS NULL"), "reverted");
}

/* Attempts invariant 3. */
static void a_revert_adds_one_row_with_its_cause(void **state)
{
    struct fixture *f = *state;
    fixture_poll(f, M1, BOOT_A, 0, "running");
    fixture_offer(f, 2);
    assert_int_equal(fixture_report(f, M1, BOOT_A, 1, 1, 1, 2, "trial", NULL), RESULT_OK);
    assert_int_equal(fixture_report(f, M1, BOOT_A, 2, 1, 1, 2, "reverted", "fault"),
                     RESULT_OK);
    assert_string_equal(fixture_value(f, "SELECT count(*) FROM history"), "2");
    assert_string_equal(
        fixture_value(
            f, "SELECT trigger_kind || cause || by_kind FROM history WHERE cause = 1"),
        "revert1machine");
    assert_string_equal(fixture_value(f, STATE(M1)), "reverted");
    assert_string_equal(
        fixture_value(f, "SELECT reason_json ->> 'code' FROM machines WHERE id = '" M1 "'"),
        "fault");
    assert_string_equal(fixture_value(f, "SELECT count(*) FROM quarantine"), "1");
    fixture_offer(f, 3);
    assert_string_equal(fixture_value(f, STATE(M1)), "behind");
}

/* Release 4 has the content of release 1 too: what the machine says decides which of them it is back on. */
static void a_machine_that_went_back_has_the_release_that_it_came_from(void **state)
{
    struct fixture *f = *state;
    fixture_poll(f, M1, BOOT_A, 0, "running");
    db_run(f->server.db, "UPDATE releases SET content = ? WHERE version = 4", "s",
           f->content[0]);
    fixture_offer(f, 5);
    assert_int_equal(fixture_report(f, M1, BOOT_A, 1, 1, 1, 5, "trial", NULL), RESULT_OK);
    assert_string_equal(
        fixture_value(f, "SELECT release FROM machines WHERE id = '" M1 "'"), "5");
    assert_int_equal(fixture_report(f, M1, BOOT_A, 2, 1, 1, 5, "reverted", "fault"),
                     RESULT_OK);
    assert_string_equal(
        fixture_value(f, "SELECT release FROM machines WHERE id = '" M1 "'"), "1");
    assert_string_equal(fixture_value(f, "SELECT release FROM history WHERE cause = 1"),
                        "1");
}

/* An older client does not say it: the newest older release with that content is as good as can be. */
static void without_a_word_it_is_the_newest_older_release_of_that_content(void **state)
{
    struct fixture *f = *state;
    fixture_poll(f, M1, BOOT_A, 0, "running");
    assert_int_equal(fixture_report(f, M1, BOOT_A, 1, 1, 1, 5, "trial", NULL), RESULT_OK);
    db_run(f->server.db, "UPDATE history SET from_release = NULL", "");
    db_run(f->server.db, "UPDATE releases SET content = ? WHERE version = 4", "s",
           f->content[0]);
    assert_int_equal(fixture_report(f, M1, BOOT_A, 2, 1, 1, 5, "reverted", "fault"),
                     RESULT_OK);
    assert_string_equal(
        fixture_value(f, "SELECT release FROM machines WHERE id = '" M1 "'"), "4");
}

static enum result report_effects_text(struct fixture *f, int64_t sequence,
                                       const char *effects)
{
    char text[2048];
    struct problem problem = {"", ""};
    snprintf(text, sizeof text,
             "{\"boot_id\":\"" BOOT_A "\",\"sequence\":%d,\"kind\":\"attempt\","
             "\"attempt\":1,\"release\":2,\"result\":\"trial\"%s}",
             (int)sequence, effects);
    JSON_OWNED json_t *body = json_loads(text, 0, NULL);
    assert_non_null(body);
    return attempts_report(&f->server, M1, body, &problem);
}

static void effects_are_kept_as_far_as_they_make_sense(void **state)
{
    struct fixture *f = *state;
    fixture_poll(f, M1, BOOT_A, 0, "running");
    assert_int_equal(report_effects_text(f, 1, ""), RESULT_OK);
    assert_string_equal(fixture_value(f, "SELECT effects_json FROM history"), "{}");
    assert_int_equal(
        report_effects_text(
            f, 2,
            ",\"drain_ns\":5,\"waited_count\":-1,\"waited\":[\"e\\u001bcho\","
            "7,\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\"],"
            "\"migrated_objects\":\"many\",\"retained_bytes\":1.5,"
            "\"revertible\":false,\"other\":1"),
        RESULT_OK);
    JSON_OWNED json_t *kept =
        json_stored(fixture_value(f, "SELECT effects_json FROM history"));
    assert_int_equal(json_object_size(kept), 3);
    assert_int_equal(json_integer_value(json_object_get(kept, "drain_ns")), 5);
    assert_true(json_is_false(json_object_get(kept, "revertible")));
    const json_t *waited = json_object_get(kept, "waited");
    assert_int_equal(json_array_size(waited), 7);
    assert_null(strchr(json_string_value(json_array_get(waited, 0)), 0x1b));
}

static void a_refusal_blocks_and_names_its_reason(void **state)
{
    struct fixture *f = refused(state);
    assert_int_equal(fixture_report(f, M1, BOOT_A, 2, 2, 1, 2, "refused", "quarantined"),
                     RESULT_OK);
    assert_string_equal(
        fixture_value(f, "SELECT reason_json ->> 'code' FROM machines WHERE id = '" M1 "'"),
        "signature");
}

static void an_inconclusive_attempt_is_no_quarantine(void **state)
{
    struct fixture *f = *state;
    fixture_poll(f, M1, BOOT_A, 0, "running");
    fixture_offer(f, 2);
    assert_int_equal(
        fixture_report(f, M1, BOOT_A, 1, 1, 1, 2, "inconclusive", "no_contact"),
        RESULT_OK);
    assert_string_equal(fixture_value(f, STATE(M1)), "behind");
    assert_string_equal(fixture_value(f, "SELECT count(*) FROM quarantine"), "0");
}

static void a_machine_that_missed_releases_catches_up(void **state)
{
    struct fixture *f = *state;
    fixture_poll(f, M1, BOOT_A, 0, "running");
    assert_int_equal(fixture_report(f, M1, BOOT_A, 1, 1, 1, 5, "trial", NULL), RESULT_OK);
    assert_string_equal(fixture_value(f, "SELECT trigger_kind FROM history"), "catchup");
}

static void
an_attempt_that_is_not_heard_of_again_is_lost_and_a_late_report_reconciles(void **state)
{
    struct fixture *f = *state;
    fixture_poll(f, M1, BOOT_A, 0, "running");
    assert_int_equal(fixture_report(f, M1, BOOT_A, 1, 1, 1, 2, "trial", NULL), RESULT_OK);
    assert_true(attempts_expire(&f->server) > clock_now_ms());
    db_run(f->server.db, "UPDATE history SET deadline = 1", "");
    attempts_expire(&f->server);
    assert_string_equal(
        fixture_value(f, "SELECT result || (reason_json ->> 'code') FROM history"),
        "lostlost");
    assert_int_equal(fixture_report(f, M1, BOOT_A, 2, 1, 1, 2, "permanent", NULL),
                     RESULT_OK);
    assert_string_equal(fixture_value(f, "SELECT result FROM history"), "permanent");
}

static void a_reboot_in_the_trial_ends_the_attempt(void **state)
{
    struct fixture *f = *state;
    fixture_poll(f, M1, BOOT_A, 0, "running");
    assert_int_equal(fixture_report(f, M1, BOOT_A, 1, 1, 1, 2, "trial", NULL), RESULT_OK);
    fixture_poll(f, M1, BOOT_B, 0, "running");
    assert_string_equal(fixture_value(f, "SELECT result FROM history"), "reverted");
    assert_string_equal(fixture_value(f, STATE(M1)), "running");
}

/* It went down so soon that it had told nothing: the next boot tells it all, but for the cells, which the release says. Seen to
 * fail when end_after_restart() does not store what has no row, and without cells_after_restart(). */
static void a_reset_before_the_first_report_is_a_row(void **state)
{
    static const char text[] =
        "{\"boot_id\":\"" BOOT_B "\",\"sequence\":1,\"kind\":\"attempt\",\"attempt\":1,"
        "\"after_restart\":true,\"release\":2,\"result\":\"reverted\",\"from_content\":"
        "\"%s\","
        "\"reason\":{\"code\":\"reset_in_trial\",\"text\":\"it went down\"}}";
    struct fixture *f = *state;
    struct problem problem = {"", ""};
    char report[512];
    snprintf(report, sizeof report, text, f->content[0]);
    JSON_OWNED json_t *body = json_loads(report, 0, NULL);
    assert_non_null(body);
    fixture_poll(f, M1, BOOT_A, 0, "running");
    fixture_poll(f, M1, BOOT_B, 0, "running");
    for (int i = 0; i < 2; i++) {
        assert_int_equal(attempts_report(&f->server, M1, body, &problem), RESULT_OK);
        assert_string_equal(
            fixture_value(f,
                          "SELECT group_concat(trigger_kind || ' ' || result || ' ' || "
                          "(reason_json ->> 'code'), ';') FROM history"),
            "push reverted reset_in_trial;revert permanent reset_in_trial");
        assert_string_equal(
            fixture_value(f, "SELECT group_concat(name || ' ' || class || ' ' || (old != "
                             "new), ';') FROM history_cells"),
            "c1 text 1;c1 text 1");
    }
}

#define BOOT_ROWS                                                                        \
    "SELECT group_concat(trigger_kind || ' ' || by_kind || ' ' || by_name || ' ' || "    \
    "result || ' ' || ifnull(release, 0) || ' ' || (effects_json ->> 'boot'), ';') "     \
    "FROM "                                                                              \
    "history"

static void a_boot_into_another_content_is_a_row_and_ends_the_block(void **state)
{
    struct fixture *f = refused(state);
    db_run(f->server.db, "DELETE FROM history_cells", "");
    db_run(f->server.db, "DELETE FROM history", "");
    db_run(f->server.db,
           "UPDATE machines SET reboot_json = '{\"by\":\"eve\",\"note\":\"now\"}'", "");
    fixture_poll(f, M1, BOOT_B, 1, "running");
    assert_string_equal(fixture_value(f, STATE(M1)), "running");
    assert_string_equal(fixture_value(f, BOOT_ROWS), "manual operator eve permanent 2 1");
    assert_string_equal(fixture_value(f, "SELECT name || class FROM history_cells"),
                        "c1text");
    assert_string_equal(fixture_value(f, "SELECT count(*) FROM quarantine"), "0");
    assert_string_equal(
        fixture_value(f, "SELECT reboot_json FROM machines WHERE id = '" M1 "'"),
        "(null)");
}

/* It had not missed release 2: it had refused it. */
static void a_push_after_a_refused_release_is_a_push(void **state)
{
    struct fixture *f = refused(state);
    fixture_offer(f, 3);
    assert_int_equal(fixture_report(f, M1, BOOT_A, 2, 2, 1, 3, "trial", NULL), RESULT_OK);
    assert_string_equal(
        fixture_value(f, "SELECT trigger_kind FROM history WHERE release = 3"), "push");
    fixture_poll(f, M2, BOOT_A, 0, "running");
    assert_int_equal(fixture_report(f, M2, BOOT_A, 1, 1, 1, 3, "trial", NULL), RESULT_OK);
    assert_string_equal(
        fixture_value(f, "SELECT trigger_kind FROM history WHERE machine = '" M2 "'"),
        "catchup");
}

static void a_boot_into_what_ran_is_no_row(void **state)
{
    struct fixture *f = *state;
    fixture_poll(f, M1, BOOT_A, 0, "running");
    fixture_poll(f, M1, BOOT_B, 0, "running");
    assert_string_equal(fixture_value(f, "SELECT count(*) FROM history"), "0");
}

static void a_machine_falls_silent_and_comes_back(void **state)
{
    struct fixture *f = *state;
    fixture_poll(f, M1, BOOT_A, 0, "running");
    assert_string_equal(fixture_value(f, STATE(M1)), "running");
    db_run(f->server.db, "UPDATE machines SET last_contact = last_contact - ?", "i",
           (int64_t)MACHINE_SILENT_MS + 1);
    attempts_expire(&f->server);
    assert_string_equal(fixture_value(f, STATE(M1)), "silent");
    assert_int_equal(attempts_expire(&f->server), INT64_MAX);
    fixture_poll(f, M1, BOOT_A, 0, "running");
    assert_string_equal(fixture_value(f, STATE(M1)), "running");
}

static void two_machines_with_one_key_raise_an_alarm(void **state)
{
    struct fixture *f = *state;
    fixture_poll(f, M1, BOOT_A, 0, "running");
    fixture_poll(f, M1, BOOT_A, 0, "running");
    fixture_poll(f, M1, BOOT_B, 0, "running");
    fixture_poll(f, M1, BOOT_B, 0, "running");
    assert_null(json_object_get(f->server.alarms, "cloned"));
    fixture_poll(f, M1, BOOT_A, 0, "running");
    const json_t *alarm = json_object_get(f->server.alarms, "cloned");
    assert_non_null(alarm);
    assert_non_null(strstr(json_string_value(json_object_get(alarm, "text")), "m1"));
}

/* What a machine says of a plan reaches operators: nothing but what they know, in the types that they know. */
static void a_plan_s_answer_is_kept_as_far_as_it_makes_sense(void **state)
{
    struct fixture *f = *state;
    struct problem problem = {"", ""};
    fixture_poll(f, M1, BOOT_A, 0, "running");
    db_run(f->server.db,
           "INSERT INTO commands (id, machine, kind, body_json, state, created, expires) "
           "VALUES (7, '" M1 "', 'plan', '{}', 'sent', 1, 2)",
           "");
    JSON_OWNED json_t *body = json_pack(
        "{s:s, s:i, s:s, s:i, s:[{s:s, s:s, s:i}, {s:s}, s], s:{s:s, s:s, s:i}, s:s, "
        "s:s, s:i}",
        "boot_id", BOOT_A, "sequence", 1, "kind", "plan", "command", 7, "cells", "name",
        "c1", "class", "<b>", "old", 5, "name", "../x", "no cell", "reason", "code",
        "data", "text", "\x1b[2Jgone", "cell", 3, "extra", "x", "revertible", "maybe",
        "migrated_objects", -4);
    assert_non_null(body);
    assert_int_equal(attempts_report(&f->server, M1, body, &problem), RESULT_OK);
    TEXT_OWNED char *text =
        db_text(f->server.db, "SELECT answer_json FROM commands WHERE id = 7", "");
    JSON_OWNED json_t *answer = json_stored(text);
    JSON_OWNED json_t *cells =
        json_pack("[{s:s, s:n, s:n, s:s}]", "name", "c1", "old", "new", "class", "text");
    assert_true(json_equal(json_object_get(answer, "cells"), cells));
    assert_int_equal(json_object_size(answer), 2);
    const json_t *reason = json_object_get(answer, "reason");
    assert_string_equal(json_string_value(json_object_get(reason, "code")), "data");
    assert_null(strchr(json_string_value(json_object_get(reason, "text")), 27));
    assert_true(json_is_null(json_object_get(reason, "cell")));
}

static void nonsense_is_refused_and_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    struct problem problem = {"", ""};
    static const char *const bad[] = {
        "{}",
        "{\"boot_id\":\"" BOOT_A "\"}",
        "{\"boot_id\":\"" BOOT_A "\",\"sequence\":-1,\"kind\":\"attempt\"}",
        "{\"boot_id\":\"" BOOT_A "\",\"sequence\":1,\"kind\":\"attempt\"}",
        "{\"boot_id\":\"" BOOT_A
        "\",\"sequence\":1,\"kind\":\"attempt\",\"attempt\":1,\"result\":\"perfect\"}",
        "{\"boot_id\":\"" BOOT_A "\",\"sequence\":1,\"kind\":\"blob\"}",
        "{\"boot_id\":\"" BOOT_A "\",\"sequence\":1,\"kind\":\"../x\"}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        json_t *body = json_loads(bad[i], 0, NULL);
        assert_int_equal(attempts_report(&f->server, M1, body, &problem), RESULT_INVALID);
        json_decref(body);
    }
    assert_string_equal(fixture_value(f, "SELECT count(*) FROM reports"), "0");
    assert_string_equal(fixture_value(f, "SELECT count(*) FROM history"), "0");
}

#define CASE(name)                                                                       \
    cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_attempt_goes_from_trial_to_permanent_in_one_row),
        CASE(a_report_that_comes_again_changes_nothing),
        CASE(a_final_result_never_changes),
        CASE(a_revert_adds_one_row_with_its_cause),
        CASE(a_machine_that_went_back_has_the_release_that_it_came_from),
        CASE(without_a_word_it_is_the_newest_older_release_of_that_content),
        CASE(effects_are_kept_as_far_as_they_make_sense),
        CASE(a_refusal_blocks_and_names_its_reason),
        CASE(an_inconclusive_attempt_is_no_quarantine),
        CASE(a_machine_that_missed_releases_catches_up),
        CASE(an_attempt_that_is_not_heard_of_again_is_lost_and_a_late_report_reconciles),
        CASE(a_reboot_in_the_trial_ends_the_attempt),
        CASE(a_reset_before_the_first_report_is_a_row),
        CASE(a_boot_into_another_content_is_a_row_and_ends_the_block),
        CASE(a_push_after_a_refused_release_is_a_push),
        CASE(a_boot_into_what_ran_is_no_row),
        CASE(a_machine_leaves_no_more_rows_than_are_kept),
        CASE(what_a_boot_takes_is_kept_however_old),
        CASE(a_machine_falls_silent_and_comes_back),
        CASE(two_machines_with_one_key_raise_an_alarm),
        CASE(a_plan_s_answer_is_kept_as_far_as_it_makes_sense),
        CASE(nonsense_is_refused_and_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
