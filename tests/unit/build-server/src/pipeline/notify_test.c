/* A timestamp that is not renewed: told at half of its life, and again at four fifths.
 * SPDX-License-Identifier: MIT */
#include "base/clock.h"
#include "pipeline/steps.h"
#include "tests/unit/build-server/src/fleet/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define LIFE_MS (24LL * 3600 * 1000) /* as in notify.c */

static const char *alarm_at(struct fixture *f, int percent)
{
    int64_t signed_ms = clock_now_ms() - LIFE_MS * percent / 100;
    db_run(f->server.db,
           "INSERT OR REPLACE INTO timestamps (channel, counter, release, time, expires, "
           "orders_root, intent, frame) VALUES ('main', 1, 1, ?, ?, '', '', x'00')",
           "ii", signed_ms, signed_ms + LIFE_MS);
    notify_check_age(&f->server);
    return json_string_value(
        json_object_get(json_object_get(f->server.alarms, "timestamp-age"), "text"));
}

static void an_ageing_timestamp_raises_an_alarm_that_ends_with_its_renewal(void **state)
{
    struct fixture *f = *state;
    assert_null(alarm_at(f, 49));
    assert_non_null(strstr(alarm_at(f, 51), "50 %"));
    assert_non_null(strstr(alarm_at(f, 81), "80 %"));
    assert_non_null(strstr(alarm_at(f, 120), "80 %"));
    assert_null(alarm_at(f, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            an_ageing_timestamp_raises_an_alarm_that_ends_with_its_renewal,
            fixture_set_up, fixture_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
