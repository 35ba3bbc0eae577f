/* Bringing a lab up, step by step.
 * SPDX-License-Identifier: MIT */
#pragma once

#include "../http.h"
#include "lab.h"

struct up {
    const struct invocation *invocation;
    struct lab lab;
    struct http *http;
    bool started; /* this call started the supervisor */
    bool fresh;   /* this call created the lab */
};

/* Brings the lab up; what is there already stays. On failure or a signal, takes down again what
 * it started. up_fini() in every case. */
bool up_run(struct up *up, const struct invocation *invocation, struct failure *failure);
void up_fini(struct up *up);

/* Prints where everything is and what to try. */
void up_print(const struct up *up);

/* What `lab status --json` answers. GIVES an object; *out_up says whether the lab is up. */
json_t *up_status(const struct lab *lab, bool *out_up);
