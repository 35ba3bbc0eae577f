/* Interprets DWARF call frame information, as far as compiled cells use it.
 * SPDX-License-Identifier: MIT
 *
 * Source: DWARF 5 6.4, LSB 10.6 (.eh_frame augmentations). The tables were checked for bounds
 * when they were loaded; each read here is bounded by its entry all the same.
 */
#include <core/unwind/private.h>

enum { STATE_DEPTH = 4 };

struct reader {
    const uint8_t *at;
    const uint8_t *end;
    bool bad;
};

struct cie {
    uint64_t code_align;
    int64_t data_align;
    bool has_augmentation;
    struct reader initial;
};

struct machine {
    struct unwind_row row;
    struct unwind_row initial;
    struct unwind_row saved[STATE_DEPTH];
    uint32_t depth;
    uint64_t location;
};

static uint8_t read_byte(struct reader *r)
{
    if (r->at >= r->end) {
        r->bad = true;
        return 0;
    }
    return *r->at++;
}

static uint64_t read_fixed(struct reader *r, uint32_t len)
{
    uint64_t value = 0;
    for (uint32_t i = 0; i < len; i++)
        value |= (uint64_t)read_byte(r) << (8 * i);
    return value;
}

static uint64_t read_uleb(struct reader *r)
{
    uint64_t value = 0;
    for (uint32_t shift = 0; shift < 64; shift += 7) {
        uint8_t b = read_byte(r);
        value |= (uint64_t)(b & 0x7f) << shift;
        if (!(b & 0x80))
            return value;
    }
    r->bad = true;
    return 0;
}

static int64_t read_sleb(struct reader *r)
{
    uint64_t value = 0;
    for (uint32_t shift = 0; shift < 64; shift += 7) {
        uint8_t b = read_byte(r);
        value |= (uint64_t)(b & 0x7f) << shift;
        if (b & 0x80)
            continue;
        if ((b & 0x40) && shift + 7 < 64)
            value |= UINT64_MAX << (shift + 7);
        return (int64_t)value;
    }
    r->bad = true;
    return 0;
}

static bool open_cie(const uint8_t *fde, struct cie *out)
{
    uint64_t back = get_le32(fde + 4);
    const uint8_t *cie = fde + 4 - back;
    struct reader r = {.at = cie + 8, .end = cie + 4 + get_le32(cie)};
    if (get_le32(cie + 4) != 0 || read_byte(&r) != 1)
        return false;
    const char *augmentation = (const char *)r.at;
    while (read_byte(&r))
        ;
    out->code_align = read_uleb(&r);
    out->data_align = read_sleb(&r);
    read_byte(&r); /* return address column: always 16 */
    out->has_augmentation = augmentation[0] == 'z';
    if (out->has_augmentation) {
        uint64_t len = read_uleb(&r);
        if (len > (uint64_t)(r.end - r.at))
            return false;
        r.at += len;
    }
    out->initial = r;
    return !r.bad;
}

static void set_rule(struct machine *m, uint64_t reg, uint8_t kind, int64_t offset)
{
    if (reg < UNWIND_REGISTERS)
        m->row.rules[reg] = (struct rule){.kind = kind, .place.offset = offset};
}

static void set_cfa(struct machine *m, uint64_t reg, int64_t offset)
{
    m->row.cfa =
        (struct place){.base = reg < UNWIND_REGISTERS ? (uint8_t)reg : UNWIND_REGISTERS,
                       .offset = offset};
}

/* An expression as the entry code has them: breg N offset, then plus_uconst, deref. */
static bool read_place(struct reader *r, struct place *out)
{
    enum { DEREF = 0x06, PLUS_UCONST = 0x23, BREG0 = 0x70 };
    uint64_t len = read_uleb(r);
    if (r->bad || len == 0 || len > (uint64_t)(r->end - r->at))
        return false;
    struct reader e = {.at = r->at, .end = r->at + len};
    uint8_t op = read_byte(&e);
    if (op < BREG0 || op >= BREG0 + UNWIND_REGISTERS)
        return false;
    *out = (struct place){.base = op - BREG0, .offset = read_sleb(&e)};
    while (!e.bad && e.at < e.end) {
        op = read_byte(&e);
        if (out->deref || (op != DEREF && op != PLUS_UCONST))
            return false;
        if (op == DEREF)
            out->deref = true;
        else
            out->offset = (int64_t)((uint64_t)out->offset + read_uleb(&e));
    }
    r->at += len;
    return !e.bad;
}

static bool set_place(struct machine *m, struct reader *r, uint8_t kind)
{
    struct rule rule = {.kind = kind};
    uint64_t reg = read_uleb(r);
    if (!read_place(r, &rule.place))
        return false;
    if (reg < UNWIND_REGISTERS)
        m->row.rules[reg] = rule;
    return true;
}

/* An offset in units of the data alignment; wraps instead of overflowing. */
static int64_t read_factored(struct reader *r, const struct cie *cie)
{
    return (int64_t)(read_uleb(r) * (uint64_t)cie->data_align);
}

static bool extended(struct machine *m, struct reader *r, const struct cie *cie,
                     uint8_t op)
{
    uint64_t reg;
    switch (op) {
    case 0x00: return true; /* nop */
    case 0x02:
        m->location += read_byte(r) * cie->code_align;
        return true; /* advance_loc1 */
    case 0x03: m->location += read_fixed(r, 2) * cie->code_align; return true;
    case 0x04: m->location += read_fixed(r, 4) * cie->code_align; return true;
    case 0x05: /* offset_extended */
        reg = read_uleb(r);
        set_rule(m, reg, RULE_AT_CFA, read_factored(r, cie));
        return true;
    case 0x06: /* restore_extended */
        reg = read_uleb(r);
        if (reg < UNWIND_REGISTERS)
            m->row.rules[reg] = m->initial.rules[reg];
        return true;
    case 0x07: set_rule(m, read_uleb(r), RULE_UNDEFINED, 0); return true;
    case 0x08: set_rule(m, read_uleb(r), RULE_SAME, 0); return true;
    case 0x0a: /* remember_state */
        if (m->depth == STATE_DEPTH)
            return false;
        m->saved[m->depth++] = m->row;
        return true;
    case 0x0b: /* restore_state */
        if (m->depth == 0)
            return false;
        m->row = m->saved[--m->depth];
        return true;
    case 0x0c: /* def_cfa */
        reg = read_uleb(r);
        set_cfa(m, reg, (int64_t)read_uleb(r));
        return true;
    case 0x0d:
        set_cfa(m, read_uleb(r), m->row.cfa.offset);
        return true; /* def_cfa_register */
    case 0x0e:       /* def_cfa_offset */
        set_cfa(m, m->row.cfa.base, (int64_t)read_uleb(r));
        return true;
    case 0x0f: return read_place(r, &m->row.cfa);     /* def_cfa_expression */
    case 0x10: return set_place(m, r, RULE_AT_PLACE); /* expression */
    case 0x16: return set_place(m, r, RULE_PLACE);    /* val_expression */
    case 0x2e: (void)read_uleb(r); return true;       /* GNU_args_size */
    default: return false;
    }
}

/* Runs instructions until the row for PC is complete. */
static bool run(struct machine *m, struct reader *r, const struct cie *cie, uint64_t pc)
{
    while (r->at < r->end && !r->bad) {
        uint8_t op = read_byte(r);
        uint8_t low = op & 0x3f;
        switch (op & 0xc0) {
        case 0x40: m->location += low * cie->code_align; break;
        case 0x80: set_rule(m, low, RULE_AT_CFA, read_factored(r, cie)); break;
        case 0xc0:
            if (low < UNWIND_REGISTERS)
                m->row.rules[low] = m->initial.rules[low];
            break;
        default:
            if (!extended(m, r, cie, op))
                return false;
        }
        if (m->location > pc)
            return !r->bad;
    }
    return !r->bad;
}

enum status cfi_row(const struct fde *fde, uint64_t pc, struct unwind_row *out)
{
    struct cie cie;
    const uint8_t *bytes = cellmem_view(fde->va);
    struct machine m = {.row = {.cfa.base = UNWIND_REGISTERS}, .location = 0};
    struct reader r = {.at = bytes + 16, .end = bytes + 4 + get_le32(bytes)};
    if (!open_cie(bytes, &cie))
        return STATUS_INVALID;
    if (cie.has_augmentation) {
        uint64_t len = read_uleb(&r);
        if (r.bad || len > (uint64_t)(r.end - r.at))
            return STATUS_INVALID;
        r.at += len;
    }
    if (!run(&m, &cie.initial, &cie, UINT64_MAX))
        return STATUS_INVALID;
    m.initial = m.row;
    m.location = fde->pc;
    if (!run(&m, &r, &cie, pc) || m.row.cfa.base >= UNWIND_REGISTERS)
        return STATUS_INVALID;
    *out = m.row;
    return STATUS_OK;
}
