/* uint64_t lost_call(fn): calls fn() from a frame that no unwind table describes. */
/* SPDX-License-Identifier: MIT */
    .section .text.lost_call, "ax", @progbits
    .globl lost_call
    .type lost_call, @function
    .balign 16
lost_call:
    pushq %rbx
    call *%rdi
    popq %rbx
    ret
    .size lost_call, . - lost_call
    .section .note.GNU-stack, "", @progbits
