/* Calls the hooks of a swap's cells after its commit.
 * SPDX-License-Identifier: MIT
 */
#include <core/evolve/hooks.h>

#include <core/evolve/walk.h>
#include <core/lifecycle/lifecycle.h>
#include <lib/base/atomic.h>
#include <string.h>

enum {
    RUN_MS =
        2500, /* on a CPU, all hooks of a swap together; less than a step that counts as a loop */
    PATIENCE_MS = 30000, /* by the clock: they must not block */
};

static struct {
    bool running;
    struct walk_job job;
    const struct plan *plan;
    const struct plan_cell *at; /* [a] whose hook runs, or failed */
    enum status status;
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

static void run(void)
{
    hooks.status = STATUS_OK;
    for (uint32_t i = 0; i < hooks.plan->cell_count && hooks.status == STATUS_OK; i++) {
        atomic_store(&hooks.at, &hooks.plan->cells[i]);
        hooks.status = call(&hooks.plan->cells[i]);
    }
}

void hooks_begin(struct attempt *a)
{
    hooks.plan = a->plan;
    hooks.at = a->plan->cells;
    hooks.job = (struct walk_job){.run = run, .run_ms = RUN_MS, .limit_ms = PATIENCE_MS};
    hooks.running = true;
    walk_begin(&hooks.job);
}

enum hooks_state hooks_look(struct refusal *out_reason)
{
    enum walk_result how = hooks.running ? walk_look() : WALK_ENDED;
    if (!hooks.running)
        return HOOKS_ENDED;
    if (how == WALK_RUNNING)
        return HOOKS_RUNNING;
    hooks.running = false;
    if (how == WALK_ENDED && hooks.status == STATUS_OK)
        return HOOKS_ENDED;
    const char *cell = atomic_load(&hooks.at)->name;
    if (how == WALK_ENDED)
        (void)refuse(out_reason, "hook", cell, NULL, NULL, "the hook of %s failed: %s",
                     cell, status_name(hooks.status));
    else
        (void)refuse(out_reason, "hook", cell, NULL, NULL, "the hook of %s %s", cell,
                     how == WALK_FAULTED ? "faulted; the log says where"
                                         : "did not end in time; it was given up");
    return HOOKS_FAILED;
}

void hooks_end(void)
{
    if (hooks.running)
        walk_give_up();
    hooks.running = false;
}
