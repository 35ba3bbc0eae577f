/* What going to a release would do to a machine: the hosted planner's answer, remembered.
 * SPDX-License-Identifier: MIT
 *
 * Contents are immutable, so an answer stays true; the newest answers are kept. */
#ifndef NEURATH_FLEET_FORECAST_H
#define NEURATH_FLEET_FORECAST_H

#include "base/json.h"
#include "server.h"

/* GIVES {cells: [{name, old, new, class}], refusals: [...], needs_boot: [text]}. Lock held on entry and on return; it
 * is let go while the planner runs. NULL: the contents are not known or the planner failed (PROBLEM). */
json_t *forecast(struct server *server, const char *machine, int64_t release,
                 struct problem *problem);

/* True when RELEASE wants another boot stub than the one that MACHINE is known to run. Lock held. */
bool forecast_stub_differs(struct server *server, const char *machine, int64_t release);

#endif
