/* Calls the hooks of a swap's cells after its commit, and the checks that judge them.
 * SPDX-License-Identifier: MIT
 */
#include <core/evolve/hooks.h>

#include <core/evolve/checks.h>
#include <core/evolve/walk.h>
#include <core/lifecycle/lifecycle.h>
#include <lib/base/atomic.h>
#include <string.h>

enum {
    RUN_MS =
        2500, /* on a CPU, all hooks of a swap together, and each check; less than a step that counts as a loop */
    PATIENCE_MS = 30000, /* by the clock: they must not block */
};

static struct {
    bool running;
    struct walk_job job;
    const struct plan *plan;
    const struct plan_cell *at; /* [a] whose hook runs, or failed; NULL: checks do */
    enum status status;
    bool wrong; /* a check has said so */
} hooks;

/* The guard's cells are called by who rehearses them (rehearse.c). */
static enum status call(const struct plan_cell *c)
{
    if (!c->fresh || c->drains) /* a lineage was started before */
        return STATUS_OK;
    if (c->old && !(c->fresh->info.flags & CELL_CLOSURE))
        return lifecycle_run_evolved(c->fresh, c->old->number);
    return lifecycle_run_start(c->fresh);
}

static void run_check(void)
{
    atomic_store(&hooks.at, NULL);
    hooks.wrong = !checks_run_next();
}

static void run(void)
{
    for (uint32_t i = 0; i < hooks.plan->cell_count && hooks.status == STATUS_OK; i++) {
        atomic_store(&hooks.at, &hooks.plan->cells[i]);
        hooks.status = call(&hooks.plan->cells[i]);
    }
}

static void begin(void (*job)(void))
{
    hooks.status = STATUS_OK;
    hooks.wrong = false;
    hooks.job = (struct walk_job){.run = job, .run_ms = RUN_MS, .limit_ms = PATIENCE_MS};
    hooks.running = true;
    walk_begin(&hooks.job);
}

void hooks_begin(struct attempt *a)
{
    hooks.plan = a->plan;
    hooks.at = a->plan->cells;
    checks_list(a);
    begin(run);
}

void hooks_begin_checks(void)
{
    checks_again();
    if (checks_left())
        begin(run_check);
}

static const char *said(enum walk_result how)
{
    return how == WALK_FAULTED ? "faulted; the log says where"
                               : "did not end in time; it was given up";
}

static void hook_reason(enum walk_result how, struct refusal *out_reason)
{
    const char *cell = atomic_load(&hooks.at)->name;
    if (how == WALK_ENDED)
        (void)refuse(out_reason, "hook", cell, NULL, NULL, "the hook of %s failed: %s",
                     cell, status_name(hooks.status));
    else
        (void)refuse(out_reason, "hook", cell, NULL, NULL, "the hook of %s %s", cell,
                     said(how));
}

enum hooks_state hooks_look(struct refusal *out_reason)
{
    enum walk_result how = hooks.running ? walk_look() : WALK_ENDED;
    if (!hooks.running)
        return HOOKS_ENDED;
    if (how == WALK_RUNNING)
        return HOOKS_RUNNING;
    hooks.running = false;
    if (how == WALK_ENDED && hooks.status == STATUS_OK && !hooks.wrong) {
        if (!checks_left())
            return HOOKS_ENDED;
        begin(run_check);
        return HOOKS_RUNNING;
    }
    if (atomic_load(&hooks.at))
        hook_reason(how, out_reason);
    else
        checks_reason(said(how), out_reason);
    return how == WALK_OVERDUE ? HOOKS_OVERDUE : HOOKS_FAILED;
}

void hooks_end(void)
{
    if (hooks.running)
        walk_give_up();
    hooks.running = false;
    atomic_store(&hooks.at, NULL);
    hooks.plan = NULL; /* what lies there next is nothing that this refers to */
}
