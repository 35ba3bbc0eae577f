/* Cases about several processors. */
/* SPDX-License-Identifier: MIT */
#include <boot/bootinfo/bootinfo.h>
#include <irq/interrupt/interrupt.h>
#include <irq/lapic/lapic.h>
#include <mm/frame/frame.h>
#include <mm/paging/paging.h>
#include <string.h>
#include <task/cpu/cpu.h>
#include <task/spinlock/spinlock.h>
#include <task/task/task.h>
#include <tests/kernel/ktest/ktest.h>
#include <time/clock/clock.h>

enum status test_processors_start(void);

#define FREE_VA (PAGING_ALIAS_END - 128 * PAGE_SIZE)

static void count(volatile uint64_t *counter)
{
    __atomic_add_fetch(counter, 1, __ATOMIC_SEQ_CST);
}

static void all_processors_are_online(void)
{
    KTEST_CHECK(cpu_count() == boot_option_number("expect_cpus", 0));
    for (unsigned i = 0; i < cpu_count(); i++) {
        KTEST_CHECK(cpu_block_at(i)->online == 1);
        KTEST_CHECK(cpu_block_at(i)->index == i);
        for (unsigned k = 0; k < i; k++)
            KTEST_CHECK(cpu_block_at(i)->apic_id != cpu_block_at(k)->apic_id);
    }
    KTEST_CHECK(cpu_block_at(CPU_MAX) == NULL);
}

/* Hazard 22: a swap counts the CPUs once. Where the command line says fewer than there are, others would come up here, over those
 * that run, if cpu_start_others() did not know that its time is over. */
static void no_processor_comes_later(void)
{
    KTEST_CHECK(cpu_start_others(0) == boot_option_number("expect_cpus", 0));
}

static volatile uint64_t visits[CPU_MAX];

static struct wait visit_step(void *arg)
{
    (void)arg;
    count(&visits[cpu_index()]);
    return wait_done();
}

static void every_processor_runs_tasks(void)
{
    for (uint32_t i = 0; i < cpu_count(); i++) {
        struct task_options options = {.cpu_plus_one = i + 1};
        KTEST_CHECK(task_create("visit", visit_step, NULL, &options) != NULL);
    }
    for (uint32_t i = 0; i < cpu_count(); i++)
        KTEST_CHECK(ktest_until_count(&visits[i], 1, 5 * NS_PER_S));
}

static void interrupts_arrive_at_every_processor(void)
{
    for (unsigned i = 0; i < cpu_count(); i++) {
        uint64_t before = interrupt_count(VECTOR_CALL);
        uint64_t end = clock_ns() + 5 * NS_PER_S;
        cpu_send_ipi(i, VECTOR_CALL);
        while (interrupt_count(VECTOR_CALL) == before && clock_ns() < end)
            cpu_pause();
        KTEST_CHECK(interrupt_count(VECTOR_CALL) == before + 1);
    }
}

/* Also one that has its interrupts off. */
static void nmis_arrive_at_every_processor(void)
{
    for (unsigned i = 0; i < cpu_count(); i++) {
        const struct cpu_block *block = cpu_block_at(i);
        uint64_t before = __atomic_load_n(&block->nmis, __ATOMIC_SEQ_CST);
        uint64_t flags = interrupts_off(), end = clock_ns() + 5 * NS_PER_S;
        cpu_send_nmi(i);
        while (__atomic_load_n(&block->nmis, __ATOMIC_SEQ_CST) == before &&
               clock_ns() < end)
            cpu_pause();
        interrupts_restore(flags);
        KTEST_CHECK(__atomic_load_n(&block->nmis, __ATOMIC_SEQ_CST) == before + 1);
    }
}

#define ADDS 20000u
static struct spinlock sum_lock = SPINLOCK_INIT;
static uint64_t sum; /* [L] */
static volatile uint64_t adders_done;

static struct wait add_step(void *arg)
{
    (void)arg;
    for (unsigned i = 0; i < ADDS; i++) {
        spin_lock(&sum_lock);
        sum++;
        spin_unlock(&sum_lock);
    }
    count(&adders_done);
    return wait_done();
}

static void a_spinlock_lets_one_in(void)
{
    unsigned tasks = 2 * cpu_count();
    for (unsigned i = 0; i < tasks; i++)
        KTEST_CHECK(task_create("add", add_step, NULL, NULL) != NULL);
    KTEST_CHECK(ktest_until_count(&adders_done, tasks, 60 * NS_PER_S));
    KTEST_CHECK(sum == (uint64_t)tasks * ADDS);
    KTEST_CHECK(spin_try_lock(&sum_lock));
    KTEST_CHECK(spin_held(&sum_lock));
    KTEST_CHECK(cpu_locks_held() == 1);
    KTEST_CHECK(!interrupts_enabled());
    KTEST_CHECK(!spin_try_lock(&sum_lock));
    spin_unlock(&sum_lock);
    KTEST_CHECK(cpu_locks_held() == 0);
    KTEST_CHECK(interrupts_enabled());
}

/* A task on each other CPU reads a page, so that its translation is known there; the page is then exchanged for another.
 * With a stale translation the CPU would see the old number. */
static struct {
    volatile uint64_t round;         /* what the readers should see */
    volatile uint64_t seen[CPU_MAX]; /* the round that each has answered */
    volatile uint64_t stale;
    volatile uint64_t stop, stopped;
} map;

static struct wait read_step(void *arg)
{
    uint64_t cpu = (uint64_t)arg;
    uint64_t round = __atomic_load_n(&map.round, __ATOMIC_SEQ_CST);
    if (map.stop) {
        count(&map.stopped);
        return wait_done();
    }
    if (map.seen[cpu] != round) {
        if (*(volatile uint64_t *)FREE_VA != round)
            count(&map.stale);
        __atomic_store_n(&map.seen[cpu], round, __ATOMIC_SEQ_CST);
    }
    return wait_again();
}

static bool all_have_seen(void *arg)
{
    (void)arg;
    for (unsigned i = 0; i < cpu_count(); i++)
        if (map.seen[i] != map.round)
            return false;
    return true;
}

/* Hazard 19. Old bytes are seen when shootdown() asks no other processor. */
static void translations_are_forgotten_everywhere(void)
{
    uint64_t pages[2];
    for (unsigned i = 0; i < 2; i++)
        KTEST_CHECK(frame_take(&pages[i]) == STATUS_OK);
    for (uint64_t cpu = 0; cpu < cpu_count(); cpu++) {
        struct task_options options = {.cpu_plus_one = (uint32_t)cpu + 1};
        KTEST_CHECK(task_create("read", read_step, (void *)cpu, &options) != NULL);
    }
    for (uint64_t round = 1; round <= 25; round++) {
        *(uint64_t *)phys_to_virt(pages[round % 2]) = round;
        paging_unmap(FREE_VA, 1);
        KTEST_CHECK(paging_map(FREE_VA, pages[round % 2], 1, PAGING_WRITE) == STATUS_OK);
        __atomic_store_n(&map.round, round, __ATOMIC_SEQ_CST);
        KTEST_CHECK(ktest_until(all_have_seen, NULL, 20 * NS_PER_S));
    }
    map.stop = 1;
    KTEST_CHECK(ktest_until_count(&map.stopped, cpu_count(), 5 * NS_PER_S));
    KTEST_CHECK(map.stale == 0);
    paging_unmap(FREE_VA, 1);
    frame_put(pages[0]);
    frame_put(pages[1]);
}

/* Two tasks unmap at once while others hold and want a lock: the wait for all CPUs must not lock up. */
static volatile uint64_t unmaps_done;
static struct spinlock contended = SPINLOCK_INIT;

static struct wait unmap_step(void *arg)
{
    uint64_t phys, va = FREE_VA + (uint64_t)arg * PAGE_SIZE;
    for (unsigned i = 0; i < 20; i++) {
        spin_lock(&contended);
        if (frame_take(&phys) == STATUS_OK) {
            if (paging_map(va, phys, 1, PAGING_WRITE) == STATUS_OK)
                paging_unmap(va, 1);
            frame_put(phys);
        }
        spin_unlock(&contended);
    }
    count(&unmaps_done);
    return wait_done();
}

static void unmapping_under_a_contended_lock_does_not_lock_up(void)
{
    unsigned tasks = cpu_count() + 1;
    for (uint64_t i = 0; i < tasks; i++)
        KTEST_CHECK(task_create("unmap", unmap_step, (void *)i, NULL) != NULL);
    KTEST_CHECK(ktest_until_count(&unmaps_done, tasks, 60 * NS_PER_S));
}

static void an_idle_processor_is_idle_and_a_busy_one_beats(void)
{
    unsigned here = cpu_index();
    uint64_t before = cpu_heartbeat(here), end = clock_ns() + 100 * NS_PER_MS;
    while (clock_ns() < end && cpu_index() == here)
        cpu_pause();
    KTEST_CHECK(cpu_index() != here || cpu_heartbeat(here) > before);
    KTEST_CHECK(!cpu_idle(cpu_index()));
}

static const struct ktest_case cases[] = {
    KTEST_CASE(all_processors_are_online),
    KTEST_CASE(no_processor_comes_later),
    KTEST_CASE(every_processor_runs_tasks),
    KTEST_CASE(interrupts_arrive_at_every_processor),
    KTEST_CASE(nmis_arrive_at_every_processor),
    KTEST_CASE(a_spinlock_lets_one_in),
    KTEST_CASE(translations_are_forgotten_everywhere),
    KTEST_CASE(unmapping_under_a_contended_lock_does_not_lock_up),
    KTEST_CASE(an_idle_processor_is_idle_and_a_busy_one_beats),
};

enum status test_processors_start(void)
{
    return ktest_run(cases, ARRAY_LEN(cases));
}
