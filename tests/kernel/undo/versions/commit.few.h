/* commit with a number that it keeps. */
/* SPDX-License-Identifier: MIT */
#ifndef COMMIT_KEPT
#define COMMIT_KEPT unsigned
#endif
static COMMIT_KEPT commit_kept __attribute__((used)) = 1;
