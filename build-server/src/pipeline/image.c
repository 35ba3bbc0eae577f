/* Image: the boot image of a release, made from the store's objects by the service's own bootimage.
 * SPDX-License-Identifier: MIT
 *
 * boot/<V>/neurath.elf and boot/<V>/archive.cpio (every cell's object, and the signed release as
 * `release`). The folder appears whole, by a rename. The tool parses what strangers built, so it runs in
 * the sandbox like a build. */
#include "pipeline/steps.h"

#include "adapt/sandbox/sandbox.h"
#include "base/files.h"
#include "base/log.h"
#include "base/text.h"
#include "fleet/rows.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define IMAGE_MAX (128u * 1024 * 1024)

struct output {
    struct text_buffer text;
};

static void take_output(void *context, const char *bytes, size_t len)
{
    struct output *output = context;
    text_append(&output->text, bytes, len);
}

static enum result link_or_copy(const char *from, const char *to)
{
    if (link(from, to) == 0)
        return RESULT_OK;
    uint8_t *bytes = NULL;
    size_t len = 0;
    enum result result = files_read(from, IMAGE_MAX, &bytes, &len);
    if (result == RESULT_OK)
        result = files_write_durable(to, bytes, len, 0644);
    free(bytes);
    return result;
}

/* Fills WORK with what bootimage reads: stub.elf, release, NAME.o of each cell. */
static enum result gather(struct server *server, const struct cell_set *set,
                          int64_t version, const char *work)
{
    TEXT_OWNED char *stub = publish_object_path(server, set->stub);
    TEXT_OWNED char *stub_to = files_path("%s/stub.elf", work);
    TEXT_OWNED char *frame = server_path(server, "releases/%lld", (long long)version);
    TEXT_OWNED char *frame_to = files_path("%s/release", work);
    enum result result = link_or_copy(stub, stub_to);
    if (result == RESULT_OK)
        result = link_or_copy(frame, frame_to);
    for (size_t i = 0; i < set->count && result == RESULT_OK; i++) {
        TEXT_OWNED char *from = publish_object_path(server, set->cells[i].object);
        TEXT_OWNED char *to = files_path("%s/%s.o", work, set->cells[i].name);
        result = link_or_copy(from, to);
    }
    return result;
}

static char **command_line(const struct cell_set *set)
{
    static const char *const fixed[] = {
        "/tools/bootimage",        "--stub",    "/work/stub.elf",           "--out",
        "/work/build/neurath.elf", "--archive", "/work/build/archive.cpio", "--add",
        "release=/work/release"};
    size_t fixed_count = sizeof fixed / sizeof fixed[0];
    char **command = calloc(fixed_count + set->count + 1, sizeof *command);
    if (command == NULL)
        abort();
    for (size_t i = 0; i < fixed_count; i++)
        command[i] = strdup(fixed[i]);
    for (size_t i = 0; i < set->count; i++)
        command[fixed_count + i] = files_path("/work/%s.o", set->cells[i].name);
    return command;
}

static void free_command(char **command)
{
    for (size_t i = 0; command[i] != NULL; i++)
        free(command[i]);
    free(command);
}

static enum result run_tool(struct server *server, const struct cell_set *set,
                            const char *work, const char *build, struct problem *problem)
{
    struct output output = {.text = {.limit = 65536}};
    char **command = command_line(set);
    struct sandbox_job job = {
        .id = server->sandbox_id,
        .work = work,
        .build = build,
        .tools = server->options.tools,
        .command = command,
        .seconds = 120,
        .memory = 2ULL << 30,
        .processes = 256,
        .file_size = IMAGE_MAX,
        .output = 1u << 20,
        .wake_fd = -1,
        .sink = take_output,
        .context = &output,
    };
    struct sandbox_result ended = {SANDBOX_EXITED, 0};
    enum result result = sandbox_run(&job, &ended, problem);
    free_command(command);
    if (result == RESULT_OK && (ended.end != SANDBOX_EXITED || ended.status != 0)) {
        char *text = output.text.data == NULL ? (char *)"no message" : output.text.data;
        if (output.text.data != NULL) {
            text[strcspn(text, "\n")] = '\0';
            text_sanitise_line(text);
        }
        result = problem_set(problem, RESULT_FAILED, "image", "bootimage: %.600s", text);
    }
    text_buffer_fini(&output.text);
    return result;
}

/* Moves one result out of the sandbox's folder: it must be a plain file of bounded size. */
static enum result take_file(int build, const char *name, const char *folder)
{
    uint8_t *bytes = NULL;
    size_t len = 0;
    TEXT_OWNED char *to = files_path("%s/%s", folder, name);
    enum result result = files_read_beneath(build, name, IMAGE_MAX, &bytes, &len);
    if (result == RESULT_OK)
        result = files_write_durable(to, bytes, len, 0644);
    free(bytes);
    return result;
}

static enum result take_files(const char *build_path, const char *ready)
{
    int build = open(build_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (build < 0)
        return result_of_errno(errno);
    enum result result = files_make_folder(ready, 0755);
    if (result == RESULT_OK)
        result = take_file(build, "neurath.elf", ready);
    if (result == RESULT_OK)
        result = take_file(build, "archive.cpio", ready);
    close(build);
    return result;
}

static enum result make_in(struct server *server, const struct cell_set *set,
                           int64_t version, const char *work, struct problem *problem)
{
    TEXT_OWNED char *build = files_path("%s/build", work);
    TEXT_OWNED char *ready = server_path(server, "boot/%lld.new", (long long)version);
    TEXT_OWNED char *final = server_path(server, "boot/%lld", (long long)version);
    TEXT_OWNED char *parent = server_path(server, "boot");
    enum result result = files_make_folder(build, 0755);
    if (result == RESULT_OK)
        result = sandbox_own(build, server->sandbox_id);
    if (result == RESULT_OK)
        result = gather(server, set, version, work);
    if (result != RESULT_OK)
        return problem_set(problem, result, "image", "%s: %s", work, result_name(result));
    result = run_tool(server, set, work, build, problem);
    if (result != RESULT_OK)
        return result;
    result = files_remove_tree(ready);
    if (result == RESULT_OK)
        result = take_files(build, ready);
    if (result == RESULT_OK)
        result = files_remove_tree(final);
    if (result == RESULT_OK && rename(ready, final) != 0)
        result = result_of_errno(errno);
    if (result == RESULT_OK)
        result = files_sync_folder(parent);
    if (result != RESULT_OK)
        problem_set(problem, result, "image", "%s: %s", final, result_name(result));
    return result;
}

enum result image_make(struct server *server, int64_t version, struct problem *problem)
{
    CELL_SET_OWNED set = {0};
    server_lock(server);
    enum result result = cell_set_of_release(server->db, version, &set);
    server_unlock(server);
    if (result != RESULT_OK)
        return problem_set(problem, result, "image",
                           "the cells of the release are not known");
    TEXT_OWNED char *work = server_path(server, "boot/work");
    if (files_remove_tree(work) != RESULT_OK)
        return problem_set(problem, RESULT_IO, "image", "%s cannot be emptied", work);
    result = make_in(server, &set, version, work, problem);
    (void)!files_remove_tree(work);
    if (result != RESULT_OK)
        return result;
    server_lock(server);
    db_run(server->db, "UPDATE releases SET image = 1 WHERE version = ?", "i", version);
    rows_publish_release(server, version);
    pipeline_changed(server);
    server_unlock(server);
    log_info("image", "boot/%lld is ready", (long long)version);
    return RESULT_OK;
}
