/* Each allocation of the client fails once, at its start and in the middle of an update: it goes on, and gets there.
 * SPDX-License-Identifier: MIT
 */
#include "sim.h"

#include <stdlib.h>
#include <string.h>

void *__real_malloc(size_t len);
void *__real_calloc(size_t count, size_t len);
void *__real_realloc(void *old, size_t len);
void *__wrap_malloc(size_t len);
void *__wrap_calloc(size_t count, size_t len);
void *__wrap_realloc(void *old, size_t len);

static long countdown =
    -1; /* allocations of the client until the one that fails; negative: none does */
static bool ours; /* the client runs, and not one of the simulator's ports */

static bool fails(void)
{
    return ours && countdown >= 0 && countdown-- == 0;
}

void *__wrap_malloc(size_t len)
{
    return fails() ? NULL : __real_malloc(len);
}

void *__wrap_calloc(size_t count, size_t len)
{
    return fails() ? NULL : __real_calloc(count, len);
}

void *__wrap_realloc(void *old, size_t len)
{
    return fails() ? NULL : __real_realloc(old, len);
}

static void in_port(bool entered)
{
    ours = !entered;
}

/* Runs the client with the allocation AT failing; returns whether there was such a one. */
static bool run(struct sim *sim, long at, double seconds)
{
    countdown = at;
    sim->in_port = in_port;
    ours = true;
    sim_run(sim, seconds);
    ours = false;
    sim->in_port = NULL;
    bool reached = countdown < 0;
    countdown = -1;
    return reached;
}

static void a_failed_allocation_delays_an_update_and_no_more(void **state)
{
    (void)state;
    static struct sim sim;
    bool reached = true;
    for (long at = 0; reached; at += 1 + at / 8) {
        sim_init(&sim);
        sim_boot(&sim);
        sim_run(&sim, 5);
        sim_release(&sim, 2, COLOURS(2, 3, 1, 1));
        reached = run(&sim, at, 8);
        sim_run(&sim, 400);
        assert_true(sim_runs(&sim, COLOURS(2, 3, 1, 1)));
        assert_int_equal(CLIENT_RUNNING, sim_status(&sim).state);
        sim_fini(&sim);
    }
}

static void a_failed_allocation_delays_enrolment_and_no_more(void **state)
{
    (void)state;
    static struct sim sim;
    bool reached = true;
    for (long at = 0; reached; at += 1 + at / 8) {
        sim_init(&sim);
        sim_boot(&sim);
        reached = run(&sim, at, 5);
        sim_run(&sim, 100);
        assert_int_equal(CLIENT_RUNNING, sim_status(&sim).state);
        assert_int_equal(1, sim_status(&sim).release);
        sim_fini(&sim);
    }
}

int main(void)
{
    json_set_alloc_funcs(__wrap_malloc, free);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failed_allocation_delays_an_update_and_no_more),
        cmocka_unit_test(a_failed_allocation_delays_enrolment_and_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
