/* Runs a stranger's build: no network, no state folder, few mounts, limits, an unprivileged user.
 * SPDX-License-Identifier: MIT
 *
 * As root: a private mount namespace, the folders bound to neutral paths, the user id dropped (so that
 * the limit of processes holds), then bubblewrap. Otherwise: bubblewrap with a user namespace. Either way in a
 * PID namespace that ends with the service: nothing of a job outlives it, at whatever moment it is killed.
 * Inside: /usr and a few files of /etc read-only, /work read-only, /work/build writable, /sources read-only,
 * an empty /tmp, /proc and /dev of its own; nothing else of this machine exists.
 * Limits: wall time, address space per process, processes, file size, open files, bytes of output. The
 * sum of memory over processes is not limited by this code (a cgroup of the service's unit does that). */
#ifndef NEURATH_ADAPT_SANDBOX_SANDBOX_H
#define NEURATH_ADAPT_SANDBOX_SANDBOX_H

#include "base/result.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Users and groups that builds run as when the service is root: one of SANDBOX_IDS, chosen per service, because
 * the limit of processes counts everything that a user runs. Not in /etc/passwd on purpose. */
#define SANDBOX_ID 64000
#define SANDBOX_IDS 1000

struct sandbox_job {
    uid_t id;         /* user and group, when the service is root */
    const char *work; /* host folder → /work, read-only */
    const char *build; /* host folder → /work/build, writable; `work` contains `build/` */
    const char *sources;  /* host folder → /sources, read-only; NULL: none */
    const char *tools;    /* host folder → /tools, read-only; NULL: none */
    char *const *command; /* NULL-terminated, paths as inside */
    int niceness;         /* 0..19 */
    unsigned seconds;     /* wall time */
    uint64_t memory;      /* bytes of address space per process */
    unsigned processes;
    uint64_t file_size; /* bytes per file */
    size_t output;      /* bytes; more ends the job */
    const atomic_bool *
        cancel; /* NULL, or ends the job when it becomes true (looked at after wake_fd) */
    int wake_fd; /* -1, or an eventfd that is readable when `cancel` changed */
    void (*sink)(void *context, const char *bytes,
                 size_t len); /* output as it comes; may be NULL */
    void *context;
};

enum sandbox_end {
    SANDBOX_EXITED,
    SANDBOX_SIGNALLED,
    SANDBOX_TIME,
    SANDBOX_OUTPUT,
    SANDBOX_CANCELLED
};

struct sandbox_result {
    enum sandbox_end end;
    int status; /* exit status, or signal */
};

/* RESULT_OK: it ran, *out_result says how it ended. Else it could not be started. */
NODISCARD enum result sandbox_run(const struct sandbox_job *job,
                                  struct sandbox_result *out_result,
                                  struct problem *problem);

/* Makes FOLDER writable for jobs of ID (its owner, when the service is root). */
NODISCARD enum result sandbox_own(const char *folder, uid_t id);

#endif
