/* Processes that the supervisor owns: none outlives it.
 * SPDX-License-Identifier: MIT */
#pragma once

#include <stdint.h>
#include <sys/types.h>

/* Starts WORDS (NULL at the end) with stdin from /dev/null, stdout and stderr to OUT and ERR.
 * The child gets SIGKILL if its parent dies. -1 with errno if there can be no process. */
pid_t child_spawn(const char *const words[], int out, int err);

/* Opens a log for appending; one that has grown over 16 MiB becomes PATH.1 first. -1: errno. */
int child_open_log(const char *path);

/* Milliseconds of the monotonic clock. */
int64_t child_now_ms(void);
