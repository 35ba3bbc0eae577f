/* entry in which an interrupt faults. */
/* SPDX-License-Identifier: MIT */
#ifdef __ASSEMBLER__
#define interrupt_dispatch *0x7008
#endif
