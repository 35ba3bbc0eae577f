/* The service's own bare repository, read with libgit2. Pushes are received by git itself.
 * SPDX-License-Identifier: MIT
 *
 * One handle, guarded by a lock of its own: any thread. */
#ifndef NEURATH_ADAPT_GIT_REPO_H
#define NEURATH_ADAPT_GIT_REPO_H

#include "base/result.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REPO_ID_LEN 41 /* 40 digits and the NUL */

struct repo;

struct repo_commit {
    char id[REPO_ID_LEN];
    char tree[REPO_ID_LEN];
    char subject[256]; /* sanitised */
    char author[128];  /* sanitised */
    int64_t time_ms;
};

/* One move of a branch, from its reflog. */
struct repo_move {
    char id[REPO_ID_LEN];
    char who[128]; /* sanitised */
};

/* Opens, or makes, the bare repository at PATH, with `branch` as its default. GIVES *out. */
NODISCARD enum result repo_open(const char *path, const char *branch, struct repo **out,
                                struct problem *problem);
void repo_close(struct repo *repo);

/* The commit that BRANCH points at. RESULT_NOT_FOUND: no such branch. */
NODISCARD enum result repo_head(struct repo *repo, const char *branch,
                                char out_id[REPO_ID_LEN]);

/* The moves of BRANCH after it pointed at SINCE (empty: from its beginning), oldest first, at most MAX (the
 * newest ones). When SINCE is not in the reflog only the head is given. GIVES *out_moves (free()). */
NODISCARD enum result repo_moves(struct repo *repo, const char *branch, const char *since,
                                 size_t max, struct repo_move **out_moves,
                                 size_t *out_count);

NODISCARD enum result repo_commit(struct repo *repo, const char *id,
                                  struct repo_commit *out);

/* The full id of the commit that PREFIX (7..40 digits) names. */
NODISCARD enum result repo_resolve(struct repo *repo, const char *prefix,
                                   char out_id[REPO_ID_LEN]);

/* Makes the folder WORK equal to TREE, touching only files that differ. FROM is the tree that the
 * folder is known to hold, or NULL when that is unknown (then contents are compared). The entry
 * `build` at the top belongs to the builds and is left alone. RESULT_REFUSED with a problem
 * for trees over the caps or with names that are not acceptable. */
NODISCARD enum result repo_checkout(struct repo *repo, const char *tree, const char *from,
                                    const char *work, size_t *out_touched,
                                    struct problem *problem);

#define REPO_FILE_MAX (16ULL * 1024 * 1024)
#define REPO_TOTAL_MAX (256ULL * 1024 * 1024)
#define REPO_ENTRIES_MAX 50000
#define REPO_DEPTH_MAX 32

#endif
