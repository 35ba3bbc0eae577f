/* Running other programs (git, make, QEMU's checks) from the command.
 * SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Runs WORDS (NULL at the end) in FOLDER (NULL: here) and keeps its first OUT_LEN - 1 bytes of
 * stdout in OUT; stderr is dropped. True if it ended with status 0. */
bool process_capture(const char *const words[], const char *folder, char *out,
                     size_t out_len);

/* Runs WORDS in FOLDER with this process' stdout and stderr, or with both sent to the file LOG
 * (appended) if it is not NULL. Gives the exit status; 128 + signal if killed; -1 if it could
 * not be started. */
int process_run(const char *const words[], const char *folder, const char *log);

/* Finds PROGRAM in PATH. */
bool process_find(const char *program, char *out, size_t out_len);
