/* What going from one content to another would do: the hosted planner's answer, remembered.
 * SPDX-License-Identifier: MIT
 *
 * Both contents are immutable, so an answer stays true; the newest answers are kept. */
#ifndef NEURATH_FLEET_FORECAST_H
#define NEURATH_FLEET_FORECAST_H

#include "base/json.h"
#include "server.h"

/* GIVES {cells: [{name, old, new, class}], refusals: [...], needs_boot: [text]}. Lock held on entry and on return; it
 * is let go while the planner runs. NULL: the contents are not known or the planner failed (PROBLEM). */
json_t *forecast(struct server *server, const char *from_content, const char *to_content,
                 struct problem *problem);

#endif
