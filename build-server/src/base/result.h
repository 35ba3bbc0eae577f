/* The one result type of the build server, and the problem that a person reads.
 * SPDX-License-Identifier: MIT
 *
 * Functions return enum result; outputs come last, are named out_* and stay untouched on failure.
 * Where the cause is for a person (an operator, an author), the function also fills struct problem:
 * a stable code for programs and one sentence for people. Library errors are translated once, in
 * the adapt/ folder of that library. */
#ifndef NEURATH_BASE_RESULT_H
#define NEURATH_BASE_RESULT_H

#define NODISCARD __attribute__((warn_unused_result))

enum result {
    RESULT_OK = 0,
    RESULT_INVALID,   /* the input breaks a rule; problem says which */
    RESULT_NOT_FOUND, /* there is no such thing */
    RESULT_EXISTS,    /* there is one already */
    RESULT_REFUSED,   /* well-formed, but a rule of the fleet forbids it */
    RESULT_TOO_LARGE, /* over a cap */
    RESULT_TIMEOUT,   /* a deadline passed */
    RESULT_BUSY,      /* somebody else holds it; try again */
    RESULT_FULL,      /* no space left on the disk, or a table is full */
    RESULT_IO,        /* the operating system failed us */
    RESULT_CORRUPT,   /* stored data contradicts itself */
    RESULT_MEMORY,    /* out of memory */
    RESULT_FAILED,    /* the called program or library failed; problem says how */
};

struct problem {
    char code[32];
    char text[768];
};

/* A short name such as "not-found"; never NULL. */
const char *result_name(enum result result);

/* Translates an errno value. */
enum result result_of_errno(int error);

/* Fills PROBLEM (may be NULL) with CODE and the formatted text, and returns RESULT. */
enum result problem_set(struct problem *problem, enum result result, const char *code,
                        const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
