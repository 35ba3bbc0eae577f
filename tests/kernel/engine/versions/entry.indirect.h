/* entry in which an interrupt goes where a word says. */
/* SPDX-License-Identifier: MIT */
#ifdef __ASSEMBLER__
#define interrupt_dispatch *0x7008
#endif
