// Memory, refusals, growing text and whole files for celltool.
// SPDX-License-Identifier: MIT
#include "base.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK_LEN ((size_t)64 * 1024)
#define FILE_LEN_MAX ((size_t)256 * 1024 * 1024)

struct chunk {
    struct chunk *next;
    size_t used;
    size_t len;
    _Alignas(16) uint8_t bytes[];
};

void job_init(struct job *job, const char *subject)
{
    *job = (struct job){.subject = subject};
}

void job_fini(struct job *job)
{
    while (job->chunks) {
        struct chunk *next = job->chunks->next;
        free(job->chunks);
        job->chunks = next;
    }
}

void *job_alloc(struct job *job, size_t len)
{
    struct chunk *chunk = job->chunks;
    len = (len + 15) & ~(size_t)15;
    if (!chunk || chunk->len - chunk->used < len) {
        size_t want = len > CHUNK_LEN ? len : CHUNK_LEN;
        struct chunk *fresh = calloc(1, sizeof(*fresh) + want);
        if (!fresh) {
            fprintf(stderr, "celltool: out of memory\n");
            exit(1);
        }
        fresh->len = want;
        fresh->next = chunk;
        job->chunks = chunk = fresh;
    }
    void *at = chunk->bytes + chunk->used;
    chunk->used += len;
    return at;
}

void *job_grow(struct job *job, void *items, size_t count, size_t item_len)
{
    bool full = (count & (count - 1)) == 0; // 0, 1, 2, 4, 8 ... are the capacities
    if (!full)
        return items;
    void *wider = job_alloc(job, (count ? count * 2 : 1) * item_len);
    if (count)
        memcpy(wider, items, count * item_len);
    return wider;
}

char *job_print(struct job *job, const char *format, ...)
{
    struct text text;
    char small[256];
    va_list args;

    va_start(args, format);
    int len = vsnprintf(small, sizeof(small), format, args);
    va_end(args);
    text_init(&text, job);
    if (len >= 0 && (size_t)len < sizeof(small)) {
        text_add_bytes(&text, small, (size_t)len);
        return text.bytes;
    }
    char *large = job_alloc(job, len < 0 ? 1 : (size_t)len + 1);
    va_start(args, format);
    vsnprintf(large, len < 0 ? 1 : (size_t)len + 1, format, args);
    va_end(args);
    return large;
}

char *job_word(struct job *job, const char **at)
{
    *at += strspn(*at, " \t\n");
    size_t len = strcspn(*at, " \t\n");
    if (!len)
        return NULL;
    char *word = job_alloc(job, len + 1);
    memcpy(word, *at, len);
    *at += len;
    return word;
}

bool job_refuse(struct job *job, const char *format, ...)
{
    va_list args;

    if (job->refusal[0])
        return false;
    int used = snprintf(job->refusal, sizeof(job->refusal), "%s: ", job->subject);
    if (used < 0 || (size_t)used >= sizeof(job->refusal))
        return false;
    va_start(args, format);
    vsnprintf(job->refusal + used, sizeof(job->refusal) - (size_t)used, format, args);
    va_end(args);
    return false;
}

void text_init(struct text *text, struct job *job)
{
    *text = (struct text){.job = job, .bytes = job_alloc(job, 16), .capacity = 16};
}

void text_add_bytes(struct text *text, const void *bytes, size_t len)
{
    if (text->capacity - text->len <= len) {
        size_t capacity = text->capacity;
        while (capacity - text->len <= len)
            capacity *= 2;
        char *wider = job_alloc(text->job, capacity);
        memcpy(wider, text->bytes, text->len);
        text->bytes = wider;
        text->capacity = capacity;
    }
    if (len)
        memcpy(text->bytes + text->len, bytes, len);
    text->len += len;
    text->bytes[text->len] = '\0';
}

void text_add(struct text *text, const char *format, ...)
{
    char small[256];
    va_list args;

    va_start(args, format);
    int len = vsnprintf(small, sizeof(small), format, args);
    va_end(args);
    if (len >= 0 && (size_t)len < sizeof(small)) {
        text_add_bytes(text, small, (size_t)len);
        return;
    }
    char *large = job_alloc(text->job, len < 0 ? 1 : (size_t)len + 1);
    va_start(args, format);
    vsnprintf(large, len < 0 ? 1 : (size_t)len + 1, format, args);
    va_end(args);
    text_add_bytes(text, large, strlen(large));
}

void text_pad(struct text *text, size_t align)
{
    static const char zeros[16];

    while (align > 1 && text->len % align) {
        size_t gap = align - text->len % align;
        text_add_bytes(text, zeros, gap < sizeof(zeros) ? gap : sizeof(zeros));
    }
}

void text_put16(struct text *text, uint16_t value)
{
    uint8_t bytes[2] = {(uint8_t)value, (uint8_t)(value >> 8)};
    text_add_bytes(text, bytes, sizeof(bytes));
}

void text_put32(struct text *text, uint32_t value)
{
    uint8_t bytes[4];
    put_le32(bytes, value);
    text_add_bytes(text, bytes, sizeof(bytes));
}

void text_put64(struct text *text, uint64_t value)
{
    uint8_t bytes[8];
    put_le64(bytes, value);
    text_add_bytes(text, bytes, sizeof(bytes));
}

bool file_read(struct job *job, const char *path, uint8_t **out_bytes, size_t *out_len)
{
    struct stat status;
    FILE *file = fopen(path, "rb");

    if (!file)
        return job_refuse(job, "cannot read %s: %s", path, strerror(errno));
    if (fstat(fileno(file), &status) || !S_ISREG(status.st_mode) || status.st_size < 0 ||
        (size_t)status.st_size > FILE_LEN_MAX) {
        fclose(file);
        return job_refuse(job, "cannot read %s: not a file of at most 256 MiB", path);
    }
    size_t len = (size_t)status.st_size;
    uint8_t *bytes = job_alloc(job, len);
    size_t got = fread(bytes, 1, len, file);
    fclose(file);
    if (got != len)
        return job_refuse(job, "cannot read %s whole", path);
    *out_bytes = bytes;
    *out_len = len;
    return true;
}

bool file_write(struct job *job, const char *path, const void *bytes, size_t len)
{
    const char *temporary = job_print(job, "%s.%ld.tmp", path, (long)getpid());
    FILE *file = fopen(temporary, "wb");

    if (!file)
        return job_refuse(job, "cannot write %s: %s", path, strerror(errno));
    bool whole = fwrite(bytes, 1, len, file) == len;
    whole = fclose(file) == 0 && whole;
    if (whole && rename(temporary, path) == 0)
        return true;
    int error = errno;
    unlink(temporary);
    return job_refuse(job, "cannot write %s: %s", path, strerror(error));
}
