/* The engine swaps itself: rehearsals of what came, and the handover of the watch.
 * SPDX-License-Identifier: MIT
 *
 * Most cells show during their trial what they are worth, for they are used. What carries out
 * swaps is not used until the next one, and what watches the trial is not even called before
 * the trial is over. So each of them is made to do its work once, right after the commit, and
 * with interrupts off: one that faults is taken back by the guard, one that loops is found
 * stuck, one that does nothing is found out here.
 *   commit  parks all CPUs, and stores two words there and back
 *   guard   its own hook: mock trials (guard_evolved)
 *   entry   the vectors of exceptions and the NMI, entered as the processor would
 *   fault   its handler, with a fault that is expected
 */
#include <core/evolve/private.h>

#include <console/log/log.h>
#include <core/commit/commit.h>
#include <core/lifecycle/lifecycle.h>
#include <fault/fault/fault.h>
#include <lib/base/evolve.h>
#include <stdio.h>
#include <string.h>
#include <time/clock/clock.h>

enum { HOLD_LIMIT_MS = 250, PARK_TRIES = 40, EXCEPTIONS = 32, VECTOR_BREAKPOINT = 3 };
/* Exceptions for which the CPU pushes an error code. */
enum { ERROR_CODES = 0x60227d00 };

static uint64_t hold_limit(void)
{
    return HOLD_LIMIT_MS * (clock_tsc_hz() / 1000);
}

static uint64_t function_of(const struct version *v, const char *name)
{
    int64_t i = version_function(v, name, true, 0);
    return i < 0 ? 0 : v->functions[i].va;
}

/* ---- commit -------------------------------------------------------------------------------- */

/* A swap of two words, and of a number that becomes wider. */
static struct {
    volatile uint64_t words[2];
    uint32_t narrow;
    uint32_t narrow_before;
    uint32_t narrow_again;
    uint64_t wide;
    uint64_t wide_prepared;
    struct poke pokes[2];
    struct field_move there;
    struct field_move back;
    struct migration migration;
    struct migration_list migrations;
} swap;
EVOLVE_SCRATCH(swap);

static void begin_swap(void)
{
    for (uint32_t i = 0; i < 2; i++) {
        swap.words[i] = i + 1;
        swap.pokes[i] = (struct poke){.va = (uint64_t)&swap.words[i],
                                      .write = (uint8_t *)&swap.words[i],
                                      .before = i + 1,
                                      .after = i + 3,
                                      .len = i ? 4 : 8};
    }
    swap.there = (struct field_move){
        .kind = MOVE_NUMBER, .from_bits = 32, .to_bits = 64, .count = 1};
    swap.back = (struct field_move){
        .kind = MOVE_NUMBER, .from_bits = 64, .to_bits = 32, .count = 1};
    swap.narrow = 5;
    swap.wide = 0;
    swap.migration = (struct migration){
        .old_at = (uint8_t *)&swap.narrow,
        .old_len = sizeof swap.narrow,
        .new_at = (uint8_t *)&swap.wide,
        .new_len = sizeof swap.wide,
        .saved = (uint8_t *)&swap.narrow_before,
        .back = (uint8_t *)&swap.narrow_again,
        .prepared = (uint8_t *)&swap.wide_prepared,
        .forward = {.moves = &swap.there, .count = 1},
        .reverse = {.moves = &swap.back, .count = 1},
    };
    swap.migrations = (struct migration_list){.list = &swap.migration, .count = 1};
}

static bool holds(uint64_t first, uint64_t second, uint32_t narrow, uint64_t wide)
{
    return swap.words[0] == first && swap.words[1] == second && swap.narrow == narrow &&
           swap.wide == wide;
}

/* A CPU may be late for reasons of its own, as for any commit. The commit turns interrupts off
 * itself. */
static enum status park(const struct poke *pokes, uint32_t count,
                        struct migration_list *migrations, bool backwards)
{
    enum status status = STATUS_TIMEOUT;
    for (uint32_t i = 0; i < PARK_TRIES && status == STATUS_TIMEOUT; i++) {
        struct commit_times times = {0};
        status = commit_apply(pokes, count, migrations, backwards, hold_limit(), &times);
    }
    return status;
}

static const char *rehearse_commit(const struct version *fresh)
{
    (void)fresh;
    begin_swap();
    if (park(swap.pokes, 2, &swap.migrations, true) != STATUS_INVALID ||
        !holds(1, 2, 5, 0))
        return "it does not see that a place holds something else";
    if (park(swap.pokes, 2, &swap.migrations, false) != STATUS_OK || !holds(3, 4, 5, 5))
        return "it does not store what the journal says";
    swap.wide = 6;
    if (park(swap.pokes, 2, &swap.migrations, true) != STATUS_OK || !holds(1, 2, 6, 6))
        return "it does not take back what it stored";
    return NULL;
}

/* ---- guard --------------------------------------------------------------------------------- */

static const char *rehearse_guard(const struct version *fresh)
{
    return lifecycle_run_evolved(fresh, 0) == STATUS_OK ? NULL : "its mock trials fail";
}

/* ---- entry --------------------------------------------------------------------------------- */

/* Enters VA as the processor enters a vector that has no error code; the interrupted code is
 * what follows, whose address this gives. VA 0: gives it only. */
__attribute__((noinline)) static uint64_t enter(uint64_t va)
{
    uint64_t place;
    __asm__ volatile("leaq 1f(%%rip), %0\n\t"
                     "testq %1, %1\n\t"
                     "jz 1f\n\t"
                     "movq %%rsp, %%rcx\n\t"
                     "andq $-16, %%rsp\n\t"
                     "movl %%ss, %%eax\n\t"
                     "pushq %%rax\n\t"
                     "pushq %%rcx\n\t"
                     "pushfq\n\t"
                     "movl %%cs, %%eax\n\t"
                     "pushq %%rax\n\t"
                     "pushq %0\n\t"
                     "jmp *%1\n"
                     "1:"
                     : "=&r"(place)
                     : "r"(va)
                     : "rax", "rcx", "cc", "memory");
    return place;
}

static const char *rehearse_entry(const struct version *fresh)
{
    uint64_t nothing = 0;
    __asm__(""
            : "+r"(nothing)); /* unknown to the compiler, or it would make two of enter() */
    uint64_t place = enter(nothing);
    for (unsigned vector = 0; vector < EXCEPTIONS; vector++) {
        char name[24];
        if (vector == VECTOR_NMI || (ERROR_CODES >> vector & 1))
            continue;
        snprintf(name, sizeof name, "entry_vector_%u", vector);
        uint64_t va = function_of(fresh, name);
        if (!va)
            return "it lacks the entry of an exception";
        fault_expect(place, place + 1, place);
        (void)enter(va);
        if (fault_expected_vector() != vector)
            return "the entry of an exception does not lead to the fault handler";
    }
    uint64_t nmis = cpu_here()->nmis;
    uint64_t va = function_of(fresh, "nmi_entry");
    if (va)
        (void)enter(va);
    return cpu_here()->nmis != nmis ? NULL : "the entry of the NMI does not count";
}

/* ---- fault --------------------------------------------------------------------------------- */

static const char *rehearse_fault(const struct version *fresh)
{
    uint64_t va = function_of(fresh, "fault_handle");
    struct trap_frame frame = {.vector = VECTOR_BREAKPOINT, .rip = (uint64_t)&swap};
    if (!va)
        return "it has no fault_handle";
    fault_expect((uint64_t)&swap, (uint64_t)&swap + 1, (uint64_t)&swap + 1);
    ((void (*)(struct trap_frame *))va)(&frame);
    return fault_expected_vector() == VECTOR_BREAKPOINT && frame.rip == (uint64_t)&swap + 1
               ? NULL
               : "it does not know a fault that is expected";
}

/* -------------------------------------------------------------------------------------------- */

static const struct rehearsal {
    const char *cell;
    const char *(*run)(const struct version *fresh); /* NULL: it works, else what does not */
    bool interrupts_off;
} rehearsals[] = {
    {"guard", rehearse_guard, true},
    {"fault", rehearse_fault, true},
    {"entry", rehearse_entry, true},
    {"commit", rehearse_commit, false},
};

static void run(struct attempt *a, const struct rehearsal *r, const struct version *fresh)
{
    char text[128];
    uint64_t flags = interrupts_off();
    if (!r->interrupts_off)
        interrupts_restore(flags);
    const char *why = r->run(fresh);
    fault_expect(0, 0, 0); /* what it holds would look like a pointer, at the next swap */
    interrupts_restore(flags);
    if (!why || guard_reverted())
        return;
    snprintf(text, sizeof text, "the rehearsal of %s failed: %s", r->cell, why);
    if (evolve_revert(a->report.attempt, "rehearsal", text) != STATUS_OK)
        log_write("evolve", LOG_ERROR, "%s", text);
}

void rehearse(struct attempt *a)
{
    for (size_t i = 0; i < ARRAY_LEN(rehearsals) && !guard_reverted(); i++)
        for (uint32_t k = 0; k < a->plan->cell_count; k++) {
            const struct plan_cell *c = &a->plan->cells[k];
            if (c->fresh && c->old && strcmp(c->name, rehearsals[i].cell) == 0)
                run(a, &rehearsals[i], c->fresh);
        }
}

enum status hand_over(struct attempt *a)
{
    if (!a->plan->late_count)
        return STATUS_OK;
    enum status status = guard_hand_over(&a->plan->late);
    if (status == STATUS_OK)
        plan_handover(a->plan);
    return status;
}
