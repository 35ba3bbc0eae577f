/* Retired text that cannot be executed any more.
 * SPDX-License-Identifier: MIT
 */
#include <core/stale/stale.h>

#include <console/log/log.h>
#include <mm/paging/paging.h>
#include <stdio.h>
#include <string.h>
#include <task/cpu/cpu.h>
#include <task/spinlock/spinlock.h>
#include <task/task/task.h>
#include <time/clock/clock.h>

enum { GRAVES = 128, BREAKPOINT_VECTOR = 3, PAGE_FAULT_VECTOR = 14, ERROR_FETCH = 16 };

/* Where a version's text lay, in pages: addresses would look like references to a scan. */
struct grave {
    uint64_t first;
    uint64_t count;
    uint32_t number;
    char name[CELL_NAME_MAX + 1];
};

static struct {
    struct spinlock lock; /* between who takes a version away and who executes it */
    struct stale_record records[STALE_RECORDS]; /* [L] by count */
    uint64_t count;                             /* [a] */
    struct grave graves[GRAVES];                /* [L] by dug */
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
    spin_lock(&stale.lock);
    v->off_ns = clock_ns();
    enum status status = set_rights(v, 0);
    if (status != STATUS_OK)
        v->off_ns = 0;
    spin_unlock(&stale.lock);
    return status;
}

/* Under the lock. The pages are mapped: it cannot fail. */
static void turn_on(struct version *v)
{
    if (v->off_ns && set_rights(v, PAGING_EXEC) == STATUS_OK)
        v->off_ns = 0;
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

bool stale_leave(struct version *first)
{
    bool leave = true;
    spin_lock(&stale.lock);
    for (const struct version *v = first; v; v = v->limbo)
        leave = leave && (v->off_ns || !stale_applies(v));
    /* From here on whoever executes one of them finds its grave. */
    for (struct version *v = first; leave && v; v = v->limbo) {
        bury(v);
        namespace_detach(namespace_kernel(), v);
    }
    spin_unlock(&stale.lock);
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

static void describe(struct stale_record *r, const struct trap_frame *frame,
                     const struct version *v)
{
    const struct namespace *ns = namespace_kernel();
    const struct function *f = version_function_at(v, frame->rip);
    *r = (struct stale_record){.number = stale.count + 1, .time_ns = clock_ns()};
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

/* Under the lock. Gives the record, for tell(). */
static struct stale_record note(const struct trap_frame *frame, struct version *v)
{
    struct stale_record *r = &stale.records[stale.count % STALE_RECORDS];
    describe(r, frame, v);
    v->executed++;
    v->clean_ns = 0;
    __atomic_store_n(&stale.count, r->number, __ATOMIC_RELEASE);
    return *r;
}

bool stale_fault(const struct trap_frame *frame)
{
    struct stale_record told;
    if (frame->vector != PAGE_FAULT_VECTOR || !(frame->error & ERROR_FETCH))
        return false;
    spin_lock(&stale.lock);
    struct version *v = namespace_version_at(namespace_kernel(), frame->rip);
    bool off = v && v->off_ns;
    /* Another CPU may have been quicker; then the fault is that of a translation no longer true. */
    bool survives = off || (v && v->executed);
    if (off) {
        told = note(frame, v);
        turn_on(v);
    }
    spin_unlock(&stale.lock);
    if (off)
        tell(&told, "old", "goes on");
    return survives;
}

bool stale_withdrawn(const struct trap_frame *frame)
{
    struct trap_frame at = *frame;
    at.rip--; /* a breakpoint is reported behind itself */
    if (frame->vector != BREAKPOINT_VECTOR)
        return false;
    spin_lock(&stale.lock);
    struct version *v = namespace_version_at(namespace_kernel(), at.rip);
    bool withdrawn = v && __atomic_load_n(&v->withdrawn, __ATOMIC_ACQUIRE);
    struct stale_record told = {0};
    if (withdrawn)
        told = note(&at, v);
    spin_unlock(&stale.lock);
    if (withdrawn)
        tell(&told, "withdrawn", "begins again");
    return withdrawn;
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
    enum status status = STATUS_NOT_FOUND;
    spin_lock(&stale.lock);
    if (index < STALE_RECORDS && index < stale.count) {
        *out = stale.records[(stale.count - 1 - index) % STALE_RECORDS];
        status = STATUS_OK;
    }
    spin_unlock(&stale.lock);
    return status;
}
