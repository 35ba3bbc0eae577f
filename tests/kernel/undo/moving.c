/* A case that lets memory fail while objects of the heap are moved. */
/* SPDX-License-Identifier: MIT */
#include "private.h"

#include <console/console/console.h>
#include <mm/frame/frame.h>
#include <string.h>
#include <tests/kernel/moving_target/moving_target.h>

#define STEPS_MAX 2000u
#define ELEMENTS 20u
#define SUM ((uint64_t)ELEMENTS * (ELEMENTS + 1) / 2)

static bool list_is_whole(void)
{
    struct moving_view v;
    return moving_target_read(&v) && v.count == ELEMENTS && v.numbers == SUM;
}

static enum evolve_phase swap_list(const char *variant)
{
    return kswap_run(&(struct kswap){.cell = "moving_target", .variant = variant});
}

/* The history is full by now, so what is left is what the swap left. Seen to fail when elements_take() does not free the
 * storage that it took. */
void a_list_that_cannot_be_moved_stays_as_it_is(void)
{
    struct task *evolve = undo_swap_task();
    uint32_t failed = 0;
    uint32_t came_back = 0;
    uint32_t at = 0;
    bool all = false;
    bool good = true;
    for (uint64_t i = 1; i <= ELEMENTS; i++)
        KTEST_CHECK(moving_target_add(i) == STATUS_OK);
    KTEST_CHECK(swap_list("second") == EVOLVE_PERMANENT);
    for (; good && !all && at < STEPS_MAX; at++) {
        uint32_t version = moving_target_version();
        uint64_t objects = undo_live();
        memory_fail(evolve, at);
        enum evolve_phase phase = swap_list(version == 1 ? "second" : "");
        all = !memory_failed();
        memory_fail(NULL, 0);
        good = list_is_whole();
        if (phase != EVOLVE_PERMANENT) {
            failed++;
            came_back += phase == EVOLVE_REVERTED;
            good = good && strcmp(kswap_report(0)->reason.code, "memory") == 0 &&
                   moving_target_version() == version && undo_is_whole(objects);
        }
        KTEST_CHECK(good);
        if (!good)
            console_print("undo: request %u: %s, %ld objects left\n", at,
                          evolve_phase_name(phase), (long)(undo_live() - objects));
    }
    console_print(
        "undo: %u of %u requests failed the move of a list, %u after the stores\n",
        failed, at - 1, came_back);
    KTEST_CHECK(all && failed > 40 && came_back > 0);
}
