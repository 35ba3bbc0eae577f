/* Fills the lab's repository, makes its clone, waits for the first release.
 * SPDX-License-Identifier: MIT */
#include "up_steps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../process.h"
#include "../text.h"
#include "../view.h"

enum { RELEASE_S = 600, IMAGE_S = 30 };

static void cut_line(char *text)
{
    text[strcspn(text, "\r\n")] = '\0';
}

/* The commit that NAME means in FOLDER; false if there is none. */
static bool commit_of(const char *folder, const char *name, char out[48])
{
    const char *const words[] = {"git", "rev-parse", "--verify", "--quiet", name, NULL};
    bool found = process_capture(words, folder, out, 48);

    cut_line(out);
    return found && strlen(out) == 40;
}

/* Says what of the tree the lab does not see: changes that are not committed. */
static void say_dirty(const struct up *up, const char *commit)
{
    const char *const words[] = {"git", "status", "--porcelain", NULL};
    char changes[256];

    if (process_capture(words, up->lab.tree, changes, sizeof(changes)) &&
        changes[0] != '\0') {
        up_say(
            up, "the tree has changes that are not committed; the lab runs %.10s without them",
            commit);
    }
}

/* On a later `up`: says how the tree's newer commits get into the lab. */
static void say_ahead(const struct up *up, const char *repository, const char *main_commit)
{
    char head[48], tree[PLACE_PATH_MAX + 16], target[PLACE_PATH_MAX + 16];

    if (!commit_of(up->lab.tree, "HEAD", head) || strcmp(head, main_commit) == 0) {
        return;
    }
    const char *const words[] = {"git", "merge-base", "--is-ancestor",
                                 head,  main_commit,  NULL};
    if (process_capture(words, repository, (char[8]){0}, 8)) {
        return;
    }
    text_quote(up->lab.tree, tree, sizeof(tree));
    text_quote(repository, target, sizeof(target));
    up_say(
        up, "the tree is at %.10s, the lab's repository at %.10s; to bring the tree's commits in:",
        head, main_commit);
    up_say(up, "    git -C %s push %s HEAD:main", tree, target);
}

/* Pushes the tree's HEAD; the answer of the hook reaches the terminal as `remote:` lines. */
static bool push_history(const struct up *up, const char *repository,
                         struct failure *failure)
{
    char log[PLACE_PATH_MAX], answer[16] = "";
    const char *const shallow[] = {"git", "rev-parse", "--is-shallow-repository", NULL};
    const char *const allow[] = {"git", "config", "receive.shallowUpdate", "true", NULL};
    const char *const words[] = {"git",         "push",     "--quiet",
                                 "--no-verify", repository, "HEAD:refs/heads/main",
                                 NULL};
    int status = 0;

    if (process_capture(shallow, up->lab.tree, answer, sizeof(answer)) &&
        strncmp(answer, "true", 4) == 0) {
        process_run(allow, repository, NULL);
    }
    if (!lab_path(&up->lab, "log/first-push.log", log, failure)) {
        return false;
    }
    status = process_run(words, up->lab.tree, up->invocation->json ? log : NULL);
    if (status != 0) {
        failure_set(failure, "push-failed",
                    "the tree's history could not be pushed into %s", repository);
        return failure_remedy(failure, "see what git said above");
    }
    return true;
}

bool up_repository(struct up *up, struct failure *failure)
{
    char repository[PLACE_PATH_MAX], commit[48];

    if (!lab_path(&up->lab, "repo.git", repository, failure)) {
        return false;
    }
    if (commit_of(repository, "refs/heads/main", commit)) {
        say_ahead(up, repository, commit);
        return true;
    }
    if (!commit_of(up->lab.tree, "HEAD", commit)) {
        failure_set(failure, "no-history",
                    "%s has no commit that the lab could start from", up->lab.tree);
        return failure_remedy(failure, "git init && git add . && git commit");
    }
    say_dirty(up, commit);
    up_say(up,
           "the repository gets the tree's history; the first build compiles every cell");
    return push_history(up, repository, failure);
}

bool up_clone(struct up *up, struct failure *failure)
{
    char repository[PLACE_PATH_MAX], clone[PLACE_PATH_MAX], log[PLACE_PATH_MAX],
        path[PLACE_PATH_MAX];
    const char *settings[][2] = {
        {"user.name", "Neurath lab"},
        {"user.email", "lab@localhost"},
        {"push.default", "simple"},
        {"neurath.lab", up->lab.state},
    };

    if (!lab_path(&up->lab, "repo.git", repository, failure) ||
        !lab_path(&up->lab, "clone", clone, failure) ||
        !lab_path(&up->lab, "log/clone.log", log, failure) ||
        !place_path(path, failure, "%s/.git", clone)) {
        return false;
    }
    if (access(path, F_OK) == 0) {
        return true;
    }
    const char *const words[] = {"git",  "clone",    "--quiet", "--branch",
                                 "main", repository, clone,     NULL};
    if (process_run(words, NULL, log) != 0) {
        failure_set(failure, "clone-failed", "cannot clone %s into %s", repository, clone);
        return failure_remedy(failure, "see %s", log);
    }
    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
        const char *const set[] = {"git", "config", settings[i][0], settings[i][1], NULL};
        if (process_run(set, clone, log) != 0) {
            return failure_set(failure, "clone-failed", "cannot configure the clone %s",
                               clone);
        }
    }
    return true;
}

/* If the newest build failed, there is nothing to wait for. */
static bool newest_build_stands(struct up *up, struct failure *failure)
{
    json_t *builds = NULL;
    const json_t *build = NULL;
    char reason[500];
    bool failed = false;

    if (!http_get(up->http, "/api/v1/builds?limit=1", &builds, failure)) {
        return true; /* a server that is just restarting */
    }
    build = json_array_get(json_object_get(builds, "rows"), 0);
    failed = strcmp(view_text(build, "state", ""), "failed") == 0;
    if (failed) {
        view_reason(json_object_get(build, "reason"), reason, sizeof(reason));
        failure_set(failure, "build-failed", "the tree's HEAD does not build: %s",
                    reason[0] ? reason : "see the log");
        failure_remedy(failure,
                       "see `neurath show build %lld` while the lab is up, or %s/log",
                       (long long)view_number(build, "id", 0), up->lab.state);
    }
    json_decref(builds);
    return !failed;
}

bool up_wait_release(struct up *up, struct failure *failure)
{
    time_t end = time(NULL) + RELEASE_S;
    char path[PLACE_PATH_MAX];
    bool released = false;

    for (;;) {
        json_t *status = NULL;
        json_int_t release = 0;
        if (http_get(up->http, "/api/v1/status", &status, failure)) {
            release = view_number(json_object_get(status, "channel"), "release",
                                  view_number(status, "release", 0));
            json_decref(status);
        }
        if (!place_path(path, failure, "%s/boot/%lld/neurath.elf", up->lab.state,
                        (long long)release)) {
            return false;
        }
        if (release > 0 && access(path, R_OK) == 0) {
            up_say(up, "release v%lld is there", (long long)release);
            return true;
        }
        if (release == 0 && !newest_build_stands(up, failure)) {
            return false;
        }
        if (release > 0 && !released) {
            released = true;
            end = time(NULL) + IMAGE_S;
        }
        if (time(NULL) > end && released) {
            failure_set(failure, "no-image", "release v%lld has no boot image after %d s",
                        (long long)release, IMAGE_S);
            return failure_remedy(failure, "see `image` in %s/log/lab.log", up->lab.state);
        }
        if (time(NULL) > end) {
            failure_set(failure, "no-release", "there is no release after %d s",
                        RELEASE_S);
            return failure_remedy(failure, "see `neurath builds` and %s/log/lab.log",
                                  up->lab.state);
        }
        if (!up_rest(failure)) {
            return false;
        }
    }
}
