/* What the signer has signed, written and synced before it signs: the reason why no version is used twice.
 * SPDX-License-Identifier: MIT
 *
 * File keys/journal: lines `release V content digest`, `set V content digest BASE OTHER` (a release that was put together
 * from those two), `timestamp counter time digest`. The digest is the SHA-256 of the payload, so that the same text may
 * be signed again after a crash, and no other one. A torn last line (a crash while writing) is cut off: nothing was
 * signed for it.
 * Invariants:
 *  1 A version or counter names one payload for ever.
 *  2 Versions, counters and times of timestamps never fall.
 *  3 A line is on the disk before the signature leaves the process. */
#ifndef NEURATH_SIGNER_JOURNAL_H
#define NEURATH_SIGNER_JOURNAL_H

#include "base/result.h"

#include <stddef.h>
#include <stdint.h>

#define JOURNAL_DIGEST_LEN 65

struct journal_parts { /* releases that a set was put together from; 0, 0: it is no set */
    int64_t base;
    int64_t other;
};

struct journal_release {
    int64_t version;
    struct journal_parts parts;
    char content[JOURNAL_DIGEST_LEN];
    char digest[JOURNAL_DIGEST_LEN];
};

struct journal {
    int fd;
    char *path;
    struct journal_release *releases; /* in the order of their versions */
    size_t count;
    size_t capacity;
    int64_t counter; /* of the newest timestamp, 0: none */
    int64_t time_ms;
    char digest[JOURNAL_DIGEST_LEN];
    size_t timestamp_lines; /* in the file; compacted when many */
};

NODISCARD enum result journal_open(const char *path, struct journal *out_journal,
                                   struct problem *problem);
void journal_close(struct journal *journal);

/* The release with VERSION, or NULL. */
const struct journal_release *journal_find(const struct journal *journal, int64_t version);

/* Records, or finds the same record. RESULT_REFUSED: it would break invariant 1 or 2. */
NODISCARD enum result journal_release(struct journal *journal, int64_t version,
                                      struct journal_parts parts, const char *content,
                                      const char *digest);
NODISCARD enum result journal_timestamp(struct journal *journal, int64_t counter,
                                        int64_t time_ms, const char *digest);

#endif
