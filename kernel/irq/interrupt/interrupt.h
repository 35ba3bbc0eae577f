/* Interrupt vectors: the descriptor table, and who is called for which device interrupt. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_IRQ_INTERRUPT_INTERRUPT_H
#define NEURATH_IRQ_INTERRUPT_INTERRUPT_H

#include <lib/base/status.h>
#include <task/entry/entry.h>

struct evolve_walk;

/* GSI = global system interrupt: the IOAPIC input number of ACPI. */

enum interrupt_trigger {
    INTERRUPT_EDGE_HIGH,
    INTERRUPT_LEVEL_LOW, /* PCI INTx as specified */
    INTERRUPT_LEVEL_HIGH,
};

/* Called with interrupts off on the CPU's interrupt stack; must make the device drop its request. Short: signal an event. */
typedef void (*interrupt_fn)(void *arg);

/* Calls FN(ARG) for each interrupt of GSI, delivered to the boot processor. Several handlers may share a level-triggered
 * GSI, then all are called. Gives *out_vector (may be NULL); return it with interrupt_detach(GSI, FN, ARG).
 * STATUS_FULL: no vector or handler slot; STATUS_NOT_FOUND: no IOAPIC has this GSI; STATUS_BUSY: other trigger in use. */
NODISCARD enum status interrupt_attach(unsigned gsi, enum interrupt_trigger trigger,
                                       interrupt_fn fn, void *arg, unsigned *out_vector);

/* Afterwards FN is not called any more, on any CPU. Not from interrupt context. */
void interrupt_detach(unsigned gsi, interrupt_fn fn, void *arg);

/* For a walk (lib/base/evolve.h): names where ARG, an element, is kept for handlers. */
void interrupt_walk(struct evolve_walk *walk, const void *arg);

/* Sends GSI to another CPU. */
NODISCARD enum status interrupt_move(unsigned gsi, unsigned cpu);

/* Holds all device interrupts back until interrupt_lines_release(), or until the first timer interrupt after DEADLINE_NS by
 * clock_ns(): on return no handler runs, and none begins. None is lost: those that come meanwhile come afterwards. Timers and
 * NMIs go on. False: a handler did not end before that time. Task context, one at a time. */
NODISCARD bool interrupt_lines_hold(uint64_t deadline_ns);
/* Gives them another deadline. False: they are not held any more. */
NODISCARD bool interrupt_lines_prolong(uint64_t deadline_ns);
/* Lets them go, if they are held. */
void interrupt_lines_release(void);

/* The GSI of an old ISA interrupt, with ACPI's overrides applied, and how it triggers. */
unsigned interrupt_isa_gsi(unsigned irq, enum interrupt_trigger *out_trigger);

/* Counts since boot. */
uint64_t interrupt_count(unsigned vector);

/* Ends the interrupt that runs on this CPU in the middle of its handler, which has faulted: no lock may be held. Goes on with
 * what was interrupted. For the fault handler. */
NORETURN void interrupt_abandon(void);

/* Called by the cell entry. */
void interrupt_dispatch(struct trap_frame *frame);

/* Called by init and by each CPU: fills and loads the interrupt descriptor table. */
void interrupt_start(void);
void interrupt_start_cpu(void);

#endif
