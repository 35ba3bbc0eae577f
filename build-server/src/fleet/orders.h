/* Orders: which machines deviate from their channel, and the signed tree that proves it to them.
 * SPDX-License-Identifier: MIT
 *
 * At most one order per machine. Its counter rises with each change and is remembered after the order's
 * end. Machines learn of orders through the timestamp: call notify_refresh() after changes.
 * Intents: deploy and rollback (a release instead of the channel's), pin (the same, left alone by
 * actions on the fleet), hold (takes nothing new). Lock held throughout. */
#ifndef NEURATH_FLEET_ORDERS_H
#define NEURATH_FLEET_ORDERS_H

#include "base/result.h"
#include "server.h"

struct order_request {
    const char *machine;
    const char *intent;
    int64_t release; /* for hold: the one that runs, for display; may be 0 = none known */
    int64_t bad;     /* the release that it leads away from; 0: none */
    const char *by_kind;
    const char *by_name;
    const char *note;
};

/* Within an open transaction. */
enum result orders_set(struct server *server, const struct order_request *request);
enum result orders_clear(struct server *server, const char *machine);

/* Rebuilds server->orders from the database. */
NODISCARD enum result orders_build(struct server *server, struct problem *problem);

/* The "order" object of MACHINE's poll answer. GIVES (json_decref); NULL on failure. */
json_t *orders_prove(struct server *server, const char *machine);

#endif
