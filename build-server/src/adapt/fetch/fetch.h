/* Fetches third-party sources through the distribution's signed index, by the script deploy/fetch-source that is
 * compiled in: the operator's, never a commit's.
 * SPDX-License-Identifier: MIT */
#ifndef NEURATH_ADAPT_FETCH_FETCH_H
#define NEURATH_ADAPT_FETCH_FETCH_H

#include "base/result.h"
#include "base/text.h"

#include <stdatomic.h>

struct fetch_job {
    const char *folder; /* where sources are unpacked and kept */
    const char *rows; /* lines of deploy/third-party.list, each word of them checked by the caller */
    unsigned seconds;          /* wall time */
    const atomic_bool *cancel; /* NULL, or ends it when true (looked at after wake_fd) */
    int wake_fd; /* -1, or an eventfd that is readable when `cancel` changed */
};

/* RESULT_OK: every row's source is there, of exactly that version. RESULT_FAILED, with what the script said last: one could
 * not be had. RESULT_BUSY: cancelled. OUT gets all that the script said, sanitised, in every case. */
NODISCARD enum result fetch_sources(const struct fetch_job *job, struct text_buffer *out,
                                    struct problem *problem);

#endif
