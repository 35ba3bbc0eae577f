/* Prints failures as one clear line, or as JSON.
 * SPDX-License-Identifier: MIT */
#include "failure.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "text.h"

bool failure_set(struct failure *failure, const char *code, const char *format, ...)
{
    va_list arguments;
    memset(failure, 0, sizeof(*failure));
    snprintf(failure->code, sizeof(failure->code), "%s", code);
    va_start(arguments, format);
    vsnprintf(failure->text, sizeof(failure->text), format, arguments);
    va_end(arguments);
    return false;
}

bool failure_remedy(struct failure *failure, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(failure->remedy, sizeof(failure->remedy), format, arguments);
    va_end(arguments);
    return false;
}

bool failure_usage(struct failure *failure, const char *format, ...)
{
    va_list arguments;
    memset(failure, 0, sizeof(*failure));
    snprintf(failure->code, sizeof(failure->code), "usage");
    failure->usage = true;
    va_start(arguments, format);
    vsnprintf(failure->text, sizeof(failure->text), format, arguments);
    va_end(arguments);
    return false;
}

void failure_print(const struct failure *failure, bool json)
{
    struct failure clean = *failure;

    text_clean_line(clean.text);
    text_clean_line(clean.remedy);
    if (json) {
        json_t *object = json_pack("{s:s, s:s, s:s}", "code", clean.code, "text",
                                   clean.text, "remedy", clean.remedy);
        char *line = object ? json_dumps(object, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;
        fprintf(stderr, "%s\n", line ? line : "{\"code\":\"internal\"}");
        free(line);
        json_decref(object);
        return;
    }
    fflush(stdout);
    if (clean.remedy[0] != '\0') {
        fprintf(stderr, "neurath: %s; %s\n", clean.text, clean.remedy);
    } else {
        fprintf(stderr, "neurath: %s\n", clean.text);
    }
}

enum outcome failure_outcome(const struct failure *failure)
{
    return failure->usage ? OUTCOME_USAGE : OUTCOME_FAILED;
}
