/* The swap's own task: takes requests, carries them out one by one, and watches the trial.
 * SPDX-License-Identifier: MIT
 *
 * An *attempt* is one request carried out, or refused. Its phases:
 *   QUEUED → LOAD → VERIFY → REDIRECT → COMMIT → TRIAL → PERMANENT
 *   LOAD, VERIFY, REDIRECT → REFUSED (a reason that names names; nothing has changed)
 *   COMMIT → REFUSED (of coupled cells: `busy`, a task does not leave them; `held`, a pointer to an old form is held;
 *            nothing has changed)
 *   COMMIT → FAILED (the CPUs could not be held, or memory ran out; nothing has changed)
 *   TRIAL → REVERTED (a fault, a stuck CPU, evolve_revert(), or nobody confirmed in time)
 * Requests queue; only one attempt is between LOAD and the end of TRIAL at a time.
 * Functions may be called from any task; they do not block. Times in nanoseconds of clock_ns().
 * Source: thesis 8.1, design 4.
 */
#ifndef NEURATH_CORE_EVOLVE_H
#define NEURATH_CORE_EVOLVE_H

#include <core/loader/loader.h>
#include <core/plan/plan.h>
#include <task/task/task.h>

enum {
    EVOLVE_MAX_CELLS = 128,
    EVOLVE_LABEL_MAX = 64,
    EVOLVE_HISTORY = 32,
    EVOLVE_WAITED_MAX = 8,
    EVOLVE_CONSENT_MAX = 64,
    EVOLVE_ACCOUNT_MAX = 4096
};

struct evolve_object {
    const char *name; /* the cell's name, as the release says; the object must agree */
    const uint8_t *bytes;
    size_t len;
    uint8_t hash[32]; /* SHA-256 of bytes, checked by the caller */
};

struct evolve_request {
    const struct evolve_object *set; /* only cells that differ from what runs */
    size_t set_count;
    const char *const *remove;
    size_t remove_count;
    const char *const *consent; /* what may be lost: "cell:object", as a refusal names it */
    size_t consent_count;
    uint64_t trial_ns; /* how long the new code is on trial */
    uint64_t stuck_ns; /* how long a CPU may run with interrupts off meanwhile; 0: 3 s */
    /* Permanent when the trial is over; else evolve_confirm() must come, and the task that asks begins a step at least each
     * second until it has. */
    bool self_confirm;
    bool dry_run; /* end before anything changes: PERMANENT means it would be carried out */
    char label[EVOLVE_LABEL_MAX]; /* for people: "release 12" */
};

enum evolve_phase {
    EVOLVE_IDLE,
    EVOLVE_QUEUED,
    EVOLVE_LOAD,
    EVOLVE_VERIFY,
    EVOLVE_REDIRECT,
    EVOLVE_COMMIT,
    EVOLVE_TRIAL,
    EVOLVE_PERMANENT,
    EVOLVE_REVERTED,
    EVOLVE_REFUSED,
    EVOLVE_FAILED,
};

struct evolve_cell {
    char name[CELL_NAME_MAX + 1];
    enum plan_class class;
    uint32_t functions_changed;
    uint32_t functions_added;
    bool had_old; /* old is meaningful */
    bool has_new;
    bool coupled;    /* no task may be inside its old text at the commit */
    uint8_t old[32]; /* object hashes */
    uint8_t new[32];
};

struct evolve_report {
    uint64_t attempt; /* counts from 1 since boot; 0 = there is none */
    enum evolve_phase phase;
    bool dry_run;
    char label[EVOLVE_LABEL_MAX];
    uint64_t begun_ns;
    uint64_t load_ns; /* stage times; 0 while the stage has not ended */
    uint64_t verify_ns;
    uint64_t redirect_ns;
    uint64_t commit_ns;
    uint64_t trial_ns;
    uint64_t pause_ns; /* from the first interrupt of the park to the release */
    uint32_t stores;   /* places written under the park */
    uint64_t drain_ns; /* that tasks stood, until none was inside coupled cells; 0: there was nothing to wait for */
    uint32_t waited_count; /* tasks that were inside; at most EVOLVE_WAITED_MAX are named */
    char waited[EVOLVE_WAITED_MAX][TASK_NAME_MAX];
    uint32_t migrated_objects; /* whose form changed */
    uint64_t migrated_bytes;   /* what they take now */
    uint32_t draining_objects; /* in use of the lineages that drain, which go on there */
    uint64_t retained_bytes; /* text and constants of the replaced versions, kept for now */
    bool revertible; /* false: the way back has to make something up, see plan/loss.c */
    uint64_t trial_end_ns; /* when the trial is over, by clock_ns() */
    struct refusal reason; /* REFUSED, FAILED, REVERTED: why; code "" otherwise */
    uint32_t refusal_count;
    uint32_t cell_count; /* of all cells; at most EVOLVE_MAX_CELLS are described */
    struct evolve_cell cells[EVOLVE_MAX_CELLS];
};

/* Queues REQUEST, copying all that it needs. Gives *out_attempt.
 * STATUS_FULL: no memory; STATUS_BUSY: the queue is full; STATUS_INVALID: too many cells, or names. */
NODISCARD enum status evolve_submit(const struct evolve_request *request,
                                    uint64_t *out_attempt);
/* Copies what is known of ATTEMPT (0: the newest). STATUS_NOT_FOUND: forgotten or never made.
 * OUT is large (about 20 KB): keep it in static storage or on the heap. */
NODISCARD enum status evolve_report_read(uint64_t attempt, struct evolve_report *out);
/* Copies to OUT (LEN bytes, always terminated) what else people want to know of ATTEMPT: objects that change their form, and
 * refusals after the first; each line ends with \n. STATUS_NOT_FOUND: forgotten or never made. */
NODISCARD enum status evolve_account_read(uint64_t attempt, char *out, size_t len);
/* The phase of ATTEMPT alone; EVOLVE_IDLE if unknown. Cheap. */
enum evolve_phase evolve_phase_of(uint64_t attempt);
/* Signalled at each change of phase. Lends it for ever. */
struct event *evolve_event(void);

/* Ends the trial of ATTEMPT: it becomes permanent. STATUS_INVALID: it is not on trial. */
NODISCARD enum status evolve_confirm(uint64_t attempt);
/* Takes ATTEMPT back, with CODE and TEXT as its reason. STATUS_INVALID: it is not on trial. */
NODISCARD enum status evolve_revert(uint64_t attempt, const char *code, const char *text);
/* Moves the end of the trial of ATTEMPT by NS. STATUS_INVALID: it is not on trial. */
NODISCARD enum status evolve_extend(uint64_t attempt, uint64_t ns);

/* GIVES a copy (heap_free()) of the object that HASH was given for when it was submitted: of a version that runs, or ran until
 * lately. Compare its hash. STATUS_NOT_FOUND: it is not here any more; STATUS_FULL: no memory. */
NODISCARD enum status evolve_object_copy(const uint8_t hash[32], uint8_t **out,
                                         size_t *out_len);

/* Calls VISIT for each running cell until it gives false. Strings and hash are lent for the
 * call. */
typedef bool (*evolve_visit_fn)(void *context, const char *name, const uint8_t hash[32],
                                uint32_t number);
void evolve_running(evolve_visit_fn visit, void *context);
/* Committed attempts since boot (reverts not counted). */
uint64_t evolve_commits(void);

const char *evolve_phase_name(enum evolve_phase phase);

/* Start hook, phase service: the swap task, shell commands cells deps ns swap history. */
enum status evolve_start(void);

#endif
