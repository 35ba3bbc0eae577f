/* Makes a folder equal to a tree, writing only what differs, never through a symbolic link.
 * SPDX-License-Identifier: MIT
 *
 * The tree is a stranger's: names, sizes, depth and kinds are checked as they come. Only this code
 * writes below the folder (builds see it read-only), and each file is made anew, so that its time
 * tells make what changed. A submodule becomes an empty folder, as in git. */
#include "adapt/git/repo.h"

#include "adapt/git/repo_private.h"
#include "base/files.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

struct work {
    git_repository *handle;
    git_odb *store;
    bool known; /* the folder holds exactly the old tree */
    size_t entries;
    uint64_t bytes;
    size_t touched;
    struct problem *problem;
};

static enum result io_problem(struct work *work, const char *name)
{
    return problem_set(work->problem, result_of_errno(errno), "checkout", "%.200s: %s",
                       name, strerror(errno));
}

static enum result check_name(struct work *work, const char *name, int depth)
{
    bool bad = name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
               strcasecmp(name, ".git") == 0 || strlen(name) > 255;
    for (const char *at = name; *at != '\0' && !bad; at++)
        bad = (unsigned char)*at < 0x20 || *at == 0x7f || *at == '/';
    if (bad)
        return problem_set(work->problem, RESULT_REFUSED, "bad-name",
                           "the commit contains a file name that is not acceptable");
    if (depth == 0 && strcmp(name, "build") == 0)
        return problem_set(
            work->problem, RESULT_REFUSED, "bad-name",
            "the commit contains `build`, which belongs to the build's outputs");
    if (++work->entries > REPO_ENTRIES_MAX)
        return problem_set(work->problem, RESULT_REFUSED, "too-large",
                           "the commit changes more than %d files", REPO_ENTRIES_MAX);
    return RESULT_OK;
}

static enum result remove_entry(struct work *work, int folder, const char *name)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", folder);
    TEXT_OWNED char *full = files_path("%s/%s", path, name);
    struct stat info;
    if (fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? RESULT_OK : io_problem(work, name);
    work->touched++;
    enum result result = files_remove_tree(full);
    if (result != RESULT_OK)
        problem_set(work->problem, result, "checkout", "%.200s cannot be removed", name);
    return result;
}

/* True when FOLDER/NAME is already what the tree says (only asked when the folder is not known). */
static bool same_file(struct work *work, int folder, const char *name,
                      const git_tree_entry *entry)
{
    struct stat info;
    git_filemode_t mode = git_tree_entry_filemode(entry);
    if (work->known || mode == GIT_FILEMODE_LINK ||
        fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(info.st_mode) ||
        ((info.st_mode & 0100) != 0) != (mode == GIT_FILEMODE_BLOB_EXECUTABLE))
        return false;
    int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return false;
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    git_oid id;
    bool same = git_odb_hashfile(&id, path, GIT_OBJECT_BLOB) == 0 &&
                git_oid_equal(&id, git_tree_entry_id(entry));
    close(fd);
    return same;
}

static enum result write_blob(struct work *work, int folder, const char *name,
                              const git_tree_entry *entry)
{
    size_t size = 0;
    git_object_t type;
    if (git_odb_read_header(&size, &type, work->store, git_tree_entry_id(entry)) != 0 ||
        type != GIT_OBJECT_BLOB)
        return problem_set(work->problem, RESULT_CORRUPT, "checkout", "%.200s is missing",
                           name);
    work->bytes += size;
    if (size > REPO_FILE_MAX || work->bytes > REPO_TOTAL_MAX)
        return problem_set(
            work->problem, RESULT_REFUSED, "too-large",
            "%.200s: files of a commit may have %llu MiB each and %llu MiB together",
            name, REPO_FILE_MAX >> 20, REPO_TOTAL_MAX >> 20);
    enum result result = remove_entry(work, folder, name);
    if (result != RESULT_OK)
        return result;
    git_blob *blob = NULL;
    if (git_blob_lookup(&blob, work->handle, git_tree_entry_id(entry)) != 0)
        return problem_set(work->problem, RESULT_CORRUPT, "checkout", "%.200s is missing",
                           name);
    const char *bytes = git_blob_rawcontent(blob);
    if (git_tree_entry_filemode(entry) == GIT_FILEMODE_LINK) {
        TEXT_OWNED char *target = strndup(bytes, size);
        if (target == NULL || symlinkat(target, folder, name) != 0)
            result = io_problem(work, name);
    } else {
        bool executable = git_tree_entry_filemode(entry) == GIT_FILEMODE_BLOB_EXECUTABLE;
        int fd = openat(folder, name,
                        O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0 || files_write_all(fd, bytes, size) != RESULT_OK ||
            fchmod(fd, executable ? 0755 : 0644) != 0)
            result = io_problem(work, name);
        if (fd >= 0)
            close(fd);
    }
    git_blob_free(blob);
    work->touched++;
    return result;
}

static enum result enter_folder(struct work *work, int parent, const char *name,
                                int *out_fd)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        enum result result = remove_entry(work, parent, name);
        if (result != RESULT_OK)
            return result;
        if (mkdirat(parent, name, 0755) != 0)
            return io_problem(work, name);
        fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    }
    if (fd < 0 || fchmod(fd, 0755) != 0)
        return io_problem(work, name);
    *out_fd = fd;
    return RESULT_OK;
}

/* Removes what the new tree does not have: by the old tree when it is known, else by looking. */
static enum result remove_others(struct work *work, int folder, const git_tree *old_tree,
                                 const git_tree *new_tree, int depth)
{
    enum result result = RESULT_OK;
    if (work->known) {
        size_t count = old_tree == NULL ? 0 : git_tree_entrycount(old_tree);
        for (size_t i = 0; i < count && result == RESULT_OK; i++) {
            const char *name = git_tree_entry_name(git_tree_entry_byindex(old_tree, i));
            if (git_tree_entry_byname(new_tree, name) == NULL)
                result = remove_entry(work, folder, name);
        }
        return result;
    }
    int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *listing = copy < 0 ? NULL : fdopendir(copy);
    if (listing == NULL)
        return io_problem(work, ".");
    struct dirent *entry;
    while (result == RESULT_OK && (entry = readdir(listing)) != NULL) {
        const char *name = entry->d_name;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
            (depth == 0 && strcmp(name, "build") == 0) ||
            git_tree_entry_byname(new_tree, name) != NULL)
            continue;
        result = remove_entry(work, folder, name);
    }
    closedir(listing);
    return result;
}

static enum result update_folder(struct work *work, int folder, const git_tree *old_tree,
                                 const git_tree *new_tree, int depth);

static enum result update_subfolder(struct work *work, int folder,
                                    const git_tree_entry *old_entry,
                                    const git_tree_entry *entry, int depth)
{
    git_tree *new_tree = NULL;
    git_tree *old_tree = NULL;
    int fd = -1;
    const char *name = git_tree_entry_name(entry);
    enum result result = enter_folder(work, folder, name, &fd);
    if (result == RESULT_OK && git_tree_entry_type(entry) == GIT_OBJECT_TREE) {
        if (git_tree_lookup(&new_tree, work->handle, git_tree_entry_id(entry)) != 0)
            result = problem_set(work->problem, RESULT_CORRUPT, "checkout",
                                 "%.200s is missing", name);
        if (old_entry != NULL && git_tree_entry_type(old_entry) == GIT_OBJECT_TREE)
            (void)!git_tree_lookup(&old_tree, work->handle, git_tree_entry_id(old_entry));
        if (result == RESULT_OK)
            result = update_folder(work, fd, old_tree, new_tree, depth + 1);
    }
    git_tree_free(old_tree);
    git_tree_free(new_tree);
    if (fd >= 0)
        close(fd);
    return result;
}

static bool same_entry(const git_tree_entry *a, const git_tree_entry *b)
{
    return a != NULL && git_oid_equal(git_tree_entry_id(a), git_tree_entry_id(b)) &&
           git_tree_entry_filemode(a) == git_tree_entry_filemode(b);
}

/* Recursion is bounded by REPO_DEPTH_MAX. */
static enum result update_folder(struct work *work, int folder, const git_tree *old_tree,
                                 const git_tree *new_tree, int depth)
{
    if (depth > REPO_DEPTH_MAX)
        return problem_set(work->problem, RESULT_REFUSED, "too-large",
                           "the commit's folders are nested more than %d deep",
                           REPO_DEPTH_MAX);
    enum result result = remove_others(work, folder, old_tree, new_tree, depth);
    size_t count = git_tree_entrycount(new_tree);
    for (size_t i = 0; i < count && result == RESULT_OK; i++) {
        const git_tree_entry *entry = git_tree_entry_byindex(new_tree, i);
        const char *name = git_tree_entry_name(entry);
        const git_tree_entry *old_entry =
            old_tree == NULL ? NULL : git_tree_entry_byname(old_tree, name);
        if (work->known && same_entry(old_entry, entry))
            continue;
        result = check_name(work, name, depth);
        if (result != RESULT_OK)
            return result;
        git_object_t type = git_tree_entry_type(entry);
        if (type == GIT_OBJECT_TREE || type == GIT_OBJECT_COMMIT)
            result = update_subfolder(work, folder, old_entry, entry, depth);
        else if (!same_file(work, folder, name, entry))
            result = write_blob(work, folder, name, entry);
    }
    return result;
}

static enum result find_tree(struct repo *repo, const char *id, git_tree **out)
{
    git_oid oid;
    if (git_oid_fromstr(&oid, id) != 0)
        return RESULT_INVALID;
    return repo_translate(git_tree_lookup(out, repo->handle, &oid));
}

enum result repo_checkout(struct repo *repo, const char *tree, const char *from,
                          const char *folder, size_t *out_touched, struct problem *problem)
{
    struct work work = {.handle = repo->handle, .problem = problem};
    git_tree *old_tree = NULL;
    git_tree *new_tree = NULL;
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return io_problem(&work, folder);
    pthread_mutex_lock(&repo->lock);
    enum result result = find_tree(repo, tree, &new_tree);
    if (result == RESULT_OK)
        result = repo_translate(git_repository_odb(&work.store, repo->handle));
    if (result != RESULT_OK)
        problem_set(problem, result, "checkout", "the commit's tree cannot be read");
    work.known = from != NULL && find_tree(repo, from, &old_tree) == RESULT_OK;
    if (result == RESULT_OK)
        result = update_folder(&work, fd, old_tree, new_tree, 0);
    git_tree_free(old_tree);
    git_tree_free(new_tree);
    git_odb_free(work.store);
    pthread_mutex_unlock(&repo->lock);
    close(fd);
    if (result == RESULT_OK)
        *out_touched = work.touched;
    return result;
}
