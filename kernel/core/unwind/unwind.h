/* Walks stacks from the cells' unwind tables, exactly, at any instruction.
 * SPDX-License-Identifier: MIT
 *
 * A cursor stands in one frame: program counter, stack pointer and the callee-saved registers
 * as they are there. The tables are those that the loader built from each version's .eh_frame;
 * the instructions are DWARF's call frame information (DWARF 5, 6.4). No allocation, no lock;
 * memory is only read inside the bounds of the stack. Any context, fault context too.
 */
#ifndef NEURATH_CORE_UNWIND_H
#define NEURATH_CORE_UNWIND_H

#include <core/namespace/namespace.h>
#include <task/entry/entry.h>

enum { UNWIND_REGISTERS = 17, UNWIND_RSP = 7, UNWIND_RIP = 16, UNWIND_MAX_FRAMES = 64 };

struct unwind_cursor {
    const struct namespace *ns;
    uint64_t registers[UNWIND_REGISTERS]; /* by DWARF number */
    uint64_t stack_low;
    uint64_t stack_high;
    bool exact; /* the PC is where execution goes on, not behind a call */
};

/* Starts at an interrupted instruction. STACK_LOW..STACK_HIGH bound what may be read. */
void unwind_from_trap(struct unwind_cursor *out, const struct namespace *ns,
                      const struct trap_frame *frame, uint64_t stack_low,
                      uint64_t stack_high);
/* Starts where a sleeping task gave up its CPU. */
void unwind_from_switch(struct unwind_cursor *out, const struct namespace *ns,
                        const struct switch_frame *frame, uint64_t stack_low,
                        uint64_t stack_high);

static inline uint64_t unwind_pc(const struct unwind_cursor *cursor)
{
    return cursor->registers[UNWIND_RIP];
}

/* Goes to the caller's frame. STATUS_NOT_FOUND: the walk is complete, this was the root;
 * STATUS_INVALID: the walk does not go on here (no table, or the stack is broken). */
NODISCARD enum status unwind_next(struct unwind_cursor *cursor);

typedef bool (*unwind_visit_fn)(void *context, uint64_t pc);
/* Calls VISIT with the PC of each frame of FRAME's stack until it gives false. Gives
 * STATUS_OK when the root was reached, STATUS_INVALID otherwise. */
NODISCARD enum status unwind_backtrace(const struct namespace *ns,
                                       const struct trap_frame *frame, uint64_t stack_low,
                                       uint64_t stack_high, unwind_visit_fn visit,
                                       void *context);

#endif
