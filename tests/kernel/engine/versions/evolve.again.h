/* evolve with another form of its log lines. */
/* SPDX-License-Identifier: MIT */
#include <console/log/log.h>
#define log_write(who, level, ...) log_write(who, level, "[again] " __VA_ARGS__)
