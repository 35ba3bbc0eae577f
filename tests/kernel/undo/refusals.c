/* Cases in which a step of a swap says no, or what came is taken back. */
/* SPDX-License-Identifier: MIT */
#include "private.h"

#include <console/console/console.h>
#include <core/archive/archive.h>
#include <task/task/task.h>
#include <tests/kernel/coupled_server/coupled_server.h>
#include <tests/kernel/migrate_target/migrate_target.h>
#include <tests/kernel/moving_target/moving_target.h>
#include <time/clock/clock.h>

#define PATIENCE_NS (60 * NS_PER_S)

/* One way not to become permanent. What was taken for it is given back, but by a version that ran: the scans see to that. */
struct step {
    const char *first; /* kswap.others: runs before; NULL: nothing in particular */
    struct kswap swap;
    enum evolve_phase phase;
    const char *code;
    void (*begin)(void);
    void (*end)(void);
    const char *after; /* runs again afterwards */
    bool moves;        /* as of a kind */
};

/* ---- what some of them need -------------------------------------------------------------------------------------- */

static volatile uint64_t stayed;
static void *volatile hook; /* of a function whose form changes */
static uint64_t count_before;

static struct wait stay_step(void *arg)
{
    (void)arg;
    coupled_stay();
    stayed = 1;
    return wait_done();
}

static bool is_asleep(void *arg)
{
    (void)arg;
    return coupled_sleepers() == 1;
}

static void begin_stay(void)
{
    KTEST_CHECK(task_create("stayer", stay_step, NULL, NULL) != NULL);
    KTEST_CHECK(ktest_until(is_asleep, NULL, PATIENCE_NS));
}

static void end_stay(void)
{
    coupled_release();
    KTEST_CHECK(ktest_until_count(&stayed, 1, PATIENCE_NS));
}

static void begin_hold(void)
{
    hook = coupled_hook_address();
}

static void end_hold(void)
{
    hook = NULL;
}

/* The old form has no place for it. */
static void begin_large(void)
{
    struct migrate_view v;
    KTEST_CHECK(migrate_target_read(&v));
    count_before = v.count;
    v.count = 1ull << 40;
    migrate_target_write(&v);
}

static void end_large(void)
{
    struct migrate_view v;
    KTEST_CHECK(migrate_target_read(&v));
    v.count = count_before;
    migrate_target_write(&v);
}

static void begin_unwanted(void)
{
    moving_target_mark(MOVING_UNWANTED);
}

static void end_unwanted(void)
{
    moving_target_mark(0);
}

/* ---- the steps ---------------------------------------------------------------------------------------------------- */

static const struct step steps[] = {
    /* load */
    {.swap = {.others = "swap_target.second swap_target.third"},
     .phase = EVOLVE_REFUSED,
     .code = "object"},
    {.swap = {.others = "swap_target.second", .remove = "nobody"},
     .phase = EVOLVE_REFUSED,
     .code = "remove"},
    /* verify */
    {.swap = {.others = "migrate_target.grown", .remove = "swap_target"},
     .phase = EVOLVE_REFUSED,
     .code = "undefined"},
    {.swap = {.others = "migrate_target.grown swap_target.type"},
     .phase = EVOLVE_REFUSED,
     .code = "data"},
    {.swap = {.others = "moving_target.second coupled_server.wide"},
     .phase = EVOLVE_REFUSED,
     .code = "signature"},
    {.swap = {.others = "states_target.millis moving_target.silent"},
     .phase = EVOLVE_REFUSED,
     .code = "walk"},
    {.swap = {.others = "moving_target.second states_target.silent"},
     .phase = EVOLVE_REFUSED,
     .code = "state"},
    /* redirect */
    {.first = "migrate_target.grown",
     .swap = {.others = "migrate_target moving_target.second"},
     .phase = EVOLVE_REFUSED,
     .code = "consent",
     .begin = begin_large,
     .end = end_large,
     .after = "migrate_target"},
    /* drain: walks, edges, whoever is inside or could come back */
    {.first = "moving_target.broken",
     .swap = {.others = "moving_target.second"},
     .phase = EVOLVE_REFUSED,
     .code = "fault",
     .after = "moving_target"},
    {.swap = {.others = "moving_target.second migrate_target.grown"},
     .phase = EVOLVE_REFUSED,
     .code = "data",
     .begin = begin_unwanted,
     .end = end_unwanted},
    {.swap = {.others = "states_target.faults moving_target.second"},
     .phase = EVOLVE_REFUSED,
     .code = "fault"},
    {.swap = {.others = "states_target.loops"}, .phase = EVOLVE_REFUSED, .code = "loop"},
    {.swap = {.others = "coupled_server.held moving_target.second"},
     .phase = EVOLVE_REFUSED,
     .code = "held",
     .begin = begin_hold,
     .end = end_hold},
    {.swap = {.others = "coupled_server.wide coupled_client.wide moving_target.second"},
     .phase = EVOLVE_REFUSED,
     .code = "busy",
     .begin = begin_stay,
     .end = end_stay},
    /* behind the stores: walks of the new form, hooks, checks */
    {.swap = {.others = "moving_target.forgets"}, .phase = EVOLVE_REVERTED, .code = "walk"},
    {.swap = {.others = "swap_target.hook migrate_target.grown", .trial_ms = 60000},
     .phase = EVOLVE_REVERTED,
     .code = "hook"},
    {.swap = {.others = "lineage_library.fails", .trial_ms = 60000},
     .phase = EVOLVE_REVERTED,
     .code = "hook"},
    {.swap = {.others = "swap_target.wrong states_target.millis", .trial_ms = 60000},
     .phase = EVOLVE_REVERTED,
     .code = "check",
     .moves = true},
};

static void all_hold(void)
{
    for (uint32_t i = 0; i < undo_kind_count; i++)
        if (!undo_holds(&undo_kinds[i]))
            ktest_fail("undo_holds", undo_kinds[i].name);
}

static void swap_for_good(const char *words)
{
    if (words)
        (void)kswap_became(kswap_end_report(kswap_begin(&(struct kswap){.others = words})),
                           EVOLVE_PERMANENT, NULL, NULL);
}

/* What was asked for last is over: all PARTS are as BEFORE says. */
static void expect_unchanged(const char *words, const struct undo_digest *before,
                             uint32_t parts, enum evolve_phase phase, const char *code)
{
    uint32_t changed = undo_changed(before);
    bool good = kswap_became(kswap_report(0), phase, code, NULL) && !(changed & parts);
    if (!good)
        console_print("undo: %s: parts %x differ\n", words, changed);
    KTEST_CHECK(good && undo_went_well());
}

/* Calls ASK, which swaps nothing in the end, and whatever it took must be given back. */
static void leaves_nothing(void (*ask)(const void *), const void *arg)
{
    bool good = false;
    for (uint32_t i = 0; i < UNDO_TRIES && !good; i++) {
        struct undo_use use;
        undo_use(&use);
        ask(arg);
        good = undo_gave_back(&use);
    }
    KTEST_CHECK(good);
}

static void ask_step(const void *arg)
{
    const struct step *s = arg;
    bool reverted = s->phase == EVOLVE_REVERTED;
    struct undo_digest before;
    undo_digest(&before);
    (void)kswap_run(&s->swap);
    expect_unchanged(s->swap.others, &before,
                     reverted ? undo_taken_back(s->moves) : UNDO_ALL, s->phase, s->code);
}

static void take(const struct step *s)
{
    swap_for_good(s->first);
    if (s->begin)
        s->begin();
    if (s->phase == EVOLVE_REVERTED)
        ask_step(s);
    else
        leaves_nothing(ask_step, s);
    if (s->end)
        s->end();
    swap_for_good(s->after);
    KTEST_CHECK(undo_swap("second") == EVOLVE_PERMANENT && swap_target_version() == 2);
    KTEST_CHECK(undo_swap("") == EVOLVE_PERMANENT && swap_target_version() == 1);
}

/* Hazard 28: whatever step says no, nothing has changed, nothing is left, and the next swap works. Seen to fail without
 * plan_rehome() in plan_revert(), by the homes. */
void a_step_that_says_no_changes_nothing(void)
{
    for (uint32_t i = 0; i < ARRAY_LEN(steps); i++)
        take(&steps[i]);
    all_hold();
}

/* The first so many eighths of an object. */
static void ask_part(const void *eighths)
{
    struct archive_entry file = {0};
    struct undo_digest before;
    uint64_t attempt = 0;
    KTEST_CHECK(archive_find("variants/migrate_target.grown.o", &file) == STATUS_OK);
    struct evolve_object object = {.name = "migrate_target",
                                   .bytes = file.bytes,
                                   .len = file.len * *(const uint32_t *)eighths / 8};
    struct evolve_request request = {.set = &object, .set_count = 1};
    undo_digest(&before);
    KTEST_CHECK(evolve_submit(&request, &attempt) == STATUS_OK);
    (void)kswap_end(attempt);
    expect_unchanged("a part of an object", &before, UNDO_ALL, EVOLVE_REFUSED, "object");
}

void a_damaged_object_changes_nothing(void)
{
    static const uint32_t eighths[] = {0, 1, 2, 3, 5, 7};
    for (uint32_t i = 0; i < ARRAY_LEN(eighths); i++)
        leaves_nothing(ask_part, &eighths[i]);
}

static void ask_dry(const void *arg)
{
    const struct undo_kind *k = arg;
    struct undo_digest before;
    undo_digest(&before);
    (void)kswap_run(
        &(struct kswap){.others = k->there, .remove = k->there_goes, .dry_run = true});
    expect_unchanged(k->name, &before, UNDO_ALL, EVOLVE_PERMANENT, NULL);
}

/* A dry run goes through all steps that can fail. */
void a_dry_run_of_each_kind_changes_nothing(void)
{
    for (uint32_t i = 0; i < undo_kind_count; i++)
        leaves_nothing(ask_dry, &undo_kinds[i]);
    all_hold();
}

/* The way back of each kind, in both directions, in order. */
static void take_back(const struct undo_kind *k, bool back)
{
    struct undo_digest before;
    undo_digest(&before);
    uint64_t attempt =
        kswap_begin(&(struct kswap){.others = back ? k->back : k->there,
                                    .remove = back ? k->back_goes : k->there_goes,
                                    .trial_ms = 60000});
    KTEST_CHECK(k->late || undo_holds(k));
    uint32_t changed = undo_changed(&before);
    KTEST_CHECK((changed & k->changes) == k->changes);
    KTEST_CHECK(evolve_revert(attempt, "test", "a wish") == STATUS_OK);
    (void)kswap_end(attempt);
    expect_unchanged(k->name, &before, undo_taken_back(k->moves), EVOLVE_REVERTED, "test");
    KTEST_CHECK(undo_holds(k));
}

void a_wish_takes_each_kind_back(void)
{
    for (uint32_t i = 0; i < undo_kind_count; i++) {
        const struct undo_kind *k = &undo_kinds[i];
        take_back(k, false);
        KTEST_CHECK(undo_swap_kind(k, false) == EVOLVE_PERMANENT);
        take_back(k, true);
        KTEST_CHECK(undo_swap_kind(k, true) == EVOLVE_PERMANENT);
    }
    all_hold();
}
