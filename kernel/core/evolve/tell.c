/* What people are told of an attempt: at once, and while it goes on.
 * SPDX-License-Identifier: MIT
 */
#include <core/evolve/commands.h>
#include <core/evolve/private.h>

#include <console/console/console.h>
#include <mm/heap/heap.h>

/* One swap by hand that somebody waits for. [c] its task only. */
struct teller {
    uint64_t attempt;
    bool told_trial;
    struct evolve_report report;
    char account[EVOLVE_ACCOUNT_MAX];
};

static void print_cells(const struct evolve_report *r)
{
    for (uint32_t i = 0; i < r->cell_count && i < EVOLVE_MAX_CELLS; i++) {
        const struct evolve_cell *c = &r->cells[i];
        console_print("       %-14s %-9s %u functions changed, %u added%s\n", c->name,
                      plan_class_name(c->class), c->functions_changed, c->functions_added,
                      c->coupled ? "; coupled, nobody may be inside" : "");
    }
    if (r->cell_count > EVOLVE_MAX_CELLS)
        console_print("       and %u cells more\n", r->cell_count - EVOLVE_MAX_CELLS);
}

static void print_drain(const struct evolve_report *r)
{
    if (!r->drain_ns && !r->waited_count)
        return;
    if (r->dry_run && !r->drain_ns)
        console_print("       would wait for %u task%s, as it is now", r->waited_count,
                      r->waited_count == 1 ? "" : "s");
    else
        console_print(
            "       waited %lu us until nobody was inside; %u task%s to wait for",
            r->drain_ns / 1000, r->waited_count, r->waited_count == 1 ? "" : "s");
    for (uint32_t i = 0; i < r->waited_count && i < EVOLVE_WAITED_MAX; i++)
        console_print("%s %s", i ? "," : ":", r->waited[i]);
    console_print("\n");
}

/* The account, each line set in. */
static void print_account(uint64_t attempt, char *scratch)
{
    if (evolve_account_read(attempt, scratch, EVOLVE_ACCOUNT_MAX) != STATUS_OK)
        return;
    for (char *line = scratch, *end; *line; line = end) {
        for (end = line; *end && *end != '\n'; end++)
            ;
        console_print("       %.*s\n", (int)(end - line), line);
        end += *end != 0;
    }
}

void tell_report(const struct evolve_report *r, char *scratch)
{
    console_print(
        "%4lu %-9s %-16s pause %lu ns, %u stores; load %lu verify %lu redirect %lu "
        "commit %lu us%s\n",
        r->attempt, evolve_phase_name(r->phase), r->label, r->pause_ns, r->stores,
        r->load_ns / 1000, r->verify_ns / 1000, r->redirect_ns / 1000,
        r->commit_ns / 1000, r->dry_run ? " (dry run)" : "");
    print_cells(r);
    print_drain(r);
    if (r->migrated_objects)
        console_print("       %u objects change their form, %lu bytes\n",
                      r->migrated_objects, r->migrated_bytes);
    if (r->draining_objects)
        console_print("       %u objects go on in a lineage that drains\n",
                      r->draining_objects);
    if (r->reason.text[0])
        console_print("       %s: %s\n", r->reason.code, r->reason.text);
    print_account(r->attempt, scratch);
    if (r->dry_run && r->phase == EVOLVE_PERMANENT)
        console_print("       it would be carried out, and can be taken back%s\n",
                      r->revertible ? "" : ", though not without loss");
}

static struct wait tell_step(void *arg)
{
    struct teller *t = arg;
    uint32_t seq = event_seq(evolve_event());
    if (evolve_report_read(t->attempt, &t->report) != STATUS_OK) {
        heap_free(t);
        return wait_done();
    }
    bool over = t->report.phase >= EVOLVE_PERMANENT;
    if (over && t->told_trial)
        console_print("%4lu %s%s%s\n", t->attempt, evolve_phase_name(t->report.phase),
                      t->report.reason.text[0] ? ": " : "", t->report.reason.text);
    else if (over || (t->report.phase == EVOLVE_TRIAL && !t->told_trial))
        tell_report(&t->report, t->account);
    t->told_trial = t->told_trial || t->report.phase == EVOLVE_TRIAL;
    if (!over)
        return wait_event(evolve_event(), seq, 0);
    heap_free(t);
    return wait_done();
}

enum status tell_follow(uint64_t attempt)
{
    struct teller *t = heap_new(struct teller);
    if (!t)
        return STATUS_FULL;
    t->attempt = attempt;
    if (task_create("swap", tell_step, t, NULL))
        return STATUS_OK;
    heap_free(t);
    return STATUS_FULL;
}
