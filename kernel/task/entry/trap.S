/* Entries of interrupts and exceptions: save all registers in a trap_frame, call C, take them up again. */
/* SPDX-License-Identifier: MIT */

#define INTERRUPT_STACK %gs:0x18
#define SCHEDULER_STACK %gs:0x20
#define INTERRUPT_DEPTH %gs:0x28
#define RESCHEDULE %gs:0x30
#define NMIS %gs:0x50
/* Exceptions for which the CPU pushes an error code: 8, 10 to 14, 17, 21, 29, 30. */
#define ERROR_CODES 0x60227d00
#define SHOOTDOWN_PENDING %gs:0x34
#define QUIET %gs:0x60
#define INTERRUPT_FRAME %gs:0x68
#define LOCKS_HELD %gs:0x2c
#define FAULT_LOCKS %gs:0x64
#define FAULT_FRAME %gs:0x70
#define FAULT_REACH 0x4000 /* bytes of stack that the fault handler takes at most */

.macro function name
    .section .text.\name, "ax", @progbits
    .globl \name
    .type \name, @function
    .balign 16
\name:
.endm

.macro save_registers
    pushq %rax
    pushq %rbx
    pushq %rcx
    pushq %rdx
    pushq %rsi
    pushq %rdi
    pushq %rbp
    pushq %r8
    pushq %r9
    pushq %r10
    pushq %r11
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, %rbx
    cld
.endm

.macro restore_registers
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %r11
    popq %r10
    popq %r9
    popq %r8
    popq %rbp
    popq %rdi
    popq %rsi
    popq %rdx
    popq %rcx
    popq %rbx
    popq %rax
    addq $16, %rsp
    iretq
.endm

/* The caller of this code is the interrupted one, its registers are in the trap_frame at %rbx (DWARF register 3):
 * CFA = the saved rsp; each register at its offset. Numbers are SLEB128. */
.macro unwind_through_frame
    .cfi_signal_frame
    .cfi_escape 0x0f, 4, 0x73, 0xa0, 0x01, 0x06 /* CFA = *(rbx + 160) */
    .cfi_escape 0x10, 16, 3, 0x73, 0x88, 0x01   /* rip at 136 */
    .cfi_escape 0x16, 7, 4, 0x73, 0xa0, 0x01, 0x06 /* rsp = *(rbx + 160) */
    .cfi_escape 0x10, 0, 3, 0x73, 0xf0, 0x00    /* rax at 112 */
    .cfi_escape 0x10, 3, 3, 0x73, 0xe8, 0x00    /* rbx at 104 */
    .cfi_escape 0x10, 2, 3, 0x73, 0xe0, 0x00    /* rcx at 96 */
    .cfi_escape 0x10, 1, 3, 0x73, 0xd8, 0x00    /* rdx at 88 */
    .cfi_escape 0x10, 4, 3, 0x73, 0xd0, 0x00    /* rsi at 80 */
    .cfi_escape 0x10, 5, 3, 0x73, 0xc8, 0x00    /* rdi at 72 */
    .cfi_escape 0x10, 6, 3, 0x73, 0xc0, 0x00    /* rbp at 64 */
    .cfi_escape 0x10, 8, 2, 0x73, 0x38
    .cfi_escape 0x10, 9, 2, 0x73, 0x30
    .cfi_escape 0x10, 10, 2, 0x73, 0x28
    .cfi_escape 0x10, 11, 2, 0x73, 0x20
    .cfi_escape 0x10, 12, 2, 0x73, 0x18
    .cfi_escape 0x10, 13, 2, 0x73, 0x10
    .cfi_escape 0x10, 14, 2, 0x73, 0x08
    .cfi_escape 0x10, 15, 2, 0x73, 0x00
.endm

/* A halted CPU is not woken to forget a translation (paging's shootdown.c): it does so here, before anything else. The flag is
 * cleared before the flush, so that a request that comes in between is not lost. After save_registers. */
.macro leave_quiet
    cmpl $0, QUIET
    je 9f
    movl $0, QUIET
    mfence
    cmpl $0, SHOOTDOWN_PENDING
    je 9f
    movl $0, SHOOTDOWN_PENDING
    mfence
    movq %cr3, %rax
    movq %rax, %cr3
9:
.endm

/* An exception stays on the stack that it hit (double fault, machine check: on their own). If its handler faults itself before
 * it has asked the guard, it may be what is on trial, or call that: then the guard is asked here. If that takes the swap back,
 * the handler of before begins again with the first fault; the frames of the other are given up. */
    function entry_exception
    .cfi_startproc
    save_registers
    unwind_through_frame
    movq FAULT_FRAME, %rax
    subq %rbx, %rax
    cmpq $FAULT_REACH, %rax
    jb 2f
1:  movq %rbx, FAULT_FRAME
    movl LOCKS_HELD, %eax
    movl %eax, FAULT_LOCKS
3:  movq %rbx, %rdi
    call fault_handle
    movq $0, FAULT_FRAME
    movq %rbx, %rsp
    restore_registers
2:  movq %rbx, %rdi
    call guard_nested
    testb %al, %al
    jz 1b
    movq FAULT_FRAME, %rbx
    movq %rbx, %rsp
    jmp 3b
    .cfi_endproc
    .size entry_exception, . - entry_exception

/* Interrupts do not nest: the stack is always free. */
    function entry_interrupt
    .cfi_startproc
    save_registers
    unwind_through_frame
    leave_quiet
    movq %rbx, INTERRUPT_FRAME /* before it counts: an NMI in between may give it up */
    incl INTERRUPT_DEPTH
    movq INTERRUPT_STACK, %rsp
    movq %rbx, %rdi
    call interrupt_dispatch
    jmp entry_interrupt_end
    .cfi_endproc
    .size entry_interrupt, . - entry_interrupt

/* Afterwards the interrupted task may have to give way: its frame then is its saved context. The fault handler
 * comes here too, when it gives up what the interrupt was doing. */
    function entry_interrupt_end
    .cfi_startproc
    .cfi_undefined rip
    movq INTERRUPT_FRAME, %rsp
    decl INTERRUPT_DEPTH
    cmpl $0, RESCHEDULE
    jne 1f
    restore_registers
1:  movq %rsp, %rdi
    movq SCHEDULER_STACK, %rsp
    pushq $0
    jmp task_preempt
    .cfi_endproc
    .size entry_interrupt_end, . - entry_interrupt_end

/* The swap holds this CPU: nothing but its own code may run between here and park_handler(). The frame is noted
 * so that the guard can give up a park that a bad version never ends. */
    function park_entry
    .cfi_startproc
    pushq $0
    pushq $0xf0
    save_registers
    unwind_through_frame
    leave_quiet
    movq %rbx, INTERRUPT_FRAME
    incl INTERRUPT_DEPTH
    movq INTERRUPT_STACK, %rsp
    movq %rbx, %rdi
    call park_handler
    movq %rbx, %rsp
    decl INTERRUPT_DEPTH
    restore_registers
    .cfi_endproc
    .size park_entry, . - park_entry

/* On the CPU's NMI stack, whatever the CPU was doing. */
    function nmi_entry
    .cfi_startproc
    pushq $0
    pushq $2
    save_registers
    unwind_through_frame
    leave_quiet
    incq NMIS
    movq %rbx, %rdi
    call guard_nmi
    movq %rbx, %rsp
    restore_registers
    .cfi_endproc
    .size nmi_entry, . - nmi_entry

/* The local APIC's "no interrupt after all": no end of interrupt. */
    function entry_spurious
    .cfi_startproc
    .cfi_signal_frame
    iretq
    .cfi_endproc
    .size entry_spurious, . - entry_spurious

    function entry_resume_trap
    .cfi_startproc
    .cfi_undefined rip
    restore_registers
    .cfi_endproc
    .size entry_resume_trap, . - entry_resume_trap

/* One small function a vector: the CPU pushed an error code for some of the exceptions. */
.macro vector number, target, has_error
    function entry_vector_\number
    .cfi_startproc
    .cfi_signal_frame
    .if \has_error == 0
    pushq $0
    .endif
    pushq $\number
    jmp \target
    .cfi_endproc
    .size entry_vector_\number, . - entry_vector_\number
.endm

    .altmacro
    .set number, 0
    .rept 32
    .if number != 2
    vector %number, entry_exception, ((ERROR_CODES >> number) & 1)
    .endif
    .set number, number + 1
    .endr
    .set number, 0x20
    .rept 64
    vector %number, entry_interrupt, 0
    .set number, number + 1
    .endr
    .set number, 0xe0
    .rept 4
    vector %number, entry_interrupt, 0
    .set number, number + 1
    .endr

    .section .note.GNU-stack, "", @progbits
