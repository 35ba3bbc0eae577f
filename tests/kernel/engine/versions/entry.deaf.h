/* entry in which an NMI never ends. */
/* SPDX-License-Identifier: MIT */
#ifdef __ASSEMBLER__
#define incq                                                                             \
    1 : jmp 1b;                                                                          \
    incq
#endif
