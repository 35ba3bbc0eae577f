/* The inside of a repository handle, shared by the files of this folder.
 * SPDX-License-Identifier: MIT */
#ifndef NEURATH_ADAPT_GIT_REPO_PRIVATE_H
#define NEURATH_ADAPT_GIT_REPO_PRIVATE_H

#include "base/result.h"

#include <git2.h>
#include <pthread.h>

struct repo {
    git_repository *handle;
    pthread_mutex_t lock;
};

enum result repo_translate(int code);

#endif
