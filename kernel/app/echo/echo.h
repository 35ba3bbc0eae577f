/* Echo on TCP and UDP port 7 (RFC 862): what is sent comes back, on as many as 32 connections at a time. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_APP_ECHO_ECHO_H
#define NEURATH_APP_ECHO_ECHO_H

#include <lib/base/status.h>

/* Start hook, phase app. */
enum status echo_start(void);

#endif
