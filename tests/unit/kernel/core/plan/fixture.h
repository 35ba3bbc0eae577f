/* Makes cells from C text at test time, and runs sets of them in a namespace.
 * SPDX-License-Identifier: MIT
 */
#ifndef PLAN_FIXTURE_H
#define PLAN_FIXTURE_H

#include <core/hosted/cellmem_host.h>
#include <core/plan/plan.h>

struct cell_source {
    const char *name;
    const char *uses;
    const char *text; /* C; form feeds separate files */
};

/* Compiles SOURCE with the cell flags and runs celltool. Cells called lib_... belong to the
 * lineage lib. Lends bytes, valid for the whole run; equal sources are compiled once. */
struct plan_object cell_make(const struct cell_source *source);

/* A namespace in which a set of cells runs. */
struct world {
    struct namespace ns;
    struct plan_report report;
};

void world_init(struct world *world, const struct cell_source *cells, size_t count);
void world_fini(struct world *world);
/* Plans CELLS over what runs; gives NULL when refused (world->report says why). */
struct plan *world_plan(struct world *world, const struct cell_source *cells,
                        size_t count);
/* Enters, applies the journal, commits; the invariants must hold. The plan stays. */
void world_commit(struct world *world, struct plan *plan);
/* Applies the late part of the journal, behind world_commit(). */
void world_handover(struct world *world, struct plan *plan);
/* Applies the journal backwards. */
void world_revert(struct world *world, struct plan *plan);
/* A digest of what runs: text, constants, slots, homes and links. */
uint64_t world_digest(const struct world *world);
/* Fails the test unless the plan was refused with CODE, naming CELL, SYMBOL, DEPENDENT (any
 * may be NULL), and nothing changed. */
void expect_refused(struct world *world, const struct cell_source *cells, size_t count,
                    const char *code, const char *cell, const char *symbol,
                    const char *dependent);
/* CELLS are swapped in and taken back: then every byte is what it was before, and was not between. */
void expect_undone(struct world *world, const struct cell_source *cells, size_t count);
/* Calls of FUNCTION of CELL made by running IMPORTER lead to the running version. */
void expect_calls(const struct world *world, const char *importer, const char *cell,
                  const char *function);

#define CELLS(...)                                                                       \
    (const struct cell_source[]){__VA_ARGS__},                                           \
        sizeof((const struct cell_source[]){__VA_ARGS__}) / sizeof(struct cell_source)

#endif
