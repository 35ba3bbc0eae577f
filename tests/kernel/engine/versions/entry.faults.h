/* entry in which an interrupt faults. */
/* SPDX-License-Identifier: MIT */
#ifdef __ASSEMBLER__
#define interrupt_dispatch                                                               \
    1f;                                                                                  \
    1 : movb $0, 0x7008
#endif
