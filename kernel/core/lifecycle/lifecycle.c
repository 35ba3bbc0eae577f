/* Calls the hooks of cells.
 * SPDX-License-Identifier: MIT
 */
#include <core/lifecycle/lifecycle.h>

#include <console/log/log.h>
#include <stdio.h>
#include <string.h>

typedef enum status (*start_fn)(void);
typedef enum status (*evolved_fn)(uint32_t from);
typedef void (*stop_fn)(void);

static uint64_t hook(const struct version *v, const char *suffix)
{
    char name[CELL_NAME_MAX + 16];
    snprintf(name, sizeof name, "%s_%s", v->info.name, suffix);
    int64_t f = version_export(v, name);
    return f < 0 ? 0 : v->functions[f].va;
}

enum status lifecycle_run_start(const struct version *v)
{
    uint64_t va = v->info.phase == CELL_PHASE_NONE ? 0 : hook(v, "start");
    return va ? ((start_fn)va)() : STATUS_OK;
}

enum status lifecycle_run_evolved(const struct version *v, uint32_t from)
{
    uint64_t va = hook(v, "evolved");
    return va ? ((evolved_fn)va)(from) : STATUS_OK;
}

void lifecycle_run_stop(const struct version *v)
{
    uint64_t va = hook(v, "stop");
    if (va)
        ((stop_fn)va)();
}

/* A cell is ready when no other waiting cell of the phase is among those it uses. */
static bool ready(const struct namespace *ns, const struct version *v,
                  enum cell_phase phase, const uint8_t *done)
{
    uint32_t index = 0;
    for (const struct version *o = ns->versions; o; o = o->next, index++)
        if (o != v && o->info.phase == phase && o->state == VERSION_RUNNING &&
            !done[index] && cellinfo_may_use(&v->info, o->info.name))
            return false;
    return true;
}

enum { MAX_CELLS = 1024 };

static uint8_t started[MAX_CELLS];

static void start_one(const struct version *v)
{
    enum status status = lifecycle_run_start(v);
    if (status != STATUS_OK)
        log_write("lifecycle", LOG_ERROR, "%s did not start: %s", v->info.name,
                  status_name(status));
}

/* Two cells of a phase that use each other are both never ready; then the first waits no
 * longer. */
void lifecycle_start_phase(struct namespace *ns, enum cell_phase phase)
{
    memset(started, 0, sizeof started);
    for (bool forced = false;;) {
        bool progress = false;
        bool waiting = false;
        uint32_t index = 0;
        for (struct version *v = ns->versions; v && index < MAX_CELLS;
             v = v->next, index++) {
            if (v->info.phase != phase || v->state != VERSION_RUNNING || started[index])
                continue;
            waiting = true;
            if (!forced && !ready(ns, v, phase, started))
                continue;
            started[index] = 1;
            start_one(v);
            progress = true;
            forced = false;
        }
        if (!waiting)
            return;
        forced = !progress;
    }
}
