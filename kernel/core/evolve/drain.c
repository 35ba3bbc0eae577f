/* Gets all tasks out of text that a coupled set replaces.
 * SPDX-License-Identifier: MIT
 */
#include <core/evolve/drain.h>

#include <console/log/log.h>
#include <core/evolve/draft.h>
#include <core/evolve/followers.h>
#include <core/evolve/leaving.h>
#include <core/evolve/moving.h>
#include <core/evolve/reserve.h>
#include <core/evolve/unwritten.h>
#include <core/evolve/waiters.h>
#include <core/evolve/walked.h>
#include <irq/interrupt/interrupt.h>
#include <stdio.h>
#include <string.h>
#include <time/clock/clock.h>

enum {
    TRIES = 9,
    FIRST_TRY_MS = 20, /* how long the machine stands; doubles with each try */
    LONGEST_TRY_MS = 320,
    PAUSES = 2, /* between two tries, times the last one */
    LOOK_NS =
        20000, /* until the next look at all stacks, if nobody stops before; doubles up to */
    LONGEST_LOOK_NS = 400000,
    STUBBORN =
        12, /* looks at which only tasks asleep were inside: waiting longer is no use */
    PATIENT_TRIES = 5, /* of a way back, before tasks are made to leave */
    HELD_TRIES = 3,    /* while somebody holds a pointer that may soon be gone */
    EXPELLED_MAX = 16,
    GATE_EXTRA_NS = 500000000, /* until the gate opens by itself */
    LINES_NS = 1000000000,     /* until device interrupts come again by themselves */
    KNOWN_MAX = 64,
};

enum drain_state { IDLE, WALKING, DRAFTING, SEARCHING, CLOSED, PAUSED, MOVING, SEALED };

/* What one look at all tasks has found. */
struct look {
    struct attempt *attempt; /* whose report names who is waited for; NULL: none */
    bool expel;              /* who is inside gives up what it does */
    struct task *expelled[EXPELLED_MAX];
    uint32_t expelled_count;
    uint32_t running;
    uint32_t inside;
    uint32_t asleep; /* of those inside */
};

static struct {
    enum drain_state state;
    uint32_t tries;
    uint32_t stubborn;
    uint64_t closed_ns; /* the gate, the last time */
    uint64_t stood_ns;  /* how long it was closed before that */
    uint64_t try_end_ns;
    uint64_t look_ns;
    uint64_t pause_end_ns;
    struct plan *plan; /* that followers may have joined; or NULL */
    bool lines_held;
    bool searches; /* holders_init() was called */
    /* The last one that was found inside. */
    enum frames how;
    char task[TASK_NAME_MAX];
    uint64_t pc;
    uint64_t known[KNOWN_MAX]; /* ids of tasks that were waited for */
    uint32_t known_count;
} drain;

static uint64_t try_ns(void)
{
    uint64_t ms = FIRST_TRY_MS;
    for (uint32_t i = 0; i < drain.tries && ms < LONGEST_TRY_MS; i++)
        ms *= 2;
    return ms * 1000000;
}

/* Enters TASK in the report, once. */
static void note_waited(struct attempt *a, const struct task *task)
{
    for (uint32_t i = 0; i < drain.known_count; i++)
        if (drain.known[i] == task_id(task))
            return;
    if (drain.known_count < KNOWN_MAX)
        drain.known[drain.known_count++] = task_id(task);
    attempt_waits_for(a, task);
}

/* Under the scheduler's lock. */
static bool look_at_task(struct task *task, void *arg)
{
    struct look *look = arg;
    struct saved_context context;
    uint64_t pc = 0;
    enum task_state s = task_state(task);
    if (task == task_current())
        return true;
    if (s == TASK_RUNNING) {
        look->running++;
        task_gate_hold(task);
        return true;
    }
    if (s == TASK_WAITING || s == TASK_FAULTED)
        return true;
    if (walked_clear(task)) {
        task_gate_hold(task);
        return true;
    }
    task_saved_context(task, &context);
    if (!context.resume)
        return true;
    enum frames frames = frames_walk(task, &pc);
    if (frames == FRAMES_CLEAR || frames == FRAMES_MOVE) {
        task_gate_hold(task);
        return true;
    }
    look->inside++;
    look->asleep += s == TASK_SLEEPING;
    drain.how = frames;
    drain.pc = pc;
    task_name_copy(task, drain.task);
    if (look->attempt)
        note_waited(look->attempt, task);
    if (!look->expel)
        task_gate_pass(task);
    else if (look->expelled_count < EXPELLED_MAX)
        look->expelled[look->expelled_count++] = task;
    return true;
}

/* The gate keeps the tasks, and who would free them, where they are. */
static void expel(const struct look *look)
{
    for (uint32_t i = 0; i < look->expelled_count; i++) {
        char name[TASK_NAME_MAX];
        task_name_copy(look->expelled[i], name);
        if (task_restart(look->expelled[i]) == STATUS_OK)
            log_write("evolve", LOG_WARNING,
                      "task %s does not leave what is taken back: it is restarted", name);
    }
}

/* What nobody has touched since the stores nobody can have taken the address of. */
static bool ready_to_search(struct attempt *a, bool backwards)
{
    if (!drain.searches && !a->untouched)
        drain.searches = holders_init(a->plan, backwards);
    return drain.searches || a->untouched;
}

static void begin(void)
{
    drain.tries = 0;
    drain.stood_ns = 0;
    drain.known_count = 0;
    drain.task[0] = 0;
}

static void close_gate(void)
{
    uint64_t now = clock_ns();
    drain.closed_ns = now;
    drain.stubborn = 0;
    drain.look_ns = LOOK_NS;
    drain.try_end_ns = now + try_ns();
    if (task_gate_close(drain.try_end_ns + GATE_EXTRA_NS))
        drain.state = CLOSED;
}

/* Whoever runs after the stores must let the lines go again. */
static bool can_release(const struct plan *plan, bool backwards)
{
    for (uint32_t i = 0; i < plan->cell_count; i++) {
        const struct plan_cell *c = &plan->cells[i];
        const struct version *next = backwards ? c->old : c->fresh;
        if (strcmp(c->name, "interrupt") == 0)
            return next && version_export(next, "interrupt_lines_release") >= 0;
    }
    return true;
}

/* Says whether they are still held, and will be until the stores were made. */
static bool keep_lines(void)
{
    return !drain.lines_held || interrupt_lines_prolong(clock_ns() + LINES_NS);
}

/* No device's handler may make a pointer between the look at a place and the stores. False: one does not end. */
static bool hold_lines(const struct plan *plan, bool backwards)
{
    if (drain.lines_held)
        return keep_lines();
    drain.lines_held = can_release(plan, backwards);
    return !drain.lines_held || interrupt_lines_hold(clock_ns() + LINES_NS);
}

static void forget_search(void)
{
    followers_end(drain.plan);
    drain.plan = NULL;
    drain_stored();
}

static void open_gate(void)
{
    drain.stood_ns += clock_ns() - drain.closed_ns;
    task_gate_open();
}

static enum drain_result give_up(struct attempt *a)
{
    moving_drop(a);
    a->untouched = false;
    drain_end();
    return DRAIN_BUSY;
}

static enum drain_result no_memory(struct attempt *a, struct refusal *out_reason)
{
    (void)refuse(out_reason, "memory", NULL, NULL, NULL,
                 "there is not enough memory to look through stacks and data");
    return give_up(a);
}

static void name_task(struct refusal *out)
{
    char place[128];
    const struct namespace *ns = namespace_kernel();
    const struct version *v = namespace_version_at(ns, drain.pc - 1);
    const struct function *f = v ? version_function_at(v, drain.pc - 1) : NULL;
    namespace_symbolise(ns, drain.pc - 1, place, sizeof place);
    if (!drain.task[0])
        (void)refuse(out, "busy", NULL, NULL, NULL,
                     "a task would not give up its CPU; nothing was changed");
    else if (drain.how == FRAMES_LOST)
        (void)refuse(
            out, "unwind", v ? v->info.name : NULL, f ? f->name : NULL, drain.task,
            "the stack of task %s cannot be walked beyond %s, so nobody knows whether it "
            "is inside the set; nothing was changed",
            drain.task, place);
    else
        (void)refuse(
            out, "busy", v ? v->info.name : NULL, f ? f->name : NULL, drain.task,
            "task %s is in %s and does not leave it; nothing was changed. Try again, or "
            "let what blocks there be called by restartable_call() from a function that "
            "stays",
            drain.task, place);
}

/* The try is over and somebody is still inside. */
static enum drain_result pause(struct attempt *a, struct wait *out_wait,
                               struct refusal *out_reason)
{
    uint64_t length = try_ns();
    if (++drain.tries >= TRIES) {
        name_task(out_reason);
        return give_up(a);
    }
    forget_search();
    open_gate();
    drain.state = PAUSED;
    drain.pause_end_ns = clock_ns() + PAUSES * length;
    *out_wait = wait_until(drain.pause_end_ns);
    return DRAIN_WAIT;
}

/* Elements of types whose form changes are brought into storage of the other form, while all stand. */
static enum drain_result move(struct attempt *a, bool backwards, struct wait *out_wait,
                              struct refusal *out_reason)
{
    if (a->untouched) {
        moving_undo(a);
        return DRAIN_QUIET;
    }
    drain.state = MOVING;
    switch (moving_step(a, backwards ? MOVING_BACK : MOVING_THERE, out_wait, out_reason)) {
    case MOVING_WAIT: return DRAIN_WAIT;
    case MOVING_READY: return DRAIN_QUIET;
    case MOVING_DRAFT:
        drain_stored();
        open_gate();
        drain.state = DRAFTING;
        return DRAIN_WAIT;
    default: return give_up(a);
    }
}

/* They begin their step again, for a register may hold the same. Gives false if none of them could be made to. */
static bool restart(struct task *const *tasks, uint32_t count)
{
    char name[TASK_NAME_MAX];
    bool any = false;
    for (uint32_t i = 0; i < count; i++) {
        task_name_copy(tasks[i], name);
        if (task_restart(tasks[i]) != STATUS_OK)
            continue;
        any = true;
        log_write("evolve", LOG_WARNING,
                  "task %s holds an address of what is taken back: it is restarted", name);
    }
    return any;
}

/* Who has taken addresses since the commit? What lies in memory follows what it points to; a task may drop what it holds,
 * or begins its step again. Gives false when it is worth waiting for that. */
static bool look_behind(struct attempt *a, bool *out_full)
{
    struct task *const *tasks;
    uint32_t count;
    followers_begin();
    drain.plan = a->plan;
    while ((count = holders_tasks(&tasks)) != 0) {
        if (!a->expel && drain.tries < HELD_TRIES)
            return false;
        if (!restart(tasks, count))
            break;
    }
    uint64_t kept = holders_keep(out_full);
    *out_full |= !followers_join(a->plan);
    if (kept)
        log_write(
            "evolve", LOG_WARNING,
            "what is taken back is pointed to, first from 0x%lx: that storage is kept",
            kept);
    return true;
}

/* Nobody is inside. Whoever holds a pointer into the old text could still enter it. */
static enum drain_result quiet(struct attempt *a, bool backwards, struct wait *out_wait,
                               struct refusal *out_reason)
{
    bool full = false;
    waiters_leave(a->plan, backwards);
    /* What a handler stores into may be another thing each time: after a try that found it so, none runs from here on. */
    bool storms = (a->commit_tries || a->take_tries) && !a->untouched;
    if (storms && !hold_lines(a->plan, backwards)) {
        moving_drop(a);
        return pause(a, out_wait, out_reason);
    }
    enum drain_result moved = a->plan->migrations.walked
                                  ? move(a, backwards, out_wait, out_reason)
                                  : DRAIN_QUIET;
    if (moved != DRAIN_QUIET)
        return moved;
    waiters_leave(a->plan, backwards); /* of the walker's event too */
    bool looks = !a->untouched && holders_any();
    bool ready = !looks || hold_lines(a->plan, backwards);
    bool held = ready && looks && !backwards && holders_find(out_reason, &full);
    if (ready && looks && backwards)
        ready = look_behind(a, &full);
    if (full)
        (void)refuse(
            out_reason, "memory", NULL, NULL, NULL,
            "there is not enough memory to look for pointers to old functions and data");
    if (full || held) {
        moving_drop(a);
        if (!full && drain.tries < HELD_TRIES)
            return pause(a, out_wait, out_reason);
        return give_up(a);
    }
    if (!backwards && ready && !reserve_take(a->plan)) {
        (void)refuse(
            out_reason, "memory", NULL, NULL, NULL,
            "there is not enough memory to set aside for the way back; nothing was "
            "changed");
        moving_drop(a);
        return give_up(a);
    }
    if (!ready || !keep_lines() || !task_gate_seal()) {
        moving_drop(a);
        return pause(a, out_wait, out_reason);
    }
    drain.state = SEALED;
    unwritten_begin(a->plan->migrations.elements);
    if (!backwards)
        a->report.drain_ns = drain.stood_ns + clock_ns() - drain.closed_ns;
    return DRAIN_QUIET;
}

static enum drain_result look(struct attempt *a, bool backwards, struct wait *out_wait,
                              struct refusal *out_reason)
{
    struct look look = {.attempt = backwards ? NULL : a,
                        .expel = backwards && (a->expel || drain.tries >= PATIENT_TRIES)};
    uint32_t seq = event_seq(task_gate_event());
    frames_begin();
    task_for_each(look_at_task, &look);
    expel(&look);
    if (!task_gate_mine())
        return pause(a, out_wait, out_reason);
    if (!look.running && !look.inside)
        return quiet(a, backwards, out_wait, out_reason);
    bool only_asleep = look.inside && look.asleep == look.inside && !look.running;
    drain.stubborn = only_asleep ? drain.stubborn + 1 : 0;
    if (clock_ns() >= drain.try_end_ns || drain.stubborn == STUBBORN)
        return pause(a, out_wait, out_reason);
    *out_wait = wait_event(task_gate_event(), seq, clock_ns() + drain.look_ns);
    if (drain.look_ns < LONGEST_LOOK_NS)
        drain.look_ns *= 2;
    return DRAIN_WAIT;
}

enum drain_result drain_step(struct attempt *a, bool backwards, struct wait *out_wait,
                             struct refusal *out_reason)
{
    *out_wait = wait_again();
    if (drain.state == PAUSED)
        a->untouched = false;
    if (drain.state == MOVING)
        return quiet(a, backwards, out_wait, out_reason);
    if (drain.state == CLOSED)
        return look(a, backwards, out_wait, out_reason);
    if (drain.state == PAUSED && clock_ns() < drain.pause_end_ns) {
        *out_wait = wait_until(drain.pause_end_ns);
        return DRAIN_WAIT;
    }
    if (drain.state == IDLE) {
        if (!leaving_init(a->plan, backwards) || !ready_to_search(a, backwards))
            return no_memory(a, out_reason);
        walked_begin();
        drain.state = WALKING;
        return DRAIN_WAIT;
    }
    if (drain.state == WALKING) {
        if (walked_more())
            return DRAIN_WAIT;
        begin();
    }
    if (drain.state == DRAFTING) {
        if (draft_more(a))
            return DRAIN_WAIT;
        holders_elements();
    }
    if (!ready_to_search(a, backwards))
        return no_memory(a, out_reason);
    drain.state = SEARCHING; /* again before each try */
    if (!a->untouched && holders_ahead())
        return DRAIN_WAIT;
    close_gate();
    if (drain.state != CLOSED) /* somebody else keeps it closed */
        return pause(a, out_wait, out_reason);
    return DRAIN_WAIT;
}

void drain_moved(void)
{
    frames_move();
}

void drain_stored(void)
{
    if (drain.lines_held)
        interrupt_lines_release();
    drain.lines_held = false;
}

static void forget_lists(void)
{
    leaving_fini();
    holders_fini();
    drain.searches = false;
}

void drain_turn(void)
{
    forget_lists();
    drain.state = IDLE;
}

void drain_end(void)
{
    forget_search();
    forget_lists();
    walked_end();
    drain.pc = 0; /* or it would keep the version in which somebody was */
    drain.state = IDLE;
    task_gate_open();
}
