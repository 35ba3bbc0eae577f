/* What the cells of the engine's closure may call: checked from their objects, by celltool and by the loader.
 * SPDX-License-Identifier: MIT
 */
#include <core/loader/closure.h>
#include <core/loader/instruction.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The functions of other cells that each may call. Those that the guard calls can run while nothing is whole: none of them may
 * take a lock, wait, or call what does; the planner reads on from there (core/plan/reach.c). Those that the entry calls are
 * where traps and tasks lead. */
static const struct {
    const char *cell;
    const char *function;
} imports[] = {
    {"commit", "cpu_count"},         {"commit", "cpu_send_ipi_others"},
    {"commit", "guard_park"},        {"guard", "cpu_block_at"},
    {"guard", "task_abandon_frame"}, {"guard", "task_leave_frame"},
    {"guard", "task_leave_objects"}, {"guard", "task_leave_texts"},
    {"entry", "fault_handle"},       {"entry", "guard_nmi"},
    {"entry", "interrupt_abandon"},  {"entry", "interrupt_dispatch"},
    {"entry", "park_handler"},       {"entry", "task_abandon"},
    {"entry", "task_give_way"},      {"entry", "task_preempt"},
    {"entry", "task_schedule"},      {"entry", "task_sleep_commit"},
    {"entry", "task_step_done"},
};

/* The functions that may branch to what they are given: a task begins its step, is switched to, and makes a call that can
 * begin again. A watch does not come through any of them. */
static const struct {
    const char *cell;
    const char *function;
} indirect[] = {
    {"entry", "entry_root"},
    {"entry", "entry_resume"},
    {"entry", "restartable_call"},
};

struct check {
    const struct elf_object *object;
    const char *cell;
    struct closure_finding *out;
};

__attribute__((format(printf, 3, 4))) static enum status
find(const struct check *c, const char *symbol, const char *format, ...)
{
    va_list args;
    struct closure_finding f = {0};
    snprintf(f.symbol, sizeof f.symbol, "%s", symbol);
    va_start(args, format);
    vsnprintf(f.text, sizeof f.text, format, args);
    va_end(args);
    *c->out = f;
    return STATUS_DENIED;
}

static bool is_of_closure(const char *cell)
{
    for (size_t i = 0; i < ARRAY_LEN(imports); i++)
        if (strcmp(imports[i].cell, cell) == 0)
            return true;
    return false;
}

static bool may_call(const char *cell, const char *function)
{
    for (size_t i = 0; i < ARRAY_LEN(imports); i++)
        if (strcmp(imports[i].cell, cell) == 0 &&
            strcmp(imports[i].function, function) == 0)
            return true;
    return false;
}

static bool may_branch(const char *cell, const char *function)
{
    for (size_t i = 0; i < ARRAY_LEN(indirect); i++)
        if (strcmp(indirect[i].cell, cell) == 0 &&
            strcmp(indirect[i].function, function) == 0)
            return true;
    return false;
}

static enum status check_imports(const struct check *c)
{
    struct elf_symbol y;
    for (uint32_t i = 1; i < c->object->symbol_count; i++) {
        elf_symbol(c->object, i, &y);
        if (y.section == ELF_UNDEF && y.name[0] && !may_call(c->cell, y.name))
            return find(c, y.name,
                        "%s calls %s, which is not on the list of what the engine's "
                        "closure may call (core/loader/closure.c); the list that runs "
                        "counts, so it changes one commit before",
                        c->cell, y.name);
    }
    return STATUS_OK;
}

/* Gives the function that AT of SECTION lies in, or the section's name. */
static const char *function_at(const struct check *c, uint32_t section, uint64_t at)
{
    struct elf_section s;
    struct elf_symbol y;
    for (uint32_t i = 1; i < c->object->symbol_count; i++) {
        elf_symbol(c->object, i, &y);
        if (y.kind == ELF_FUNC && y.section == section && y.value <= at &&
            at - y.value < y.len)
            return y.name;
    }
    elf_section(c->object, section, &s);
    return s.name;
}

static enum status check_text(const struct check *c, uint32_t section,
                              const struct elf_section *s)
{
    const uint8_t *code = c->object->bytes + s->offset;
    struct instruction n;
    for (uint64_t at = 0; at < s->len; at += n.len) {
        bool known = instruction_read(code + at, s->len - at, &n);
        if (known && !n.indirect)
            continue;
        const char *function = function_at(c, section, at);
        if (!known)
            return find(
                c, function,
                "%s has an instruction in %s, %lu bytes into %s, that the check "
                "of the engine's closure does not know (core/loader/instruction.c)",
                c->cell, function, (unsigned long)at, s->name);
        if (!may_branch(c->cell, function))
            return find(c, function,
                        "%s branches in %s to an address that it reads at run time: "
                        "nobody could tell what the engine's closure reaches "
                        "(core/loader/closure.c)",
                        c->cell, function);
    }
    return STATUS_OK;
}

enum status closure_check(const struct elf_object *object, const char *cell,
                          bool declared, struct closure_finding *out)
{
    struct check c = {object, cell, out};
    struct elf_section s;
    if (!declared && !is_of_closure(cell))
        return STATUS_OK;
    if (!declared || !is_of_closure(cell))
        return find(&c, "",
                    declared ? "%s says that it is of the engine's closure, but the list "
                               "of core/loader/closure.c does not have it"
                             : "%s is of the engine's closure, but its cell.mk does not "
                               "say so (closure := yes)",
                    cell);
    enum status status = check_imports(&c);
    for (uint32_t i = 1; i < object->section_count && status == STATUS_OK; i++) {
        elf_section(object, i, &s);
        if (s.flags & ELF_EXEC && s.type != ELF_NOBITS)
            status = check_text(&c, i, &s);
    }
    return status;
}
