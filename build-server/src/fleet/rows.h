/* Rows of the database as the JSON that operators see, and the events that carry them.
 * SPDX-License-Identifier: MIT
 *
 * The shapes are those of openapi.json and build-server/schema. Everything that came from a commit or a
 * machine is stripped of control characters. Lock held. Objects are GIVEN (json_decref); NULL: no such row. */
#ifndef NEURATH_FLEET_ROWS_H
#define NEURATH_FLEET_ROWS_H

#include "base/json.h"
#include "server.h"

json_t *rows_machine(struct server *server, const char *id);
json_t *rows_machine_detail(struct server *server, const char *id);
json_t *rows_attempt(struct server *server, int64_t id);
json_t *rows_release(struct server *server, int64_t version);
json_t *rows_release_detail(struct server *server, int64_t version);
json_t *rows_build(struct server *server, int64_t id);
json_t *rows_status(struct server *server);
json_t *rows_alarms(struct server *server);

/* Events. */
void rows_publish_machine(struct server *server, const char *id);
void rows_publish_attempt(struct server *server, int64_t id);
void rows_publish_release(struct server *server, int64_t version);
void rows_publish_build(struct server *server, int64_t id);
void rows_publish_builds_after(struct server *server, int64_t id);
void rows_publish_status(struct server *server);

#endif
