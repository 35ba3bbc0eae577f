/* The installer port over the swap engine, and the system port.
 * SPDX-License-Identifier: MIT
 */
#include "glue.h"

#include <console/log/log.h>
#include <core/archive/archive.h>
#include <core/evolve/evolve.h>
#include <fault/power/power.h>
#include <lib/base/memory.h>
#include <lib/random/random.h>
#include <net/net/net.h>
#include <stdio.h>
#include <string.h>

/* --- Installer ------------------------------------------------------------------------ */

struct listing {
    struct client_cell *out;
    size_t max;
    size_t count;
};

static bool list_one(void *context, const char *name, const uint8_t hash[32],
                     uint32_t number)
{
    struct listing *listing = context;
    (void)number;
    if (listing->count < listing->max) {
        struct client_cell *cell = &listing->out[listing->count];
        snprintf(cell->name, sizeof cell->name, "%s", name);
        memcpy(cell->object, hash, sizeof cell->object);
    }
    listing->count++;
    return true;
}

static size_t running(void *context, struct client_cell *out, size_t max)
{
    struct listing listing = {out, max, 0};
    (void)context;
    evolve_running(list_one, &listing);
    return listing.count;
}

static struct {
    uint8_t *object; /* from find(), until its next call or submit(); NULL: none */
} lent;

/* Going back needs no network: the engine has what runs or ran lately, and objects that were booted stay in the boot
 * archive. What is lent is valid until the next call. */
static bool find(void *context, const char *name, const uint8_t object[32],
                 const uint8_t **out_bytes, size_t *out_len)
{
    struct archive_entry entry;
    char path[96];
    (void)context;
    free(lent.object);
    lent.object = NULL;
    if (evolve_object_copy(object, &lent.object, out_len) == STATUS_OK) {
        *out_bytes = lent.object;
        return true;
    }
    snprintf(path, sizeof path, "cells/%s.o", name);
    if (archive_find(path, &entry) != STATUS_OK)
        return false;
    *out_bytes = entry.bytes;
    *out_len = entry.len;
    return true;
}

static bool submit(void *context, const struct client_install *install,
                   uint64_t *out_attempt)
{
    struct evolve_request request = {.set_count = install->set_count,
                                     .remove = install->remove,
                                     .remove_count = install->remove_count,
                                     .consent = install->consent,
                                     .consent_count = install->consent_count,
                                     .trial_ns = install->trial_ns,
                                     .dry_run = install->dry_run};
    struct evolve_object *set =
        memory_new_array(struct evolve_object, install->set_count + 1);
    (void)context;
    free(lent.object);
    lent.object = NULL;
    if (set == NULL)
        return false;
    for (size_t i = 0; i < install->set_count; i++) {
        set[i].name = install->set[i].name;
        set[i].bytes = install->set[i].bytes;
        set[i].len = install->set[i].len;
        memcpy(set[i].hash, install->set[i].object, sizeof set[i].hash);
    }
    request.set = set;
    snprintf(request.label, sizeof request.label, "%s", install->label);
    enum status status = evolve_submit(&request, out_attempt);
    free(set);
    return status == STATUS_OK;
}

static enum client_install_phase phase_of(const struct evolve_report *report)
{
    switch (report->phase) {
    case EVOLVE_IDLE: return CLIENT_INSTALL_IDLE;
    case EVOLVE_QUEUED:
    case EVOLVE_LOAD:
    case EVOLVE_VERIFY:
    case EVOLVE_REDIRECT:
    case EVOLVE_COMMIT: return CLIENT_INSTALL_BUSY;
    case EVOLVE_TRIAL: return CLIENT_INSTALL_TRIAL;
    case EVOLVE_PERMANENT:
        return report->dry_run ? CLIENT_INSTALL_PLANNED : CLIENT_INSTALL_PERMANENT;
    case EVOLVE_REVERTED: return CLIENT_INSTALL_REVERTED;
    case EVOLVE_REFUSED: return CLIENT_INSTALL_REFUSED;
    case EVOLVE_FAILED: return CLIENT_INSTALL_FAILED;
    }
    return CLIENT_INSTALL_IDLE;
}

/* The engine's report of ATTEMPT, read anew; NULL: it knows nothing of it. */
static const struct evolve_report *report_read(struct glue *glue, uint64_t attempt)
{
    if (glue->report == NULL)
        glue->report = memory_new(struct evolve_report);
    glue->report_attempt = 0;
    if (glue->report == NULL || evolve_report_read(attempt, glue->report) != STATUS_OK)
        return NULL;
    glue->report_attempt = attempt;
    return glue->report;
}

/* Known once the plan was made whole: until then its figures are not those of the swap. */
static void take_effects(const struct evolve_report *report, struct client_effects *out)
{
    out->known = report->phase == EVOLVE_TRIAL || report->phase == EVOLVE_PERMANENT ||
                 report->phase == EVOLVE_REVERTED || report->waited_count > 0;
    out->drain_ns = report->drain_ns;
    out->waited_count = report->waited_count;
    for (uint32_t i = 0;
         i < report->waited_count && i < EVOLVE_WAITED_MAX && i < CLIENT_WAITED_MAX; i++)
        snprintf(out->waited[i], sizeof out->waited[i], "%s", report->waited[i]);
    out->migrated_objects = report->migrated_objects;
    out->migrated_bytes = report->migrated_bytes;
    out->draining_objects = report->draining_objects;
    out->retained_bytes = report->retained_bytes;
    out->revertible = report->revertible;
}

static void status(void *context, uint64_t attempt, struct client_install_report *out)
{
    struct glue *glue = context;
    memset(out, 0, sizeof *out);
    /* The whole report is 20 KB: while the engine is at work or on trial, the phase will do. */
    enum evolve_phase phase = evolve_phase_of(attempt);
    out->attempt = attempt;
    if (phase != EVOLVE_IDLE && phase < EVOLVE_COMMIT) {
        out->phase = CLIENT_INSTALL_BUSY;
        return;
    }
    const struct evolve_report *report = report_read(glue, attempt);
    if (report == NULL)
        return;
    out->phase = phase_of(report);
    out->load_ns = report->load_ns;
    out->verify_ns = report->verify_ns;
    out->redirect_ns = report->redirect_ns;
    out->commit_ns = report->commit_ns;
    out->pause_ns = report->pause_ns;
    take_effects(report, &out->effects);
    if (report->phase == EVOLVE_REVERTED) {
        snprintf(out->cause, sizeof out->cause, "%s", report->reason.text);
        snprintf(out->cause_cell, sizeof out->cause_cell, "%s", report->reason.cell);
    } else {
        struct client_refusal *refusal = &out->refusal;
        snprintf(refusal->code, sizeof refusal->code, "%s", report->reason.code);
        snprintf(refusal->cell, sizeof refusal->cell, "%s", report->reason.cell);
        snprintf(refusal->symbol, sizeof refusal->symbol, "%s", report->reason.symbol);
        snprintf(refusal->dependent, sizeof refusal->dependent, "%s",
                 report->reason.dependent);
        snprintf(refusal->text, sizeof refusal->text, "%s", report->reason.text);
    }
}

static const char *cell_class(void *context, uint64_t attempt, const char *name)
{
    struct glue *glue = context;
    const struct evolve_report *report = glue->report;
    if (glue->report_attempt != attempt)
        report = report_read(glue, attempt);
    for (uint32_t i = 0; report != NULL && i < report->cell_count && i < EVOLVE_MAX_CELLS;
         i++)
        if (strcmp(report->cells[i].name, name) == 0)
            return plan_class_name(report->cells[i].class);
    return NULL;
}

/* The engine refuses these when the trial has just ended; the next look at the status tells how. */
static void confirm(void *context, uint64_t attempt)
{
    (void)context;
    if (evolve_confirm(attempt) != STATUS_OK)
        log_write("client", LOG_WARNING, "attempt %llu was no longer on trial",
                  (unsigned long long)attempt);
}

static void revert(void *context, uint64_t attempt, const char *reason)
{
    (void)context;
    if (evolve_revert(attempt, reason, "taken back by the client") != STATUS_OK)
        log_write("client", LOG_WARNING, "attempt %llu was no longer on trial",
                  (unsigned long long)attempt);
}

static void extend(void *context, uint64_t attempt, uint64_t ns)
{
    (void)context;
    if (evolve_extend(attempt, ns) != STATUS_OK)
        log_write("client", LOG_WARNING, "attempt %llu was no longer on trial",
                  (unsigned long long)attempt);
}

void glue_installer(struct client_installer *out)
{
    *out = (struct client_installer){
        .context = glue_get(),
        .running = running,
        .find = find,
        .submit = submit,
        .status = status,
        .cell_class = cell_class,
        .confirm = confirm,
        .revert = revert,
        .extend = extend,
    };
}

/* --- System --------------------------------------------------------------------------- */

static bool random_port(void *context, uint8_t *out, size_t len)
{
    (void)context;
    return random_fill(out, len) == STATUS_OK;
}

static void log_port(void *context, const char *line)
{
    (void)context;
    log_write("client", LOG_INFO, "%s", line);
}

static bool local_tests(void *context)
{
    struct net_local_tests result;
    (void)context;
    return net_local_tests(&result);
}

static bool reboot(void *context)
{
    (void)context;
    power_reset();
}

void glue_system(struct client_system *out)
{
    *out = (struct client_system){
        .context = glue_get(),
        .random = random_port,
        .log = log_port,
        .local_tests = local_tests,
        .reboot = reboot,
    };
}
