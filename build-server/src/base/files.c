/* Durable writes, bounded reads, and opening beneath a folder.
 * SPDX-License-Identifier: MIT */
#include "base/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static enum result read_fd(int fd, size_t limit, uint8_t **out_bytes, size_t *out_len)
{
    struct stat info;
    if (fstat(fd, &info) != 0)
        return result_of_errno(errno);
    if (!S_ISREG(info.st_mode))
        return RESULT_INVALID;
    if (info.st_size < 0 || (uint64_t)info.st_size > limit)
        return RESULT_TOO_LARGE;
    size_t size = (size_t)info.st_size;
    uint8_t *bytes = malloc(size + 1);
    if (bytes == NULL)
        return RESULT_MEMORY;
    size_t len = 0;
    while (len < size) {
        ssize_t got = read(fd, bytes + len, size - len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            enum result result = result_of_errno(errno);
            free(bytes);
            return result;
        }
        if (got == 0)
            break;
        len += (size_t)got;
    }
    bytes[len] = 0;
    *out_bytes = bytes;
    *out_len = len;
    return RESULT_OK;
}

enum result files_read(const char *path, size_t limit, uint8_t **out_bytes,
                       size_t *out_len)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return result_of_errno(errno);
    enum result result = read_fd(fd, limit, out_bytes, out_len);
    close(fd);
    return result;
}

enum result files_open_beneath(int folder_fd, const char *path, int flags, int *out_fd)
{
    struct open_how how = {
        .flags = (uint64_t)(unsigned)(flags | O_CLOEXEC | O_NOFOLLOW),
        .mode = (flags & O_CREAT) ? 0644 : 0,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
    };
    long fd = syscall(SYS_openat2, folder_fd, path, &how, sizeof how);
    if (fd < 0)
        return result_of_errno(errno);
    *out_fd = (int)fd;
    return RESULT_OK;
}

enum result files_read_beneath(int folder_fd, const char *path, size_t limit,
                               uint8_t **out_bytes, size_t *out_len)
{
    int fd = -1;
    enum result result = files_open_beneath(folder_fd, path, O_RDONLY | O_NONBLOCK, &fd);
    if (result != RESULT_OK)
        return result;
    result = read_fd(fd, limit, out_bytes, out_len);
    close(fd);
    return result;
}

enum result files_write_all(int fd, const void *bytes, size_t len)
{
    const uint8_t *from = bytes;
    while (len > 0) {
        ssize_t put = write(fd, from, len);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return result_of_errno(errno);
        from += put;
        len -= (size_t)put;
    }
    return RESULT_OK;
}

enum result files_sync_folder(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return result_of_errno(errno);
    enum result result = fsync(fd) == 0 ? RESULT_OK : result_of_errno(errno);
    close(fd);
    return result;
}

static enum result sync_parent(const char *path)
{
    char *folder = files_path("%s", path);
    char *slash = strrchr(folder, '/');
    if (slash == NULL)
        strcpy(folder, ".");
    else if (slash == folder)
        slash[1] = '\0';
    else
        *slash = '\0';
    enum result result = files_sync_folder(folder);
    free(folder);
    return result;
}

enum result files_write_durable(const char *path, const void *bytes, size_t len,
                                mode_t mode)
{
    /* Always the same name: what a crash left is overwritten by the next attempt. */
    char *temporary = files_path("%s.new", path);
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        enum result result = result_of_errno(errno);
        free(temporary);
        return result;
    }
    enum result result = files_write_all(fd, bytes, len);
    if (result == RESULT_OK && (fchmod(fd, mode) != 0 || fsync(fd) != 0))
        result = result_of_errno(errno);
    if (close(fd) != 0 && result == RESULT_OK)
        result = result_of_errno(errno);
    if (result == RESULT_OK && rename(temporary, path) != 0)
        result = result_of_errno(errno);
    if (result != RESULT_OK)
        unlink(temporary);
    else
        result = sync_parent(path);
    free(temporary);
    return result;
}

enum result files_make_folder(const char *path, mode_t mode)
{
    char *copy = files_path("%s", path);
    enum result result = RESULT_OK;
    for (char *at = copy + 1;; at++) {
        if (*at != '/' && *at != '\0')
            continue;
        char ended = *at;
        *at = '\0';
        if (mkdir(copy, ended == '\0' ? mode : 0755) != 0 && errno != EEXIST) {
            result = result_of_errno(errno);
            break;
        }
        *at = ended;
        if (ended == '\0')
            break;
    }
    struct stat info;
    if (result == RESULT_OK && (stat(path, &info) != 0 || !S_ISDIR(info.st_mode)))
        result = RESULT_INVALID;
    free(copy);
    return result;
}

static bool is_before(int parent_fd, const char *name, const struct timespec *since)
{
    struct stat info;
    if (since == NULL || fstatat(parent_fd, name, &info, AT_SYMLINK_NOFOLLOW) != 0)
        return false;
    if (S_ISDIR(info.st_mode) || info.st_ctim.tv_sec != since->tv_sec)
        return !S_ISDIR(info.st_mode) && info.st_ctim.tv_sec < since->tv_sec;
    return info.st_ctim.tv_nsec < since->tv_nsec;
}

/* Empties and removes the folder NAME of PARENT_FD; with SINCE only what is no folder and changed then or
 * later. Bounded recursion by folder depth; a hostile depth ends with the descriptor limit and RESULT_IO, not
 * with a crash. */
static enum result remove_at(int parent_fd, const char *name,
                             const struct timespec *since, int depth)
{
    if (is_before(parent_fd, name, since) || unlinkat(parent_fd, name, 0) == 0 ||
        errno == ENOENT)
        return RESULT_OK;
    if (errno != EISDIR && errno != EPERM)
        return result_of_errno(errno);
    if (depth > 200)
        return RESULT_TOO_LARGE;
    int fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return result_of_errno(errno);
    DIR *folder = fdopendir(fd);
    if (folder == NULL) {
        close(fd);
        return RESULT_MEMORY;
    }
    enum result result = RESULT_OK;
    struct dirent *entry;
    while (result == RESULT_OK && (entry = readdir(folder)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            result = remove_at(fd, entry->d_name, since, depth + 1);
    }
    closedir(folder);
    if (result == RESULT_OK && since == NULL &&
        unlinkat(parent_fd, name, AT_REMOVEDIR) != 0)
        result = result_of_errno(errno);
    return result;
}

enum result files_remove_tree(const char *path)
{
    return remove_at(AT_FDCWD, path, NULL, 0);
}

enum result files_remove_changed(const char *path, const char *mark)
{
    struct stat info;
    if (stat(mark, &info) != 0)
        return result_of_errno(errno);
    return remove_at(AT_FDCWD, path, &info.st_ctim, 0);
}

bool files_exists(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0;
}

char *files_path(const char *format, ...)
{
    char *path = NULL;
    va_list arguments;
    va_start(arguments, format);
    int len = vasprintf(&path, format, arguments);
    va_end(arguments);
    if (len < 0)
        abort();
    return path;
}
