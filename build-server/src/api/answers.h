/* Answers that handlers share: JSON bodies, errors.
 * SPDX-License-Identifier: MIT */
#ifndef NEURATH_API_ANSWERS_H
#define NEURATH_API_ANSWERS_H

#include "adapt/http/http.h"
#include "base/json.h"
#include "base/result.h"

/* TAKES value. */
void answer_json(struct http_answer *answer, unsigned status, json_t *value);

/* {code, text} */
void answer_error(struct http_answer *answer, unsigned status, const char *code,
                  const char *text);

/* The status that fits RESULT, with the problem's code and text. */
void answer_problem(struct http_answer *answer, enum result result,
                    const struct problem *problem);

#endif
