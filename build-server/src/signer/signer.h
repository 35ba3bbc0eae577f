/* The signer: a process of its own that alone reads keys/, signs only builds, re-issues and sets that are
 * put together from these (parts.h), and logs before it signs (journal.h).
 * SPDX-License-Identifier: MIT
 *
 * The service starts it, before it opens a socket or a repository, by executing itself with
 * `--signer FD`; it ends when its socket closes. */
#ifndef NEURATH_SIGNER_SIGNER_H
#define NEURATH_SIGNER_SIGNER_H

#include "base/json.h"
#include "base/result.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The process's body: answers questions on FD until it closes. The exit status. */
int signer_serve(const char *state, bool lab, int fd);

/* The service's side. Any thread; one question at a time. */
struct signer;

/* Starts the process and reads its hello. GIVES *out for signer_stop(). */
NODISCARD enum result signer_start(const char *state, bool lab, struct signer **out,
                                   struct problem *problem);
void signer_stop(struct signer *signer);

/* Asks; when the signer has died it is started once more. GIVES *out_answer (json_decref).
 * RESULT_REFUSED with a problem when the signer refuses. */
NODISCARD enum result signer_ask(struct signer *signer, const json_t *question,
                                 json_t **out_answer, struct problem *problem);

/* Asks and decodes the answer's frame. GIVES *out_frame (free()). TAKES question. */
NODISCARD enum result signer_frame(struct signer *signer, json_t *question,
                                   uint8_t **out_frame, size_t *out_len,
                                   struct problem *problem);

#endif
