/* Opens the repository, reads branches, reflogs and commits.
 * SPDX-License-Identifier: MIT */
#include "adapt/git/repo.h"

#include "adapt/git/repo_private.h"
#include "base/log.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum result repo_translate(int code)
{
    switch (code) {
    case 0: return RESULT_OK;
    case GIT_ENOTFOUND:
    case GIT_EUNBORNBRANCH: return RESULT_NOT_FOUND;
    case GIT_EEXISTS: return RESULT_EXISTS;
    case GIT_EAMBIGUOUS: return RESULT_INVALID;
    case GIT_ELOCKED: return RESULT_BUSY;
    default: return RESULT_FAILED;
    }
}

static void copy_line(char *out, size_t capacity, const char *text)
{
    text_copy(out, capacity, text == NULL ? "" : text);
    text_sanitise_line(out);
}

/* Settings that guard the server: objects are checked, a push is bounded, moves are remembered. */
static void configure(git_repository *handle)
{
    git_config *config = NULL;
    if (git_repository_config(&config, handle) != 0)
        return;
    git_config_set_bool(config, "receive.fsckObjects", 1);
    git_config_set_string(config, "receive.maxInputSize", "256m");
    git_config_set_bool(config, "core.logAllRefUpdates", 1);
    git_config_set_bool(config, "receive.autogc", 0);
    git_config_set_bool(config, "gc.auto", 0);
    git_config_free(config);
}

enum result repo_open(const char *path, const char *branch, struct repo **out,
                      struct problem *problem)
{
    git_libgit2_init();
    git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
    /* Settings of the account that the service runs under are none of its business. */
    static const int levels[] = {GIT_CONFIG_LEVEL_PROGRAMDATA, GIT_CONFIG_LEVEL_SYSTEM,
                                 GIT_CONFIG_LEVEL_XDG, GIT_CONFIG_LEVEL_GLOBAL};
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++)
        git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, levels[i], "");
    struct repo *repo = calloc(1, sizeof *repo);
    if (repo == NULL)
        return RESULT_MEMORY;
    int code = git_repository_open_bare(&repo->handle, path);
    if (code == GIT_ENOTFOUND) {
        git_repository_init_options options;
        git_repository_init_options_init(&options, GIT_REPOSITORY_INIT_OPTIONS_VERSION);
        options.flags = GIT_REPOSITORY_INIT_BARE | GIT_REPOSITORY_INIT_MKPATH;
        options.initial_head = branch;
        code = git_repository_init_ext(&repo->handle, path, &options);
    }
    if (code != 0) {
        const git_error *error = git_error_last();
        problem_set(problem, RESULT_FAILED, "repository", "the repository %s: %s", path,
                    error == NULL ? "cannot be opened" : error->message);
        free(repo);
        return RESULT_FAILED;
    }
    configure(repo->handle);
    pthread_mutex_init(&repo->lock, NULL);
    *out = repo;
    return RESULT_OK;
}

void repo_close(struct repo *repo)
{
    if (repo == NULL)
        return;
    git_repository_free(repo->handle);
    pthread_mutex_destroy(&repo->lock);
    free(repo);
}

enum result repo_head(struct repo *repo, const char *branch, char out_id[REPO_ID_LEN])
{
    char name[300];
    snprintf(name, sizeof name, "refs/heads/%s", branch);
    git_oid id;
    pthread_mutex_lock(&repo->lock);
    int code = git_reference_name_to_id(&id, repo->handle, name);
    pthread_mutex_unlock(&repo->lock);
    if (code == 0)
        git_oid_tostr(out_id, REPO_ID_LEN, &id);
    return repo_translate(code);
}

/* Index of the newest entry whose commit is SINCE, or COUNT when there is none. */
static size_t find_entry(git_reflog *log, size_t count, const char *since)
{
    for (size_t i = 0; i < count; i++) {
        char id[REPO_ID_LEN];
        git_oid_tostr(id, sizeof id,
                      git_reflog_entry_id_new(git_reflog_entry_byindex(log, i)));
        if (strcmp(id, since) == 0)
            return i;
    }
    return count;
}

static void read_move(git_reflog *log, size_t index, struct repo_move *out)
{
    const git_reflog_entry *entry = git_reflog_entry_byindex(log, index);
    const git_signature *who = git_reflog_entry_committer(entry);
    git_oid_tostr(out->id, sizeof out->id, git_reflog_entry_id_new(entry));
    copy_line(out->who, sizeof out->who, who == NULL ? NULL : who->name);
}

enum result repo_moves(struct repo *repo, const char *branch, const char *since,
                       size_t max, struct repo_move **out_moves, size_t *out_count)
{
    char head[REPO_ID_LEN];
    enum result result = repo_head(repo, branch, head);
    if (result != RESULT_OK)
        return result;
    char name[300];
    snprintf(name, sizeof name, "refs/heads/%s", branch);
    struct repo_move *moves = calloc(max, sizeof *moves);
    if (moves == NULL)
        return RESULT_MEMORY;
    size_t used = 0;
    git_reflog *log = NULL;
    pthread_mutex_lock(&repo->lock);
    if (git_reflog_read(&log, repo->handle, name) == 0) {
        size_t count = git_reflog_entrycount(log);
        size_t newer = since[0] == '\0' ? count : find_entry(log, count, since);
        if (since[0] != '\0' && newer == count)
            newer = count > 0 ? 1 : 0;
        if (newer > max)
            newer = max;
        for (size_t i = newer; i-- > 0;) {
            read_move(log, i, &moves[used]);
            if (strspn(moves[used].id, "0") != REPO_ID_LEN - 1)
                used++;
        }
        git_reflog_free(log);
    }
    pthread_mutex_unlock(&repo->lock);
    /* The reflog may lag behind, or be gone; the head counts. */
    if ((used == 0 || strcmp(moves[used - 1].id, head) != 0) && strcmp(since, head) != 0) {
        if (used == max)
            used--;
        text_copy(moves[used].id, sizeof moves[used].id, head);
        moves[used].who[0] = '\0';
        used++;
    }
    *out_moves = moves;
    *out_count = used;
    return RESULT_OK;
}

enum result repo_commit(struct repo *repo, const char *id, struct repo_commit *out)
{
    git_oid oid;
    git_commit *commit = NULL;
    if (git_oid_fromstr(&oid, id) != 0)
        return RESULT_INVALID;
    pthread_mutex_lock(&repo->lock);
    int code = git_commit_lookup(&commit, repo->handle, &oid);
    if (code == 0) {
        const git_signature *author = git_commit_author(commit);
        text_copy(out->id, sizeof out->id, id);
        git_oid_tostr(out->tree, sizeof out->tree, git_commit_tree_id(commit));
        copy_line(out->subject, sizeof out->subject, git_commit_summary(commit));
        copy_line(out->author, sizeof out->author, author == NULL ? NULL : author->name);
        out->time_ms = (int64_t)git_commit_time(commit) * 1000;
        git_commit_free(commit);
    }
    pthread_mutex_unlock(&repo->lock);
    return repo_translate(code);
}

enum result repo_resolve(struct repo *repo, const char *prefix, char out_id[REPO_ID_LEN])
{
    size_t len = strlen(prefix);
    git_oid oid;
    if (len < 7 || len > 40 || !text_is_hex(prefix, len) ||
        git_oid_fromstrn(&oid, prefix, len) != 0)
        return RESULT_INVALID;
    git_commit *commit = NULL;
    pthread_mutex_lock(&repo->lock);
    int code = git_commit_lookup_prefix(&commit, repo->handle, &oid, len);
    if (code == 0) {
        git_oid_tostr(out_id, REPO_ID_LEN, git_commit_id(commit));
        git_commit_free(commit);
    }
    pthread_mutex_unlock(&repo->lock);
    return repo_translate(code);
}
