/* The sandbox of builds: how a job ends, and that none outlives the service.
 * SPDX-License-Identifier: MIT
 *
 * Seen to fail: without a PID namespace around bubblewrap, nothing_of_a_job_outlives_the_service finds its inner
 * process, asleep for ever, after some of the rounds. */
#include "adapt/sandbox/sandbox.h"
#include "base/clock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define ROUNDS 60
#define STEP_US 400 /* bubblewrap's start takes about 15 ms */

static char work[PATH_MAX];
static char build[PATH_MAX + 8];
static char marker[64]; /* a word of the command that no other process of this machine has */

static void print_output(void *context, const char *bytes, size_t len)
{
    (void)context;
    print_message("%.*s", (int)len, bytes);
}

static struct sandbox_job job_of(char *const *command)
{
    return (struct sandbox_job){
        .id = SANDBOX_ID + SANDBOX_IDS - 1,
        .work = work,
        .build = build,
        .command = command,
        .seconds = 20,
        .memory = 1ull << 30,
        .processes = 1000,
        .file_size = 1 << 20,
        .output = 1 << 16,
        .wake_fd = -1,
        .sink = print_output,
    };
}

static struct sandbox_result run(char *const *command)
{
    struct sandbox_job job = job_of(command);
    struct sandbox_result ended = {SANDBOX_CANCELLED, -1};
    struct problem problem = {0};
    enum result result = sandbox_run(&job, &ended, &problem);
    if (result != RESULT_OK)
        fail_msg("%s", problem.text);
    return ended;
}

static void shell_ends(const char *script, enum sandbox_end end, int status)
{
    char *const command[] = {(char *)"/bin/sh", (char *)"-c", (char *)script, NULL};
    struct sandbox_result ended = run(command);
    assert_int_equal(ended.end, end);
    assert_int_equal(ended.status, status);
}

static void a_job_says_how_it_ended(void **state)
{
    (void)state;
    shell_ends("exit 0", SANDBOX_EXITED, 0);
    shell_ends("exit 7", SANDBOX_EXITED, 7);
    /* bubblewrap says it as shells do. */
    shell_ends("kill -KILL $$", SANDBOX_EXITED, 128 + SIGKILL);
}

/* Processes whose command line has the marker. */
static int marked_processes(void)
{
    int found = 0;
    DIR *processes = opendir("/proc");
    assert_non_null(processes);
    for (struct dirent *entry; (entry = readdir(processes)) != NULL;) {
        char path[PATH_MAX];
        char words[4096] = "";
        if (entry->d_name[0] < '0' || entry->d_name[0] > '9')
            continue;
        snprintf(path, sizeof path, "/proc/%s/cmdline", entry->d_name);
        int fd = open(path, O_RDONLY);
        ssize_t len = fd < 0 ? 0 : read(fd, words, sizeof words);
        if (fd >= 0)
            close(fd);
        if (len > 0 && memmem(words, (size_t)len, marker, strlen(marker)) != NULL)
            found++;
    }
    closedir(processes);
    return found;
}

static void pause_us(long microseconds)
{
    struct timespec time = {0, microseconds * 1000};
    while (nanosleep(&time, &time) != 0 && errno == EINTR) {
    }
}

static void nothing_of_a_job_outlives_the_service(void **state)
{
    (void)state;
    char *const command[] = {(char *)"/bin/sh", (char *)"-c", (char *)"sleep 1000",
                             marker, NULL};
    for (int round = 0; round < ROUNDS; round++) {
        pid_t service = fork();
        if (service == 0) {
            run(command);
            _exit(0);
        }
        assert_true(service > 0);
        pause_us((long)round * STEP_US);
        kill(service, SIGKILL);
        assert_int_equal(waitpid(service, NULL, 0), service);
    }
    int64_t deadline = clock_monotonic_ms() + 10000;
    while (marked_processes() > 0 && clock_monotonic_ms() < deadline)
        pause_us(10000);
    assert_int_equal(marked_processes(), 0);
}

static int make_folders(void **state)
{
    (void)state;
    const char *folder = getenv("TMPDIR");
    snprintf(work, sizeof work, "%s/sandbox.XXXXXX", folder == NULL ? "/tmp" : folder);
    if (mkdtemp(work) == NULL)
        return -1;
    snprintf(build, sizeof build, "%s/build", work);
    snprintf(marker, sizeof marker, "sandbox-test-%d-%lld", getpid(),
             (long long)clock_monotonic_ms());
    return chmod(work, 0755) != 0 ? -1 : mkdir(build, 0755);
}

static int remove_folders(void **state)
{
    (void)state;
    return rmdir(build) != 0 || rmdir(work) != 0 ? -1 : 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_says_how_it_ended),
        cmocka_unit_test(nothing_of_a_job_outlives_the_service),
    };
    return cmocka_run_group_tests(tests, make_folders, remove_folders);
}
