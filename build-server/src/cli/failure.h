/* Failures as the person sees them: one line that says what, why and what to do.
 * SPDX-License-Identifier: MIT
 *
 * Every function of the command that can fail fills a struct failure and returns false. main()
 * prints it once: as one line on stderr, or with --json as one JSON object on stderr. Texts
 * that came from elsewhere are cleaned when printed, so callers may put them in as they are. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* What the process returns; fixed by the contract with scripts. */
enum outcome {
    OUTCOME_DONE = 0,   /* done; with --wait: every machine permanent */
    OUTCOME_FAILED = 1, /* refused, failed, or would refuse */
    OUTCOME_USAGE = 2,  /* wrong usage */
};

struct failure {
    char code[48];    /* short word for scripts, such as "no-server" */
    char text[1024];  /* what happened and why, one line, no final stop */
    char remedy[512]; /* what to do; may be empty */
    bool usage;       /* true: exit status 2 */
    long http_status; /* of the server's answer that this is; else 0 */
};

/* Fills FAILURE and returns false, so that callers can write `return failure_set(...)`. */
[[gnu::format(printf, 3, 4)]] bool failure_set(struct failure *failure, const char *code,
                                               const char *format, ...);

/* Adds the remedy to a failure that is already set; returns false. */
[[gnu::format(printf, 2, 3)]] bool failure_remedy(struct failure *failure,
                                                  const char *format, ...);

/* The same, for wrong usage. */
[[gnu::format(printf, 2, 3)]] bool failure_usage(struct failure *failure,
                                                 const char *format, ...);

/* Prints FAILURE on stderr, as JSON when JSON is true. */
void failure_print(const struct failure *failure, bool json);

/* The exit status that belongs to FAILURE. */
enum outcome failure_outcome(const struct failure *failure);
