/* What a job is planned as, for the child that becomes it.
 * SPDX-License-Identifier: MIT */
#ifndef NEURATH_ADAPT_SANDBOX_PRIVATE_H
#define NEURATH_ADAPT_SANDBOX_PRIVATE_H

#include "adapt/sandbox/sandbox.h"

#define ARGUMENTS_MAX 1024 /* a boot image names each cell */
#define FOLDERS 4
/* Where the child mounts a private tmpfs that holds the neutral paths. Every system has it. */
#define STAGE "/tmp"

/* What the child tells through its own pipe when it does not get as far as bubblewrap. */
enum { TOLD_SETUP = 'S', TOLD_NO_BUBBLEWRAP = 'B' };

struct plan {
    const char *folders[FOLDERS]; /* host paths or NULL: work, build, sources, tools */
    char *arguments[ARGUMENTS_MAX];
    size_t count; /* beyond ARGUMENTS_MAX: they do not fit */
    bool root;
    char uid_map[40]; /* of an ordinary user's namespace: the user alone */
    char gid_map[40];
};

/* Where the child of a root service puts the folders. */
static const char *const staged[FOLDERS] = {STAGE "/work", STAGE "/build",
                                            STAGE "/sources", STAGE "/tools"};

/* In the process that SERVICE forked: becomes the job, with OUTPUT as its output; what keeps it from that goes to TELL. */
__attribute__((noreturn)) void sandbox_child(const struct plan *plan,
                                             const struct sandbox_job *job, pid_t service,
                                             int output, int tell);

#endif
