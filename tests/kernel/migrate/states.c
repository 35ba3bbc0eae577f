/* Swaps after which data of equal form mean something else: values are converted, there and back. */
/* SPDX-License-Identifier: MIT */
#include "private.h"

#include <console/console/console.h>
#include <string.h>
#include <tests/kernel/states_target/states_target.h>
#include <time/clock/clock.h>

static const struct states_view sample = {.patience = 30000000,
                                          .limit = 7000000,
                                          .delay = {1000000, 2000000, 3000000},
                                          .count = 11,
                                          .span = {4000000, 5000000, 6000000},
                                          .item = {8000000, 9000000, 10000000, 12000000}};

static uint64_t swap_to(const char *variant, uint64_t trial_ms)
{
    return kswap_to("states_target", variant, trial_ms);
}

static void swap_for_good(const char *variant)
{
    kswap_for_good("states_target", variant);
}

static bool holds(const struct states_view *expected)
{
    struct states_view now;
    bool good = states_target_read(&now) && memcmp(&now, expected, sizeof now) == 0;
    if (!good)
        console_print(
            "states: patience %lu, limit %lu, first delay %lu, count %lu, first "
            "span %lu, first item %lu\n",
            now.patience, now.limit, now.delay[0], now.count, now.span[0], now.item[0]);
    return good;
}

/* Seen to fail without run_turns(): all times are zero; and without find_parts() in the planner: items are a thousandth. */
void values_turn_into_another_meaning_and_back(void)
{
    KTEST_CHECK(states_target_write(&sample) == STATUS_OK);
    swap_for_good("millis");
    KTEST_CHECK(states_target_version() == 1 && holds(&sample));
    const struct evolve_report *r = kswap_report(0);
    KTEST_CHECK(r->migrated_objects == 4 + STATES_ITEMS && r->revertible &&
                r->cells[0].coupled && r->cells[0].class == PLAN_DATA);
    swap_for_good("");
    KTEST_CHECK(states_target_version() == 0 && holds(&sample));
}

void skipped_states_are_gone_through_edge_by_edge(void)
{
    static const char *const order[] = {"micros", "", "micros", "millis", "micros", ""};
    for (uint32_t i = 0; i < ARRAY_LEN(order); i++) {
        swap_for_good(order[i]);
        KTEST_CHECK(holds(&sample));
    }
}

void another_meaning_without_an_edge_is_refused(void)
{
    (void)kswap_became(kswap_end_report(swap_to("silent", 1)), EVOLVE_REFUSED, "state",
                       "EVOLVE_STATE_EDGE");
    KTEST_CHECK(states_target_version() == 0 && holds(&sample));
    swap_for_good("millis");
    swap_for_good("silent"); /* the same meaning */
    (void)kswap_became(kswap_end_report(swap_to("", 1)), EVOLVE_REFUSED, "state",
                       "state 1 there, 0 here");
    KTEST_CHECK(states_target_version() == 1 && holds(&sample));
    swap_for_good("millis");
    swap_for_good("");
    KTEST_CHECK(holds(&sample));
}

/* Hazards 26 and 32. */
void what_the_new_code_stored_turns_back(void)
{
    struct states_view changed = sample;
    uint64_t attempt = swap_to("micros", 60000);
    KTEST_CHECK(states_target_version() == 2 && holds(&sample));
    changed.patience = 41999999; /* seconds hold less */
    changed.delay[1] = 5000000;
    changed.count = 12;
    changed.span[2] = 7000000;
    changed.item[3] = 13000000;
    KTEST_CHECK(states_target_write(&changed) == STATUS_OK);
    KTEST_CHECK(evolve_revert(attempt, "test", "the test wants seconds") == STATUS_OK);
    (void)kswap_became(kswap_end_report(attempt), EVOLVE_REVERTED, "test", NULL);
    changed.patience = 41000000;
    KTEST_CHECK(states_target_version() == 0 && holds(&changed));
    KTEST_CHECK(states_target_write(&sample) == STATUS_OK);
}

/* Also the edge back, which is gone before anything is stored. */
void an_edge_that_faults_or_never_ends_is_refused(void)
{
    static const char *const variants[] = {"faults", "loops", "traps"};
    static const char *const codes[] = {"fault", "loop", "fault"};
    for (uint32_t i = 0; i < ARRAY_LEN(variants); i++) {
        (void)kswap_became(kswap_end_report(swap_to(variants[i], 1)), EVOLVE_REFUSED,
                           codes[i], "edge of patience");
        KTEST_CHECK(states_target_version() == 0 && holds(&sample));
    }
}

/* Hazard 26. Seen to fail without migrations_hold(): the five seconds are gone. */
void what_is_stored_beside_an_edge_is_not_lost(void)
{
    struct states_view later = sample;
    later.patience += 5000000;
    swap_for_good("late");
    KTEST_CHECK(states_target_version() == 1 && holds(&later));
    KTEST_CHECK(states_target_write(&sample) == STATUS_OK);
    swap_for_good("");
    KTEST_CHECK(holds(&sample));
}

bool states_are_whole(void)
{
    return holds(&sample);
}

/* The guard asks, and the swap task goes back over the edges. */
void a_fault_turns_values_back(void)
{
    struct states_view expected = sample;
    KTEST_CHECK(states_target_task() == STATUS_OK);
    (void)kswap_became(kswap_end_report(swap_to("crash", 60000)), EVOLVE_REVERTED,
                       "fault", NULL);
    expected.patience = 99000000;
    KTEST_CHECK(states_target_version() == 0 && holds(&expected));
}
