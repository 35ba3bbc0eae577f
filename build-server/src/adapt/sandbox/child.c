/* The child that becomes a job: namespaces, neutral paths, limits, an unprivileged user, bubblewrap.
 * SPDX-License-Identifier: MIT
 *
 * Between fork and exec it only makes system calls: the service has other threads. */
#include "private.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define TELL_FD 3
/* The child opens the folders at these numbers, inside its own mount namespace: a folder that was opened
 * in another one cannot be bound. */
#define STAGE_FD 40
static const char *const links[FOLDERS] = {"/proc/self/fd/40", "/proc/self/fd/41",
                                           "/proc/self/fd/42", "/proc/self/fd/43"};

/* Binds the folders to neutral paths that the unprivileged user can reach. */
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

/* The next process that it starts is the first of a PID namespace: whatever bubblewrap leaves in it
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

/* Ends as the first process of the namespace ends. Of all files it keeps `alive` only: that the output
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

__attribute__((noreturn)) void sandbox_child(const struct plan *plan,
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
