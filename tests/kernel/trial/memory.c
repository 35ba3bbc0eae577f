/* Cases about memory (hazard 31). */
/* SPDX-License-Identifier: MIT */
#include "private.h"

#include <mm/frame/frame.h>
#include <mm/heap/heap.h>
#include <string.h>

static struct kswap target = {.cell = "swap_target", .trial_ms = 300};

static enum evolve_phase run(const char *variant)
{
    target.variant = variant;
    return kswap_run(&target);
}

/* Two objects a millisecond, of which one leads to the other. Permanent when make_permanent() does not ask leaks_judge(), and
 * by consent. */
void a_version_that_leaks_comes_back(void)
{
    KTEST_CHECK(swap_target_task() == STATUS_OK);
    (void)comes_back("leaks", 300, "leak", "swap_target loses memory");
    KTEST_CHECK(strstr(kswap_report(0)->reason.text, "take") ||
                strstr(kswap_report(0)->reason.text, "target_step"));
    KTEST_CHECK(kswap_run(&(struct kswap){.cell = "swap_target",
                                          .variant = "leaks",
                                          .trial_ms = 300,
                                          .consent = "swap_target:leak"}) ==
                EVOLVE_PERMANENT);
    KTEST_CHECK(run("") == EVOLVE_PERMANENT);
}

/* A hundred objects at once, and no more. Comes back when is_leak() asks for no growth, and now and then when grows() compares
 * how many are lost. */
void a_single_loss_is_no_leak(void)
{
    KTEST_CHECK(run("loses") == EVOLVE_PERMANENT);
    KTEST_CHECK(run("") == EVOLVE_PERMANENT);
}

/* One object a millisecond, each in a list. Comes back when unreached.c does not look at homes. */
void what_is_kept_is_no_leak(void)
{
    KTEST_CHECK(run("caches") == EVOLVE_PERMANENT);
    KTEST_CHECK(run("") == EVOLVE_PERMANENT);
    swap_target_give_back();
}

/* One object a millisecond, in chains that nothing but marked addresses in a frame lead to, and whose heads change all the
 * time. Comes back when grows() is believed and make_sure() is not asked. */
void what_is_hidden_and_moves_is_no_leak(void)
{
    KTEST_CHECK(run("hides") == EVOLVE_PERMANENT);
    KTEST_CHECK(run("") == EVOLVE_PERMANENT);
    swap_target_give_back();
}

struct taken {
    struct taken *next;
};

/* Nearly all memory is taken during a trial, but not by the text on trial. Comes back when others_took() is not asked. */
void what_others_take_is_not_its_doing(void)
{
    struct frame_stats before;
    struct frame_stats now;
    struct taken *all = NULL;
    frame_stats_read(&before);
    uint64_t attempt = kswap_begin(
        &(struct kswap){.cell = "swap_target", .variant = "second", .trial_ms = 500});
    do {
        struct taken *one = heap_alloc(1 << 20);
        if (!one)
            break;
        one->next = all;
        all = one;
        frame_stats_read(&now);
    } while (now.free > before.free / 16);
    enum evolve_phase end = kswap_end(attempt);
    while (all) {
        struct taken *one = all;
        all = one->next;
        heap_free(one);
    }
    KTEST_CHECK(now.free <= before.free / 8 && end == EVOLVE_PERMANENT);
    KTEST_CHECK(run("") == EVOLVE_PERMANENT);
}

/* A MiB in each step, all in a list. Without leaks_press() there is no memory left before the trial is over. */
void a_version_that_devours_memory_comes_back(void)
{
    struct frame_stats before;
    struct frame_stats after;
    frame_stats_read(&before);
    uint64_t attempt = kswap_begin(
        &(struct kswap){.cell = "swap_target", .variant = "devours", .trial_ms = 60000});
    KTEST_CHECK(kswap_end(attempt) == EVOLVE_REVERTED);
    KTEST_CHECK(strcmp(kswap_report(0)->reason.code, "memory") == 0);
    frame_stats_read(&after);
    KTEST_CHECK(after.free > 0);
    swap_target_give_back();
    KTEST_CHECK(run("second") == EVOLVE_PERMANENT && run("") == EVOLVE_PERMANENT);
}
