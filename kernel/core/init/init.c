/* The order in which the machine comes up. */
/* SPDX-License-Identifier: MIT */
#include <core/init/init.h>

#include <boot/bootinfo/bootinfo.h>
#include <bus/acpi/acpi.h>
#include <console/log/log.h>
#include <console/serial/serial.h>
#include <core/adopt/adopt.h>
#include <core/lifecycle/lifecycle.h>
#include <core/namespace/namespace.h>
#include <fault/fault/fault.h>
#include <irq/interrupt/interrupt.h>
#include <irq/ioapic/ioapic.h>
#include <irq/lapic/lapic.h>
#include <lib/base/atomic.h>
#include <mm/frame/frame.h>
#include <mm/heap/heap.h>
#include <mm/paging/paging.h>
#include <task/cpu/cpu.h>
#include <task/task/task.h>
#include <time/clock/clock.h>
#include <time/hpet/hpet.h>
#include <time/timer/timer.h>

#define HOOK_STACK_LEN (64u * 1024u)

static struct {
    uint32_t next_phase; /* of the init task; counted before a phase runs, so a fault in a hook does not repeat it */
    uint32_t done;       /* [a] */
    struct event event;
} init;

bool init_done(void)
{
    return atomic_load(&init.done) != 0;
}

struct event *init_event(void)
{
    return &init.event;
}

static void must(enum status status, const char *what)
{
    if (status != STATUS_OK)
        fault_panic("init: %s: %s", what, status_name(status));
}

static void adopt_cells(void)
{
    struct refusal why = {0};
    enum status status = adopt_boot(namespace_kernel(), &why);
    if (status != STATUS_OK)
        log_write("init", LOG_ERROR, "the cells cannot be described (%s): no swaps",
                  status_name(status));
}

/* Step 0: the other processors. Then one phase of start hooks a step. */
static struct wait init_step(void *arg)
{
    uint32_t phase = init.next_phase++;
    (void)arg;
    if (phase == CELL_PHASE_NONE) {
        unsigned count = cpu_start_others((unsigned)boot_option_number("cpus", 0));
        log_write("init", LOG_INFO, "%u CPU%s", count, count == 1 ? "" : "s");
        return wait_again();
    }
    if (phase <= CELL_PHASE_APP) {
        lifecycle_start_phase(namespace_kernel(), phase);
        return wait_again();
    }
    atomic_store(&init.done, 1);
    event_signal(&init.event);
    log_write("init", LOG_INFO, "up");
    return wait_done();
}

static void start_memory(void)
{
    must(frame_start(), "physical memory");
    must(paging_start(), "page tables");
    must(cpu_start_stacks(), "stacks");
    heap_start();
}

static void start_interrupts(void)
{
    bool has_hpet = hpet_start() == STATUS_OK;
    clock_start();
    must(lapic_start(), "local APIC");
    lapic_start_cpu();
    if (ioapic_start() != STATUS_OK)
        log_write("init", LOG_WARNING, "no IOAPIC: no device interrupts");
    lapic_timer_calibrate();
    log_write("init", LOG_INFO, "time stamp counter %lu Hz by %s", clock_tsc_hz(),
              has_hpet ? "HPET" : "8254");
}

void init_main(const struct boot_info *info)
{
    static const struct task_options options = {.stack_len = HOOK_STACK_LEN};
    struct frame_stats frames;
    cpu_start_boot();
    bootinfo_take(info);
    serial_early();
    interrupt_start();
    if (info->version != BOOT_INFO_VERSION)
        fault_panic("init: boot stub of version %lu", info->version);
    (void)acpi_start(); /* none: one CPU, default addresses */
    start_memory();
    start_interrupts();
    frame_stats_read(&frames);
    log_write("init", LOG_INFO, "Neurath, %lu MiB of memory", frames.total / 256);
    adopt_cells();
    event_init(&init.event);
    timer_start();
    task_start();
    if (task_create("init", init_step, NULL, &options) == NULL)
        fault_panic("init: no memory for the first task");
    task_enter_scheduler();
}
