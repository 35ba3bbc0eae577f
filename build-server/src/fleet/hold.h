/* Holds: what a rollback leaves behind, so that the next push does not bring the trouble back.
 * SPDX-License-Identifier: MIT
 *
 * A hold remembers the suspect objects: those in the bad release and not in the target. A newer release
 * lifts the hold by itself only if it contains none of them. Scope '' is the channel; a machine's hold is
 * its order. Pins are never lifted by releases. Lock held throughout. */
#ifndef NEURATH_FLEET_HOLD_H
#define NEURATH_FLEET_HOLD_H

#include "server.h"

/* Records the suspects of SCOPE, within an open transaction. */
enum result hold_suspect(struct server *server, const char *scope,
                         const char *bad_content, const char *good_content);

/* True when the channel is held and CONTENT contains a suspect. */
bool hold_keeps_back(struct server *server, const char *content);

/* A release with CONTENT became the channel's: ends the channel's hold, and the rollbacks of single
 * machines, where it contains none of their suspects. */
void hold_lift_for(struct server *server, const char *content);

/* Ends the channel's hold, within an open transaction. */
enum result hold_end(struct server *server);

#endif
