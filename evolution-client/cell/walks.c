/* Says where the client's own objects are, so that a version with other fields goes on where this one was.
 * SPDX-License-Identifier: MIT
 *
 * All hang on the one client. While nobody is inside of this cell there are no others: what a step takes for itself (lists
 * of cells, the set for the engine, roots that are being read) it has given back, so of those types the walk names nothing, and
 * what lies in the client goes with it.
 * The fills are for what came during a trial that is taken back, and lacks a field that only the version before has.
 */
#include "glue.h"

#include <evolution-client/core/private.h>
#include <lib/base/evolve.h>
#include <string.h>

EVOLVE_WALKS(client)
{
    struct glue *glue = glue_get();
    evolve_pointer(walk, &glue->client);
    if (glue->client != NULL)
        evolve_element(walk, glue->client);
}

/* There is one, made at boot: none comes during a trial. */
EVOLVE_FILLS(client)
{
    (void)fill;
}

EVOLVE_WALKS(attempt_cell)
{
    struct client *client = glue_get()->client;
    if (client == NULL)
        return;
    evolve_array(walk, client->attempt.cells, client->attempt.cell_count);
    evolve_pointer(walk, &client->attempt.cells);
}

/* What is not known is no wish to remove a cell: such an attempt fails, and is made again. */
EVOLVE_FILLS(attempt_cell)
{
    struct attempt_cell *cell = fill->object;
    if (EVOLVE_IS_NEW(fill, struct attempt_cell, has_new))
        cell->has_new = true;
}

EVOLVE_WALKS(manifest_cell)
{
    struct client *client = glue_get()->client;
    if (client == NULL)
        return;
    evolve_array(walk, client->attempt.release.cells, client->attempt.release.cell_count);
    evolve_pointer(walk, &client->attempt.release.cells);
}

/* Of an attempt's release they are only given back. */
EVOLVE_FILLS(manifest_cell)
{
    (void)fill;
}

EVOLVE_WALKS(cached)
{
    struct client *client = glue_get()->client;
    if (client == NULL)
        return;
    evolve_pointer(walk, &client->cache);
    for (struct cached *entry = client->cache; entry != NULL; entry = entry->next)
        evolve_element(walk, entry);
}

/* An object without its bytes is one that nobody asks for. */
EVOLVE_FILLS(cached)
{
    struct cached *entry = fill->object;
    if (EVOLVE_IS_NEW(fill, struct cached, bytes) ||
        EVOLVE_IS_NEW(fill, struct cached, len))
        memset(entry->object, 0, sizeof entry->object);
}

#define NONE_BETWEEN_STEPS(tag)                                                          \
    EVOLVE_WALKS(tag)                                                                    \
    {                                                                                    \
        (void)walk;                                                                      \
    }                                                                                    \
    EVOLVE_FILLS(tag)                                                                    \
    {                                                                                    \
        (void)fill;                                                                      \
    }

NONE_BETWEEN_STEPS(client_cell)
NONE_BETWEEN_STEPS(client_object)
NONE_BETWEEN_STEPS(evolve_object)
NONE_BETWEEN_STEPS(trust_state)
NONE_BETWEEN_STEPS(manifest_root)
