/* The interrupt descriptor table, and the handlers of device interrupts. */
/* SPDX-License-Identifier: MIT */
#include <irq/interrupt/interrupt.h>

#include <bus/acpi/acpi.h>
#include <irq/ioapic/ioapic.h>
#include <irq/lapic/lapic.h>
#include <lib/base/atomic.h>
#include <lib/base/evolve.h>
#include <lib/base/io.h>
#include <mm/paging/paging.h>
#include <task/cpu/cpu.h>
#include <task/spinlock/spinlock.h>
#include <time/clock/clock.h>
#include <time/timer/timer.h>

#define LINES (VECTOR_DEVICE_LAST - VECTOR_DEVICE_FIRST + 1)
#define HANDLERS_MAX 4u

struct gate {
    uint16_t offset_low;
    uint16_t selector;
    uint16_t type; /* low 3 bits: interrupt stack table slot */
    uint16_t offset_middle;
    uint32_t offset_high;
    uint32_t zero;
};
_Static_assert(sizeof(struct gate) == 16, "as the CPU reads it");
EVOLVE_FROZEN(gate);

#define GATE_INTERRUPT 0x8e00u
#define SELECTOR_CODE 0x08u
/* As cpu/private.h sets them up. */
#define IST_NMI 1u
#define IST_DOUBLE_FAULT 2u
#define IST_MACHINE_CHECK 3u

struct handler {
    interrupt_fn fn; /* [a] NULL = free slot */
    void *arg;
};

/* A vector that is given to a GSI stays with it for good: an interrupt in flight never meets a stranger. */
struct line {
    bool used;
    uint32_t gsi;
    uint32_t cpu;
    uint32_t trigger;
    struct handler handlers[HANDLERS_MAX];
    uint32_t running; /* [a] CPUs inside the handlers */
};

static struct {
    struct gate table[256] __attribute__((aligned(64))); /* [I] */
    struct spinlock lock;
    struct line lines[LINES];       /* [L], handlers also read without */
    uint64_t counts[256];           /* [a] */
    struct line *handling[CPU_MAX]; /* [c] whose handlers run */
} interrupt;
EVOLVE_IN_PLACE(interrupt); /* each CPU has the table's address */

/* While the lines are held no handler of a device runs. Level-triggered lines are masked, for their devices go on asking; of
 * the others it is noted that they came, and they come again afterwards. Nothing is lost. NMIs are no lines. */
static struct {
    bool on;              /* [a] */
    uint64_t deadline_ns; /* [L] the first timer interrupt after it lets them go */
    bool deferred[LINES]; /* [a] they came meanwhile */
} hold;
EVOLVE_DROPS(hold); /* nothing is held for a version without it: evolve/drain.c */

static void gate_set(unsigned vector, uint64_t target, unsigned ist)
{
    interrupt.table[vector] = (struct gate){
        .offset_low = (uint16_t)target,
        .selector = SELECTOR_CODE,
        .type = (uint16_t)(GATE_INTERRUPT | ist),
        .offset_middle = (uint16_t)(target >> 16),
        .offset_high = (uint32_t)(target >> 32),
    };
}

static unsigned ist_of(unsigned vector)
{
    switch (vector) {
    case 2: return IST_NMI;
    case 8: return IST_DOUBLE_FAULT;
    case 18: return IST_MACHINE_CHECK;
    default: return 0;
    }
}

void interrupt_start_cpu(void)
{
    struct {
        uint16_t pad[3];
        uint16_t limit;
        uint64_t base;
    } __attribute__((aligned(16)))
    pointer = {.limit = sizeof interrupt.table - 1, .base = (uint64_t)interrupt.table};
    __asm__ volatile("lidt (%0)" ::"r"(&pointer.limit) : "memory");
}

void interrupt_start(void)
{
    for (unsigned vector = 0; vector < 256; vector++) {
        uint64_t target = entry_vector_address(vector);
        if (target != 0)
            gate_set(vector, target, ist_of(vector));
    }
    interrupt_start_cpu();
}

static struct line *line_of_gsi(unsigned gsi)
{
    for (unsigned i = 0; i < LINES; i++)
        if (interrupt.lines[i].used && interrupt.lines[i].gsi == gsi)
            return &interrupt.lines[i];
    return NULL;
}

static struct line *line_free(void)
{
    for (unsigned i = 0; i < LINES; i++)
        if (!interrupt.lines[i].used)
            return &interrupt.lines[i];
    return NULL;
}

static unsigned vector_of(const struct line *line)
{
    return VECTOR_DEVICE_FIRST + (unsigned)(line - interrupt.lines);
}

static struct handler *handler_find(struct line *line, interrupt_fn fn, const void *arg)
{
    for (unsigned i = 0; i < HANDLERS_MAX; i++)
        if (line->handlers[i].fn == fn && (fn == NULL || line->handlers[i].arg == arg))
            return &line->handlers[i];
    return NULL;
}

static bool line_empty(const struct line *line)
{
    for (unsigned i = 0; i < HANDLERS_MAX; i++)
        if (line->handlers[i].fn != NULL)
            return false;
    return true;
}

static enum status line_route(const struct line *line)
{
    bool level = line->trigger != INTERRUPT_EDGE_HIGH;
    return ioapic_route(line->gsi, vector_of(line), cpu_block_at(line->cpu)->apic_id,
                        level, line->trigger == INTERRUPT_LEVEL_LOW,
                        level && atomic_load(&hold.on));
}

static enum status attach_locked(unsigned gsi, enum interrupt_trigger trigger,
                                 interrupt_fn fn, void *arg, unsigned *out_vector)
{
    struct line *line = line_of_gsi(gsi);
    bool is_new = line == NULL;
    struct handler *handler;
    enum status status;
    if (is_new)
        line = line_free();
    if (line == NULL)
        return STATUS_FULL;
    if (!is_new && line->trigger != trigger && !line_empty(line))
        return STATUS_BUSY;
    handler = handler_find(line, NULL, NULL);
    if (handler == NULL)
        return STATUS_FULL;
    if (is_new)
        line->cpu = 0;
    line->gsi = gsi;
    line->trigger = trigger;
    handler->arg = arg;
    atomic_store(&handler->fn, fn);
    status = line_route(line);
    if (status != STATUS_OK) {
        atomic_store(&handler->fn, NULL);
        return status;
    }
    line->used = true;
    if (out_vector != NULL)
        *out_vector = vector_of(line);
    return STATUS_OK;
}

enum status interrupt_attach(unsigned gsi, enum interrupt_trigger trigger,
                             interrupt_fn fn, void *arg, unsigned *out_vector)
{
    enum status status;
    spin_lock(&interrupt.lock);
    status = attach_locked(gsi, trigger, fn, arg, out_vector);
    spin_unlock(&interrupt.lock);
    return status;
}

void interrupt_detach(unsigned gsi, interrupt_fn fn, void *arg)
{
    struct line *line;
    struct handler *handler = NULL;
    spin_lock(&interrupt.lock);
    line = line_of_gsi(gsi);
    if (line != NULL)
        handler = handler_find(line, fn, arg);
    if (handler != NULL)
        atomic_store(&handler->fn, NULL);
    if (line != NULL && line_empty(line))
        (void)ioapic_mask(gsi, true);
    spin_unlock(&interrupt.lock);
    while (line != NULL && atomic_load(&line->running) != 0)
        cpu_pause();
}

void interrupt_walk(struct evolve_walk *walk, const void *arg)
{
    for (unsigned i = 0; i < LINES; i++)
        for (unsigned k = 0; k < HANDLERS_MAX; k++)
            if (interrupt.lines[i].handlers[k].arg == arg)
                evolve_pointer(walk, &interrupt.lines[i].handlers[k].arg);
}

enum status interrupt_move(unsigned gsi, unsigned cpu)
{
    struct line *line;
    enum status status = STATUS_NOT_FOUND;
    if (cpu >= cpu_count())
        return STATUS_INVALID;
    spin_lock(&interrupt.lock);
    line = line_of_gsi(gsi);
    if (line != NULL) {
        line->cpu = cpu;
        status = line_route(line);
    }
    spin_unlock(&interrupt.lock);
    return status;
}

unsigned interrupt_isa_gsi(unsigned irq, enum interrupt_trigger *out_trigger)
{
    struct acpi_override found;
    *out_trigger = INTERRUPT_EDGE_HIGH;
    if (acpi_override_of(irq, &found) != STATUS_OK)
        return irq;
    if (found.level)
        *out_trigger = found.active_low ? INTERRUPT_LEVEL_LOW : INTERRUPT_LEVEL_HIGH;
    return found.gsi;
}

/* Lock held. Those that came meanwhile come now. */
static void lines_let_go(void)
{
    (void)atomic_exchange(&hold.on, false); /* before the looks at who came */
    for (unsigned i = 0; i < LINES; i++) {
        struct line *line = &interrupt.lines[i];
        bool deferred = atomic_exchange(&hold.deferred[i], false);
        if (!line->used || line_empty(line))
            continue;
        if (line->trigger != INTERRUPT_EDGE_HIGH)
            (void)ioapic_mask(line->gsi, false);
        else if (deferred)
            lapic_send(cpu_block_at(line->cpu)->apic_id, vector_of(line));
    }
}

/* Says whether no handler runs before DEADLINE_NS. */
static bool handlers_end(uint64_t deadline_ns)
{
    for (unsigned i = 0; i < LINES; i++)
        while (atomic_load(&interrupt.lines[i].running) != 0) {
            if (clock_ns() >= deadline_ns)
                return false;
            cpu_pause();
        }
    return true;
}

bool interrupt_lines_hold(uint64_t deadline_ns)
{
    spin_lock(&interrupt.lock);
    hold.deadline_ns = deadline_ns;
    (void)atomic_exchange(&hold.on, true); /* before the look at who runs */
    for (unsigned i = 0; i < LINES; i++)
        if (interrupt.lines[i].used && interrupt.lines[i].trigger != INTERRUPT_EDGE_HIGH)
            (void)ioapic_mask(interrupt.lines[i].gsi, true);
    spin_unlock(&interrupt.lock);
    return handlers_end(deadline_ns);
}

bool interrupt_lines_prolong(uint64_t deadline_ns)
{
    bool on;
    spin_lock(&interrupt.lock);
    on = atomic_load(&hold.on);
    if (on)
        hold.deadline_ns = deadline_ns;
    spin_unlock(&interrupt.lock);
    return on;
}

static void release(bool overdue_only)
{
    if (!atomic_load(&hold.on))
        return;
    spin_lock(&interrupt.lock);
    if (atomic_load(&hold.on) && (!overdue_only || clock_ns() >= hold.deadline_ns))
        lines_let_go();
    spin_unlock(&interrupt.lock);
}

void interrupt_lines_release(void)
{
    release(false);
}

uint64_t interrupt_count(unsigned vector)
{
    return vector < 256 ? atomic_load(&interrupt.counts[vector]) : 0;
}

static void handling_begin(struct line *line)
{
    interrupt.handling[cpu_index()] = line;
    atomic_add(&line->running, 1);
}

static void handling_end(void)
{
    struct line *line = interrupt.handling[cpu_index()];
    interrupt.handling[cpu_index()] = NULL;
    if (line != NULL)
        atomic_sub(&line->running, 1);
}

/* Says whether LINE comes again when the lines are let go; that may be just now. */
static bool defers(const struct line *line)
{
    bool *deferred = &hold.deferred[line - interrupt.lines];
    if (!atomic_load(&hold.on))
        return false;
    (void)atomic_exchange(deferred, true);
    return atomic_load(&hold.on) || !atomic_exchange(deferred, false);
}

static void dispatch_device(unsigned vector)
{
    struct line *line = &interrupt.lines[vector - VECTOR_DEVICE_FIRST];
    handling_begin(line);
    bool later = defers(line);
    for (unsigned i = 0; i < HANDLERS_MAX && !later; i++) {
        interrupt_fn fn = atomic_load(&line->handlers[i].fn);
        if (fn != NULL)
            fn(line->handlers[i].arg);
    }
    handling_end();
}

void interrupt_abandon(void)
{
    (void)interrupts_off();
    cpu_here()->again = 0;
    handling_end();
    timer_abandon();
    lapic_eoi();
    entry_interrupt_end();
}

void interrupt_dispatch(struct trap_frame *frame)
{
    unsigned vector = (unsigned)frame->vector & 0xff;
    cpu_here()->interrupts++;
    atomic_add(&interrupt.counts[vector], 1);
    switch (vector) {
    case VECTOR_TIMER:
        release(true);
        timer_interrupt();
        break;
    case VECTOR_SHOOTDOWN: paging_shootdown_interrupt(); break;
    case VECTOR_RESCHEDULE: /* the flag in the block says it all */
    case VECTOR_CALL: break;
    default:
        if (vector >= VECTOR_DEVICE_FIRST && vector <= VECTOR_DEVICE_LAST)
            dispatch_device(vector);
    }
    lapic_eoi();
}
