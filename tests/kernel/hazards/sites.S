/* uint64_t sites_sum(void): calls swap_target_version() from SITES_COUNT places, and gives the sum of what it says. */
/* SPDX-License-Identifier: MIT */
#include "sites.h"

/* 64 sites, 7 bytes from one to the next: each offset within a cache line is met. The operand of the last one crosses a page. */
    .section .text.sites_sum, "ax", @progbits
    .balign 4096
    .globl sites_sum
    .type sites_sum, @function
sites_sum:
    .cfi_startproc
    pushq %rbx
    .cfi_def_cfa_offset 16
    .cfi_offset %rbx, -16
    xorl %ebx, %ebx
    .rept SITES_COUNT - 1
    call swap_target_version
    addl %eax, %ebx
    .endr
    jmp 1f
    .skip 4096 - 3 - (. - sites_sum), 0xcc
1:  call swap_target_version
    addl %eax, %ebx
    movl %ebx, %eax
    popq %rbx
    .cfi_def_cfa_offset 8
    ret
    .cfi_endproc
    .size sites_sum, . - sites_sum
    .section .note.GNU-stack, "", @progbits
