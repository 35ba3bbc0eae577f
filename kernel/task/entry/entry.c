/* Addresses of the entry code, as stubs, and the first context of a task. */
/* SPDX-License-Identifier: MIT */
#include <task/entry/entry.h>

#include <lib/base/types.h>

/* In trap.S and switch.S. Not to be called; only their addresses count, and those are stubs. */
void entry_root(void);
void entry_resume_trap(void);
void entry_resume_switch(void);
void entry_abandoned(void);
void park_entry(void);
void nmi_entry(void);
void entry_spurious(void);

/* STATUS_RESTART is a number in switch.S. */
_Static_assert(STATUS_RESTART == 8, "frozen in switch.S");

#define DECLARE(n) void entry_vector_##n(void);
#define ADDRESS(n) entry_vector_##n,
#define EXCEPTIONS_BEFORE_NMI(X) X(0) X(1)
#define EXCEPTIONS_AFTER_NMI(X)                                                         \
    X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15) X(16) X(17) \
    X(18) X(19) X(20) X(21) X(22) X(23) X(24) X(25) X(26) X(27) X(28) X(29) X(30) X(31)
#define DEVICES(X)                                                                      \
    X(32) X(33) X(34) X(35) X(36) X(37) X(38) X(39) X(40) X(41) X(42) X(43) X(44) X(45) \
    X(46) X(47) X(48) X(49) X(50) X(51) X(52) X(53) X(54) X(55) X(56) X(57) X(58) X(59) \
    X(60) X(61) X(62) X(63) X(64) X(65) X(66) X(67) X(68) X(69) X(70) X(71) X(72) X(73) \
    X(74) X(75) X(76) X(77) X(78) X(79) X(80) X(81) X(82) X(83) X(84) X(85) X(86) X(87) \
    X(88) X(89) X(90) X(91) X(92) X(93) X(94) X(95)
#define BETWEEN_CPUS(X) X(224) X(225) X(226) X(227)

EXCEPTIONS_BEFORE_NMI(DECLARE)
EXCEPTIONS_AFTER_NMI(DECLARE)
DEVICES(DECLARE)
BETWEEN_CPUS(DECLARE)

typedef void (*entry_fn)(void);

static const entry_fn low_vectors[] = {
    EXCEPTIONS_BEFORE_NMI(ADDRESS) nmi_entry, EXCEPTIONS_AFTER_NMI(ADDRESS) DEVICES(ADDRESS)
};
static const entry_fn high_vectors[] = { BETWEEN_CPUS(ADDRESS) };

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

void entry_prepare_step(struct saved_context *out, uint64_t stack_top, void *step, void *arg,
                        void *result)
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
