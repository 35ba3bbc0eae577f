/* What the unwinder's own files share.
 * SPDX-License-Identifier: MIT
 */
#ifndef NEURATH_CORE_UNWIND_PRIVATE_H
#define NEURATH_CORE_UNWIND_PRIVATE_H

#include <core/unwind/unwind.h>

/* A value: register + offset, or the word that lies there. */
struct place {
    uint8_t base; /* DWARF number */
    bool deref;
    int64_t offset;
};

enum rule_kind {
    RULE_SAME,
    RULE_AT_CFA,
    RULE_UNDEFINED,
    RULE_AT_PLACE, /* saved where PLACE says */
    RULE_PLACE,    /* PLACE is the value */
};

struct rule {
    uint8_t kind;
    struct place place; /* RULE_AT_CFA: saved at CFA + place.offset */
};

/* How to find the caller's registers from those of one frame. */
struct unwind_row {
    struct rule rules[UNWIND_REGISTERS];
    struct place cfa;
};

/* Computes the row for PC, which FDE covers. STATUS_INVALID: malformed, or uses instructions
 * that compiled cells do not have. */
NODISCARD enum status cfi_row(const struct fde *fde, uint64_t pc, struct unwind_row *out);

#endif
