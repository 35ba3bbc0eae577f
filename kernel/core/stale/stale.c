/* Retired text that cannot be executed any more.
 * SPDX-License-Identifier: MIT
 *
 * Who executes such text comes here before the guard is asked, through functions that may be on trial. So nothing is locked:
 * a fault in them takes the swap back, and the handler of before begins again with the first fault (guard_nested), which it
 * can at every place. A version's off_ns is the word that is contended for: 0 | since when | that and LEAVES | GIVES and a CPU.
 */
#include <core/stale/stale.h>

#include <console/log/log.h>
#include <mm/paging/paging.h>
#include <stdio.h>
#include <string.h>
#include <task/cpu/cpu.h>
#include <task/task/task.h>
#include <time/clock/clock.h>

enum { GRAVES = 128, BREAKPOINT_VECTOR = 3, PAGE_FAULT_VECTOR = 14, ERROR_FETCH = 16 };

#define LEAVES                                                                           \
    (1ull << 63) /* it is taken out of the namespace: just now, interrupts are off there */
#define GIVES                                                                            \
    (1ull << 62) /* a CPU gives its right back; what it was given up in, it begins again */

/* Where a version's text lay, in pages: addresses would look like references to a scan. */
struct grave {
    uint64_t first;
    uint64_t count;
    uint32_t number;
    char name[CELL_NAME_MAX + 1];
};

static struct {
    struct stale_record records[STALE_RECORDS]; /* by count; number 0: just being written */
    uint64_t count;                             /* [a] */
    struct grave graves[GRAVES];                /* by dug */
    uint64_t dug;
} stale;

static enum status set_rights(const struct version *v, unsigned rights)
{
    uint64_t begin = align_down(v->text_begin, CELLMEM_PAGE);
    uint64_t end = align_up(v->text_end, CELLMEM_PAGE);
    return paging_protect(begin, (end - begin) / CELLMEM_PAGE, rights);
}

enum status stale_off(struct version *v)
{
    if (!stale_applies(v))
        return STATUS_UNSUPPORTED;
    __atomic_store_n(&v->off_ns, clock_ns(), __ATOMIC_SEQ_CST);
    enum status status = set_rights(v, 0);
    if (status != STATUS_OK)
        __atomic_store_n(&v->off_ns, 0, __ATOMIC_SEQ_CST);
    /* Somebody may have executed it, and given it its right back, before it was taken. */
    else if (!__atomic_load_n(&v->off_ns, __ATOMIC_SEQ_CST))
        status = set_rights(v, PAGING_EXEC);
    return status;
}

static void bury(const struct version *v)
{
    struct grave *g = &stale.graves[stale.dug++ % GRAVES];
    uint64_t first = v->text_begin / CELLMEM_PAGE;
    *g =
        (struct grave){.first = first,
                       .count = align_up(v->text_end, CELLMEM_PAGE) / CELLMEM_PAGE - first,
                       .number = v->number};
    memcpy(g->name, v->info.name, strlen(v->info.name) + 1);
}

/* False: it was executed meanwhile. */
static bool begin_to_leave(struct version *v)
{
    uint64_t off = __atomic_load_n(&v->off_ns, __ATOMIC_SEQ_CST);
    return off && !(off & GIVES) &&
           __atomic_compare_exchange_n(&v->off_ns, &off, off | LEAVES, false,
                                       __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

bool stale_leave(struct version *first)
{
    bool leave = true;
    uint64_t flags = interrupts_off();
    for (struct version *v = first; v && leave; v = v->limbo)
        leave = !stale_applies(v) || begin_to_leave(v);
    for (struct version *v = first; v; v = v->limbo) {
        if (leave) { /* from here on whoever executes it finds its grave */
            bury(v);
            namespace_detach(namespace_kernel(), v);
        } else if (__atomic_load_n(&v->off_ns, __ATOMIC_SEQ_CST) & LEAVES) {
            __atomic_fetch_and(&v->off_ns, ~LEAVES, __ATOMIC_SEQ_CST);
        }
    }
    interrupts_restore(flags);
    return leave;
}

/* The register whose value is VALUE. */
static const char *register_with(const struct trap_frame *f, uint64_t value)
{
    const struct {
        const char *name;
        uint64_t value;
    } registers[] = {{"rax", f->rax}, {"rbx", f->rbx}, {"rcx", f->rcx}, {"rdx", f->rdx},
                     {"rsi", f->rsi}, {"rdi", f->rdi}, {"rbp", f->rbp}, {"r8", f->r8},
                     {"r9", f->r9},   {"r10", f->r10}, {"r11", f->r11}, {"r12", f->r12},
                     {"r13", f->r13}, {"r14", f->r14}, {"r15", f->r15}};
    for (size_t i = 0; i < ARRAY_LEN(registers); i++)
        if (registers[i].value == value)
            return registers[i].name;
    return "";
}

static struct version *version_at(uint64_t va)
{
    return namespace_version_at(namespace_kernel(), va);
}

static void describe(struct stale_record *r, const struct trap_frame *frame,
                     const struct version *v)
{
    const struct namespace *ns = namespace_kernel();
    const struct function *f = version_function_at(v, frame->rip);
    *r = (struct stale_record){.time_ns = clock_ns()};
    if (cpu_current_task())
        task_name_copy(cpu_current_task(), r->task);
    namespace_symbolise(ns, frame->rip, r->place, sizeof r->place);
    /* At its first instruction a function's return address is on top of the stack. */
    if (f && f->va == frame->rip && paging_walk(frame->rsp, NULL, NULL) == STATUS_OK) {
        uint64_t back = *(const volatile uint64_t *)frame->rsp;
        if (namespace_version_at(ns, back - 1))
            namespace_symbolise(ns, back - 1, r->caller, sizeof r->caller);
    }
    snprintf(r->holder, sizeof r->holder, "%s", register_with(frame, frame->rip));
}

/* With a lock held, perhaps the log's own, there is only the record. */
static void tell(const struct stale_record *r, const char *what, const char *then)
{
    if (cpu_locks_held() != 0)
        return;
    log_write("stale", LOG_ERROR, "%s text was executed: %s, by %s%s%s%s%s%s; it %s",
              what, r->place, r->task[0] ? "task " : "the kernel", r->task,
              r->caller[0] ? ", called from " : ", not by a call", r->caller,
              r->holder[0] ? ", by the address in " : "", r->holder, then);
}

/* Nothing is called. */
static void publish(const struct stale_record *r)
{
    uint64_t number = __atomic_add_fetch(&stale.count, 1, __ATOMIC_SEQ_CST);
    struct stale_record *to = &stale.records[(number - 1) % STALE_RECORDS];
    const volatile uint64_t *from = (const volatile uint64_t *)r;
    volatile uint64_t *words = (volatile uint64_t *)to;
    __atomic_store_n(&to->number, 0, __ATOMIC_SEQ_CST);
    for (size_t i = 1; i < sizeof *r / sizeof *words; i++)
        words[i] = from[i];
    __atomic_store_n(&to->number, number, __ATOMIC_RELEASE);
}
_Static_assert(sizeof(struct stale_record) % 8 == 0 &&
                   offsetof(struct stale_record, number) == 0,
               "copied by words, the number last");

static bool is_fetch(const struct trap_frame *frame)
{
    return frame->vector == PAGE_FAULT_VECTOR && frame->error & ERROR_FETCH;
}

bool stale_fault(const struct trap_frame *frame)
{
    struct stale_record told;
    struct version *v = is_fetch(frame) ? version_at(frame->rip) : NULL;
    uint64_t mine = GIVES | cpu_index();
    uint64_t off = v ? __atomic_load_n(&v->off_ns, __ATOMIC_SEQ_CST) : 0;
    /* Another CPU may have been quicker; then the fault is that of a translation no longer true. */
    if (!off)
        return v && v->executed;
    /* What happens to it is decided elsewhere in this moment: it is tried again. */
    if (off != mine && (off & (LEAVES | GIVES) ||
                        !__atomic_compare_exchange_n(&v->off_ns, &off, mine, false,
                                                     __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)))
        return true;
    describe(&told, frame, v);
    if (set_rights(v, PAGING_EXEC) != STATUS_OK)
        return false; /* its pages are mapped: that cannot be */
    v->executed++;
    v->clean_ns = 0;
    publish(&told);
    __atomic_store_n(&v->off_ns, 0, __ATOMIC_SEQ_CST);
    tell(&told, "old", "goes on");
    return true;
}

bool stale_withdrawn(const struct trap_frame *frame)
{
    struct trap_frame at = *frame;
    struct stale_record told;
    at.rip--; /* a breakpoint is reported behind itself */
    struct version *v = frame->vector == BREAKPOINT_VECTOR ? version_at(at.rip) : NULL;
    if (!v || !__atomic_load_n(&v->withdrawn, __ATOMIC_ACQUIRE))
        return false;
    describe(&told, &at, v);
    v->executed++;
    v->clean_ns = 0;
    publish(&told);
    tell(&told, "withdrawn", "begins again");
    return true;
}

bool stale_symbolise(uint64_t va, char *out, size_t len)
{
    for (uint32_t i = 0; i < GRAVES; i++) {
        const struct grave *g = &stale.graves[(stale.dug - 1 - i) % GRAVES];
        if (va / CELLMEM_PAGE - g->first >= g->count)
            continue;
        snprintf(out, len, "%s@%u +0x%lx, freed", g->name, g->number,
                 va - g->first * CELLMEM_PAGE);
        return true;
    }
    return false;
}

uint64_t stale_count(void)
{
    return __atomic_load_n(&stale.count, __ATOMIC_ACQUIRE);
}

enum status stale_at(uint32_t index, struct stale_record *out)
{
    uint64_t count = stale_count();
    if (index >= STALE_RECORDS || index >= count)
        return STATUS_NOT_FOUND;
    const struct stale_record *r = &stale.records[(count - 1 - index) % STALE_RECORDS];
    uint64_t number = __atomic_load_n(&r->number, __ATOMIC_ACQUIRE);
    *out = *r;
    return number == count - index &&
                   __atomic_load_n(&r->number, __ATOMIC_ACQUIRE) == number
               ? STATUS_OK
               : STATUS_NOT_FOUND;
}
