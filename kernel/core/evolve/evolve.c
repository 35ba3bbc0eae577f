/* The swap task: queue, reports, and the wishes of other tasks.
 * SPDX-License-Identifier: MIT
 */
#include <core/evolve/checks.h>
#include <core/evolve/ending.h>
#include <core/evolve/hooks.h>
#include <core/evolve/leaks.h>
#include <core/evolve/leaving.h>
#include <core/evolve/reserve.h>
#include <core/evolve/walk.h>

#include <console/log/log.h>
#include <core/commit/commit.h>
#include <mm/heap/heap.h>
#include <mm/paging/paging.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <task/spinlock/spinlock.h>
#include <time/clock/clock.h>

enum {
    HEARD_MS = 1000, /* at least so often, by the guard */
    QUEUE_MAX = 8,
    STACK_LEN = 64 << 10,
    LAPIC_PHYS = 0xfee00000,
    ENDING_LOOK_NS = 2000000, /* between two looks at tasks that end */
};

struct record { /* what is kept of an attempt */
    struct evolve_report report;
    char account[EVOLVE_ACCOUNT_MAX];
};

static struct {
    struct spinlock lock;
    struct event event;
    struct attempt *current;
    struct attempt *queue;
    uint32_t queued;
    uint64_t last_attempt;
    uint64_t commits;
    struct record *history[EVOLVE_HISTORY]; /* by attempt modulo */
} state;

void evolve_lock(void)
{
    spin_lock(&state.lock);
}

void evolve_unlock(void)
{
    spin_unlock(&state.lock);
}

struct event *evolve_event(void)
{
    return &state.event;
}

uint64_t evolve_commits(void)
{
    return state.commits;
}

const char *evolve_phase_name(enum evolve_phase phase)
{
    static const char *const names[] = {"idle",     "queued",  "load",  "verify",
                                        "redirect", "commit",  "trial", "permanent",
                                        "reverted", "refused", "failed"};
    return names[phase];
}

static void attempt_destroy(struct attempt *a)
{
    for (uint32_t i = 0; a->set && i < a->set_count; i++)
        heap_free((void *)a->set[i].bytes);
    heap_free(a->set);
    heap_free(a->set_names);
    heap_free(a->remove);
    heap_free(a->remove_list);
    heap_free(a->consent);
    heap_free(a);
}

static bool copy_set(struct attempt *a, const struct evolve_request *r)
{
    a->set = heap_new_array(struct plan_object, r->set_count + 1);
    a->set_names = heap_new_array(char[CELL_NAME_MAX + 1], r->set_count + 1);
    if (!a->set || !a->set_names)
        return false;
    for (size_t i = 0; i < r->set_count; i++) {
        uint8_t *bytes = heap_bytes(r->set[i].len);
        if (!bytes)
            return false;
        memcpy(bytes, r->set[i].bytes, r->set[i].len);
        a->set[i] =
            (struct plan_object){.bytes = bytes, .len = r->set[i].len, .own = true};
        memcpy(a->set[i].hash, r->set[i].hash, sizeof a->set[i].hash);
        snprintf(a->set_names[i], sizeof a->set_names[i], "%s", r->set[i].name);
        a->set_count++;
    }
    return true;
}

static bool copy_remove(struct attempt *a, const struct evolve_request *r)
{
    a->remove = heap_new_array(char[CELL_NAME_MAX + 1], r->remove_count + 1);
    a->remove_list = heap_new_array(const char *, r->remove_count + 1);
    if (!a->remove || !a->remove_list)
        return false;
    for (size_t i = 0; i < r->remove_count; i++) {
        snprintf(a->remove[i], sizeof a->remove[i], "%s", r->remove[i]);
        a->remove_list[i] = a->remove[i];
        a->remove_count++;
    }
    return true;
}

static bool copy_consent(struct attempt *a, const struct evolve_request *r)
{
    size_t len = 0;
    for (size_t i = 0; i < r->consent_count; i++)
        len += strlen(r->consent[i]) + 1;
    a->consent = heap_new_with(char *, r->consent_count * sizeof *a->consent + len);
    if (!a->consent)
        return false;
    char *at = (char *)&a->consent[r->consent_count + 1];
    for (size_t i = 0; i < r->consent_count; i++) {
        a->consent[a->consent_count++] = at;
        at = stpcpy(at, r->consent[i]) + 1;
    }
    return true;
}

/* Keeps REPORT as the newest; the one it pushes out goes. Under the lock. */
static void remember(const struct evolve_report *report)
{
    struct record *record = state.history[report->attempt % EVOLVE_HISTORY];
    if (record)
        record->report = *report;
}

enum status evolve_submit(const struct evolve_request *request, uint64_t *out_attempt)
{
    if (request->set_count > 1024 || request->remove_count > 1024 ||
        request->consent_count > EVOLVE_CONSENT_MAX)
        return STATUS_INVALID;
    struct attempt *a = heap_new(struct attempt);
    if (!a || !copy_set(a, request) || !copy_remove(a, request) ||
        !copy_consent(a, request)) {
        if (a)
            attempt_destroy(a);
        return STATUS_FULL;
    }
    a->trial_ns = request->trial_ns;
    a->stuck_ns = request->stuck_ns;
    a->self_confirm = request->self_confirm;
    a->asker = task_current() ? task_id(task_current()) : 0;
    a->report.dry_run = request->dry_run;
    a->report.phase = EVOLVE_QUEUED;
    memcpy(a->report.label, request->label, sizeof a->report.label);
    a->report.label[EVOLVE_LABEL_MAX - 1] = 0;
    struct record *record = heap_new(struct record);
    evolve_lock();
    bool full = state.queued == QUEUE_MAX;
    if (full || !record) {
        evolve_unlock();
        heap_free(record);
        attempt_destroy(a);
        return full ? STATUS_BUSY : STATUS_FULL;
    }
    a->report.attempt = ++state.last_attempt;
    struct record **slot = &state.history[a->report.attempt % EVOLVE_HISTORY];
    struct record *pushed_out = *slot;
    *slot = record;
    remember(&a->report);
    *out_attempt = a->report.attempt;
    struct attempt **at = &state.queue;
    while (*at)
        at = &(*at)->next;
    *at = a;
    state.queued++;
    evolve_unlock();
    heap_free(pushed_out);
    event_signal(&state.event);
    return STATUS_OK;
}

const struct evolve_report *evolve_report_at(uint32_t index)
{
    uint64_t attempt = state.last_attempt - index;
    if (index >= EVOLVE_HISTORY || index >= state.last_attempt)
        return NULL;
    return &state.history[attempt % EVOLVE_HISTORY]->report;
}

/* Under the lock. */
static struct record *find_record(uint64_t attempt)
{
    if (attempt == 0)
        attempt = state.last_attempt;
    if (attempt == 0 || attempt > state.last_attempt ||
        state.last_attempt - attempt >= EVOLVE_HISTORY)
        return NULL;
    return state.history[attempt % EVOLVE_HISTORY];
}

enum status evolve_report_read(uint64_t attempt, struct evolve_report *out)
{
    evolve_lock();
    const struct record *r = find_record(attempt);
    if (r)
        *out = r->report;
    evolve_unlock();
    return r ? STATUS_OK : STATUS_NOT_FOUND;
}

enum status evolve_account_read(uint64_t attempt, char *out, size_t len)
{
    evolve_lock();
    const struct record *r = find_record(attempt);
    if (r)
        snprintf(out, len, "%s", r->account);
    evolve_unlock();
    return r ? STATUS_OK : STATUS_NOT_FOUND;
}

void attempt_waits_for(struct attempt *a, const struct task *task)
{
    if (a->report.waited_count < EVOLVE_WAITED_MAX)
        task_name_copy(task, a->report.waited[a->report.waited_count]);
    a->report.waited_count++;
}

void attempt_tell(struct attempt *a, const char *format, ...)
{
    char line[512];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    evolve_lock();
    struct record *r = find_record(a->report.attempt);
    size_t used = r ? strlen(r->account) : 0;
    if (r && used + strlen(line) + 2 <= sizeof r->account)
        snprintf(r->account + used, sizeof r->account - used, "%s\n", line);
    evolve_unlock();
}

enum evolve_phase evolve_phase_of(uint64_t attempt)
{
    evolve_lock();
    const struct record *r = find_record(attempt);
    enum evolve_phase phase = r ? r->report.phase : EVOLVE_IDLE;
    evolve_unlock();
    return phase;
}

void attempt_enter(struct attempt *a, enum evolve_phase phase)
{
    evolve_lock();
    a->report.phase = phase;
    if (phase == EVOLVE_TRIAL)
        state.commits++;
    remember(&a->report);
    evolve_unlock();
    event_signal(&state.event);
}

void attempt_end(struct attempt *a, enum evolve_phase phase, const struct refusal *reason)
{
    leaks_end();
    checks_end();
    hooks_end();
    leaving_forget();
    reserve_end();
    plan_destroy(a->plan);
    a->plan = NULL;
    if (reason)
        a->report.reason = *reason;
    if (reason && reason->text[0])
        log_write("evolve", LOG_WARNING, "attempt %lu %s: %s", a->report.attempt,
                  evolve_phase_name(phase), reason->text);
    else
        log_write("evolve", LOG_INFO, "attempt %lu %s", a->report.attempt,
                  evolve_phase_name(phase));
    attempt_enter(a, phase);
}

/* Finds the current attempt if it is ATTEMPT and on trial. Under the lock. */
static struct attempt *on_trial(uint64_t attempt)
{
    struct attempt *a = state.current;
    return a && a->report.attempt == attempt && a->report.phase == EVOLVE_TRIAL ? a : NULL;
}

enum status evolve_confirm(uint64_t attempt)
{
    evolve_lock();
    struct attempt *a = on_trial(attempt);
    if (a)
        a->confirmed = true;
    evolve_unlock();
    event_signal(&state.event);
    return a ? STATUS_OK : STATUS_INVALID;
}

enum status evolve_revert(uint64_t attempt, const char *code, const char *text)
{
    evolve_lock();
    struct attempt *a = on_trial(attempt);
    if (a && !a->revert_wanted) {
        a->revert_wanted = true;
        snprintf(a->report.reason.code, sizeof a->report.reason.code, "%s", code);
        snprintf(a->report.reason.text, sizeof a->report.reason.text, "%s", text);
    }
    evolve_unlock();
    event_signal(&state.event);
    return a ? STATUS_OK : STATUS_INVALID;
}

enum status evolve_extend(uint64_t attempt, uint64_t ns)
{
    evolve_lock();
    struct attempt *a = on_trial(attempt);
    if (a) {
        a->report.trial_end_ns += ns;
        remember(&a->report);
        guard_extend(ns / 1000000 * (clock_tsc_hz() / 1000));
    }
    evolve_unlock();
    return a ? STATUS_OK : STATUS_INVALID;
}

void evolve_running(evolve_visit_fn visit, void *context)
{
    const struct namespace *ns = namespace_kernel();
    for (const struct version *v = ns->versions; v; v = v->next)
        if (v->state == VERSION_RUNNING &&
            !visit(context, v->info.name, v->object_hash, v->number))
            return;
}

static struct attempt *next_attempt(void)
{
    evolve_lock();
    struct attempt *a = state.queue;
    if (a) {
        state.queue = a->next;
        state.queued--;
        state.current = a;
    }
    evolve_unlock();
    return a;
}

static bool is_over(const struct attempt *a)
{
    return a->report.phase >= EVOLVE_PERMANENT;
}

/* The guard may be watching: WAIT, but not for long. */
static struct wait heard(struct wait wait)
{
    uint64_t latest_ns = clock_ns() + HEARD_MS * 1000000ull;
    if (wait.kind == WAIT_UNTIL || wait.kind == WAIT_EVENT)
        if (!wait.deadline_ns || wait.deadline_ns > latest_ns)
            wait.deadline_ns = latest_ns;
    return wait;
}

static struct wait evolve_step(void *arg)
{
    (void)arg;
    uint32_t seq = event_seq(&state.event);
    struct attempt *a = state.current;
    guard_beat();
    if (!a) {
        if (!ending_over())
            return wait_event(&state.event, seq, clock_ns() + ENDING_LOOK_NS);
        a = retire_presses() ? NULL : next_attempt();
        if (!a)
            return retire_step(seq);
        retire_later();
    }
    struct wait wait = a->report.phase == EVOLVE_TRIAL ? trial_step(a) : attempt_step(a);
    if (wait.kind == WAIT_EVENT && wait.event == &state.event)
        wait.seq = seq;
    if (!is_over(a))
        return heard(wait);
    evolve_lock();
    state.current = NULL;
    evolve_unlock();
    attempt_destroy(a);
    retire_later();
    return wait_again();
}

enum status evolve_start(void)
{
    static const struct task_options options = {
        .stack_len = STACK_LEN, .priority = TASK_PRIORITY_HIGH, .essential = true};
    volatile void *lapic;
    enum status status = mmio_map(LAPIC_PHYS, PAGE_SIZE, &lapic);
    if (status != STATUS_OK)
        return status;
    commit_start(lapic);
    guard_start(lapic);
    event_init(&state.event);
    status = commands_start();
    if (status == STATUS_OK)
        status = walk_start();
    if (status == STATUS_OK && !task_create("evolve", evolve_step, NULL, &options))
        status = STATUS_FULL;
    return status;
}
