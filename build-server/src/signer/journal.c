/* The signer's journal: append, sync, compact.
 * SPDX-License-Identifier: MIT */
#include "signer/journal.h"

#include "base/files.h"
#include "base/text.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define JOURNAL_MAX (64 * 1024 * 1024)
#define COMPACT_AT 4096

static enum result remember(struct journal *journal, int64_t version,
                            struct journal_parts parts, const char *content,
                            const char *digest)
{
    if (journal->count == journal->capacity) {
        size_t capacity = journal->capacity == 0 ? 64 : journal->capacity * 2;
        struct journal_release *grown =
            realloc(journal->releases, capacity * sizeof *journal->releases);
        if (grown == NULL)
            return RESULT_MEMORY;
        journal->releases = grown;
        journal->capacity = capacity;
    }
    struct journal_release *release = &journal->releases[journal->count++];
    release->version = version;
    release->parts = parts;
    text_copy(release->content, sizeof release->content, content);
    text_copy(release->digest, sizeof release->digest, digest);
    return RESULT_OK;
}

static enum result read_line(struct journal *journal, const char *line)
{
    long long number = 0;
    long long time_ms = 0;
    char content[JOURNAL_DIGEST_LEN];
    char digest[JOURNAL_DIGEST_LEN];
    long long base = 0;
    long long other = 0;
    if (sscanf(line, "release %lld %64[0-9a-f] %64[0-9a-f]", &number, content, digest) ==
            3 ||
        sscanf(line, "set %lld %64[0-9a-f] %64[0-9a-f] %lld %lld", &number, content,
               digest, &base, &other) == 5) {
        struct journal_parts parts = {base, other};
        if (journal->count > 0 && number <= journal->releases[journal->count - 1].version)
            return RESULT_CORRUPT;
        return remember(journal, number, parts, content, digest);
    }
    if (sscanf(line, "timestamp %lld %lld %64[0-9a-f]", &number, &time_ms, digest) == 3) {
        if (number <= journal->counter || time_ms < journal->time_ms)
            return RESULT_CORRUPT;
        journal->counter = number;
        journal->time_ms = time_ms;
        journal->timestamp_lines++;
        memcpy(journal->digest, digest, sizeof digest);
        return RESULT_OK;
    }
    return RESULT_CORRUPT;
}

/* *out_len is the length up to the last whole line. */
static enum result read_lines(struct journal *journal, char *text, size_t *out_len)
{
    char *at = text;
    char *end;
    while ((end = strchr(at, '\n')) != NULL) {
        *end = '\0';
        enum result result = read_line(journal, at);
        if (result != RESULT_OK)
            return result;
        at = end + 1;
    }
    *out_len = (size_t)(at - text);
    return RESULT_OK;
}

enum result journal_open(const char *path, struct journal *out_journal,
                         struct problem *problem)
{
    memset(out_journal, 0, sizeof *out_journal);
    out_journal->fd = -1;
    uint8_t *bytes = NULL;
    size_t len = 0;
    size_t whole = 0;
    enum result result = files_read(path, JOURNAL_MAX, &bytes, &len);
    if (result == RESULT_OK)
        result = read_lines(out_journal, (char *)bytes, &whole);
    else if (result == RESULT_NOT_FOUND)
        result = files_write_durable(path, "", 0, 0600);
    free(bytes);
    if (result == RESULT_OK) {
        out_journal->fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
        if (out_journal->fd < 0 ||
            (len != whole && ftruncate(out_journal->fd, (off_t)whole) != 0))
            result = RESULT_IO;
    }
    if (result != RESULT_OK) {
        journal_close(out_journal);
        return problem_set(problem, result, "journal", "the signer's journal %s: %s",
                           path, result_name(result));
    }
    out_journal->path = files_path("%s", path);
    return RESULT_OK;
}

void journal_close(struct journal *journal)
{
    if (journal->fd >= 0)
        close(journal->fd);
    free(journal->path);
    free(journal->releases);
    memset(journal, 0, sizeof *journal);
    journal->fd = -1;
}

const struct journal_release *journal_find(const struct journal *journal, int64_t version)
{
    size_t low = 0;
    size_t high = journal->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (journal->releases[middle].version < version)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < journal->count && journal->releases[low].version == version)
        return &journal->releases[low];
    return NULL;
}

/* Appends one line and syncs it. A line that may be half written is cut off again. */
static enum result append(struct journal *journal, const char *line)
{
    off_t before = lseek(journal->fd, 0, SEEK_END);
    enum result result = files_write_all(journal->fd, line, strlen(line));
    if (result == RESULT_OK && fdatasync(journal->fd) != 0)
        result = RESULT_IO;
    if (result != RESULT_OK && before >= 0 && ftruncate(journal->fd, before) != 0)
        result = RESULT_IO;
    return result;
}

static void release_line(const struct journal_release *release, struct text_buffer *out)
{
    bool set = release->parts.base != 0;
    text_appendf(out, "%s %lld %s %s", set ? "set" : "release",
                 (long long)release->version, release->content, release->digest);
    if (set)
        text_appendf(out, " %lld %lld", (long long)release->parts.base,
                     (long long)release->parts.other);
    text_append(out, "\n", 1);
}

/* Rewrites the file with only the newest timestamp. A failure leaves the long file, which is as good. */
static void compact(struct journal *journal)
{
    TEXT_BUFFER_OWNED text = {0};
    for (size_t i = 0; i < journal->count; i++)
        release_line(&journal->releases[i], &text);
    text_appendf(&text, "timestamp %lld %lld %s\n", (long long)journal->counter,
                 (long long)journal->time_ms, journal->digest);
    if (text.failed ||
        files_write_durable(journal->path, text.data, text.len, 0600) != RESULT_OK)
        return;
    int fd = open(journal->path, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (fd < 0)
        return;
    close(journal->fd);
    journal->fd = fd;
    journal->timestamp_lines = 1;
}

enum result journal_release(struct journal *journal, int64_t version,
                            struct journal_parts parts, const char *content,
                            const char *digest)
{
    const struct journal_release *known = journal_find(journal, version);
    if (known != NULL) {
        bool same =
            strcmp(known->digest, digest) == 0 && strcmp(known->content, content) == 0;
        return same ? RESULT_OK : RESULT_REFUSED;
    }
    if (version < 1 ||
        (journal->count > 0 && version <= journal->releases[journal->count - 1].version))
        return RESULT_REFUSED;
    enum result result = remember(journal, version, parts, content, digest);
    if (result != RESULT_OK)
        return result;
    TEXT_BUFFER_OWNED line = {0};
    release_line(&journal->releases[journal->count - 1], &line);
    result = line.failed ? RESULT_MEMORY : append(journal, line.data);
    if (result != RESULT_OK)
        journal->count--;
    return result;
}

enum result journal_timestamp(struct journal *journal, int64_t counter, int64_t time_ms,
                              const char *digest)
{
    if (counter == journal->counter && counter > 0)
        return strcmp(journal->digest, digest) == 0 ? RESULT_OK : RESULT_REFUSED;
    if (counter <= journal->counter || time_ms < journal->time_ms)
        return RESULT_REFUSED;
    char line[256];
    snprintf(line, sizeof line, "timestamp %lld %lld %s\n", (long long)counter,
             (long long)time_ms, digest);
    enum result result = append(journal, line);
    if (result != RESULT_OK)
        return result;
    journal->counter = counter;
    journal->time_ms = time_ms;
    text_copy(journal->digest, sizeof journal->digest, digest);
    if (++journal->timestamp_lines > COMPACT_AT)
        compact(journal);
    return RESULT_OK;
}
