/* Compile: runs the commit's own `make cells` in the sandbox and keeps what it prints.
 * SPDX-License-Identifier: MIT
 *
 * FOLDER.unfinished stands while `make` runs, and stays when it was killed (with the service, or by a limit): files
 * that were being written are then cut short, and newer than what they are made from, so that `make` would keep
 * them. The next checkout deletes all that this build wrote. */
#include "pipeline/steps.h"

#include "adapt/sandbox/sandbox.h"
#include "base/files.h"
#include "base/log.h"
#include "base/text.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MEMORY_MAX (2ULL * 1024 * 1024 * 1024)
#define PROCESSES_MAX 256
#define FILE_MAX (512ULL * 1024 * 1024)
#define OUTPUT_MAX (4u * 1024 * 1024)

/* Output on its way to the log: split into lines, so that each is stripped whole. */
struct output {
    struct build *build;
    int fd;
    char line[4096];
    size_t len;
    struct text_buffer pending; /* whole lines that go to the log together */
    char last[512];             /* last line that was not empty */
};

/* celltool's refusals begin with the cell (its FORMAT.md). */
static bool is_error(const char *line)
{
    return strstr(line, "error:") != NULL ||
           strstr(line, "undefined reference") != NULL || strncmp(line, "cell ", 5) == 0;
}

/* What make says of a recipe that failed is the reason of nothing. */
static void note_line(struct output *output, const char *line)
{
    struct build *build = output->build;
    if (line[0] != '\0' && strncmp(line, "make: ***", 9) != 0)
        text_copy(output->last, sizeof output->last, line);
    if (build->first_error[0] == '\0' && is_error(line))
        text_copy(build->first_error, sizeof build->first_error, line);
}

static void end_line(struct output *output)
{
    output->line[output->len] = '\0';
    text_sanitise_line(output->line);
    note_line(output, output->line);
    size_t len = strlen(output->line);
    output->line[len++] = '\n';
    text_append(&output->pending, output->line, len);
    output->len = 0;
}

static void flush(struct output *output)
{
    if (output->fd >= 0 && output->pending.len > 0)
        (void)!files_write_all(output->fd, output->pending.data, output->pending.len);
    output->pending.len = 0;
}

static void take_output(void *context, const char *bytes, size_t len)
{
    struct output *output = context;
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] == '\n')
            end_line(output);
        else if (output->len < sizeof output->line - 2)
            output->line[output->len++] = bytes[i] == '\0' ? '?' : bytes[i];
    }
    flush(output);
}

static enum result judge(const struct output *output, const struct sandbox_job *job,
                         const struct sandbox_result *ended, struct problem *problem)
{
    const char *cause = output->build->first_error;
    switch (ended->end) {
    case SANDBOX_CANCELLED:
        return problem_set(problem, RESULT_BUSY, "cancelled", "the build was cancelled");
    case SANDBOX_TIME:
        return problem_set(problem, RESULT_FAILED, "too-slow",
                           "the build took more than %u seconds", job->seconds);
    case SANDBOX_OUTPUT:
        return problem_set(problem, RESULT_FAILED, "too-much-output",
                           "the build printed more than %u MiB", OUTPUT_MAX >> 20);
    case SANDBOX_SIGNALLED:
        return problem_set(problem, RESULT_FAILED, "killed",
                           "the build was ended by signal %d", ended->status);
    default: break;
    }
    if (ended->status == 0)
        return RESULT_OK;
    return problem_set(problem, RESULT_FAILED, "does-not-build", "%s",
                       cause[0] != '\0' ? cause : output->last);
}

enum result compile_commit(struct server *server, struct build *build, const char *folder,
                           int niceness, struct problem *problem)
{
    TEXT_OWNED char *work = server_path(server, "%s", folder);
    TEXT_OWNED char *output_folder = server_path(server, "%s/build", folder);
    struct output output = {.build = build};
    output.fd = open(build->log_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    char *const command[] = {(char *)"make", (char *)"--no-print-directory",
                             (char *)"cells", NULL};
    struct sandbox_job job = {
        .work = work,
        .build = output_folder,
        .sources = server->options.sources,
        .command = command,
        .id = server->sandbox_id,
        .niceness = niceness,
        .seconds = (unsigned)server->options.build_seconds,
        .memory = MEMORY_MAX,
        .processes = PROCESSES_MAX,
        .file_size = FILE_MAX,
        .output = OUTPUT_MAX,
        .cancel = &server->cancel,
        .wake_fd = server->cancel_fd,
        .sink = take_output,
        .context = &output,
    };
    struct sandbox_result ended = {SANDBOX_EXITED, 0};
    TEXT_OWNED char *unfinished = server_path(server, "%s.unfinished", folder);
    enum result result = files_write_durable(unfinished, "", 0, 0644);
    if (result == RESULT_OK)
        result = sandbox_run(&job, &ended, problem);
    else
        problem_set(problem, result, "build", "%s: %s", unfinished, result_name(result));
    if (result == RESULT_OK && ended.end == SANDBOX_EXITED)
        unlink(unfinished);
    if (output.len > 0)
        end_line(&output);
    flush(&output);
    text_buffer_fini(&output.pending);
    if (result == RESULT_OK)
        result = judge(&output, &job, &ended, problem);
    if (output.fd >= 0)
        close(output.fd);
    return result;
}
