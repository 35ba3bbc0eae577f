/* Re-issues: old content under a new version, for a rollback, a pin, or because the old release expires.
 * SPDX-License-Identifier: MIT */
#ifndef NEURATH_FLEET_REISSUE_H
#define NEURATH_FLEET_REISSUE_H

#include "server.h"

/* Makes a release with the content of SOURCE, published but offered to nobody yet. CONSENT (NULL: none) lists what
 * machines may lose on their way there. Lock held, no transaction open. */
NODISCARD enum result reissue_make(struct server *server, int64_t source,
                                   const json_t *consent, const char *trigger,
                                   const char *by, const char *note, int64_t *out_version,
                                   struct problem *problem);

/* Makes VERSION the channel's. Within a transaction; lock held. */
void reissue_ship(struct server *server, int64_t version);

/* Re-issues what the channel and the orders name when it expires soon. Lock held. */
void reissue_renew(struct server *server);

#endif
