// What all parts of celltool stand on: a job, its memory, its refusal, growing text.
// SPDX-License-Identifier: MIT
//
// A job is one run over one or two objects. All its memory comes from job_alloc() and
// ends with job_fini(), so no part frees anything. A part that cannot go on calls
// job_refuse() and returns false; the first refusal is kept. Running out of memory ends
// the process: this is a build tool.
#ifndef CELLTOOL_BASE_H
#define CELLTOOL_BASE_H

#include <lib/base/types.h>

#define REFUSAL_LEN 512

struct job {
    const char *subject; // what refusals start with: "cell hello" or a file name
    struct chunk *chunks;
    char refusal[REFUSAL_LEN]; // empty: nothing refused
};

// A growing run of bytes; text_add keeps it NUL-terminated, the NUL not counted in len.
struct text {
    struct job *job;
    char *bytes;
    size_t len;
    size_t capacity;
};

void job_init(struct job *job, const char *subject);
void job_fini(struct job *job);

// Gives zeroed memory that lives as long as JOB. Never NULL.
void *job_alloc(struct job *job, size_t len);
// Gives an array of at least COUNT + 1 items, ITEMS copied over; doubles, so that
// repeated use is linear.
void *job_grow(struct job *job, void *items, size_t count, size_t item_len);
char *job_print(struct job *job, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

// Gives the next word of *AT and moves *AT behind it, or NULL.
char *job_word(struct job *job, const char **at);

// Records "SUBJECT: message" unless something was refused before. Always false, so that
// callers `return job_refuse(...)`.
bool job_refuse(struct job *job, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

void text_init(struct text *text, struct job *job);
void text_add(struct text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void text_add_bytes(struct text *text, const void *bytes, size_t len);
void text_pad(struct text *text, size_t align);
void text_put16(struct text *text, uint16_t value);
void text_put32(struct text *text, uint32_t value);
void text_put64(struct text *text, uint64_t value);

// Reads a whole file. False: refused, *out_* untouched.
bool file_read(struct job *job, const char *path, uint8_t **out_bytes, size_t *out_len);
// Replaces PATH by LEN bytes in one step (a temporary file beside it, then rename).
bool file_write(struct job *job, const char *path, const void *bytes, size_t len);

#endif
