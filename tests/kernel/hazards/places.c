/* From where old code is entered, and where it is written: tables, timers, interrupts, call sites, sleepers, aliases. */
/* SPDX-License-Identifier: MIT */
#include "private.h"
#include "sites.h"

#include <fault/fault/fault.h>
#include <irq/interrupt/interrupt.h>
#include <mm/paging/paging.h>
#include <task/cpu/cpu.h>
#include <task/task/task.h>
#include <time/clock/clock.h>
#include <time/timer/timer.h>

enum {
    VERSIONS = 4,
    QUIET_IRQ = 5 /* no device has it: its interrupts come from here */
};

/* In sites.S. */
uint32_t sites_sum(void);

static struct {
    struct timer timer;
    uint64_t by_timer[VERSIONS];     /* [a] calls, by the version that was called */
    uint64_t by_interrupt[VERSIONS]; /* [a] */
    uint64_t by_name[VERSIONS];      /* [a] */
    swap_target_fn in_bss;
    unsigned gsi, vector;
    volatile uint64_t stop, stopped;
} called;

static uint64_t count_of(const uint64_t *counts, uint32_t version)
{
    return __atomic_load_n(&counts[version], __ATOMIC_SEQ_CST);
}

static void attach(void)
{
    enum interrupt_trigger trigger;
    called.gsi = interrupt_isa_gsi(QUIET_IRQ, &trigger);
    KTEST_CHECK(interrupt_attach(called.gsi, trigger, swap_target_note(),
                                 called.by_interrupt, &called.vector) == STATUS_OK);
}

/* Hazards 1 and 20: a timer's callback, that of an interrupt, tables and variables of the old version and of others. Seen to
 * fail when journal_stub() leaves the slot as it is: then they run into INT3. */
void callbacks_of_every_place_lead_to_new_text(void)
{
    const struct version *old = namespace_running(namespace_kernel(), "swap_target");
    called.in_bss = swap_target_callback();
    timer_init(&called.timer, swap_target_note(), called.by_timer);
    timer_arm(&called.timer, clock_ns() + 3600 * NS_PER_S);
    attach();
    KTEST_CHECK(swap_target_by_variable() == 1 && swap_target_by_table() == 1);
    KTEST_CHECK(hazards_swap("second") == EVOLVE_PERMANENT);
    uint8_t *bytes = hazards_fill(old, NULL);
    KTEST_CHECK(called.in_bss() == 2);
    KTEST_CHECK(swap_target_by_variable() == 2 && swap_target_by_table() == 2);
    timer_arm(&called.timer, clock_ns());
    cpu_send_ipi(cpu_index(), called.vector);
    KTEST_CHECK(ktest_until_count(&called.by_timer[2], 1, PATIENCE_NS));
    KTEST_CHECK(ktest_until_count(&called.by_interrupt[2], 1, PATIENCE_NS));
    hazards_fill(old, bytes);
    interrupt_detach(called.gsi, swap_target_note(), called.by_interrupt);
    KTEST_CHECK(hazards_swap("") == EVOLVE_PERMANENT);
    KTEST_CHECK(count_of(called.by_timer, 1) == 0 && called.in_bss() == 1);
}

/* Arms itself again, calls by name, and interrupts every CPU, where the same cell is called by address. */
static void ring(void *arg)
{
    (void)arg;
    __atomic_add_fetch(&called.by_name[swap_target_version() % VERSIONS], 1,
                       __ATOMIC_SEQ_CST);
    for (uint32_t i = 0; i < cpu_count(); i++)
        cpu_send_ipi(i, called.vector);
    if (called.stop)
        called.stopped = 1;
    else
        timer_arm(&called.timer, clock_ns() + NS_PER_MS / 2);
}

static void timer_stop(void)
{
    called.stop = 1;
    KTEST_CHECK(ktest_until_count(&called.stopped, 1, PATIENCE_NS));
}

/* By timers and interrupts, of all versions but one. */
static uint64_t calls_of_others(uint32_t version)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < VERSIONS; i++)
        if (i != version)
            sum += count_of(called.by_name, i) + count_of(called.by_interrupt, i);
    return sum;
}

struct goal {
    uint64_t by_name, by_interrupt;
};

static bool is_reached(void *arg)
{
    const struct goal *goal = arg;
    uint32_t now = swap_target_version();
    return count_of(called.by_name, now) >= goal->by_name &&
           count_of(called.by_interrupt, now) >= goal->by_interrupt;
}

/* Hazard 20: two thousand timers a second, and as many interrupts on each CPU, come to the old cell until the CPUs are held,
 * and to the new one from then on. Seen to fail when journal_stub() leaves the slot as it is. */
void interrupts_and_timers_go_on_through_swaps(void)
{
    static const char *const order[] = {"second", "third", "helper", ""};
    uint64_t faults = fault_count();
    attach();
    timer_init(&called.timer, ring, NULL);
    timer_arm(&called.timer, clock_ns());
    for (uint32_t i = 0; i < 2 * ARRAY_LEN(order); i++) {
        KTEST_CHECK(hazards_swap(order[i % ARRAY_LEN(order)]) == EVOLVE_PERMANENT);
        uint32_t now = swap_target_version();
        uint64_t others = calls_of_others(now);
        struct goal goal = {count_of(called.by_name, now) + 20,
                            count_of(called.by_interrupt, now) + 20};
        KTEST_CHECK(ktest_until(is_reached, &goal, PATIENCE_NS));
        KTEST_CHECK(calls_of_others(now) == others);
    }
    timer_stop();
    interrupt_detach(called.gsi, swap_target_note(), called.by_interrupt);
    KTEST_CHECK(fault_count() == faults);
}

static struct {
    volatile uint64_t entered, go, version;
} sleeper;

static struct wait sleep_step(void *arg)
{
    (void)arg;
    sleeper.entered = 1;
    sleeper.version = swap_target_write_late(&sleeper.go, 77);
    return wait_done();
}

/* Hazard 3: the address was taken by old text, which sleeps with it. Refused when share_home() finds no home: the object would
 * move, and nobody may be inside then. */
void who_sleeps_writes_to_what_the_new_code_reads(void)
{
    KTEST_CHECK(task_create("sleeper", sleep_step, NULL, NULL) != NULL);
    KTEST_CHECK(ktest_until_count(&sleeper.entered, 1, PATIENCE_NS));
    KTEST_CHECK(hazards_swap("second") == EVOLVE_PERMANENT);
    KTEST_CHECK(sleeper.version == 0 && *swap_target_object() != 77);
    sleeper.go = 1;
    KTEST_CHECK(ktest_until_count(&sleeper.version, 1, PATIENCE_NS));
    KTEST_CHECK(sleeper.version == 1 && *(volatile uint64_t *)swap_target_object() == 77);
    KTEST_CHECK(hazards_swap("") == EVOLVE_PERMANENT);
}

static struct {
    volatile uint64_t stop, rounds, wrong, ended;
} caller;

/* While a swap goes on some sites may still lead to the old version. */
static struct wait sites_step(void *arg)
{
    (void)arg;
    uint32_t sum = sites_sum();
    if (sum < SITES_COUNT || sum > 3 * SITES_COUNT)
        __atomic_add_fetch(&caller.wrong, 1, __ATOMIC_SEQ_CST);
    __atomic_add_fetch(&caller.rounds, 1, __ATOMIC_SEQ_CST);
    if (!caller.stop)
        return wait_again();
    __atomic_add_fetch(&caller.ended, 1, __ATOMIC_SEQ_CST);
    return wait_done();
}

/* Hazard 19: sites that straddle a cache line, and some that straddle a page. Seen to fail when poke_site() writes all of a site
 * that straddles a page to the alias of its first page. */
void call_sites_at_every_offset_lead_to_new_text(void)
{
    static const char *const order[] = {"second", "third", "helper", ""};
    uint64_t faults = fault_count();
    const struct version *here = namespace_running(namespace_kernel(), "test_hazards");
    uint64_t begin = here->functions[version_export(here, "sites_sum")].va;
    KTEST_CHECK(begin % PAGE_SIZE == 0); /* or the last site would not cross a page */
    for (uint32_t i = 0; i < cpu_count(); i++)
        KTEST_CHECK(task_create("sites", sites_step, NULL, NULL) != NULL);
    for (uint32_t i = 0; i < ARRAY_LEN(order); i++) {
        KTEST_CHECK(ktest_until_count(&caller.rounds, caller.rounds + 10, PATIENCE_NS));
        KTEST_CHECK(hazards_swap(order[i]) == EVOLVE_PERMANENT);
        KTEST_CHECK(sites_sum() == SITES_COUNT * swap_target_version());
    }
    caller.stop = 1;
    KTEST_CHECK(ktest_until_count(&caller.ended, cpu_count(), PATIENCE_NS));
    KTEST_CHECK(caller.wrong == 0 && fault_count() == faults);
}

static uint32_t count_aliases(void)
{
    uint32_t count = 0;
    for (uint64_t va = PAGING_ALIAS_BASE; va < PAGING_ALIAS_END; va += PAGE_SIZE)
        count += paging_walk(va, NULL, NULL) == STATUS_OK;
    return count;
}

/* Hazard 19: while a swap is on trial its aliases are there, for the way back, but nothing is writable where it is executed; when
 * it is over they are gone. Some stay when close_aliases() closes none. */
void no_alias_outlives_a_swap(void)
{
    struct kswap swap = {.cell = "swap_target", .variant = "second", .trial_ms = 20000};
    uint32_t before = count_aliases();
    uint64_t attempt = kswap_begin(&swap);
    KTEST_CHECK(evolve_phase_of(attempt) == EVOLVE_TRIAL);
    KTEST_CHECK(count_aliases() > before && paging_check());
    KTEST_CHECK(evolve_confirm(attempt) == STATUS_OK);
    KTEST_CHECK(kswap_end(attempt) == EVOLVE_PERMANENT);
    KTEST_CHECK(hazards_swap("") == EVOLVE_PERMANENT);
    KTEST_CHECK(count_aliases() == before && paging_check());
}
