/* A hosted plan as JSON: one shape for the service's answers and for `neurath check`.
 * SPDX-License-Identifier: MIT
 *
 *   {"cells": [{name, class, coupled, with?: [name], functions: {changed, added, removed},
 *               migrations?: [{object, text, old_bytes, new_bytes, moves, constant, added: [field], dropped: [field]}]}],
 *    "refusals": [{code, cell, symbol, dependent, text}]}
 * `with` is of coupled cells: the coupled ones that they use or that use them. */
#ifndef NEURATH_ADAPT_PLANNER_DESCRIBE_H
#define NEURATH_ADAPT_PLANNER_DESCRIBE_H

#include "base/json.h"

#include <core/hosted/hosted.h>

struct planner_objects {
    const struct hosted_object *list;
    size_t count;
};

/* Describes PLAN, which was made from FROM and TO. GIVES (json_decref). */
json_t *planner_describe(const struct hosted_plan *plan, struct planner_objects from,
                         struct planner_objects to);

#endif
