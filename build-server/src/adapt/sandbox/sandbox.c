/* Runs a job: plans bubblewrap's words, and watches what the child becomes.
 * SPDX-License-Identifier: MIT */
#include "private.h"

#include "base/clock.h"
#include "base/files.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const inside[FOLDERS] = {"/work", "/work/build", "/sources", "/tools"};

static void add(struct plan *plan, const char *argument)
{
    if (plan->count < ARGUMENTS_MAX)
        plan->arguments[plan->count] = (char *)argument;
    plan->count++;
}

static void add_words(struct plan *plan, const char *const *words)
{
    for (; *words != NULL; words++)
        add(plan, *words);
}

static const char *const fixed_words[] = {
    "bwrap",
    "--unshare-all",
    "--die-with-parent",
    "--new-session",
    "--cap-drop",
    "ALL",
    "--clearenv",
    "--hostname",
    "build",
    "--ro-bind",
    "/usr",
    "/usr",
    "--symlink",
    "usr/bin",
    "/bin",
    "--symlink",
    "usr/sbin",
    "/sbin",
    "--symlink",
    "usr/lib",
    "/lib",
    "--symlink",
    "usr/lib64",
    "/lib64",
    "--ro-bind-try",
    "/etc/alternatives",
    "/etc/alternatives",
    "--ro-bind-try",
    "/etc/ld.so.cache",
    "/etc/ld.so.cache",
    "--proc",
    "/proc",
    "--dev",
    "/dev",
    "--tmpfs",
    "/tmp",
    "--setenv",
    "PATH",
    "/usr/bin:/bin",
    "--setenv",
    "HOME",
    "/tmp",
    "--setenv",
    "LC_ALL",
    "C",
    "--setenv",
    "TZ",
    "UTC",
    "--setenv",
    "SOURCE_DATE_EPOCH",
    "0",
    NULL,
};

static void plan_arguments(struct plan *plan, const struct sandbox_job *job)
{
    add_words(plan, fixed_words);
    for (size_t i = 0; i < FOLDERS; i++) {
        if (plan->folders[i] == NULL)
            continue;
        add(plan, i == 1 ? "--bind" : "--ro-bind");
        add(plan, plan->root ? staged[i] : plan->folders[i]);
        add(plan, inside[i]);
    }
    if (job->sources != NULL)
        add_words(plan,
                  (const char *const[]){"--setenv", "NEURATH_SOURCES", "/sources", NULL});
    add_words(plan, (const char *const[]){"--chdir", "/work", "--", NULL});
    for (size_t i = 0; job->command[i] != NULL; i++)
        add(plan, job->command[i]);
    add(plan, NULL);
}

static enum result plan_job(const struct sandbox_job *job, struct plan *plan,
                            struct problem *problem)
{
    memset(plan, 0, sizeof *plan);
    plan->root = geteuid() == 0;
    snprintf(plan->uid_map, sizeof plan->uid_map, "%u %u 1", geteuid(), geteuid());
    snprintf(plan->gid_map, sizeof plan->gid_map, "%u %u 1", getegid(), getegid());
    const char *const folders[FOLDERS] = {job->work, job->build, job->sources, job->tools};
    for (size_t i = 0; i < FOLDERS; i++) {
        plan->folders[i] = folders[i];
        if (folders[i] != NULL && access(folders[i], R_OK | X_OK) != 0)
            return problem_set(problem, result_of_errno(errno), "sandbox",
                               "the folder %s cannot be opened: %s", folders[i],
                               strerror(errno));
    }
    plan_arguments(plan, job);
    if (plan->count > ARGUMENTS_MAX)
        return problem_set(problem, RESULT_INVALID, "sandbox",
                           "a command of %zu words; at most %d fit", plan->count,
                           ARGUMENTS_MAX);
    return RESULT_OK;
}

static void end_job(pid_t pid, struct sandbox_result *result, enum sandbox_end end)
{
    result->end = end;
    kill(-pid, SIGKILL);
    kill(pid, SIGKILL);
}

/* Reads output until it ends, time runs out, or the job is cancelled. */
static void watch_job(const struct sandbox_job *job, pid_t pid, int fd,
                      struct sandbox_result *result)
{
    int64_t deadline = clock_monotonic_ms() + (int64_t)job->seconds * 1000;
    size_t total = 0;
    bool ended = false;
    char bytes[16384];
    struct pollfd waits[2] = {{fd, POLLIN, 0}, {job->wake_fd, POLLIN, 0}};
    while (true) {
        int64_t left = deadline - clock_monotonic_ms();
        if (!ended && left <= 0) {
            end_job(pid, result, SANDBOX_TIME);
            ended = true;
        }
        int ready =
            poll(waits, job->wake_fd >= 0 && !ended ? 2 : 1, ended ? 5000 : (int)left);
        if (ready == 0 && ended)
            return;
        if (!ended && job->cancel != NULL && atomic_load(job->cancel)) {
            end_job(pid, result, SANDBOX_CANCELLED);
            ended = true;
        }
        if (waits[0].revents == 0)
            continue;
        ssize_t got = read(fd, bytes, sizeof bytes);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return;
        total += (size_t)got;
        if (!ended && total > job->output) {
            end_job(pid, result, SANDBOX_OUTPUT);
            ended = true;
        }
        if (total <= job->output && job->sink != NULL)
            job->sink(job->context, bytes, (size_t)got);
    }
}

static enum result wait_job(pid_t pid, int told, struct sandbox_result *result,
                            struct problem *problem)
{
    int status = 0;
    char what = 0;
    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR)
            return problem_set(problem, RESULT_IO, "sandbox",
                               "the build's process is lost");
    }
    if (read(told, &what, 1) == 1 && what == TOLD_SETUP)
        return problem_set(problem, RESULT_FAILED, "sandbox",
                           "the sandbox cannot be set up (namespaces or user id)");
    if (what == TOLD_NO_BUBBLEWRAP)
        return problem_set(problem, RESULT_FAILED, "sandbox",
                           "bubblewrap (/usr/bin/bwrap) cannot be run");
    if (result->end != SANDBOX_EXITED)
        return RESULT_OK;
    if (WIFSIGNALED(status)) {
        result->end = SANDBOX_SIGNALLED;
        result->status = WTERMSIG(status);
    } else {
        result->status = WEXITSTATUS(status);
    }
    return RESULT_OK;
}

/* Both ends of both pipes, or none. */
static enum result open_pipes(int output[2], int tell[2], struct problem *problem)
{
    if (pipe2(output, O_CLOEXEC) != 0)
        return problem_set(problem, result_of_errno(errno), "sandbox", "no pipe: %s",
                           strerror(errno));
    if (pipe2(tell, O_CLOEXEC) != 0) {
        enum result result = problem_set(problem, result_of_errno(errno), "sandbox",
                                         "no pipe: %s", strerror(errno));
        close(output[0]);
        close(output[1]);
        return result;
    }
    return RESULT_OK;
}

enum result sandbox_run(const struct sandbox_job *job, struct sandbox_result *out_result,
                        struct problem *problem)
{
    struct plan plan;
    int output[2];
    int tell[2];
    enum result result = plan_job(job, &plan, problem);
    if (result == RESULT_OK)
        result = open_pipes(output, tell, problem);
    if (result != RESULT_OK)
        return result;
    pid_t service = getpid();
    pid_t pid = fork();
    if (pid == 0)
        sandbox_child(&plan, job, service, output[1], tell[1]);
    int error = errno;
    close(output[1]);
    close(tell[1]);
    struct sandbox_result ended = {SANDBOX_EXITED, 0};
    if (pid < 0) {
        result = problem_set(problem, result_of_errno(error), "sandbox", "no process: %s",
                             strerror(error));
    } else {
        watch_job(job, pid, output[0], &ended);
        result = wait_job(pid, tell[0], &ended, problem);
    }
    close(output[0]);
    close(tell[0]);
    if (result == RESULT_OK)
        *out_result = ended;
    return result;
}

enum result sandbox_own(const char *folder, uid_t id)
{
    if (geteuid() == 0 && lchown(folder, id, id) != 0)
        return result_of_errno(errno);
    return RESULT_OK;
}
