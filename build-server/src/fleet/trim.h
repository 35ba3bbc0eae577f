/* How much a machine may leave in the database: of its history and its reports the newest are kept.
 * SPDX-License-Identifier: MIT
 *
 * Kept besides, however old: the row of the newest permanent attempt and the machine's first row, which say what a boot after a
 * reset takes, and each row that a kept one names as its cause. A report that comes again after it was forgotten counts
 * as new: only the machine itself can send it. */
#ifndef NEURATH_FLEET_TRIM_H
#define NEURATH_FLEET_TRIM_H

#include "server.h"

/* Forgets what MACHINE has too much of, by options.history_rows. In the transaction of the insert. */
void history_trim(struct server *server, const char *machine);

#endif
