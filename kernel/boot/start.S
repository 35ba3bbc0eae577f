/* First instructions on the boot processor: from the loader's 32-bit mode to 64-bit code at its high address. */
/* SPDX-License-Identifier: MIT */

#define IMAGE_BASE 0xffffffff80000000
#define PHYS(symbol) ((symbol) - IMAGE_BASE)
#define DIRECT_SLOT 273 /* of BOOT_DIRECT_BASE in the root table */

/* PVH: QEMU -kernel starts at this physical address, %ebx = hvm_start_info. Xen public header elfnote.h, type 18. */
    .section .note.pvh, "a", @note
    .balign 4
    .long 4, 4, 18
    .asciz "Xen"
    .long PHYS(pvh_start)

/* Multiboot2 specification 3.1. A multiboot1 header must not be added: QEMU would prefer it to PVH and fail. */
    .section .multiboot2, "a"
    .balign 8
header:
    .long 0xe85250d6, 0, header_end - header, -(0xe85250d6 + (header_end - header))
    .balign 8
    .short 3, 0 /* entry address */
    .long 12, PHYS(multiboot2_start)
    .balign 8
    .short 6, 0 /* modules on page boundaries */
    .long 8
    .balign 8
    .short 0, 0
    .long 8
header_end:

    .section .text.start, "ax"
    .code32
    .globl pvh_start, multiboot2_start
pvh_start:
    movl $1, %ebp
    jmp common
multiboot2_start:
    movl $2, %ebp
common:
    cli
    cld
    movl %ebx, %esi
    rdtsc
    movl %eax, %ebx
    movl $PHYS(stub_bss_begin), %edi
    movl $PHYS(stub_end), %ecx
    subl %edi, %ecx
    xorl %eax, %eax
    rep stosb
    movl %ebx, PHYS(start_tsc)
    movl %edx, PHYS(start_tsc + 4)

    /* The first 4 GiB by 2 MiB pages at 0 and at the direct map; the first 2 GiB at the image base. */
    movl $(PHYS(low_pdpt) + 3), PHYS(root)
    movl $(PHYS(low_pdpt) + 3), PHYS(root + DIRECT_SLOT * 8)
    movl $(PHYS(high_pdpt) + 3), PHYS(root + 511 * 8)
    movl $(PHYS(directories) + 3), %eax
    movl %eax, PHYS(low_pdpt)
    movl %eax, PHYS(high_pdpt + 510 * 8)
    addl $4096, %eax
    movl %eax, PHYS(low_pdpt + 8)
    movl %eax, PHYS(high_pdpt + 511 * 8)
    addl $4096, %eax
    movl %eax, PHYS(low_pdpt + 16)
    addl $4096, %eax
    movl %eax, PHYS(low_pdpt + 24)
    movl $PHYS(directories), %edi
    movl $0x83, %eax /* present, writable, 2 MiB */
    movl $2048, %ecx
1:  movl %eax, (%edi)
    addl $0x200000, %eax
    addl $8, %edi
    decl %ecx
    jnz 1b

    movl %cr4, %eax
    orl $0x20, %eax /* PAE */
    movl %eax, %cr4
    movl $PHYS(root), %eax
    movl %eax, %cr3
    movl $0xc0000080, %ecx
    rdmsr
    orl $0x900, %eax /* long mode, NX */
    wrmsr
    movl %cr0, %eax
    orl $0x80010021, %eax /* paging, write protection, numeric error, protected mode */
    andl $0x9fffffff, %eax /* caches on */
    movl %eax, %cr0
    lgdt PHYS(descriptor_pointer)
    ljmp $8, $PHYS(low64)

    .code64
low64:
    movabsq $high64, %rax
    jmpq *%rax
high64:
    movl $16, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    movl %eax, %fs
    movl %eax, %gs
    movq $stack_top, %rsp
    movl %ebp, %edi
    movl %esi, %esi
    xorl %ebp, %ebp
    call stub_main
    ud2

    .section .rodata.descriptors, "a"
    .balign 8
descriptors:
    .quad 0
    .quad 0x00af9a000000ffff /* 0x08 64-bit code */
    .quad 0x00cf92000000ffff /* 0x10 data */
descriptor_pointer:
    .word . - descriptors - 1
    .long PHYS(descriptors)

    .section .bss
    .balign 4096
root:
    .skip 4096
low_pdpt:
    .skip 4096
high_pdpt:
    .skip 4096
directories:
    .skip 4 * 4096
    .globl stack_top
    .skip 32768
stack_top:
    .globl start_tsc
start_tsc:
    .skip 8

    .section .note.GNU-stack, "", @progbits
