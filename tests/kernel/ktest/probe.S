/* Touches addresses that may fault, with the fault expected. */
/* SPDX-License-Identifier: MIT */

.macro probe name
    .section .text.\name, "ax", @progbits
    .globl \name
    .type \name, @function
\name:
    .cfi_startproc
    pushq %rbx
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset rbx, 0
    movq %rdi, %rbx
.endm

/* Asks what happened, and expects nothing any more. */
.macro probe_end name
    call fault_expected_vector
    movq %rax, %rbx
    xorl %edi, %edi
    xorl %esi, %esi
    xorl %edx, %edx
    call fault_expect
    movq %rbx, %rax
    popq %rbx
    .cfi_adjust_cfa_offset -8
    .cfi_restore rbx
    ret
    .cfi_endproc
    .size \name, . - \name
.endm

    probe ktest_probe_read
    leaq 1f(%rip), %rdi
    leaq 2f(%rip), %rsi
    movq %rsi, %rdx
    call fault_expect
1:  movb (%rbx), %al
2:  probe_end ktest_probe_read

    probe ktest_probe_write
    leaq 1f(%rip), %rdi
    leaq 2f(%rip), %rsi
    movq %rsi, %rdx
    call fault_expect
1:  movb $0x5a, (%rbx)
2:  probe_end ktest_probe_write

    probe ktest_probe_execute
    movq %rbx, %rdi
    leaq 1(%rbx), %rsi
    leaq 2f(%rip), %rdx
    call fault_expect
    call *%rbx
    jmp 3f
2:  addq $8, %rsp /* the return address that the call pushed */
3:  probe_end ktest_probe_execute

    .section .note.GNU-stack, "", @progbits
