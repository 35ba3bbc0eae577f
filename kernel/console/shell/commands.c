/* Commands about tasks, processors, memory and time. */
/* SPDX-License-Identifier: MIT */
#include "private.h"

#include <console/console/console.h>
#include <fault/power/power.h>
#include <irq/interrupt/interrupt.h>
#include <mm/frame/frame.h>
#include <mm/heap/heap.h>
#include <task/cpu/cpu.h>
#include <task/task/task.h>
#include <time/clock/clock.h>
#include <time/rtc/rtc.h>

static const char *state_name(enum task_state state)
{
    switch (state) {
    case TASK_READY: return "ready";
    case TASK_RUNNING: return "running";
    case TASK_WAITING: return "waiting";
    case TASK_SLEEPING: return "sleeping";
    case TASK_FAULTED: return "faulted";
    }
    return "?";
}

struct task_row {
    uint64_t after; /* the row wanted is the first with a larger id */
    bool found;
    uint64_t id, steps, switches, run_ns;
    uint32_t restarts;
    enum task_state state;
    char name[TASK_NAME_MAX];
};

static bool fill_row(struct task *task, void *arg)
{
    struct task_row *row = arg;
    if (task_id(task) <= row->after)
        return true;
    row->found = true;
    row->id = task_id(task);
    row->steps = task_steps(task);
    row->switches = task_switches(task);
    row->run_ns = task_run_ns(task);
    row->restarts = task_restarts(task);
    row->state = task_state(task);
    task_name_copy(task, row->name);
    return false;
}

static void tasks_command(int argc, char **argv)
{
    struct task_row row = {.after = 0};
    (void)argc;
    (void)argv;
    console_print("   id name                    state         steps   switches     run "
                  "ms restarts\n");
    for (;;) {
        row.found = false;
        task_for_each(
            fill_row,
            &row); /* one row at a time: printing under the scheduler's lock would stop it */
        if (!row.found)
            return;
        console_print("%5lu %-23s %-8s %10lu %10lu %10lu %8u\n", row.id, row.name,
                      state_name(row.state), row.steps, row.switches,
                      row.run_ns / NS_PER_MS, row.restarts);
        row.after = row.id;
    }
}

static void cpus_command(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    console_print("cpu apic state    interrupts       nmis   switches  heartbeat\n");
    for (unsigned i = 0; i < cpu_count(); i++) {
        const struct cpu_block *block = cpu_block_at(i);
        console_print("%3u %4u %-7s %11lu %10lu %10lu %10lu\n", i, block->apic_id,
                      cpu_idle(i) ? "idle" : "running", block->interrupts, block->nmis,
                      block->switches, cpu_heartbeat(i));
    }
}

static void memory_command(int argc, char **argv)
{
    struct frame_stats frames;
    struct heap_stats heap;
    (void)argc;
    (void)argv;
    frame_stats_read(&frames);
    heap_stats_read(&heap);
    console_print("frames  %lu KiB in all, %lu free, %lu at the lowest\n",
                  frames.total * 4, frames.free * 4, frames.lowest_free * 4);
    console_print("heap    %lu objects with %lu bytes, holds %lu KiB, %lu allocations, "
                  "%lu failed\n",
                  heap.live_count, heap.live_bytes, heap.held_bytes / 1024,
                  heap.allocations, heap.failures);
}

static void interrupts_command(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    for (unsigned vector = VECTOR_DEVICE_FIRST; vector < 256; vector++)
        if (interrupt_count(vector) != 0)
            console_print("vector %02x  %lu\n", vector, interrupt_count(vector));
}

static void time_command(int argc, char **argv)
{
    uint64_t ns = clock_ns();
    (void)argc;
    (void)argv;
    console_print("up %lu.%03lu s, calendar clock %lu, %lu Hz\n", ns / NS_PER_S,
                  ns / NS_PER_MS % 1000, rtc_now_unix_ms() / 1000, clock_tsc_hz());
}

static void reset_command(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    console_flush_unlocked();
    power_reset();
}

enum status commands_register(void)
{
    static const struct {
        char name[SHELL_NAME_MAX];
        char help[64];
        shell_fn fn;
    } table[] = {
        {"tasks", "shows the tasks", tasks_command},
        {"cpus", "shows the processors", cpus_command},
        {"memory", "shows how much memory is used", memory_command},
        {"interrupts", "shows how often each vector came", interrupts_command},
        {"time", "shows the time since boot", time_command},
        {"reset", "resets the machine at once", reset_command},
    };
    enum status status = STATUS_OK;
    for (size_t i = 0; i < ARRAY_LEN(table) && status == STATUS_OK; i++)
        status = shell_register(table[i].name, table[i].fn, table[i].help);
    return status;
}
