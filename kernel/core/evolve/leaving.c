/* Lists the text that has to be left, and walks the stacks of tasks for frames in it.
 * SPDX-License-Identifier: MIT
 */
#include <core/evolve/leaving.h>

#include <core/unwind/unwind.h>
#include <mm/heap/heap.h>
#include <string.h>

enum { MOVES_MAX = 512 };

/* A word that holds an address in old text. */
struct move {
    uint64_t *at;
    uint64_t to;
};

static struct {
    struct leaving *list; /* lent by one of the rooms */
    struct leaving *
        room[2]; /* for the way there, and back: taken together, for the way back must not want memory */
    uint32_t count;
    struct move moves[MOVES_MAX];
    uint32_t move_count;
} leaving;

void leaving_fini(void)
{
    leaving.list = NULL;
    leaving.count = 0;
}

void leaving_forget(void)
{
    leaving_fini();
    for (int i = 0; i < 2; i++) {
        heap_free(leaving.room[i]);
        leaving.room[i] = NULL;
    }
}

/* No version comes or goes while there is an attempt. */
static bool make_room(const struct plan *plan)
{
    uint32_t room = 1;
    for (const struct version *v = plan->ns->versions; v; v = v->next)
        room++;
    for (int i = 0; i < 2; i++)
        if (!leaving.room[i])
            leaving.room[i] = heap_new_array(struct leaving, room);
    return leaving.room[0] && leaving.room[1];
}

uint32_t leaving_count(void)
{
    return leaving.count;
}

const struct leaving *leaving_at(uint32_t index)
{
    return &leaving.list[index];
}

const struct leaving *leaving_of(const struct version *v)
{
    for (uint32_t i = 0; i < leaving.count; i++)
        if (leaving.list[i].from == v)
            return &leaving.list[i];
    return NULL;
}

static void add(const struct version *from, const struct version *to)
{
    if (!leaving_of(from))
        leaving.list[leaving.count++] = (struct leaving){from, to, false};
}

/* Says whether M will lead elsewhere after the commit, or the revert. */
static bool is_moved(const struct plan *plan, bool backwards, const struct import *m)
{
    for (uint32_t i = 0; i < plan->move_count; i++)
        if (plan->moves[i].import == m)
            return !leaving_of(backwards ? plan->moves[i].from : plan->moves[i].to);
    return false;
}

static bool goes_on_calling(const struct plan *plan, bool backwards,
                            const struct version *v)
{
    for (uint32_t i = 0; i < v->import_count; i++)
        if (v->imports[i].provider && leaving_of(v->imports[i].provider) &&
            !is_moved(plan, backwards, &v->imports[i]))
            return true;
    return false;
}

static const struct plan_cell *cell_of(const struct plan *plan, const struct version *v)
{
    for (uint32_t i = 0; i < plan->cell_count; i++)
        if (strcmp(plan->cells[i].name, v->info.name) == 0)
            return &plan->cells[i];
    return NULL;
}

/* A version that will not run but may have tasks in it: one that the plan replaces, or an older one. */
static bool is_past(const struct plan *plan, bool backwards, const struct version *v)
{
    const struct plan_cell *cell = cell_of(plan, v);
    if (cell && (v == cell->old || v == cell->fresh))
        return v == (backwards ? cell->fresh : cell->old);
    return v->state == VERSION_RETIRED;
}

static const struct version *goes_on_in(const struct plan *plan, bool backwards,
                                        const struct version *v)
{
    const struct plan_cell *cell = cell_of(plan, v);
    if (!cell || cell->reformed || v != (backwards ? cell->fresh : cell->old))
        return NULL;
    return backwards ? cell->old : cell->fresh;
}

/* Outside of its lineage, V calls what drains: by name, so from now on it calls the other one. */
static bool calls_what_drains(const struct plan *plan, bool backwards,
                              const struct version *v)
{
    for (uint32_t i = 0; i < v->import_count; i++)
        for (uint32_t k = 0; k < plan->cell_count; k++) {
            const struct plan_cell *cell = &plan->cells[k];
            const struct version *from = backwards ? cell->fresh : cell->old;
            if (cell->drains && from && v->imports[i].provider == from &&
                !version_in_group(v, from->info.lineage))
                return true;
        }
    return false;
}

static void add_callers(const struct plan *plan, bool backwards)
{
    for (const struct version *v = plan->ns->versions; v; v = v->next)
        if (!leaving_of(v) && calls_what_drains(plan, backwards, v))
            leaving.list[leaving.count++] = (struct leaving){.from = v, .stays = true};
}

bool leaving_init(const struct plan *plan, bool backwards)
{
    bool more = true;
    leaving.count = 0;
    if (!make_room(plan))
        return false;
    leaving.list = leaving.room[backwards];
    for (uint32_t i = 0; i < plan->cell_count; i++) {
        const struct plan_cell *cell = &plan->cells[i];
        const struct version *v = backwards ? cell->fresh : cell->old;
        if (cell->coupled && v)
            add(v, goes_on_in(plan, backwards, v));
    }
    for (const struct version *v = plan->ns->versions; v; v = v->next) {
        const struct plan_cell *cell = cell_of(plan, v);
        if (cell && cell->coupled && is_past(plan, backwards, v))
            add(v, NULL);
    }
    while (more) {
        more = false;
        for (const struct version *v = plan->ns->versions; v; v = v->next)
            if (is_past(plan, backwards, v) && !leaving_of(v) &&
                goes_on_calling(plan, backwards, v)) {
                add(v, goes_on_in(plan, backwards, v));
                more = true;
            }
    }
    add_callers(plan, backwards);
    return true;
}

void frames_begin(void)
{
    leaving.move_count = 0;
}

/* Gives where PC of L's old text is in the new one; 0: nowhere. */
static uint64_t same_place(const struct leaving *l, uint64_t pc, bool exact)
{
    const struct function *f = version_function_at(l->from, exact ? pc : pc - 1);
    const struct function *g = f && l->to ? plan_same_function(l->from, f, l->to) : NULL;
    return g ? g->va + (pc - f->va) : 0;
}

/* Where the PC of the frame that the cursor stands in is stored: FIRST for the first, else below what was the
 * frame of its callee. */
static uint64_t *place_of_pc(const struct unwind_cursor *c, uint64_t *first)
{
    uint64_t at = c->registers[UNWIND_RSP] - 8;
    if (first)
        return first;
    if (c->exact || at < c->stack_low || at >= c->stack_high ||
        *(uint64_t *)at != unwind_pc(c))
        return NULL;
    return (uint64_t *)at;
}

/* Notes the move of one frame. False: it cannot be moved. */
static bool note_frame(const struct unwind_cursor *c, uint64_t *first,
                       const struct leaving *l)
{
    uint64_t to = same_place(l, unwind_pc(c), c->exact);
    uint64_t *at = place_of_pc(c, first);
    if (!to || !at || leaving.move_count == MOVES_MAX)
        return false;
    leaving.moves[leaving.move_count++] = (struct move){.at = at, .to = to};
    return true;
}

static uint64_t *cursor_init(struct unwind_cursor *c, const struct task *task)
{
    struct saved_context context;
    uint64_t low;
    uint64_t top;
    task_saved_context(task, &context);
    task_stack_range(task, &low, &top);
    if (context.resume == entry_resume_trap_address()) {
        struct trap_frame *frame = (struct trap_frame *)context.rsp;
        unwind_from_trap(c, namespace_kernel(), frame, low, top);
        return &frame->rip;
    }
    struct switch_frame *frame = (struct switch_frame *)context.rsp;
    unwind_from_switch(c, namespace_kernel(), frame, low, top);
    return &frame->rip;
}

bool frames_stand(const struct task *task)
{
    struct saved_context context;
    enum task_state s = task_state(task);
    if (task == task_current() || s == TASK_RUNNING || s == TASK_WAITING ||
        s == TASK_FAULTED)
        return false;
    task_saved_context(task, &context);
    return context.resume != 0;
}

/* Under the scheduler's lock. */
static bool stop_running(struct task *task, void *arg)
{
    if (task != task_current() && task_state(task) == TASK_RUNNING) {
        task_gate_hold(task);
        *(bool *)arg = false;
    }
    return true;
}

bool frames_all_stand(void)
{
    bool stand = true;
    task_for_each(stop_running, &stand);
    return stand;
}

enum frames frames_walk(const struct task *task, uint64_t *out_pc)
{
    struct unwind_cursor c;
    uint32_t before = leaving.move_count;
    uint64_t *first = cursor_init(&c, task);
    enum status status = STATUS_OK;
    bool inside = false;
    for (uint32_t i = 0; i < UNWIND_MAX_FRAMES && status == STATUS_OK; i++) {
        uint64_t pc = unwind_pc(&c);
        const struct version *v =
            namespace_version_at(namespace_kernel(), c.exact ? pc : pc - 1);
        const struct leaving *l = v ? leaving_of(v) : NULL;
        if (l && !inside && !note_frame(&c, first, l)) {
            inside = true;
            *out_pc = pc;
        }
        first = NULL;
        status = unwind_next(&c);
    }
    if (status == STATUS_NOT_FOUND && !inside)
        return leaving.move_count > before ? FRAMES_MOVE : FRAMES_CLEAR;
    leaving.move_count = before;
    if (inside)
        return FRAMES_INSIDE;
    *out_pc = unwind_pc(&c);
    return FRAMES_LOST;
}

void frames_move(void)
{
    for (uint32_t i = 0; i < leaving.move_count; i++)
        *(volatile uint64_t *)leaving.moves[i].at = leaving.moves[i].to;
}
