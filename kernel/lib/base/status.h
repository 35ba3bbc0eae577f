/* The one result type of the kernel's own functions. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_LIB_BASE_STATUS_H
#define NEURATH_LIB_BASE_STATUS_H

#include <lib/base/types.h>

/* New values go to the end: cells of different ages share these numbers. */
enum status {
    STATUS_OK = 0,
    STATUS_FULL,      /* no memory, slot or room is left */
    STATUS_INVALID,   /* an argument or the input is wrong */
    STATUS_NOT_FOUND, /* the thing asked for does not exist */
    STATUS_TIMEOUT,   /* the deadline passed first */
    STATUS_BUSY,      /* in use by somebody else; may work later */
    STATUS_IO,        /* the device or the peer failed */
    STATUS_CLOSED,    /* the other side has ended the connection */
    STATUS_RESTART,   /* a swap wants the caller out: undo the queueing and return this */
    STATUS_AGAIN,     /* nothing to do now; wait for the event and ask again */
    STATUS_DENIED,    /* not allowed, or a check of authenticity failed */
    STATUS_UNSUPPORTED, /* the machine cannot do this */
};

/* A word for log lines; a string literal of the caller's own cell version. */
static inline const char *status_name(enum status status)
{
    switch (status) {
    case STATUS_OK: return "ok";
    case STATUS_FULL: return "full";
    case STATUS_INVALID: return "invalid";
    case STATUS_NOT_FOUND: return "not found";
    case STATUS_TIMEOUT: return "timeout";
    case STATUS_BUSY: return "busy";
    case STATUS_IO: return "input/output error";
    case STATUS_CLOSED: return "closed";
    case STATUS_RESTART: return "restart";
    case STATUS_AGAIN: return "again";
    case STATUS_DENIED: return "denied";
    case STATUS_UNSUPPORTED: return "unsupported";
    }
    return "unknown status";
}

#endif
