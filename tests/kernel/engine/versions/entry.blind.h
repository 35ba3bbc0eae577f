/* entry in which an exception faults. */
/* SPDX-License-Identifier: MIT */
#ifdef __ASSEMBLER__
#define fault_handle                                                                     \
    1f;                                                                                  \
    1 : movb $0, 0x7008
#endif
