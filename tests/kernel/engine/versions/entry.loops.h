/* entry in which an interrupt never ends. */
/* SPDX-License-Identifier: MIT */
#ifdef __ASSEMBLER__
#define interrupt_dispatch                                                               \
    1f;                                                                                  \
    1 : jmp 1b
#endif
