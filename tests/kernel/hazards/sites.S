/* uint64_t sites_sum(void): calls swap_target_version() from SITES_COUNT places, and gives the sum of what it says. */
/* SPDX-License-Identifier: MIT */
#include "sites.h"

/* 7 bytes from site to site: each offset within a cache line is met many times. Seven pages: some site crosses a page. */
    .section .text.sites_sum, "ax", @progbits
    .globl sites_sum
    .type sites_sum, @function
sites_sum:
    .cfi_startproc
    pushq %rbx
    .cfi_def_cfa_offset 16
    .cfi_offset %rbx, -16
    xorl %ebx, %ebx
    .rept SITES_COUNT
    call swap_target_version
    addl %eax, %ebx
    .endr
    movl %ebx, %eax
    popq %rbx
    .cfi_def_cfa_offset 8
    ret
    .cfi_endproc
    .size sites_sum, . - sites_sum
    .section .note.GNU-stack, "", @progbits
