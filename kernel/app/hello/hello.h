/* The demonstration: a line each second. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_APP_HELLO_HELLO_H
#define NEURATH_APP_HELLO_HELLO_H

#include <lib/base/status.h>

/* Start hook, phase app. */
enum status hello_start(void);

#endif
