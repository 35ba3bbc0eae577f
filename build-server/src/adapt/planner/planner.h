/* The kernel's own planner, in a process of its own: it reads objects that strangers built.
 * SPDX-License-Identifier: MIT
 *
 * The service runs itself with `--planner`; that process reads one question from its standard input,
 * reads the files, gives up its rights, answers and ends. A crash there is an answer, not an outage.
 *   question {"inspect": [{name, path}], "from": [{name, path}], "to": [{name, path}]}
 *   answer   {"infos": [{name, kind, abi, uses: [name]} | {name, error}],
 *             "cells", "refusals": see describe.h,
 *             "planned": true | false} */
#ifndef NEURATH_ADAPT_PLANNER_PLANNER_H
#define NEURATH_ADAPT_PLANNER_PLANNER_H

#include "base/json.h"
#include "base/result.h"

/* The process's body. The exit status. */
int planner_serve(void);

/* Asks a fresh process; at most 30 seconds. GIVES *out_answer (json_decref). */
NODISCARD enum result planner_ask(const json_t *question, json_t **out_answer,
                                  struct problem *problem);

#endif
