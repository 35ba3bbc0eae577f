/* Runs the checks of cells that a swap concerns.
 * SPDX-License-Identifier: MIT
 */
#include <core/evolve/checks.h>

#include <console/log/log.h>
#include <lib/base/atomic.h>
#include <stdio.h>
#include <string.h>

enum { CHECKS_MAX = 128, SAID_MAX = 160 };

static const char prefix[] = "evolve_check_";

typedef const char *(*check_fn)(void);

/* The versions are there until the attempt has ended. */
static struct {
    struct check {
        uint64_t va;
        const char *name;
        const struct version *of;     /* who says so */
        const struct version *judged; /* the cell of the set that it is about */
    } list[CHECKS_MAX];
    uint32_t count;
    uint32_t next;
    uint32_t at; /* [a] the one that runs, or failed */
    char said[SAID_MAX];
} checks;

/* Gives the name of the check that F is, or NULL. */
static const char *check_name(const struct function *f)
{
    return strncmp(f->name, prefix, sizeof prefix - 1) == 0 ? f->name + sizeof prefix - 1
                                                            : NULL;
}

static bool is_fresh(const struct plan *plan, const struct version *v)
{
    for (uint32_t i = 0; v && i < plan->cell_count; i++)
        if (plan->cells[i].fresh == v)
            return true;
    return false;
}

/* Lends the cell of the set that the checks of V are about: V itself, or the first one that it calls. NULL: none. */
static const struct version *judged_by(const struct plan *plan, const struct version *v)
{
    if (is_fresh(plan, v))
        return v;
    for (uint32_t i = 0; i < v->import_count; i++)
        if (is_fresh(plan, v->imports[i].provider))
            return v->imports[i].provider;
    return NULL;
}

static bool has_checks(const struct version *v)
{
    for (uint32_t i = 0; i < v->function_count; i++)
        if (check_name(&v->functions[i]))
            return true;
    return false;
}

static void list_of(const struct version *v, const struct version *judged)
{
    for (uint32_t i = 0; i < v->function_count && checks.count < CHECKS_MAX; i++) {
        const char *name = check_name(&v->functions[i]);
        if (name)
            checks.list[checks.count++] = (struct check){
                .va = v->functions[i].va, .name = name, .of = v, .judged = judged};
    }
}

/* A version that comes without a check that the running one has is judged by less. */
static void tell_missing(struct attempt *a, const struct plan_cell *c)
{
    for (uint32_t i = 0; i < c->old->function_count; i++) {
        const struct function *f = &c->old->functions[i];
        const char *name = check_name(f);
        if (!name || version_function(c->fresh, f->name, false, f->twin) >= 0)
            continue;
        log_write("evolve", LOG_WARNING, "attempt %lu: %s comes without its check %s",
                  a->report.attempt, c->name, name);
        attempt_tell(a, "%s comes without its check %s", c->name, name);
    }
}

void checks_list(struct attempt *a)
{
    checks.count = 0;
    checks.next = 0;
    atomic_store(&checks.at, 0);
    for (const struct version *v = namespace_kernel()->versions; v; v = v->next) {
        const struct version *judged =
            v->state == VERSION_RUNNING && has_checks(v) ? judged_by(a->plan, v) : NULL;
        if (judged)
            list_of(v, judged);
    }
    for (uint32_t i = 0; i < a->plan->cell_count; i++)
        if (a->plan->cells[i].fresh && a->plan->cells[i].old)
            tell_missing(a, &a->plan->cells[i]);
}

void checks_end(void)
{
    memset(&checks, 0, sizeof checks);
}

void checks_again(void)
{
    checks.next = 0;
}

bool checks_left(void)
{
    return checks.next < checks.count;
}

bool checks_run_next(void)
{
    uint32_t i = checks.next++;
    checks.said[0] = 0;
    atomic_store(&checks.at, i);
    const char *wrong = ((check_fn)checks.list[i].va)();
    if (wrong)
        snprintf(checks.said, sizeof checks.said, "%s", wrong);
    return !wrong;
}

void checks_reason(const char *how, struct refusal *out)
{
    const struct check *c = &checks.list[atomic_load(&checks.at)];
    const char *cell = c->judged->info.name;
    const char *said = checks.said[0] ? checks.said : how;
    if (c->of == c->judged)
        (void)refuse(out, "check", cell, c->name, NULL, "the check %s of %s: %s", c->name,
                     cell, said);
    else
        (void)refuse(out, "check", cell, c->name, c->of->info.name,
                     "the check %s of %s, which calls %s: %s", c->name, c->of->info.name,
                     cell, said);
}
