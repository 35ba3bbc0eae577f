/* commit with a number that it keeps. */
/* SPDX-License-Identifier: MIT */
#ifndef COMMIT_COUNT
#define COMMIT_COUNT unsigned
#endif
static COMMIT_COUNT commit_count __attribute__((used)) = 1;
