/* Pointers to old text that are hidden from the scans: executed before it is freed, and after. */
/* SPDX-License-Identifier: MIT */
#include <console/console/console.h>
#include <core/archive/archive.h>
#include <core/evolve/evolve.h>
#include <core/stale/stale.h>
#include <fault/fault/fault.h>
#include <stdio.h>
#include <string.h>
#include <task/task/task.h>
#include <tests/kernel/kswap/kswap.h>
#include <tests/kernel/swap_target/swap_target.h>
#include <time/clock/clock.h>

#define PATIENCE_NS (30 * NS_PER_S)
#define MASK 0x5a5a5a5a5a5a5a5aull

enum status test_stale_start(void);

/* The address of swap_target_version in the text that ran at first, masked. */
static volatile uint64_t hidden;

/* Version NUMBER of swap_target; NULL: it has left the namespace. */
static const struct version *target(uint32_t number)
{
    for (const struct version *v = namespace_kernel()->versions; v; v = v->next)
        if (strcmp(v->info.name, "swap_target") == 0 && v->number == number)
            return v;
    return NULL;
}

static bool note_swapper(struct task *task, void *arg)
{
    char name[TASK_NAME_MAX];
    task_name_copy(task, name);
    if (strcmp(name, "evolve") == 0)
        *(bool *)arg = task_state(task) == TASK_WAITING;
    return true;
}

/* The mark is set before the right is taken everywhere; both are done when the step that does them is over. */
static bool is_off(void *arg)
{
    const struct version *v = target(1);
    bool waits = false;
    (void)arg;
    if (!v || !v->off_ns)
        return false;
    task_for_each(note_swapper, &waits);
    return waits;
}

static bool is_gone(void *arg)
{
    (void)arg;
    return target(1) == NULL;
}

__attribute__((noinline)) static void hide(void)
{
    const struct version *v = target(1);
    int64_t f = v ? version_export(v, "swap_target_version") : -1;
    KTEST_CHECK(f >= 0);
    if (f >= 0)
        hidden = v->functions[f].va ^ MASK;
}

__attribute__((noinline)) static uint32_t call_hidden(void)
{
    return ((uint32_t(*)(void))(hidden ^ MASK))();
}

/* Each in a case of its own, so that no stale word of the one before lies on this stack. */
static void a_pointer_to_old_text_is_hidden(void)
{
    hide();
    KTEST_CHECK(call_hidden() == 1 && stale_count() == 0);
}

static void text_that_nobody_refers_to_cannot_be_executed(void)
{
    kswap_for_good("swap_target", "second");
    KTEST_CHECK(ktest_until(is_off, NULL, PATIENCE_NS));
    KTEST_CHECK(stale_count() == 0); /* freeing disturbs nobody */
}

/* Hazard 33. Seen to fail when stale_off() takes no right away, for nothing is noticed, and when fault_handle() does not
 * ask stale_fault(), for the task restarts. */
static void who_executes_it_is_named_and_goes_on(void)
{
    struct stale_record r = {0};
    uint64_t faults = fault_count();
    KTEST_CHECK(call_hidden() == 1);
    KTEST_CHECK(call_hidden() == 1); /* it is on again */
    KTEST_CHECK(stale_count() == 1 && stale_at(0, &r) == STATUS_OK);
    KTEST_CHECK(strcmp(r.task, "ktest") == 0);
    KTEST_CHECK(strcmp(r.place, "swap_target@1 swap_target_version+0x0") == 0);
    KTEST_CHECK(strncmp(r.caller, "test_stale@1 ", 13) == 0 &&
                strstr(r.caller, "executes"));
    KTEST_CHECK(r.holder[0] == 'r');
    KTEST_CHECK(fault_count() == faults && swap_target_version() == 2);
    console_print("stale: %s by %s from %s in %s\n", r.place, r.task, r.caller, r.holder);
}

/* It is told from a fault before the guard is asked. If what tells it faults itself, the guard takes that back, and the old
 * text goes on. Seen to fail with a lock around it in stale_fault(): the machine resets. */
static void what_it_calls_on_trial_faults_and_comes_back(void)
{
    KTEST_CHECK(ktest_until(is_off, NULL, PATIENCE_NS));
    uint64_t attempt = kswap_to("namespace", "faults", 60000);
    KTEST_CHECK(ktest_until(is_off, NULL, PATIENCE_NS) && call_hidden() == 1);
    KTEST_CHECK(stale_count() == 2);
    KTEST_CHECK(kswap_became(kswap_end_report(attempt), EVOLVE_REVERTED, "fault",
                             "namespace_symbolise"));
}

static void it_is_freed_when_nobody_has_tried_for_a_while(void)
{
    KTEST_CHECK(target(1) != NULL && target(1)->executed == 2);
    KTEST_CHECK(ktest_until(is_gone, NULL, PATIENCE_NS));
    ktest_sleep(NS_PER_S); /* from leaving the namespace to being freed */
    KTEST_CHECK(namespace_check(namespace_kernel()) == NULL);
}

static volatile uint64_t late_entries;

/* A fault in this step begins it anew. */
static struct wait late_step(void *arg)
{
    (void)arg;
    if (late_entries++ == 0)
        (void)call_hidden();
    return wait_done();
}

/* Seen to fail without bury(): the place is unknown. Without the past ranges of cellmem it would take luck. */
static void who_executes_it_later_is_told_what_lay_there(void)
{
    struct fault_record r = {0};
    uint64_t faults = fault_count();
    for (uint32_t i = 0; i < 10; i++) /* others are placed meanwhile, elsewhere */
        kswap_for_good("swap_target", i % 2 ? "second" : "third");
    KTEST_CHECK(task_create("late", late_step, NULL, NULL) != NULL);
    KTEST_CHECK(ktest_until_count(&late_entries, 2, PATIENCE_NS));
    KTEST_CHECK(fault_count() == faults + 1 && fault_at(0, &r) == STATUS_OK);
    KTEST_CHECK(strcmp(r.task, "late") == 0);
    KTEST_CHECK(strncmp(r.place, "swap_target@1 +0x", 17) == 0 &&
                strstr(r.place, ", freed"));
    KTEST_CHECK(stale_count() == 2);
}

enum status test_stale_start(void)
{
    static const struct ktest_case cases[] = {
        KTEST_CASE(a_pointer_to_old_text_is_hidden),
        KTEST_CASE(text_that_nobody_refers_to_cannot_be_executed),
        KTEST_CASE(who_executes_it_is_named_and_goes_on),
        KTEST_CASE(what_it_calls_on_trial_faults_and_comes_back),
        KTEST_CASE(it_is_freed_when_nobody_has_tried_for_a_while),
        KTEST_CASE(who_executes_it_later_is_told_what_lay_there),
    };
    return ktest_run(cases, ARRAY_LEN(cases));
}
