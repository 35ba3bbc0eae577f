/* What the cells of the engine's closure may call: checked from their objects, by celltool and by the loader.
 * SPDX-License-Identifier: MIT
 */
#include <core/loader/closure.h>
#include <core/loader/instruction.h>
#include <core/loader/waits.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The functions of other cells that each may call. Those that the guard calls can run while nothing is whole: none of them may
 * take a lock, wait, or call what does; the planner reads on from there (core/plan/reach.c). Those that the entry calls are
 * where traps and tasks lead. */
struct listed {
    const char *cell;
    const char *function;
};

static const struct listed imports[] = {
    {"commit", "cpu_count"},         {"commit", "cpu_send_ipi_others"},
    {"commit", "guard_park"},        {"guard", "cpu_block_at"},
    {"guard", "task_abandon_frame"}, {"guard", "task_leave_frame"},
    {"guard", "task_leave_objects"}, {"guard", "task_leave_texts"},
    {"entry", "fault_handle"},       {"entry", "guard_nested"},
    {"entry", "guard_nmi"},          {"entry", "interrupt_abandon"},
    {"entry", "interrupt_dispatch"}, {"entry", "park_handler"},
    {"entry", "task_abandon"},       {"entry", "task_give_way"},
    {"entry", "task_preempt"},       {"entry", "task_schedule"},
    {"entry", "task_sleep_commit"},  {"entry", "task_step_done"},
};

/* The functions that may branch to what they are given: a task begins its step, is switched to, and makes a call that can
 * begin again. A watch does not come through any of them. */
static const struct listed indirect[] = {
    {"entry", "entry_root"},
    {"entry", "entry_resume"},
    {"entry", "restartable_call"},
};

/* The functions that may stop their CPU: when it has nothing to do. */
static const struct listed halts[] = {{"entry", "entry_idle"}};

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

/* FUNCTION NULL: any. */
static bool is_listed(const struct listed *list, size_t count, const char *cell,
                      const char *function)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i].cell, cell) == 0 &&
            (!function || strcmp(list[i].function, function) == 0))
            return true;
    return false;
}

static bool is_of_closure(const char *cell)
{
    return is_listed(imports, ARRAY_LEN(imports), cell, NULL);
}

static enum status check_imports(const struct check *c)
{
    struct elf_symbol y;
    for (uint32_t i = 1; i < c->object->symbol_count; i++) {
        elf_symbol(c->object, i, &y);
        if (y.section == ELF_UNDEF && y.name[0] &&
            !is_listed(imports, ARRAY_LEN(imports), c->cell, y.name))
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
        if (!is_listed(indirect, ARRAY_LEN(indirect), c->cell, function))
            return find(c, function,
                        "%s branches in %s to an address that it reads at run time: "
                        "nobody could tell what the engine's closure reaches "
                        "(core/loader/closure.c)",
                        c->cell, function);
    }
    return STATUS_OK;
}

/* The parts of a swap wait for each other, each in its own words (PAUSE): how long is for the rehearsals to show. */
static enum status check_waits(const struct check *c, uint32_t section,
                               const struct elf_section *s)
{
    size_t at = 0;
    enum waits_kind kind = waits_find(c->object->bytes + s->offset, s->len, true, &at);
    const char *function = function_at(c, section, at);
    if (kind == WAITS_NONE ||
        (kind == WAITS_HALT && is_listed(halts, ARRAY_LEN(halts), c->cell, function)))
        return STATUS_OK;
    return find(c, function,
                "%s of %s %s: what it has interrupted may be what it would wait for "
                "(core/loader/waits.h)",
                function, c->cell, waits_text(kind));
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
        if (s.flags & ELF_EXEC && s.type != ELF_NOBITS && status == STATUS_OK)
            status = check_waits(&c, i, &s);
    }
    return status;
}
