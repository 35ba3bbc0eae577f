/* What the JSON library says of itself in a trial: a text comes back as it went in.
 * SPDX-License-Identifier: MIT
 */
#include "private.h"

#include <jansson.h>

#include <lib/base/evolve.h>
#include <mm/heap/heap.h>
#include <string.h>

static const char sample[] =
    "{\"a\":[1,-2,true,null,\"t\\u00fcr\"],\"b\":{\"c\":9007199254740991}}";
static const char expected[] =
    "{\"a\":[1,-2,true,null,\"t\\u00FCr\"],\"b\":{\"c\":9007199254740991}}";

static const char *judge(void)
{
    json_error_t error;
    json_t *root = json_loads(sample, JSON_REJECT_DUPLICATES, &error);
    if (root == NULL)
        return "a good text is refused";
    char *text = json_dumps(root, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_SORT_KEYS);
    const char *wrong = text == NULL || strcmp(text, expected) != 0
                            ? "a text does not come back as it went in"
                            : NULL;
    heap_free(text);
    json_decref(root);
    root = json_loads("{\"a\":1,}", 0, &error);
    json_decref(root);
    return root != NULL ? "a bad text is taken" : wrong;
}

/* Where memory is refused nothing can be said. */
EVOLVE_CHECK(round_trip)
{
    uint64_t refused = json_port_refused();
    const char *wrong = judge();
    return json_port_refused() == refused ? wrong : NULL;
}
