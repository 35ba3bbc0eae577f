/* First instructions of every other processor: real mode to 64-bit code. Runs from its copy at 0x8000. */
/* SPDX-License-Identifier: MIT */

/* Frozen with boot_info.h: where the copy lies, and struct boot_mailbox. */
#define PAGE 0x8000
#define MAILBOX 0x9000
#define HERE(symbol) ((symbol) - trampoline_begin + PAGE)

    .section .rodata.trampoline, "a"
    .globl trampoline_begin, trampoline_end
    .balign 16
    .code16
trampoline_begin:
    cli
    cld
    xorw %ax, %ax
    movw %ax, %ds
    lgdtl HERE(ap_descriptor_pointer)
    movl %cr0, %eax
    orl $1, %eax
    movl %eax, %cr0
    ljmpl $0x18, $HERE(ap32)
    .code32
ap32:
    movw $0x10, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
    movl %cr4, %eax
    orl $0x20, %eax
    movl %eax, %cr4
    movl MAILBOX, %eax
    movl %eax, %cr3
    movl $0xc0000080, %ecx
    rdmsr
    orl $0x900, %eax
    wrmsr
    movl %cr0, %eax
    orl $0x80010021, %eax
    andl $0x9fffffff, %eax
    movl %eax, %cr0
    ljmp $0x08, $HERE(ap64)
    .code64
ap64:
    movl $0x10, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    movl %eax, %fs
    movl %eax, %gs
    movl $MAILBOX, %ebx
    movq 8(%rbx), %rsp
    movq 24(%rbx), %rdi
    xorl %ebp, %ebp
    callq *16(%rbx)
    ud2
    .balign 8
ap_descriptors:
    .quad 0
    .quad 0x00af9a000000ffff
    .quad 0x00cf92000000ffff
    .quad 0x00cf9a000000ffff
ap_descriptor_pointer:
    .word . - ap_descriptors - 1
    .long HERE(ap_descriptors)
trampoline_end:

    .section .note.GNU-stack, "", @progbits
