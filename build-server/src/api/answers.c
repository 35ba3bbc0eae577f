/* JSON bodies and errors.
 * SPDX-License-Identifier: MIT */
#include "api/answers.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

void answer_json(struct http_answer *answer, unsigned status, json_t *value)
{
    char *text = json_text(value);
    json_decref(value);
    if (text == NULL) {
        http_answer_text(answer, 500, "application/json",
                         "{\"code\":\"memory\",\"text\":\"out of memory\"}");
        return;
    }
    http_answer_text(answer, status, "application/json", text);
    http_answer_header(answer, "Cache-Control", "no-store");
    free(text);
}

void answer_error(struct http_answer *answer, unsigned status, const char *code,
                  const char *text)
{
    answer_json(answer, status,
                json_pack("{s:s, s:o}", "code", code, "text", json_text_or_null(text)));
}

static unsigned status_of(enum result result)
{
    switch (result) {
    case RESULT_OK: return 200;
    case RESULT_INVALID: return 400;
    case RESULT_NOT_FOUND: return 404;
    case RESULT_EXISTS:
    case RESULT_REFUSED: return 409;
    case RESULT_TOO_LARGE: return 413;
    case RESULT_BUSY: return 429;
    default: return 503;
    }
}

void answer_problem(struct http_answer *answer, enum result result,
                    const struct problem *problem)
{
    bool told = problem != NULL && problem->code[0] != '\0';
    answer_error(answer, status_of(result), told ? problem->code : result_name(result),
                 told ? problem->text : "the request cannot be carried out");
}
