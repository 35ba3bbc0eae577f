/* The processors: the block of facts that each keeps about itself, starting them, and interrupts between them. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_TASK_CPU_CPU_H
#define NEURATH_TASK_CPU_CPU_H

#include <lib/base/io.h>
#include <lib/base/status.h>

#define CPU_MAX 16u

/* Vectors above the devices' (0x20..0xdf). */
#define VECTOR_DEVICE_FIRST 0x20u
#define VECTOR_DEVICE_LAST 0x5fu
#define VECTOR_TIMER 0xe0u
#define VECTOR_RESCHEDULE 0xe1u
#define VECTOR_SHOOTDOWN 0xe2u
#define VECTOR_CALL 0xe3u
#define VECTOR_PARK 0xf0u
#define VECTOR_SPURIOUS 0xffu
#define VECTOR_NMI 2u

struct task;

/* One per CPU, at its GS base. The layout is frozen: entry code and inline functions of every cell use
 * these offsets. New fields go to the end. [c] this CPU only, [a] atomic. */
struct cpu_block {
    struct cpu_block *self; /* 0x00 [I] */
    uint32_t index;         /* 0x08 [I] 0 is the boot processor */
    uint32_t apic_id;       /* 0x0c [I] */
    struct task *current; /* 0x10 [c] running task, NULL in the scheduler and when idle */
    uint64_t interrupt_stack; /* 0x18 [I] top */
    uint64_t scheduler_stack; /* 0x20 [I] top */
    uint32_t interrupt_depth; /* 0x28 [c] 0 or 1 */
    uint32_t locks_held;      /* 0x2c [c] */
    uint32_t reschedule; /* 0x30 [a] leave the running task at the end of the interrupt */
    uint32_t shootdown_pending; /* 0x34 [a] */
    uint64_t heartbeat; /* 0x38 [a] grows with each timer interrupt and each pass of the scheduler */
    uint32_t idle;       /* 0x40 [a] halts until the next interrupt */
    uint32_t online;     /* 0x44 [a] */
    uint64_t interrupts; /* 0x48 [c] count of interrupts taken */
    uint64_t nmis;       /* 0x50 [a] count of NMIs, kept by the NMI entry */
    uint64_t switches;   /* 0x58 [c] count of task switches */
    uint32_t quiet; /* 0x60 [a] halted: forgets all translations before it does anything else */
    uint32_t fault_locks; /* 0x64 [c] locks held when FAULT_FRAME was noted */
    uint64_t interrupt_frame; /* 0x68 [c] what the running interrupt, or the park, interrupted */
    uint64_t fault_frame; /* 0x70 [c] an exception about which the guard was not asked yet, or 0 */
    uint64_t again; /* 0x78 [c] the innermost call that can begin again (entry.h), or 0 */
};

#define CPU_BLOCK_INTERRUPT_STACK 0x18
#define CPU_BLOCK_SCHEDULER_STACK 0x20
#define CPU_BLOCK_INTERRUPT_DEPTH 0x28
#define CPU_BLOCK_RESCHEDULE 0x30
#define CPU_BLOCK_NMIS 0x50

_Static_assert(offsetof(struct cpu_block, self) == 0, "frozen");
_Static_assert(offsetof(struct cpu_block, index) == 0x08, "frozen");
_Static_assert(offsetof(struct cpu_block, current) == 0x10, "frozen");
_Static_assert(offsetof(struct cpu_block, interrupt_stack) == CPU_BLOCK_INTERRUPT_STACK,
               "frozen");
_Static_assert(offsetof(struct cpu_block, scheduler_stack) == CPU_BLOCK_SCHEDULER_STACK,
               "frozen");
_Static_assert(offsetof(struct cpu_block, interrupt_depth) == CPU_BLOCK_INTERRUPT_DEPTH,
               "frozen");
_Static_assert(offsetof(struct cpu_block, locks_held) == 0x2c, "frozen");
_Static_assert(offsetof(struct cpu_block, reschedule) == CPU_BLOCK_RESCHEDULE, "frozen");
_Static_assert(offsetof(struct cpu_block, shootdown_pending) == 0x34, "frozen");
_Static_assert(offsetof(struct cpu_block, nmis) == CPU_BLOCK_NMIS, "frozen");
_Static_assert(offsetof(struct cpu_block, quiet) == 0x60, "frozen");
_Static_assert(offsetof(struct cpu_block, interrupt_frame) == 0x68, "frozen");
_Static_assert(offsetof(struct cpu_block, fault_locks) == 0x64, "frozen");
_Static_assert(offsetof(struct cpu_block, fault_frame) == 0x70, "frozen");
_Static_assert(offsetof(struct cpu_block, again) == 0x78, "frozen");

/* Number of this CPU, 0-based. A task may be moved at any instruction unless interrupts are off. */
static inline unsigned cpu_index(void)
{
    uint32_t index;
    __asm__ volatile("movl %%gs:0x08, %0" : "=r"(index));
    return index;
}

/* The running task, NULL in the scheduler, when idle and before the task system runs. In an interrupt: the
 * task that was interrupted. Stays right when the task is moved. */
static inline struct task *cpu_current_task(void)
{
    struct task *task;
    __asm__ volatile("movq %%gs:0x10, %0" : "=r"(task));
    return task;
}

static inline void cpu_locks_add(int count)
{
    __asm__ volatile("addl %0, %%gs:0x2c" ::"ri"(count) : "memory", "cc");
}

static inline unsigned cpu_locks_held(void)
{
    uint32_t count;
    __asm__ volatile("movl %%gs:0x2c, %0" : "=r"(count));
    return count;
}

static inline bool cpu_in_interrupt(void)
{
    uint32_t depth;
    __asm__ volatile("movl %%gs:0x28, %0" : "=r"(depth));
    return depth != 0;
}

static inline bool cpu_shootdown_pending(void)
{
    uint32_t pending;
    __asm__ volatile("movl %%gs:0x34, %0" : "=r"(pending)::"memory");
    return pending != 0;
}

/* The block of this CPU; interrupts must be off while it is used. */
static inline struct cpu_block *cpu_here(void)
{
    struct cpu_block *block;
    __asm__ volatile("movq %%gs:0x00, %0" : "=r"(block));
    return block;
}

/* Block of CPU number INDEX, also before it is online; NULL beyond CPU_MAX. Lends it for good. */
struct cpu_block *cpu_block_at(unsigned index);

/* CPUs that are online; their numbers are 0 .. cpu_count()-1. Grows only during init. */
unsigned cpu_count(void);

/* Sends VECTOR to a CPU (also to this one), or an NMI. Any context. */
void cpu_send_ipi(unsigned cpu, unsigned vector);
void cpu_send_nmi(unsigned cpu);
/* Sends VECTOR to every other CPU that is online. */
void cpu_send_ipi_others(unsigned vector);

/* A CPU that is neither idle nor beating is stuck. In an interrupt, or held by a park, it is not idle. */
uint64_t cpu_heartbeat(unsigned cpu);
bool cpu_idle(unsigned cpu);

/* Executes an instruction that makes this CPU forget prefetched code. */
static inline void cpu_serialise(void)
{
    (void)cpuid_read(0, 0);
}

/* Called by init. cpu_start_boot(): block, descriptor tables of the boot processor; needs nothing else.
 * cpu_start_stacks(): its interrupt, scheduler and fault stacks; needs paging.
 * cpu_start_others(): the other processors, one after another, each into the scheduler; needs the task
 * system. At most MAXIMUM CPUs in all (0 = no limit). Gives the number of CPUs then online; called again, it starts none. */
void cpu_start_boot(void);
NODISCARD enum status cpu_start_stacks(void);
unsigned cpu_start_others(unsigned maximum);

#endif
