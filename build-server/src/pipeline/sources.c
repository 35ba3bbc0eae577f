/* Sources: the third-party parts that a commit names are there, in exactly the versions that it names.
 * SPDX-License-Identifier: MIT
 *
 * deploy/third-party.list of a commit is a stranger's text: it is read as data, each word is held to the few characters that
 * such a word has, and what is missing is fetched by the service's own script. The commit's scripts run in the
 * sandbox only, where the sources can be read and not written. */
#include "pipeline/steps.h"

#include "adapt/fetch/fetch.h"
#include "base/files.h"
#include "base/log.h"
#include "base/text.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LIST "deploy/third-party.list"
#define LIST_MAX (64u * 1024)
#define ROWS_MAX 32
#define FETCH_SECONDS 600

/* The fields of a row, in their order. */
enum { NAME, SUITE, PACKAGE, VERSION, SERIES, DIGEST, FIELDS };

static const struct field {
    const char *word;   /* for messages */
    const char *others; /* beside small letters and digits */
    size_t max;
} fields[FIELDS] = {
    [NAME] = {"name", "-", 32},
    [SUITE] = {"suite", "-", 32},
    [PACKAGE] = {"package", "+.-", 64},
    [VERSION] = {"version", "ABCDEFGHIJKLMNOPQRSTUVWXYZ.+~-", 64},
    [SERIES] = {"series", "ABCDEFGHIJKLMNOPQRSTUVWXYZ.+~-", 64},
    [DIGEST] = {"digest", "", 64},
};

/* A word begins with a letter or digit, so it is no option; and has no '/', so it is no path. */
static bool field_is_good(const struct field *field, const char *text)
{
    static const char common[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    size_t len = strlen(text);
    if (len == 0 || len > field->max || strchr(common, text[0]) == NULL)
        return false;
    for (size_t i = 0; i < len; i++)
        if (strchr(common, text[i]) == NULL && strchr(field->others, text[i]) == NULL)
            return false;
    return true;
}

/* Splits LINE into FIELDS words. The message does not repeat the text: it may be anything. */
static enum result row_read(char *line, unsigned number, char *words[FIELDS],
                            struct problem *problem)
{
    char *rest = NULL;
    for (size_t i = 0; i < FIELDS; i++) {
        words[i] = strtok_r(i == 0 ? line : NULL, " \t", &rest);
        if (words[i] == NULL || !field_is_good(&fields[i], words[i]))
            return problem_set(problem, RESULT_FAILED, "bad-source",
                               LIST " line %u: the %s is missing or malformed", number,
                               fields[i].word);
    }
    if (strtok_r(NULL, " \t", &rest) != NULL || !text_is_hex(words[DIGEST], 64))
        return problem_set(problem, RESULT_FAILED, "bad-source",
                           LIST " line %u: name suite package version series sha256",
                           number);
    return RESULT_OK;
}

/* Appends the row when its source is not here. */
static void row_add(const struct server *server, char *words[FIELDS],
                    struct text_buffer *out)
{
    if (server->options.sources != NULL) {
        TEXT_OWNED char *mark = files_path("%s/%s-%s/.complete", server->options.sources,
                                           words[NAME], words[VERSION]);
        if (mark != NULL && files_exists(mark))
            return;
    }
    for (size_t i = 0; i < FIELDS; i++)
        text_appendf(out, "%s%s", words[i], i + 1 < FIELDS ? " " : "\n");
}

static enum result list_read(const struct server *server, char *text,
                             struct text_buffer *out, struct problem *problem)
{
    enum result result = RESULT_OK;
    char *rest = text;
    unsigned rows = 0;
    for (unsigned number = 1; rest != NULL && result == RESULT_OK; number++) {
        char *line = strsep(&rest, "\n");
        char *words[FIELDS];
        line += strspn(line, " \t");
        if (*line == '\0' || *line == '#')
            continue;
        result = row_read(line, number, words, problem);
        if (result == RESULT_OK && ++rows > ROWS_MAX)
            result = problem_set(problem, RESULT_FAILED, "bad-source",
                                 LIST ": more than %d sources", ROWS_MAX);
        if (result == RESULT_OK)
            row_add(server, words, out);
    }
    return result;
}

enum result sources_missing(struct server *server, const char *folder,
                            struct text_buffer *out, struct problem *problem)
{
    TEXT_OWNED char *work = server_path(server, "%s", folder);
    uint8_t *bytes = NULL;
    size_t len = 0;
    int fd = work != NULL ? open(work, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    enum result result =
        fd < 0 ? RESULT_IO : files_read_beneath(fd, LIST, LIST_MAX, &bytes, &len);
    if (fd >= 0)
        close(fd);
    if (result == RESULT_NOT_FOUND)
        return RESULT_OK; /* it names none */
    if (result != RESULT_OK)
        return problem_set(problem, RESULT_FAILED, "bad-source", LIST ": %s",
                           result_name(result));
    TEXT_OWNED char *text = (char *)bytes;
    return list_read(server, text, out, problem);
}

enum result sources_fetch(struct server *server, struct build *build, const char *rows,
                          struct problem *problem)
{
    TEXT_BUFFER_OWNED said = {0};
    const struct fetch_job job = {
        .folder = server->options.sources,
        .rows = rows,
        .seconds = FETCH_SECONDS,
        .cancel = &server->cancel,
        .wake_fd = server->cancel_fd,
    };
    if (job.folder == NULL)
        return problem_set(problem, RESULT_FAILED, "no-source",
                           "this service has no folder for third-party sources");
    enum result result = files_make_folder(job.folder, 0755);
    if (result != RESULT_OK)
        return problem_set(problem, RESULT_FAILED, "no-source", "%s: %s", job.folder,
                           result_name(result));
    log_info("sources", "build %lld: fetching third-party sources", (long long)build->id);
    result = fetch_sources(&job, &said, problem);
    int fd = open(build->log_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd >= 0) {
        if (said.len > 0)
            (void)!files_write_all(fd, said.data, said.len);
        close(fd);
    }
    return result;
}
