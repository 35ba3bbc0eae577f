/* Stands in for the cell lifecycle in the static image: the hooks are those that the linker found. */
/* SPDX-License-Identifier: MIT */
#include <core/lifecycle/lifecycle.h>

#include <string.h>

typedef enum status (*start_fn)(void);

/* starts.h is made by mk/bench.mk: a line CELL(name, phase, " uses ") for each cell. */
#define CELL(name, phase, uses) enum status name##_start(void) __attribute__((weak));
#include "starts.h"
#undef CELL

static struct {
    const char *name; /* with a blank on each side, as in uses */
    start_fn start;   /* NULL: none */
    enum cell_phase phase;
    const char *uses;
    bool done;
} cells[] = {
#define CELL(name, phase, uses)                                                          \
    {" " #name " ", name##_start, CELL_PHASE_##phase, uses, false},
#include "starts.h"
#undef CELL
};

static bool ready(size_t index)
{
    for (size_t i = 0; i < ARRAY_LEN(cells); i++)
        if (i != index && cells[i].phase == cells[index].phase && !cells[i].done &&
            strstr(cells[index].uses, cells[i].name) != NULL)
            return false;
    return true;
}

/* The order is that of the cell: each after those that it uses; if all wait, the first goes on. */
void lifecycle_start_phase(struct namespace *ns, enum cell_phase phase)
{
    (void)ns;
    for (bool forced = false;;) {
        bool waiting = false;
        bool progress = false;
        for (size_t i = 0; i < ARRAY_LEN(cells); i++) {
            if (cells[i].phase != phase || cells[i].done)
                continue;
            waiting = true;
            if (!forced && !ready(i))
                continue;
            cells[i].done = true;
            progress = true;
            forced = false;
            if (cells[i].start && cells[i].start() != STATUS_OK)
                return;
        }
        if (!waiting)
            return;
        forced = !progress;
    }
}

enum status lifecycle_run_start(const struct version *v)
{
    (void)v;
    return STATUS_OK;
}

enum status lifecycle_run_evolved(const struct version *v, uint32_t from)
{
    (void)v;
    (void)from;
    return STATUS_OK;
}

void lifecycle_run_stop(const struct version *v)
{
    (void)v; /* there are no versions */
}
