/* Waiting until an order has arrived on every machine.
 * SPDX-License-Identifier: MIT */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "http.h"

/* Waits until each machine of ANSWER (an order's answer) is permanent on its release; prints one
 * line for each, failures on stderr. Sets `result` in the rows. false: one failed or time is up. */
bool wait_permanent(struct http *http, json_t *answer, long timeout_s, bool json);

/* Waits until MACHINE (its row from before) runs with another boot id. */
bool wait_booted(struct http *http, const json_t *machine, long timeout_s,
                 struct failure *failure);
