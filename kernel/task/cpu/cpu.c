/* The processors' blocks, their stacks, and the start of all but the first. */
/* SPDX-License-Identifier: MIT */
#include <task/cpu/cpu.h>

#include "private.h"

#include <boot/bootinfo/bootinfo.h>
#include <bus/acpi/acpi.h>
#include <console/log/log.h>
#include <irq/interrupt/interrupt.h>
#include <irq/lapic/lapic.h>
#include <lib/base/atomic.h>
#include <lib/base/evolve.h>
#include <mm/paging/paging.h>
#include <string.h>
#include <task/entry/entry.h>
#include <task/task/task.h>
#include <time/clock/clock.h>
#include <time/timer/timer.h>

#define INTERRUPT_STACK_LEN (32u * 1024u)
#define SCHEDULER_STACK_LEN (16u * 1024u)
#define FAULT_STACK_LEN (16u * 1024u)
#define START_WAIT_NS (200 * NS_PER_MS)

static struct {
    struct cpu_block blocks[CPU_MAX];
    uint32_t online; /* [a] */
    /* Until paging can give guarded ones. */
    uint8_t first_stack[8192] __attribute__((aligned(16)));
} cpus;
EVOLVE_IN_PLACE(cpus); /* each CPU has the addresses of its tables, and of its block */

struct cpu_block *cpu_block_at(unsigned index)
{
    return index < CPU_MAX ? &cpus.blocks[index] : NULL;
}

unsigned cpu_count(void)
{
    return atomic_load(&cpus.online);
}

/* Mostly with the scheduler's lock held. One interrupt more, or one that comes late, disturbs nobody. */
void cpu_send_ipi(unsigned cpu, unsigned vector)
{
    struct again_point point;
    uint64_t flags = interrupts_off();
    if (entry_again(&point) < AGAIN_TRIES)
        lapic_send(cpus.blocks[cpu].apic_id, vector);
    entry_again_end(&point);
    interrupts_restore(flags);
}

void cpu_send_nmi(unsigned cpu)
{
    lapic_send_nmi(cpus.blocks[cpu].apic_id);
}

void cpu_send_ipi_others(unsigned vector)
{
    unsigned here = cpu_index();
    for (unsigned i = 0; i < cpu_count(); i++)
        if (i != here)
            cpu_send_ipi(i, vector);
}

uint64_t cpu_heartbeat(unsigned cpu)
{
    return atomic_load(&cpus.blocks[cpu].heartbeat);
}

bool cpu_idle(unsigned cpu)
{
    return atomic_load(&cpus.blocks[cpu].idle) != 0 &&
           atomic_load(&cpus.blocks[cpu].interrupt_depth) == 0;
}

static void block_init(unsigned index, uint32_t apic_id)
{
    struct cpu_block *block = &cpus.blocks[index];
    block->self = block;
    block->index = index;
    block->apic_id = apic_id;
}

void cpu_start_boot(void)
{
    uint64_t top = (uint64_t)cpus.first_stack + sizeof cpus.first_stack;
    block_init(0, cpuid_read(1, 0).ebx >> 24);
    cpus.blocks[0].interrupt_stack = top;
    cpus.blocks[0].scheduler_stack = top;
    descriptors_load(0, &cpus.blocks[0]);
    for (unsigned slot = CPU_IST_NMI; slot < CPU_IST_COUNT; slot++)
        descriptors_set_stack(0, slot, top);
    cpus.blocks[0].online = 1;
    cpus.online = 1;
}

/* Stacks are never given back: a CPU does not go away. */
static enum status take_stacks(unsigned index)
{
    struct cpu_block *block = &cpus.blocks[index];
    uint64_t top;
    enum status status = paging_stack_take(INTERRUPT_STACK_LEN, &block->interrupt_stack);
    if (status == STATUS_OK)
        status = paging_stack_take(SCHEDULER_STACK_LEN, &block->scheduler_stack);
    for (unsigned slot = CPU_IST_NMI; status == STATUS_OK && slot < CPU_IST_COUNT; slot++) {
        status = paging_stack_take(FAULT_STACK_LEN, &top);
        if (status == STATUS_OK)
            descriptors_set_stack(index, slot, top);
    }
    return status;
}

enum status cpu_start_stacks(void)
{
    enum status status = take_stacks(0);
    if (status == STATUS_OK)
        machine_check_start_cpu();
    return status;
}

/* First C code of another processor, on its scheduler stack; known to the trampoline by its stub. */
static void other_main(uint64_t index)
{
    struct cpu_block *block = &cpus.blocks[index];
    descriptors_load((unsigned)index, block);
    paging_start_cpu();
    interrupt_start_cpu();
    machine_check_start_cpu();
    lapic_start_cpu();
    timer_start_cpu();
    atomic_add(&cpus.online, 1); /* from here on it is asked to forget translations */
    paging_start_cpu();
    atomic_store(&block->online, 1);
    task_enter_scheduler();
}

static bool wait_online(const struct cpu_block *block, uint64_t wait_ns)
{
    uint64_t end = clock_ns() + wait_ns;
    while (atomic_load(&block->online) == 0) {
        if (clock_ns() > end)
            return false;
        cpu_pause();
    }
    return true;
}

static bool start_one(unsigned index, uint32_t apic_id, struct boot_mailbox *mailbox)
{
    struct cpu_block *block = &cpus.blocks[index];
    block_init(index, apic_id);
    if (take_stacks(index) != STATUS_OK)
        return false;
    *mailbox = (struct boot_mailbox){
        .cr3 = paging_root(),
        .stack = block->scheduler_stack,
        .entry = (uint64_t)other_main,
        .argument = index,
    };
    memory_barrier();
    lapic_send_init(apic_id);
    clock_delay_ns(200 * NS_PER_US);
    lapic_send_startup(apic_id, BOOT_TRAMPOLINE_PHYS / PAGE_SIZE);
    if (wait_online(block, START_WAIT_NS))
        return true;
    lapic_send_startup(apic_id, BOOT_TRAMPOLINE_PHYS / PAGE_SIZE);
    if (wait_online(block, 5 * START_WAIT_NS))
        return true;
    lapic_send_init(
        apic_id); /* so that it does not come up later, into somebody else's mailbox */
    log_write("cpu", LOG_WARNING, "processor with APIC id %u does not start", apic_id);
    return false;
}

/* While processors start, the trampoline's page is mapped at its own address, executable, and nowhere else. */
static enum status trampoline_open(void)
{
    static const uint64_t phys = BOOT_TRAMPOLINE_PHYS;
    uint64_t va, len;
    enum status status;
    boot_trampoline(&va, &len);
    memcpy(phys_to_virt(BOOT_TRAMPOLINE_PHYS), (const void *)va, len);
    status = paging_direct_remove(&phys, 1);
    if (status != STATUS_OK)
        return status;
    status = paging_map(BOOT_TRAMPOLINE_PHYS, BOOT_TRAMPOLINE_PHYS, 1, PAGING_EXEC);
    if (status == STATUS_OK)
        status = paging_map(BOOT_MAILBOX_PHYS, BOOT_MAILBOX_PHYS, 1, 0);
    return status;
}

static void trampoline_close(void)
{
    paging_unmap(BOOT_TRAMPOLINE_PHYS, 1);
    paging_unmap(BOOT_MAILBOX_PHYS, 1);
    if (paging_direct_restore(BOOT_TRAMPOLINE_PHYS) != STATUS_OK)
        log_write("cpu", LOG_WARNING, "trampoline page is lost");
}

/* A swap counts the CPUs when it begins to hold them, so none may come later. */
unsigned cpu_start_others(unsigned maximum)
{
    static bool done;
    uint32_t apic_id;
    if (done)
        return cpu_count();
    done = true;
    bool open = trampoline_open() == STATUS_OK;
    if (maximum == 0 || maximum > CPU_MAX)
        maximum = CPU_MAX;
    for (size_t i = 0; open && i < acpi_cpu_count() && cpu_count() < maximum; i++) {
        if (acpi_cpu_at(i, &apic_id) != STATUS_OK || apic_id == cpus.blocks[0].apic_id)
            continue;
        (void)start_one(cpu_count(), apic_id, phys_to_virt(BOOT_MAILBOX_PHYS));
    }
    trampoline_close();
    return cpu_count();
}
