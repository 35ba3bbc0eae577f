/* Which machines and which commit an order is about.
 * SPDX-License-Identifier: MIT */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "command.h"
#include "http.h"

/* Looks up a machine by id or name. GIVES *out, its row with details (json_decref). */
bool target_machine(struct http *http, const char *name, json_t **out,
                    struct failure *failure);

/* Looks at the options alone, before anything is asked: a commit if it is needed, and exactly one
 * of NAME (an argument, or NULL), --machine, --tag and --all. */
bool target_check(const struct invocation *invocation, const char *name,
                  bool needs_commit, struct failure *failure);

/* Adds to BODY what the options and NAME (an argument, or NULL) say: machine, tag or all. */
bool target_add(struct http *http, const struct invocation *invocation, const char *name,
                json_t *body, struct failure *failure);

/* Adds `to`: a release ("v7"), a commit, or anything that git knows here or in the lab. */
bool target_add_commit(const struct http *http, const struct invocation *invocation,
                       json_t *body, struct failure *failure);

/* Adds KEY to BODY: the names that OPTION lists, separated by commas. Without the option nothing. */
void target_add_names(const struct invocation *invocation, enum option_id option,
                      const char *key, json_t *body);
