/* Walks stacks frame by frame.
 * SPDX-License-Identifier: MIT
 */
#include <core/unwind/private.h>

#include <mm/paging/paging.h>

enum { STACK_MAX = 256 << 10 };

void unwind_from_trap(struct unwind_cursor *out, const struct namespace *ns,
                      const struct trap_frame *frame, uint64_t stack_low,
                      uint64_t stack_high)
{
    *out = (struct unwind_cursor){
        .ns = ns,
        .registers = {frame->rax, frame->rdx, frame->rcx, frame->rbx, frame->rsi,
                      frame->rdi, frame->rbp, frame->rsp, frame->r8, frame->r9,
                      frame->r10, frame->r11, frame->r12, frame->r13, frame->r14,
                      frame->r15, frame->rip},
        .stack_low = stack_low,
        .stack_high = stack_high,
        .exact = true,
    };
}

void unwind_from_switch(struct unwind_cursor *out, const struct namespace *ns,
                        const struct switch_frame *frame, uint64_t stack_low,
                        uint64_t stack_high)
{
    *out = (struct unwind_cursor){
        .ns = ns,
        .registers = {[3] = frame->rbx,
                      [6] = frame->rbp,
                      [UNWIND_RSP] = (uint64_t)(frame + 1),
                      [12] = frame->r12,
                      [13] = frame->r13,
                      [14] = frame->r14,
                      [15] = frame->r15,
                      [UNWIND_RIP] = frame->rip},
        .stack_low = stack_low,
        .stack_high = stack_high,
    };
}

static bool read_stack(const struct unwind_cursor *c, uint64_t at, uint64_t *out)
{
    if (at < c->stack_low || at > c->stack_high - 8 || at % 8)
        return false;
    *out = *(const uint64_t *)at;
    return true;
}

/* An entry stub is one jump: the caller's address is on top of the stack. */
static enum status leave_stub(struct unwind_cursor *c)
{
    uint64_t rsp = c->registers[UNWIND_RSP];
    if (!read_stack(c, rsp, &c->registers[UNWIND_RIP]))
        return STATUS_INVALID;
    c->registers[UNWIND_RSP] = rsp + 8;
    c->exact = false;
    return STATUS_OK;
}

static bool place_value(const struct unwind_cursor *c, const struct place *place,
                        uint64_t *out)
{
    uint64_t value = c->registers[place->base] + (uint64_t)place->offset;
    if (place->deref)
        return read_stack(c, value, out);
    *out = value;
    return true;
}

/* Fills OUT's registers as they are in the caller. */
static bool registers_restore(const struct unwind_cursor *c, const struct unwind_row *row,
                              uint64_t cfa, struct unwind_cursor *out)
{
    for (uint32_t i = 0; i < UNWIND_REGISTERS; i++) {
        const struct rule *rule = &row->rules[i];
        uint64_t at = cfa + (uint64_t)rule->place.offset;
        bool good = true;
        if (rule->kind == RULE_AT_PLACE)
            good = place_value(c, &rule->place, &at) &&
                   read_stack(c, at, &out->registers[i]);
        else if (rule->kind == RULE_PLACE)
            good = place_value(c, &rule->place, &out->registers[i]);
        else if (rule->kind == RULE_AT_CFA)
            good = read_stack(c, at, &out->registers[i]);
        if (!good)
            return false;
    }
    return true;
}

/* Moves the bounds to the mapped memory around AT, if that is a stack. */
static bool enter_stack(struct unwind_cursor *c, uint64_t at)
{
    if (at >= c->stack_low && at < c->stack_high)
        return true;
    uint64_t end = align_down(at, PAGE_SIZE);
    if (at < PAGING_STACK_BASE || at >= PAGING_IMAGE_BASE)
        return false;
    while (end - at + PAGE_SIZE < STACK_MAX && paging_walk(end, NULL, NULL) == STATUS_OK)
        end += PAGE_SIZE;
    if (end <= at)
        return false;
    c->stack_low = align_down(at, 8);
    c->stack_high = end;
    return true;
}

/* The caller is interrupted code: its registers are in a trap_frame, perhaps on another stack
 * than this one, and so is its own stack. */
static enum status through_frame(struct unwind_cursor *cursor,
                                 const struct unwind_row *row)
{
    uint64_t cfa;
    struct unwind_cursor here = *cursor;
    if (!enter_stack(&here, here.registers[row->cfa.base]) ||
        !place_value(&here, &row->cfa, &cfa))
        return STATUS_INVALID;
    struct unwind_cursor next = here;
    if (!registers_restore(&here, row, cfa, &next))
        return STATUS_INVALID;
    next.registers[UNWIND_RSP] = cfa;
    /* At the very top of a stack there is nothing to read, and nothing needed. */
    if (cfa != here.stack_high && !enter_stack(&next, cfa))
        return STATUS_INVALID;
    next.exact = true;
    *cursor = next;
    return STATUS_OK;
}

enum status unwind_next(struct unwind_cursor *cursor)
{
    struct unwind_row row;
    uint64_t pc = unwind_pc(cursor);
    if (entry_is_root(pc))
        return STATUS_NOT_FOUND;
    if (namespace_is_stub(cursor->ns, pc))
        return leave_stub(cursor);
    /* Behind a call that never returns lies the next function, perhaps of another cell. */
    uint64_t lookup = cursor->exact ? pc : pc - 1;
    const struct version *v = namespace_version_at(cursor->ns, lookup);
    const struct fde *fde = v ? version_fde_at(v, lookup) : NULL;
    if (!fde || cfi_row(fde, lookup, &row) != STATUS_OK)
        return STATUS_INVALID;
    struct unwind_cursor next = *cursor;
    uint64_t cfa;
    if (row.rules[UNWIND_RIP].kind == RULE_UNDEFINED)
        return STATUS_NOT_FOUND;
    if (row.cfa.deref)
        return through_frame(cursor, &row);
    if (!place_value(cursor, &row.cfa, &cfa) ||
        !registers_restore(cursor, &row, cfa, &next) ||
        row.rules[UNWIND_RIP].kind == RULE_SAME ||
        (cfa <= cursor->registers[UNWIND_RSP] && !cursor->exact))
        return STATUS_INVALID;
    next.registers[UNWIND_RSP] = cfa;
    next.exact = false;
    *cursor = next;
    return STATUS_OK;
}

enum status unwind_backtrace(const struct namespace *ns, const struct trap_frame *frame,
                             uint64_t stack_low, uint64_t stack_high,
                             unwind_visit_fn visit, void *context)
{
    struct unwind_cursor c;
    enum status status = STATUS_OK;
    unwind_from_trap(&c, ns, frame, stack_low, stack_high);
    for (uint32_t i = 0; i < UNWIND_MAX_FRAMES && status == STATUS_OK; i++) {
        if (!visit(context, unwind_pc(&c)))
            return STATUS_OK;
        status = unwind_next(&c);
    }
    return status == STATUS_NOT_FOUND ? STATUS_OK : STATUS_INVALID;
}
