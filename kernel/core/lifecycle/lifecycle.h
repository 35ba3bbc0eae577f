/* Calls the hooks of cells: start when one comes to life, evolved when a version follows.
 * SPDX-License-Identifier: MIT
 *
 * A cell whose cell.mk names a start phase defines `enum status <cell>_start(void)`. A cell
 * may define `enum status <cell>_evolved(uint32_t from)`, called once after a commit that
 * replaced version FROM of it, and `void <cell>_stop(void)`, called once when its lineage has
 * drained and nobody uses it any more, also if start has failed. Task context; hooks may create tasks but must not block.
 */
#ifndef NEURATH_CORE_LIFECYCLE_H
#define NEURATH_CORE_LIFECYCLE_H

#include <core/namespace/namespace.h>

/* Calls the start hooks of PHASE, each cell after those that it uses. A hook that fails is
 * logged; the others go on. */
void lifecycle_start_phase(struct namespace *ns, enum cell_phase phase);
/* Calls V's start hook if it has one. */
NODISCARD enum status lifecycle_run_start(const struct version *v);
/* Calls V's evolved hook if it has one. */
NODISCARD enum status lifecycle_run_evolved(const struct version *v, uint32_t from);
/* Calls V's stop hook if it has one. */
void lifecycle_run_stop(const struct version *v);

#endif
