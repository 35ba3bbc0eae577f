/* Checkout: the worktree holds the commit's files, and only what differs was touched.
 * SPDX-License-Identifier: MIT
 *
 * FOLDER.tree names the tree that the folder holds. It is removed before the first change and written
 * after the last one, so that a crash in between leads to a comparison of contents. */
#include "pipeline/steps.h"

#include "adapt/sandbox/sandbox.h"
#include "base/files.h"
#include "base/log.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A build folder of another owner (the state was copied from elsewhere) is begun anew; what a killed build had begun to
 * write is made again. */
static enum result prepare_folders(const char *work, uid_t owner)
{
    TEXT_OWNED char *build = files_path("%s/build", work);
    TEXT_OWNED char *unfinished = files_path("%s.unfinished", work);
    struct stat info;
    enum result result = files_make_folder(work, 0755);
    if (result != RESULT_OK)
        return result;
    if (lstat(build, &info) == 0) {
        if (geteuid() == 0 && info.st_uid != owner)
            result = files_remove_tree(build);
        else if (files_exists(unfinished))
            result = files_remove_changed(build, unfinished);
    }
    if (result == RESULT_OK)
        result = files_make_folder(build, 0755);
    if (result == RESULT_OK)
        result = sandbox_own(build, owner);
    if (result == RESULT_OK)
        unlink(unfinished);
    return result;
}

enum result checkout_commit(struct server *server, const char *commit, const char *folder,
                            struct problem *problem)
{
    TEXT_OWNED char *work = server_path(server, "%s", folder);
    TEXT_OWNED char *marker = server_path(server, "%s.tree", folder);
    struct repo_commit info;
    enum result result = repo_commit(server->repo, commit, &info);
    if (result != RESULT_OK)
        return problem_set(problem, result, "no-commit",
                           "the repository does not have commit %s", commit);
    result = prepare_folders(work, server->sandbox_id);
    if (result != RESULT_OK)
        return problem_set(problem, result, "checkout", "the worktree %s: %s", work,
                           result_name(result));

    uint8_t *known = NULL;
    size_t len = 0;
    if (files_read(marker, 64, &known, &len) != RESULT_OK)
        known = NULL;
    TEXT_OWNED char *from = (char *)known;
    if (from != NULL && !text_is_hex(from, 40))
        from[0] = '\0';
    if (from != NULL && strcmp(from, info.tree) == 0)
        return RESULT_OK;
    unlink(marker);
    size_t touched = 0;
    result = repo_checkout(server->repo, info.tree,
                           from != NULL && from[0] != '\0' ? from : NULL, work, &touched,
                           problem);
    if (result != RESULT_OK)
        return result;
    log_debug("checkout", "%s: %zu files touched", commit, touched);
    result = files_write_durable(marker, info.tree, strlen(info.tree), 0644);
    if (result != RESULT_OK)
        problem_set(problem, result, "checkout", "%s: %s", marker, result_name(result));
    return result;
}
