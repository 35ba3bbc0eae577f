/* A complete set of cells: what one build made, or what one release names.
 * SPDX-License-Identifier: MIT */
#ifndef NEURATH_PIPELINE_CELLS_H
#define NEURATH_PIPELINE_CELLS_H

#include "base/json.h"
#include "base/result.h"

#include <manifest/manifest.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CELLS_DIGEST_LEN 65

struct db;

struct cell {
    char name[MANIFEST_NAME_MAX + 1];
    char object[CELLS_DIGEST_LEN];
    int64_t length;
    char abi[17];
    char kind[16];
    json_t *uses; /* array of names */
    bool fresh; /* from a build: its bytes are in the staging folder, not yet in the store */
};

/* Sorted by name. */
struct cell_set {
    struct cell *cells;
    size_t count;
    char stub[CELLS_DIGEST_LEN]; /* of a build or a release; empty: of cells alone */
    char content[CELLS_DIGEST_LEN];
};

void cell_set_fini(struct cell_set *set);

/* Makes room for COUNT zeroed cells. */
NODISCARD enum result cell_set_init(struct cell_set *set, size_t count);

/* Sorts, and fills `content`. RESULT_INVALID: a name stands twice, or there is none. */
NODISCARD enum result cell_set_seal(struct cell_set *set);

const struct cell *cell_set_find(const struct cell_set *set, const char *name);

/* Reads the set of a stored content. GIVES *out (cell_set_fini). RESULT_NOT_FOUND. */
NODISCARD enum result cell_set_load(struct db *db, const char *content,
                                    struct cell_set *out);

/* The same, of a release: with its boot stub. */
NODISCARD enum result cell_set_of_release(struct db *db, int64_t version,
                                          struct cell_set *out);

/* Stores the set under its content id, in the open transaction. A stored one is left alone. */
NODISCARD enum result cell_set_store(struct db *db, const struct cell_set *set,
                                     int64_t now_ms);

/* What differs from OLD to NEW: [{name, old, new, class}], class `add`, `remove` or `text`. */
json_t *cell_set_difference(const struct cell_set *old_set,
                            const struct cell_set *new_set);

#define CELL_SET_OWNED __attribute__((cleanup(cell_set_fini))) struct cell_set

#endif
