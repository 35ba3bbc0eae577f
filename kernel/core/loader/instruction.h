/* How long an instruction is, where it branches to, and whether it is one by which code waits or takes a lock.
 * SPDX-License-Identifier: MIT
 *
 * Knows what compilers make of C for the kernel and what the cells' assembly needs: 64-bit mode without VEX and EVEX. The
 * same source runs in the kernel and on hosts. Source: Intel SDM 2, chapter 2 and appendix A. Any context.
 */
#ifndef NEURATH_CORE_LOADER_INSTRUCTION_H
#define NEURATH_CORE_LOADER_INSTRUCTION_H

#include <lib/base/types.h>

struct instruction {
    size_t len;    /* bytes */
    bool indirect; /* call or jmp through a register or memory, near or far */
    bool relative; /* a branch whose operand, the last TARGET_LEN bytes, is relative to its end */
    uint8_t target_len; /* 1 or 4 */
    bool ends;        /* what follows it is not executed after it: JMP, RET, IRET, UD2 */
    bool counts_lock; /* changes this CPU's count of locks (cpu.h, locks_held) */
    bool exchanges;   /* a locked CMPXCHG */
    bool halts;       /* HLT, MONITOR and MWAIT */
    bool pauses;      /* PAUSE */
};

/* Reads the instruction at CODE, of which LEN bytes may be read. False: it is cut off or not known. */
bool instruction_read(const uint8_t *code, size_t len, struct instruction *out);

#endif
