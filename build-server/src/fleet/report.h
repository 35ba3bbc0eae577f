/* What a machine's report of a swap attempt says, checked.
 * SPDX-License-Identifier: MIT
 *
 * Machines are not believed further than that: every text is stripped, every figure has a range, and what is not
 * known, or not in its range, is left out. Strings are lent by the report's JSON unless they are owned. */
#ifndef NEURATH_FLEET_REPORT_H
#define NEURATH_FLEET_REPORT_H

#include "base/json.h"
#include "base/result.h"

struct report {
    const char *machine;
    const char *boot_id;
    int64_t number;
    int64_t release;
    const char *result;
    const char *from_commit;
    const char *to_commit;
    const char *from_content;
    int64_t from_release; /* 0: not told */
    int64_t pause_ns;
    int64_t bytes;
    const json_t *cells;
    bool after_restart;
    char *reason;  /* JSON text, owned */
    char *stages;  /* JSON text, owned */
    char *effects; /* JSON text, owned; see report_effects() */
};

/* RESULT_INVALID: not an attempt's report. GIVES *out for report_fini(), in any case. */
NODISCARD enum result report_read(const json_t *body, struct report *out,
                                  struct problem *problem);
void report_fini(struct report *report);

/* The attempt goes on: `running` or `trial`. */
bool report_is_open(const char *result);
/* The class of a cell, `text` when the machine does not say. */
const char *report_class(const json_t *cell);
/* Text of DIGITS hexadecimal digits, or NULL. */
const char *report_hex(const json_t *object, const char *key, size_t digits);

/* What the swap did besides changing text: those of drain_ns, waited_count, waited, migrated_objects,
 * migrated_bytes, draining_objects, retained_bytes and revertible that BODY tells. GIVES an object. */
json_t *report_effects(const json_t *body);

/* A machine's answer to a plan command, as stored: {cells, reason} and what report_effects() takes, each checked; nothing
 * else of BODY. GIVES. */
json_t *report_plan(const json_t *body);

#endif
