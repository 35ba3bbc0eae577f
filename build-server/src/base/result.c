/* Result names, translation of errno, and the filling of a problem.
 * SPDX-License-Identifier: MIT */
#include "base/result.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

static const char *const names[] = {
    [RESULT_OK] = "ok",
    [RESULT_INVALID] = "invalid",
    [RESULT_NOT_FOUND] = "not-found",
    [RESULT_EXISTS] = "exists",
    [RESULT_REFUSED] = "refused",
    [RESULT_TOO_LARGE] = "too-large",
    [RESULT_TIMEOUT] = "timeout",
    [RESULT_BUSY] = "busy",
    [RESULT_FULL] = "full",
    [RESULT_IO] = "io",
    [RESULT_CORRUPT] = "corrupt",
    [RESULT_MEMORY] = "memory",
    [RESULT_FAILED] = "failed",
};

const char *result_name(enum result result)
{
    if ((unsigned)result >= sizeof names / sizeof names[0])
        return "unknown";
    return names[result];
}

enum result result_of_errno(int error)
{
    switch (error) {
    case 0: return RESULT_OK;
    case ENOENT:
    case ENOTDIR: return RESULT_NOT_FOUND;
    case EEXIST: return RESULT_EXISTS;
    case ENOSPC:
    case EDQUOT: return RESULT_FULL;
    case ENOMEM: return RESULT_MEMORY;
    case EAGAIN:
    case EBUSY: return RESULT_BUSY;
    case ETIMEDOUT: return RESULT_TIMEOUT;
    case EFBIG:
    case E2BIG: return RESULT_TOO_LARGE;
    case EACCES:
    case EPERM:
    case EROFS: return RESULT_REFUSED;
    case EINVAL:
    case ELOOP:
    case EXDEV: return RESULT_INVALID;
    default: return RESULT_IO;
    }
}

enum result problem_set(struct problem *problem, enum result result, const char *code,
                        const char *format, ...)
{
    if (problem == NULL)
        return result;
    snprintf(problem->code, sizeof problem->code, "%s", code);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(problem->text, sizeof problem->text, format, arguments);
    va_end(arguments);
    return result;
}
