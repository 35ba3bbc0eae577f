/* What musl's subset expects from the rest of a C library, where the kernel has nothing to offer.
 * SPDX-License-Identifier: MIT
 *
 * Streams exist only inside snprintf and strtol, on the caller's stack: there is nothing to lock, refill or flush.
 * errno is one variable for all tasks; nothing in the kernel decides by it (jansson has its own, see kernel/lib/json).
 */
#include "stdio_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int *___errno_location(void);

static int last_error;

int *___errno_location(void)
{
    return &last_error;
}

int __lockfile(FILE *stream)
{
    (void)stream;
    return 0;
}

void __unlockfile(FILE *stream)
{
    (void)stream;
}

int __uflow(FILE *stream)
{
    (void)stream;
    return EOF;
}

void __stdio_exit_needed(void) {}

/* Wide characters do not exist here: %lc and %ls fail. */
int wctomb(char *to, wchar_t character)
{
    (void)to;
    (void)character;
    return -1;
}

/* Only %m of the formatter asks; there are no error texts. */
char *strerror(int error)
{
    (void)error;
    return "error";
}
