/* What the unwinder's own files share.
 * SPDX-License-Identifier: MIT
 */
#ifndef NEURATH_CORE_UNWIND_PRIVATE_H
#define NEURATH_CORE_UNWIND_PRIVATE_H

#include <core/unwind/unwind.h>

enum rule_kind { RULE_SAME, RULE_AT_CFA, RULE_UNDEFINED };

struct rule {
    uint8_t kind;
    int64_t offset; /* RULE_AT_CFA: saved at CFA + offset */
};

/* How to find the caller's registers from those of one frame. */
struct unwind_row {
    struct rule rules[UNWIND_REGISTERS];
    uint32_t cfa_register;
    int64_t cfa_offset;
};

/* Computes the row for PC, which FDE covers. STATUS_INVALID: malformed, or uses instructions
 * that compiled cells do not have. */
NODISCARD enum status cfi_row(const struct fde *fde, uint64_t pc, struct unwind_row *out);

#endif
