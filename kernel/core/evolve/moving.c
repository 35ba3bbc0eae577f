/* Moves the elements of types whose form changes.
 * SPDX-License-Identifier: MIT
 */
#include <core/evolve/moving.h>

#include <console/log/log.h>
#include <core/commit/transfer.h>
#include <core/evolve/draft.h>
#include <core/evolve/runs.h>
#include <core/evolve/walk.h>
#include <core/plan/steps.h>
#include <core/plan/turn.h>
#include <mm/heap/heap.h>
#include <string.h>
#include <time/clock/clock.h>

enum {
    SLACK = 64,
    ROOM_MAX =
        4 << 20, /* names; more is no list that could be moved while the machine stands */
    GATE_NS = 2000000000, /* longer than a walk may take */
};

enum moving_state { IDLE, WALKING, FILLING };

static struct {
    enum moving_state state;
    enum moving_way way;
    struct walk_job job;
    struct plan_walk *functions;
    struct element_set *set;    /* to be stored next */
    struct element_set *mirror; /* of what the commit has stored, or will */
    struct element_set *made;   /* on the way back: the mirror of SET, or NULL */
    uint64_t named;             /* by the walks, the last time */
    uint64_t gate_ns;           /* when the gate opens by itself */
} moving;

static int form_of(enum moving_way way)
{
    return way == MOVING_THERE ? FORM_OLD : FORM_NEW;
}

static void free_lists(void)
{
    heap_free(moving.functions);
    heap_free(moving.job.lists);
    elements_forget(moving.job.scratch, moving.job.scratch_len);
    elements_forget(moving.job.names, moving.job.room * sizeof *moving.job.names);
    moving.functions = NULL;
    moving.job = (struct walk_job){0};
    moving.state = IDLE;
}

bool moving_owns(uint64_t object)
{
    return elements_own(moving.set, object) || elements_own(moving.mirror, object) ||
           elements_own(moving.made, object) || draft_owns(object) ||
           object == (uint64_t)moving.job.names;
}

bool moving_made(uint64_t object)
{
    return elements_find(moving.mirror, object) || elements_find(moving.made, object) ||
           draft_made(object);
}

static void forget_made(void)
{
    elements_fini(moving.made);
    moving.made = NULL;
}

static enum moving_result no_memory(struct refusal *out_reason)
{
    (void)refuse(out_reason, "memory", NULL, NULL, NULL,
                 "there is not enough memory to move the objects whose type changed");
    return MOVING_FAILED;
}

/* ---- walking ------------------------------------------------------------------------------ */

static uint64_t room_for(uint64_t names)
{
    return names + names / 8 + SLACK;
}

static bool list_walks(const struct plan *plan)
{
    int form = form_of(moving.way);
    uint32_t count = 0;
    uint64_t room = room_for(min_u64(moving.named, ROOM_MAX / 2));
    for (uint32_t i = 0; i < plan->moving_count; i++)
        count += plan->moving[i].walk_count[form];
    moving.functions = heap_new_array(struct plan_walk, count + 1);
    moving.job.lists = heap_new_array(struct element_names, count + 1);
    moving.job.names = heap_new_array(struct evolve_name, room);
    moving.job.room = moving.job.names ? room : 0;
    if (!moving.functions || !moving.job.lists || !moving.job.names)
        return false;
    moving.job.functions = moving.functions;
    for (uint32_t i = 0; i < plan->moving_count; i++)
        for (uint32_t k = 0; k < plan->moving[i].walk_count[form]; k++) {
            moving.job.lists[moving.job.count].type = &plan->moving[i];
            moving.functions[moving.job.count++] = plan->moving[i].walks[form][k];
        }
    return true;
}

/* The walks had more to say than there was room for. */
static enum moving_result again(struct wait *out_wait, struct refusal *out_reason)
{
    uint64_t room = room_for(moving.job.named);
    elements_forget(moving.job.names, moving.job.room * sizeof *moving.job.names);
    moving.job.room = 0;
    moving.job.names = room <= ROOM_MAX ? heap_new_array(struct evolve_name, room) : NULL;
    if (!moving.job.names) {
        free_lists();
        return no_memory(out_reason);
    }
    moving.job.room = room;
    walk_begin(&moving.job);
    *out_wait =
        wait_event(task_gate_event(), event_seq(task_gate_event()), walk_next_ns());
    return MOVING_WAIT;
}

static enum moving_result job_failed(const struct attempt *a, enum walk_result how,
                                     struct refusal *out_reason)
{
    const struct moving_type *type = &a->plan->moving[0];
    const struct migration *object = moving.job.object;
    const char *what = object                    ? "edge of"
                       : moving.state == FILLING ? "fill of struct"
                                                 : "walk of struct";
    const char *cell = object ? object->cell : type->cell;
    const char *name = object ? object->key : type->name;
    (void)refuse(out_reason, how == WALK_FAULTED ? "fault" : "loop", cell, name, NULL,
                 "the %s %s (%s) %s%s", what, name, cell,
                 how == WALK_FAULTED ? "faulted; the log says where"
                                     : "did not end in time",
                 moving.way == MOVING_THERE ? "; nothing was changed" : "");
    free_lists();
    return MOVING_FAILED;
}

/* The set is there. What its rehearsal wants is taken before the stores: nobody could go on, or back, without it. */
static enum moving_result ready(const struct attempt *a, struct refusal *out_reason)
{
    free_lists();
    if (moving.way != MOVING_THERE || !a->plan->moving_count)
        return MOVING_READY;
    moving.way = MOVING_REHEARSAL;
    if (list_walks(a->plan))
        return MOVING_READY;
    free_lists();
    return no_memory(out_reason);
}

/* ---- taking ------------------------------------------------------------------------------- */

static enum status take(struct attempt *a, struct refusal *out_reason)
{
    struct runs heap;
    enum status status = STATUS_FULL;
    if (runs_list(&heap)) {
        struct elements_request request = {.plan = a->plan,
                                           .form = form_of(moving.way),
                                           .lists = moving.job.lists,
                                           .list_count = moving.job.count,
                                           .runs = heap.list,
                                           .run_count = heap.count,
                                           .mirror = moving.mirror};
        status = elements_take(&request, &moving.set, out_reason);
    }
    runs_forget(&heap);
    if (status == STATUS_OK && moving.way == MOVING_THERE)
        status = elements_mirror(moving.set, &moving.mirror);
    if (status == STATUS_OK && moving.way == MOVING_BACK) {
        forget_made();
        status = elements_mirror(moving.set, &moving.made);
    }
    return status;
}

/* Scratch memory for the longest of all ways. */
static uint64_t scratch_len(const struct plan *plan)
{
    uint64_t len = max_u64(16, turns_scratch(&plan->migrations));
    for (uint32_t i = 0; i < plan->moving_count; i++)
        for (int form = 0; form < FORMS; form++)
            len = max_u64(len, steps_scratch(&plan->moving[i].way[form]));
    return len;
}

static enum moving_result unfit(const struct attempt *a, struct refusal *out_reason)
{
    const struct moving_type *type =
        moving.job.objector ? moving.job.objector : &a->plan->moving[0];
    const struct migration *object = moving.job.object;
    if (object)
        (void)plan_refuse_loss(
            out_reason, object->cell, object->key,
            "%s of %s (%s) would be lost: the next of its states has no "
            "place for what it holds",
            moving.job.unfit[0] ? moving.job.unfit : "a field", object->key, object->cell);
    else if (moving.job.objector)
        (void)refuse(out_reason, "data", type->cell, type->name, NULL,
                     "a struct %s of %s cannot go on in its new form: %s; nothing was "
                     "changed",
                     type->name, type->cell, moving.job.objection);
    else
        (void)plan_refuse_loss(out_reason, type->cell, type->name,
                               "%s of a struct %s would be lost: the next of its forms "
                               "has no place for what "
                               "it holds",
                               moving.job.unfit[0] ? moving.job.unfit : "a field",
                               type->name);
    free_lists();
    return MOVING_FAILED;
}

static bool calls_nobody(const struct plan *plan, enum moving_way way)
{
    int form = form_of(way);
    if (turns_scratch(&plan->migrations))
        return false;
    for (uint32_t i = 0; i < plan->moving_count; i++) {
        const struct moving_type *t = &plan->moving[i];
        if (t->way[form].count || t->fill[form == FORM_OLD ? FORM_NEW : FORM_OLD].va ||
            (form == FORM_OLD && t->accept.va))
            return false;
    }
    return true;
}

/* The owner's functions complete the elements. */
static enum moving_result fill(struct attempt *a, struct wait *out_wait,
                               struct refusal *out_reason)
{
    struct migration_list *all = &a->plan->migrations;
    all->elements = moving.set; /* so that pointers follow; READY or FAILED decides */
    if (calls_nobody(a->plan, moving.way))
        return ready(a, out_reason);
    moving.job.scratch_len = scratch_len(a->plan);
    moving.job.scratch = heap_new_array(uint8_t, moving.job.scratch_len);
    if (!moving.job.scratch) {
        free_lists();
        return no_memory(out_reason);
    }
    moving.state = FILLING;
    moving.job.functions = NULL;
    moving.job.all = all;
    moving.job.set = moving.set;
    moving.job.backwards = moving.way == MOVING_BACK;
    turns_look(moving.job.all, moving.job.backwards);
    moving.job.types = a->plan->moving;
    moving.job.type_count = a->plan->moving_count;
    walk_begin(&moving.job);
    *out_wait =
        wait_event(task_gate_event(), event_seq(task_gate_event()), walk_next_ns());
    return MOVING_WAIT;
}

static enum moving_result begin(struct attempt *a, struct wait *out_wait,
                                struct refusal *out_reason)
{
    if (!moving.functions && !list_walks(a->plan)) {
        free_lists();
        return no_memory(out_reason);
    }
    if (!a->plan->moving_count)
        return fill(a, out_wait, out_reason);
    moving.state = WALKING;
    walk_begin(&moving.job);
    *out_wait =
        wait_event(task_gate_event(), event_seq(task_gate_event()), walk_next_ns());
    return MOVING_WAIT;
}

static enum moving_result walked(struct attempt *a, struct wait *out_wait,
                                 struct refusal *out_reason)
{
    enum status status = STATUS_AGAIN;
    moving.named = moving.job.named;
    if (moving.job.named > moving.job.room)
        return again(out_wait, out_reason);
    if (moving.way == MOVING_REHEARSAL) {
        bool agree = elements_agree(a->plan, moving.mirror, moving.job.lists,
                                    moving.job.count, out_reason);
        free_lists();
        return agree ? MOVING_READY : MOVING_FAILED;
    }
    if (moving.way == MOVING_THERE)
        status = draft_take(a, &moving.job, &moving.set, &moving.mirror, out_reason);
    if (status == STATUS_AGAIN && moving.way == MOVING_THERE && draft_helps(a)) {
        draft_begin(a, &moving.job);
        free_lists();
        return MOVING_DRAFT;
    }
    if (status == STATUS_AGAIN)
        status = take(a, out_reason);
    if (status == STATUS_OK)
        return fill(a, out_wait, out_reason);
    free_lists();
    return status == STATUS_FULL ? no_memory(out_reason) : MOVING_FAILED;
}

/* A walk whose time is over may be noticed late on a busy host. Once the gate may have opened by itself, tasks may have run: then
 * it is too late. */
static void keep_gate(void)
{
    uint64_t now = clock_ns();
    if (now + GATE_NS / 2 < moving.gate_ns && task_gate_close(now + GATE_NS))
        moving.gate_ns = now + GATE_NS;
}

enum moving_result moving_step(struct attempt *a, enum moving_way way,
                               struct wait *out_wait, struct refusal *out_reason)
{
    if (moving.state == IDLE) {
        moving.way = way;
        moving.gate_ns = clock_ns() + GATE_NS;
        (void)task_gate_close(moving.gate_ns);
        return begin(a, out_wait, out_reason);
    }
    uint32_t seq = event_seq(task_gate_event());
    enum walk_result how = walk_look();
    if (how == WALK_RUNNING) {
        keep_gate();
        *out_wait = wait_event(task_gate_event(), seq, walk_next_ns());
        return MOVING_WAIT;
    }
    if (how != WALK_ENDED)
        return job_failed(a, how, out_reason);
    if (moving.state == WALKING)
        return walked(a, out_wait, out_reason);
    if (moving.job.unfit || moving.job.objector)
        return unfit(a, out_reason);
    return ready(a, out_reason);
}

/* ---- before, and after, the stores --------------------------------------------------------- */

void moving_undo(struct attempt *a)
{
    a->plan->migrations.elements = moving.mirror;
}

void moving_stored(struct attempt *a, bool backwards)
{
    a->plan->migrations.elements = NULL;
    if (!backwards) {
        elements_note_stored(moving.mirror);
        for (uint64_t i = 0; moving.set && i < moving.set->count; i++) {
            const struct element *e = &moving.set->elements[i];
            a->report.migrated_objects += (uint32_t)e->count;
            a->report.migrated_bytes += element_other_len(e);
        }
    } else if (moving.set) { /* the old elements were only what the new ones began as */
        elements_free(moving.set, false);
        elements_free(moving.mirror, true);
    } else { /* nobody has seen the new ones */
        elements_free(moving.mirror, false);
    }
    elements_fini(moving.set);
    moving.set = NULL;
    forget_made();
    if (backwards) {
        elements_fini(moving.mirror);
        moving.mirror = NULL;
        moving.named = 0;
    }
}

void moving_permanent(struct attempt *a)
{
    (void)a;
    elements_free(moving.mirror, true);
    elements_fini(moving.mirror);
    moving.mirror = NULL;
    moving.named = 0;
}

void moving_drop(struct attempt *a)
{
    draft_drop(a);
    if (a->plan) {
        a->plan->migrations.elements = NULL;
        turns_forget(&a->plan->migrations);
    }
    elements_free(moving.set, true);
    elements_fini(moving.set);
    moving.set = NULL;
    forget_made();
    moving.named = 0;
    if (!a->applied) {
        elements_fini(moving.mirror);
        moving.mirror = NULL;
    }
    free_lists();
}
