/* Walks stacks frame by frame.
 * SPDX-License-Identifier: MIT
 */
#include <core/unwind/private.h>

void unwind_from_trap(struct unwind_cursor *out, const struct namespace *ns,
                      const struct trap_frame *frame, uint64_t stack_low, uint64_t stack_high)
{
    *out = (struct unwind_cursor){
        .ns = ns,
        .registers = {frame->rax, frame->rdx, frame->rcx, frame->rbx, frame->rsi, frame->rdi,
                      frame->rbp, frame->rsp, frame->r8, frame->r9, frame->r10, frame->r11,
                      frame->r12, frame->r13, frame->r14, frame->r15, frame->rip},
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
        .registers = {[3] = frame->rbx, [6] = frame->rbp,
                      [UNWIND_RSP] = (uint64_t)(frame + 1), [12] = frame->r12,
                      [13] = frame->r13, [14] = frame->r14, [15] = frame->r15,
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
    uint64_t cfa = cursor->registers[row.cfa_register] + (uint64_t)row.cfa_offset;
    struct unwind_cursor next = *cursor;
    for (uint32_t i = 0; i < UNWIND_REGISTERS; i++)
        if (row.rules[i].kind == RULE_AT_CFA &&
            !read_stack(cursor, cfa + (uint64_t)row.rules[i].offset, &next.registers[i]))
            return STATUS_INVALID;
    if (row.rules[UNWIND_RIP].kind != RULE_AT_CFA)
        return row.rules[UNWIND_RIP].kind == RULE_UNDEFINED ? STATUS_NOT_FOUND : STATUS_INVALID;
    if (cfa <= cursor->registers[UNWIND_RSP] && !cursor->exact)
        return STATUS_INVALID;
    next.registers[UNWIND_RSP] = cfa;
    next.exact = false;
    *cursor = next;
    return STATUS_OK;
}

enum status unwind_backtrace(const struct namespace *ns, const struct trap_frame *frame,
                             uint64_t stack_low, uint64_t stack_high, unwind_visit_fn visit,
                             void *context)
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
