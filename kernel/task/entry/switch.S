/* The root of every task, and the steps from a task to the scheduler and back. */
/* SPDX-License-Identifier: MIT */

#define INTERRUPT_STACK %gs:0x18
#define SCHEDULER_STACK %gs:0x20
#define LOCKS_HELD %gs:0x2c
#define QUIET %gs:0x60
#define AGAIN %gs:0x78
#define STATUS_RESTART 8

.macro function name
    .section .text.\name, "ax", @progbits
    .globl \name
    .type \name, @function
    .balign 16
\name:
.endm

/* %rbx = step, %r12 = its argument, %r13 = where its struct wait goes. Nothing lies above: the walk ends here. */
    function entry_root
    .cfi_startproc
    .cfi_undefined rip
    movq %r13, %rdi
    movq %r12, %rsi
    call *%rbx
    cli
    movq SCHEDULER_STACK, %rsp
    pushq $0
    jmp task_step_done
.Lroot_end:
    .cfi_endproc
    .size entry_root, . - entry_root

/* bool entry_is_root(uint64_t pc): inside entry_root, or its stub. */
    function entry_is_root
    .cfi_startproc
    movl $1, %eax
    cmpq $entry_root, %rdi
    je 1f
    leaq entry_root(%rip), %rdx
    movq %rdi, %rcx
    subq %rdx, %rcx
    cmpq $(.Lroot_end - entry_root), %rcx
    jbe 1f
    xorl %eax, %eax
1:  ret
    .cfi_endproc
    .size entry_is_root, . - entry_is_root

/* The registers of a switch_frame, after the return address. */
.macro push_switch_frame
    .irp register, rbp, rbx, r12, r13, r14, r15
    pushq %\register
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset \register, 0
    .endr
.endm

/* uint64_t entry_sleep(queue, deadline_ns): leaves a switch_frame. Interrupts are off: the queue's lock is held. */
    function entry_sleep
    .cfi_startproc
    push_switch_frame
    movq %rsp, %rdx
    movq SCHEDULER_STACK, %rsp
    .cfi_undefined rip
    pushq $0
    jmp task_sleep_commit
    .cfi_endproc
    .size entry_sleep, . - entry_sleep

/* %rax = result for the sleeper, %rdx = its flags. */
    function entry_resume_switch
    .cfi_startproc
    .cfi_def_cfa rsp, 56
    .cfi_offset rbp, -16
    .cfi_offset rbx, -24
    .cfi_offset r12, -32
    .cfi_offset r13, -40
    .cfi_offset r14, -48
    .cfi_offset r15, -56
    popq %r15
    .cfi_adjust_cfa_offset -8
    popq %r14
    .cfi_adjust_cfa_offset -8
    popq %r13
    .cfi_adjust_cfa_offset -8
    popq %r12
    .cfi_adjust_cfa_offset -8
    popq %rbx
    .cfi_adjust_cfa_offset -8
    popq %rbp
    .cfi_adjust_cfa_offset -8
    testl $0x200, %edx
    jz 1f
    sti
1:  ret
    .cfi_endproc
    .size entry_resume_switch, . - entry_resume_switch

/* void entry_resume(const struct saved_context *) */
    function entry_resume
    .cfi_startproc
    .cfi_undefined rip
    movq 8(%rdi), %rcx
    movq 16(%rdi), %rdx
    movq 24(%rdi), %rax
    movq (%rdi), %rsp
    jmp *%rcx
    .cfi_endproc
    .size entry_resume, . - entry_resume

    function entry_schedule
    .cfi_startproc
    .cfi_undefined rip
    cli
    movq SCHEDULER_STACK, %rsp
    pushq $0
    jmp task_schedule
    .cfi_endproc
    .size entry_schedule, . - entry_schedule

    function entry_leave_step
    .cfi_startproc
    .cfi_undefined rip
    cli
    movq SCHEDULER_STACK, %rsp
    pushq $0
    jmp task_step_done
    .cfi_endproc
    .size entry_leave_step, . - entry_leave_step

/* The frame of a task that the guard gave up returns here, on the scheduler stack. */
    function entry_abandoned
    .cfi_startproc
    .cfi_undefined rip
    cli
    cld
    movq SCHEDULER_STACK, %rsp
    movl $1, %edi
    pushq $0
    jmp task_abandon
    .cfi_endproc
    .size entry_abandoned, . - entry_abandoned

/* The same for an interrupt handler that the guard gave up. */
    function entry_interrupt_abandoned
    .cfi_startproc
    .cfi_undefined rip
    cli
    cld
    movq INTERRUPT_STACK, %rsp
    pushq $0
    jmp interrupt_abandon
    .cfi_endproc
    .size entry_interrupt_abandoned, . - entry_interrupt_abandoned

/* An interrupt that is pending at sti is taken after hlt has begun, so none is slept through. */
    function entry_idle
    .cfi_startproc
    .cfi_undefined rip
    movq SCHEDULER_STACK, %rsp
    movl $1, QUIET /* the interrupt that ends hlt clears it */
    mfence
    sti
    hlt
    cli
    pushq $0
    jmp task_schedule
    .cfi_endproc
    .size entry_idle, . - entry_idle

/* Saves the caller as a switch_frame that waits for its turn; result 0. */
    function entry_give_way
    .cfi_startproc
    cli
    push_switch_frame
    movq %rsp, %rdi
    movq SCHEDULER_STACK, %rsp
    .cfi_undefined rip
    pushq $0
    jmp task_give_way
    .cfi_endproc
    .size entry_give_way, . - entry_give_way

/* enum status restartable_call(fn, arg). Between two calls the task stands in this frame alone: a closed gate holds it
 * here, where no code of the operation is left. */
    function restartable_call
    .cfi_startproc
    pushq %rbx
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset rbx, 0
    pushq %r12
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset r12, 0
    subq $8, %rsp
    .cfi_adjust_cfa_offset 8
    movq %rdi, %rbx
    movq %rsi, %r12
1:  movq %r12, %rdi
    call *%rbx
    cmpl $STATUS_RESTART, %eax
    jne 2f
    call entry_give_way
    jmp 1b
2:
    addq $8, %rsp
    .cfi_adjust_cfa_offset -8
    popq %r12
    .cfi_adjust_cfa_offset -8
    .cfi_restore r12
    popq %rbx
    .cfi_adjust_cfa_offset -8
    .cfi_restore rbx
    ret
    .cfi_endproc
    .size restartable_call, . - restartable_call

/* uint32_t entry_again(struct again_point *): notes what the caller has to find again, if it comes back from here once more. */
    function entry_again
    .cfi_startproc
    movq (%rsp), %rax
    movq %rax, (%rdi)
    leaq 8(%rsp), %rax
    movq %rax, 8(%rdi)
    movq %rbx, 16(%rdi)
    movq %rbp, 24(%rdi)
    movq %r12, 32(%rdi)
    movq %r13, 40(%rdi)
    movq %r14, 48(%rdi)
    movq %r15, 56(%rdi)
    movl LOCKS_HELD, %eax
    movl %eax, 64(%rdi)
    movl $0, 68(%rdi)
    movq AGAIN, %rax
    movq %rax, 72(%rdi)
    movq %rdi, AGAIN
    xorl %eax, %eax
    ret
    .cfi_endproc
    .size entry_again, . - entry_again

    .section .note.GNU-stack, "", @progbits
