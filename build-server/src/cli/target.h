/* Which machines and which commit an order is about.
 * SPDX-License-Identifier: MIT */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "command.h"
#include "http.h"

/* Looks up a machine by id or name. GIVES *out, its row with details (json_decref). */
bool target_machine(struct http *http, const char *name, json_t **out, struct failure *failure);

/* Adds to BODY what the options and NAME (an argument, or NULL) say: machine, tag or all.
 * Exactly one is needed. */
bool target_add(struct http *http, const struct invocation *invocation, const char *name,
                json_t *body, struct failure *failure);

/* Adds `to`: a release ("v7"), a commit, or anything that git knows here or in the lab. */
bool target_add_commit(const struct http *http, const struct invocation *invocation, json_t *body,
                       struct failure *failure);
