/* The live log, for `watch` and for `lab run`.
 * SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>

#include "http.h"

/* Called about once a second; false ends the watch. */
typedef bool (*watch_tick_fn)(void *context);

/* From now on INT, TERM and HUP end watch_run() instead of the process. */
void watch_catch_signals(void);

/* Non-zero once one of them has arrived. */
const volatile int *watch_stop_flag(void);

/* Prints what happens until a signal arrives or TICK (may be NULL) says so. MACHINE: only this
 * one; may be NULL. Reconnects by itself. */
bool watch_run(struct http *http, const char *machine, bool json, watch_tick_fn tick,
               void *context, struct failure *failure);
