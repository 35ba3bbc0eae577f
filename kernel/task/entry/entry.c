/* Addresses of the entry code, as stubs, and the first context of a task. */
/* SPDX-License-Identifier: MIT */
#include <task/entry/entry.h>

#include <lib/base/evolve.h>

/* In trap.S and switch.S. Not to be called; only their addresses count, and those are stubs. */
void entry_root(void);
void entry_resume_trap(void);
void entry_resume_switch(void);
void entry_abandoned(void);
void entry_interrupt_abandoned(void);
void park_entry(void);
void nmi_entry(void);
void entry_spurious(void);

/* Laid out by trap.S and switch.S. */
EVOLVE_FROZEN(trap_frame);
EVOLVE_FROZEN(switch_frame);
EVOLVE_FROZEN(saved_context);
EVOLVE_FROZEN(again_point);

/* STATUS_RESTART is a number in switch.S. */
_Static_assert(STATUS_RESTART == 8, "frozen in switch.S");

#define DECLARE(n) void entry_vector_##n(void);
#define ADDRESS(n) entry_vector_##n,
/* Rows of eight: */
/* clang-format off */
#define EIGHT(X, a, b, c, d, e, f, g, h) X(a) X(b) X(c) X(d) X(e) X(f) X(g) X(h)
#define EXCEPTIONS_BEFORE_NMI(X) X(0) X(1)
#define EXCEPTIONS_AFTER_NMI(X)                \
    X(3) X(4) X(5) X(6) X(7)                   \
    EIGHT(X, 8, 9, 10, 11, 12, 13, 14, 15)     \
    EIGHT(X, 16, 17, 18, 19, 20, 21, 22, 23)   \
    EIGHT(X, 24, 25, 26, 27, 28, 29, 30, 31)
#define DEVICES(X)                             \
    EIGHT(X, 32, 33, 34, 35, 36, 37, 38, 39)   \
    EIGHT(X, 40, 41, 42, 43, 44, 45, 46, 47)   \
    EIGHT(X, 48, 49, 50, 51, 52, 53, 54, 55)   \
    EIGHT(X, 56, 57, 58, 59, 60, 61, 62, 63)   \
    EIGHT(X, 64, 65, 66, 67, 68, 69, 70, 71)   \
    EIGHT(X, 72, 73, 74, 75, 76, 77, 78, 79)   \
    EIGHT(X, 80, 81, 82, 83, 84, 85, 86, 87)   \
    EIGHT(X, 88, 89, 90, 91, 92, 93, 94, 95)
#define BETWEEN_CPUS(X) X(224) X(225) X(226) X(227)
/* clang-format on */

EXCEPTIONS_BEFORE_NMI(DECLARE)
EXCEPTIONS_AFTER_NMI(DECLARE)
DEVICES(DECLARE)
BETWEEN_CPUS(DECLARE)

typedef void (*entry_fn)(void);

static const entry_fn low_vectors[] = {EXCEPTIONS_BEFORE_NMI(ADDRESS) nmi_entry,
                                       EXCEPTIONS_AFTER_NMI(ADDRESS) DEVICES(ADDRESS)};
static const entry_fn high_vectors[] = {BETWEEN_CPUS(ADDRESS)};

_Static_assert(ARRAY_LEN(low_vectors) == 96, "one entry a vector");

uint64_t entry_vector_address(unsigned vector)
{
    if (vector < ARRAY_LEN(low_vectors))
        return (uint64_t)low_vectors[vector];
    if (vector >= 0xe0 && vector - 0xe0 < ARRAY_LEN(high_vectors))
        return (uint64_t)high_vectors[vector - 0xe0];
    if (vector == 0xf0)
        return (uint64_t)park_entry;
    if (vector == 0xff)
        return (uint64_t)entry_spurious;
    return 0;
}

uint64_t entry_resume_trap_address(void)
{
    return (uint64_t)entry_resume_trap;
}

uint64_t entry_resume_switch_address(void)
{
    return (uint64_t)entry_resume_switch;
}

uint64_t entry_abandoned_address(void)
{
    return (uint64_t)entry_abandoned;
}

uint64_t entry_interrupt_abandoned_address(void)
{
    return (uint64_t)entry_interrupt_abandoned;
}

void entry_prepare_step(struct saved_context *out, uint64_t stack_top, void *step,
                        void *arg, void *result)
{
    struct switch_frame *frame = (struct switch_frame *)(stack_top - sizeof *frame);
    *frame = (struct switch_frame){
        .rbx = (uint64_t)step,
        .r12 = (uint64_t)arg,
        .r13 = (uint64_t)result,
        .rip = (uint64_t)entry_root,
    };
    *out = (struct saved_context){
        .rsp = (uint64_t)frame,
        .resume = (uint64_t)entry_resume_switch,
        .rflags = 0x200,
    };
}
