/* What the hosted planner's own files share.
 * SPDX-License-Identifier: MIT
 */
#ifndef NEURATH_CORE_HOSTED_PRIVATE_H
#define NEURATH_CORE_HOSTED_PRIVATE_H

#include <core/hosted/hosted.h>

/* Gives back all memory of cells, and begins at the usual addresses. */
void hosted_reset(void);
/* Runs FROM in NS, which is empty. STATUS_INVALID: it does not fit together, *out_report says why; STATUS_FULL. */
NODISCARD enum status hosted_run(struct namespace *ns, const struct hosted_object *from,
                                 size_t count, struct plan_report *out_report);

#endif
