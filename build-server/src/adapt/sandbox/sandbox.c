/* Starts bubblewrap in a child, with a neutral view of the folders and limits, and watches it.
 * SPDX-License-Identifier: MIT
 *
 * Between fork and exec the child only makes system calls: the service has other threads. */
#include "adapt/sandbox/sandbox.h"

#include "base/clock.h"
#include "base/files.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARGUMENTS_MAX 1024 /* a boot image names each cell */
#define FOLDERS 4
/* Where the child mounts a private tmpfs that holds the neutral paths. Every system has it. */
#define STAGE "/tmp"

/* What the child tells through its own pipe when it does not get as far as bubblewrap. */
#define TELL_FD 3
enum { TOLD_SETUP = 'S', TOLD_NO_BUBBLEWRAP = 'B' };

struct plan {
    const char *folders[FOLDERS]; /* host paths or NULL: work, build, sources, tools */
    char *arguments[ARGUMENTS_MAX];
    size_t count; /* beyond ARGUMENTS_MAX: they do not fit */
    bool root;
    char uid_map[40]; /* of an ordinary user's namespace: the user alone */
    char gid_map[40];
};

static const char *const staged[FOLDERS] = {STAGE "/work", STAGE "/build",
                                            STAGE "/sources", STAGE "/tools"};
/* The child opens the folders at these numbers, inside its own mount namespace: a folder that was opened
 * in another one cannot be bound. */
#define STAGE_FD 40
static const char *const links[FOLDERS] = {"/proc/self/fd/40", "/proc/self/fd/41",
                                           "/proc/self/fd/42", "/proc/self/fd/43"};
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

/* Child. Binds the folders to neutral paths that the unprivileged user can reach. */
static bool stage_folders(const struct plan *plan)
{
    if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
        return false;
    for (int i = 0; i < FOLDERS; i++) {
        int fd =
            plan->folders[i] == NULL ? -1 : open(plan->folders[i], O_PATH | O_DIRECTORY);
        if (plan->folders[i] != NULL && (fd < 0 || dup2(fd, STAGE_FD + i) < 0))
            return false;
    }
    if (mount("tmpfs", STAGE, "tmpfs", MS_NOSUID | MS_NODEV, "size=1m,mode=755") != 0)
        return false;
    for (int i = 0; i < FOLDERS; i++) {
        if (plan->folders[i] != NULL &&
            (mkdir(staged[i], 0755) != 0 ||
             mount(links[i], staged[i], NULL, MS_BIND, NULL) != 0))
            return false;
    }
    return true;
}

static void limit(int what, rlim_t value)
{
    struct rlimit limits = {value, value};
    setrlimit((__rlimit_resource_t)what, &limits);
}

static void set_limits(const struct sandbox_job *job, bool root)
{
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_AS, job->memory);
    limit(RLIMIT_FSIZE, job->file_size);
    limit(RLIMIT_NOFILE, 512);
    limit(RLIMIT_CPU, job->seconds);
    /* For an ordinary user the limit counts everything that the user runs. */
    limit(RLIMIT_NPROC, root ? job->processes : job->processes + 4096);
}

static __attribute__((noreturn)) void give_up(int tell, char what)
{
    (void)!write(tell, &what, 1);
    _exit(1);
}

/* Dies with the process that started it, which was `parent`; also if that is dead already. */
static void die_with(pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
}

static bool write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool written = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    if (fd >= 0)
        close(fd);
    return written;
}

/* Child. The next process that it starts is the first of a PID namespace: whatever bubblewrap leaves in it
 * when it is killed in the middle of its own start ends with that one. */
static bool make_namespaces(const struct plan *plan, const struct sandbox_job *job)
{
    if (!plan->root)
        return unshare(CLONE_NEWUSER | CLONE_NEWPID) == 0 &&
               write_file("/proc/self/setgroups", "deny") &&
               write_file("/proc/self/uid_map", plan->uid_map) &&
               write_file("/proc/self/gid_map", plan->gid_map);
    return unshare(CLONE_NEWNS | CLONE_NEWPID) == 0 && stage_folders(plan) &&
           setgroups(0, NULL) == 0 && setresgid(job->id, job->id, job->id) == 0 &&
           setresuid(job->id, job->id, job->id) == 0;
}

/* Child. Ends as the first process of the namespace ends. Of all files it keeps `alive` only: that the output
 * ended is told by who is inside. */
static __attribute__((noreturn)) void wait_inside(pid_t first, int alive)
{
    int status = 0;
    dup2(alive, STDIN_FILENO);
    syscall(SYS_close_range, 1u, ~0u, 0u);
    while (waitpid(first, &status, 0) < 0) {
        if (errno != EINTR)
            _exit(1);
    }
    if (WIFSIGNALED(status))
        kill(getpid(), WTERMSIG(status));
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

/* The first process of the PID namespace. From there the parent's id reads as 0: the write end of `outer`
 * tells whether it is alive. */
static __attribute__((noreturn)) void
inner(const struct plan *plan, const struct sandbox_job *job, const int outer[2])
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    close(outer[1]);
    struct pollfd alive = {outer[0], POLLIN, 0};
    if (poll(&alive, 1, 0) != 0)
        _exit(1);
    set_limits(job, plan->root);
    if (job->niceness > 0)
        setpriority(PRIO_PROCESS, 0, job->niceness);
    if (syscall(SYS_close_range, TELL_FD + 1u, ~0u, 0u) != 0 || chdir("/") != 0)
        give_up(TELL_FD, TOLD_SETUP);
    static char *const environment[] = {(char *)"PATH=/usr/bin:/bin", NULL};
    execve("/usr/bin/bwrap", plan->arguments, environment);
    give_up(TELL_FD, TOLD_NO_BUBBLEWRAP);
}

static __attribute__((noreturn)) void child(const struct plan *plan,
                                            const struct sandbox_job *job, pid_t service,
                                            int output, int tell)
{
    int outer[2];
    setsid();
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    /* At once, so that no listener of a service that is killed now lives on in this process. */
    dup2(output, STDOUT_FILENO);
    dup2(output, STDERR_FILENO);
    dup2(tell, TELL_FD);
    syscall(SYS_close_range, TELL_FD + 1u, ~0u, 0u);
    fcntl(TELL_FD, F_SETFD, FD_CLOEXEC);
    die_with(service);
    close(STDIN_FILENO);
    (void)!open("/dev/null", O_RDONLY);
    if (!make_namespaces(plan, job) || pipe(outer) != 0)
        give_up(TELL_FD, TOLD_SETUP);
    die_with(service); /* a change of user cleared it */
    pid_t first = fork();
    if (first == 0)
        inner(plan, job, outer);
    if (first < 0)
        give_up(TELL_FD, TOLD_SETUP);
    wait_inside(first, outer[1]);
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
        child(&plan, job, service, output[1], tell[1]);
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
