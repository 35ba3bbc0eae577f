/* Files that must survive a crash, and files that strangers wrote.
 * SPDX-License-Identifier: MIT
 *
 * Durable order (files_write_durable): write a temporary file beside the target, fsync it, rename it
 * over the target, fsync the folder. A reader sees the old bytes or the new bytes, never a mixture,
 * and after a return of RESULT_OK the new bytes survive a power cut. One writer per path at a time.
 * Files written by a build are opened beneath a folder without following any symbolic link. */
#ifndef NEURATH_BASE_FILES_H
#define NEURATH_BASE_FILES_H

#include "base/result.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* GIVES the whole file (terminated by a NUL that is not counted) for free(). RESULT_TOO_LARGE
 * above LIMIT bytes. Follows symbolic links: only for our own files. */
NODISCARD enum result files_read(const char *path, size_t limit, uint8_t **out_bytes,
                                 size_t *out_len);

/* The same for a regular file below the folder FOLDER_FD; RESULT_INVALID when PATH leaves the folder,
 * crosses a symbolic link, or is not a regular file. */
NODISCARD enum result files_read_beneath(int folder_fd, const char *path, size_t limit,
                                         uint8_t **out_bytes, size_t *out_len);

/* Opens below FOLDER_FD, never through a symbolic link. *out_fd is closed by the caller. */
NODISCARD enum result files_open_beneath(int folder_fd, const char *path, int flags,
                                         int *out_fd);

NODISCARD enum result files_write_durable(const char *path, const void *bytes, size_t len,
                                          mode_t mode);

/* Writes all of LEN, whatever the kernel takes at a time. */
NODISCARD enum result files_write_all(int fd, const void *bytes, size_t len);

/* Creates the folder and its missing parents. An existing folder is RESULT_OK. */
NODISCARD enum result files_make_folder(const char *path, mode_t mode);

/* fsync of a folder, so that names made in it survive a power cut. */
NODISCARD enum result files_sync_folder(const char *path);

/* Deletes a tree without following symbolic links. A missing one is RESULT_OK. */
NODISCARD enum result files_remove_tree(const char *path);

/* Deletes the files below PATH whose contents or names changed when the file MARK last did, or later, by the file
 * system's own clock (ctime: nobody can set it). Folders stay. RESULT_NOT_FOUND: there is no MARK. */
NODISCARD enum result files_remove_changed(const char *path, const char *mark);

bool files_exists(const char *path);

/* GIVES the formatted path for free(); aborts without memory (a few bytes at start). */
char *files_path(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
