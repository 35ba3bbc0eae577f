/* Goes a way over edges: one object, or one element, from a form to another, step by step.
 * SPDX-License-Identifier: MIT
 *
 * Pointers are led to what moves first, once, whatever fields they lie in; from step to step words then go as they are.
 * In each step fields of equal name move; then the parts that turn go their own ways (inner ones before what holds them); then
 * the owner's edge is called. A number that does not fit by name is cut, and is an error unless the edge stores another
 * one there. Edges are functions of cells, so this is called where they may fault or never end (evolve/walk.h).
 */
#ifndef NEURATH_CORE_PLAN_STEPS_H
#define NEURATH_CORE_PLAN_STEPS_H

#include <core/plan/plan.h>

enum {
    STEPS_DEEP = 8
}; /* parts in parts, each with edges of its own; ways.c refuses more */

/* Says how much scratch memory steps_run() wants for WAY, bytes. */
uint64_t steps_scratch(const struct plan_way *way);
/* Brings FROM over WAY, which has a step, to TO, which holds what is not brought. Pointers to what ALL moves follow, BACKWARDS:
 * from the new form to the old one. SCRATCH is 16-byte aligned. Gives the name of a field whose value has no place
 * in the next form, or NULL: all went well. */
const char *steps_run(const struct plan_way *way, struct migration_list *all,
                      bool backwards, const uint8_t *from, uint8_t *to, uint8_t *scratch);
void steps_fini(struct plan_way *way);

#endif
