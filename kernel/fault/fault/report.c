/* The text of a fault: what, where, registers, backtrace. */
/* SPDX-License-Identifier: MIT */
#include "private.h"

#include <console/console/console.h>
#include <console/log/log.h>
#include <console/serial/serial.h>
#include <console/shell/shell.h>
#include <core/namespace/namespace.h>
#include <core/stale/stale.h>
#include <core/unwind/unwind.h>
#include <lib/base/io.h>
#include <lib/format/format.h>
#include <mm/paging/paging.h>
#include <task/cpu/cpu.h>

#define TEXT_MAX 200u
#define PLACE_MAX 96u
#define BACKTRACE_MAX 32u
#define VECTOR_MACHINE_CHECK 18u
#define MSR_MCG_CAP 0x179u
#define MSR_MC0_STATUS 0x401u
#define MC_VALID (1ull << 63)
#define MC_ADDRESS_VALID (1ull << 58)
#define STACK_WALK_MAX (256u * 1024u)

const char *report_vector_name(uint64_t vector)
{
    static const char names[22][24] = {
        "divide error",
        "debug",
        "NMI",
        "breakpoint",
        "overflow",
        "bound range",
        "invalid opcode",
        "no coprocessor",
        "double fault",
        "coprocessor overrun",
        "invalid TSS",
        "segment not present",
        "stack fault",
        "general protection",
        "page fault",
        "reserved",
        "floating point",
        "alignment check",
        "machine check",
        "SIMD floating point",
        "virtualisation",
        "control protection",
    };
    return vector < ARRAY_LEN(names) ? names[vector] : "exception";
}

static void say(bool fatal, const char *format, ...) PRINTF_LIKE(2, 3);

static void say(bool fatal, const char *format, ...)
{
    char text[TEXT_MAX];
    va_list arguments;
    va_start(arguments, format);
    (void)format_text_list(text, sizeof text, format, arguments);
    va_end(arguments);
    if (fatal)
        console_print_unlocked("fault: %s\n", text);
    else
        log_write("fault", LOG_ERROR, "%s", text);
}

void report_place(uint64_t pc, char *out, size_t capacity)
{
    if (!stale_symbolise(pc, out, capacity))
        namespace_symbolise(namespace_kernel(), pc, out, capacity);
}

struct backtrace {
    bool fatal;
    unsigned count;
};

static bool say_frame(void *context, uint64_t pc)
{
    struct backtrace *backtrace = context;
    char place[PLACE_MAX];
    /* Behind the first frame these are return addresses: a call that never returns is the last of its function. */
    namespace_symbolise(namespace_kernel(), pc - (backtrace->count > 0), place,
                        sizeof place);
    say(backtrace->fatal, "  %016lx %s", pc, place);
    return ++backtrace->count < BACKTRACE_MAX;
}

/* The end of the mapped memory that begins with BEGIN's page. */
static uint64_t stack_end(uint64_t begin)
{
    uint64_t end = align_up(begin + 1, PAGE_SIZE);
    while (end - begin < STACK_WALK_MAX && paging_walk(end, NULL, NULL) == STATUS_OK)
        end += PAGE_SIZE;
    return end;
}

static void say_backtrace(bool fatal, const struct trap_frame *frame)
{
    struct backtrace backtrace = {.fatal = fatal};
    /* After an overflow the stack pointer is in the guard page, which cannot be read. */
    bool inside = paging_walk(frame->rsp, NULL, NULL) == STATUS_OK;
    uint64_t begin = inside ? frame->rsp : align_up(frame->rsp, PAGE_SIZE);
    enum status status = unwind_backtrace(namespace_kernel(), frame, begin,
                                          stack_end(begin), say_frame, &backtrace);
    if (status != STATUS_OK)
        say(fatal, "  (the walk ends here)");
}

static void say_registers(bool fatal, const struct trap_frame *f)
{
    say(fatal, "rax %016lx rbx %016lx rcx %016lx rdx %016lx", f->rax, f->rbx, f->rcx,
        f->rdx);
    say(fatal, "rsi %016lx rdi %016lx rbp %016lx rsp %016lx", f->rsi, f->rdi, f->rbp,
        f->rsp);
    say(fatal, "r8  %016lx r9  %016lx r10 %016lx r11 %016lx", f->r8, f->r9, f->r10,
        f->r11);
    say(fatal, "r12 %016lx r13 %016lx r14 %016lx r15 %016lx", f->r12, f->r13, f->r14,
        f->r15);
    say(fatal, "rip %016lx rflags %08lx cs %04lx ss %04lx", f->rip, f->rflags, f->cs,
        f->ss);
}

/* Intel SDM volume 3, 16.3.2: which bank has recorded what, and where. */
static void say_machine_check(bool fatal)
{
    uint64_t banks = msr_read(MSR_MCG_CAP) & 0xff;
    for (uint32_t bank = 0; bank < banks; bank++) {
        uint64_t status = msr_read(MSR_MC0_STATUS + 4 * bank);
        if (status & MC_VALID)
            say(fatal, "bank %u status %016lx address %016lx", bank, status,
                status & MC_ADDRESS_VALID ? msr_read(MSR_MC0_STATUS + 4 * bank + 1) : 0);
    }
}

static void say_page_fault(bool fatal, uint64_t error, uint64_t address)
{
    say(fatal, "%s at %016lx: %s%s",
        error & 16  ? "execution"
        : error & 2 ? "write"
                    : "read",
        address, error & 1 ? "not allowed" : "not mapped",
        paging_is_guard(address) ? " (guard page of a stack: overflow)" : "");
}

void report(const struct trap_frame *frame, const struct fault_record *record,
            const char *panic_text)
{
    bool fatal = record->fatal;
    say(fatal, "%s (vector %lu, error %lx) on cpu %u in %s%s%s",
        report_vector_name(record->vector), record->vector, record->error, record->cpu,
        cpu_in_interrupt() ? "an interrupt, over " : "",
        record->task[0] != 0 ? "task " : "the kernel", record->task);
    if (panic_text[0] != 0)
        say(fatal, "panic: %s", panic_text);
    if (record->address != 0)
        say_page_fault(fatal, record->error, record->address);
    if (record->vector == VECTOR_MACHINE_CHECK)
        say_machine_check(fatal);
    say_registers(fatal, frame);
    say(fatal, "at %s", record->place);
    say_backtrace(fatal, frame);
    if (record->reverted)
        say(fatal, "the swap on trial was taken back");
    say(fatal, "%s",
        fatal                  ? "there is no cure: the machine resets"
        : record->in_interrupt ? "the interrupt is given up"
                               : "the task restarts");
}

void report_nested(const struct trap_frame *frame)
{
    console_print_unlocked(
        "fault: vector %lu error %lx at %016lx rsp %016lx while a fault was reported\n",
        frame->vector, frame->error, frame->rip, frame->rsp);
}

static void faults_command(int argc, char **argv)
{
    struct fault_record r;
    (void)argc;
    (void)argv;
    console_print("%lu faults since boot\n", fault_count());
    for (size_t i = 0; fault_at(i, &r) == STATUS_OK; i++)
        console_print("%4lu %6lu.%03lu s cpu %u %-16s %-20s %s%s\n", r.number,
                      r.time_ns / NS_PER_S, r.time_ns / NS_PER_MS % 1000, r.cpu, r.task,
                      report_vector_name(r.vector), r.place,
                      r.reverted ? " (swap reverted)" : "");
}

enum status fault_start(void)
{
    return shell_register("faults", faults_command, "shows the newest faults");
}
