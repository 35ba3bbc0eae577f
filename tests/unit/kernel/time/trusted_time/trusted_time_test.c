/* The trusted time is unknown until it is told, and then runs on. */
/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include <time/clock/clock.h>
#include <time/trusted_time/trusted_time.h>

static uint64_t now_ns;

uint64_t clock_ns(void)
{
    return now_ns;
}

static void is_unknown_until_it_is_told_and_then_runs_on(void **state)
{
    (void)state;
    now_ns = 5 * NS_PER_S;
    assert_int_equal(trusted_time_s(), 0);
    trusted_time_set(1800000000);
    assert_int_equal(trusted_time_s(), 1800000000);
    now_ns += 7 * NS_PER_S;
    assert_int_equal(trusted_time_s(), 1800000007);
    trusted_time_set(0);
    assert_int_equal(trusted_time_s(), 0);
}

/* It would be before 1970 when the machine was booted. */
static void less_than_the_uptime_is_no_time(void **state)
{
    (void)state;
    now_ns = 100 * NS_PER_S;
    trusted_time_set(99);
    assert_int_equal(trusted_time_s(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_unknown_until_it_is_told_and_then_runs_on),
        cmocka_unit_test(less_than_the_uptime_is_no_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
