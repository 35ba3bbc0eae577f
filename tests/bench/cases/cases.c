/* Carries out the swaps that the cases of tests/evolution made, from a list in the boot archive, and prints what each took. */
/* SPDX-License-Identifier: MIT */
#include <console/console/console.h>
#include <core/archive/archive.h>
#include <core/evolve/evolve.h>
#include <stdio.h>
#include <string.h>
#include <tests/kernel/ktest/ktest.h>

/* The list is the file `bench/steps`, made by cases.bench: words with blanks between them, a line for each
 *     put CELL OBJECT       the file objects/OBJECT is the new version of CELL
 *     remove CELL
 *     go CASE STEP          swaps these, all at once */

#define PATIENCE_NS (60 * NS_PER_S)
#define LOOK_NS (200 * NS_PER_MS)

enum { WORD_MAX = 96, WORDS = 3 };

enum status bench_cases_start(void);

static struct {
    struct evolve_object set[EVOLVE_MAX_CELLS];
    char names[EVOLVE_MAX_CELLS][CELL_NAME_MAX + 1];
    size_t set_count;
    const char *remove[EVOLVE_MAX_CELLS];
    char removed[EVOLVE_MAX_CELLS][CELL_NAME_MAX + 1];
    size_t remove_count;
    struct evolve_report report;
} bench;

static bool over(void *arg)
{
    return evolve_phase_of(*(uint64_t *)arg) >= EVOLVE_PERMANENT;
}

static bool put(const char *cell, const char *object)
{
    char path[WORD_MAX + 16];
    struct archive_entry file;
    snprintf(path, sizeof path, "objects/%s", object);
    if (bench.set_count == EVOLVE_MAX_CELLS || archive_find(path, &file) != STATUS_OK) {
        ktest_fail(__func__, object);
        return false;
    }
    snprintf(bench.names[bench.set_count], sizeof bench.names[0], "%s", cell);
    bench.set[bench.set_count] = (struct evolve_object){
        .name = bench.names[bench.set_count], .bytes = file.bytes, .len = file.len};
    bench.set_count++;
    return true;
}

static bool take_away(const char *cell)
{
    if (bench.remove_count == EVOLVE_MAX_CELLS)
        return false;
    snprintf(bench.removed[bench.remove_count], sizeof bench.removed[0], "%s", cell);
    bench.remove[bench.remove_count] = bench.removed[bench.remove_count];
    bench.remove_count++;
    return true;
}

/* Of several classes the one that asks most of the swap. */
static const char *class_of_report(const struct evolve_report *r)
{
    static const enum plan_class weight[] = {PLAN_LINEAGE, PLAN_SIGNATURE, PLAN_DATA,
                                             PLAN_REMOVE, PLAN_ADD};
    for (size_t i = 0; i < ARRAY_LEN(weight); i++)
        for (uint32_t k = 0; k < r->cell_count && k < EVOLVE_MAX_CELLS; k++)
            if (r->cells[k].class == weight[i])
                return plan_class_name(weight[i]);
    return plan_class_name(PLAN_TEXT);
}

/* This task is in one step all the time, and a trial does not end before a step has that may be a loop: so it sleeps, and does
 * not wait for its turn behind tasks that never leave the CPU. */
static bool wait_until_over(uint64_t attempt)
{
    for (uint64_t waited = 0; waited < PATIENCE_NS; waited += LOOK_NS) {
        if (over(&attempt))
            return true;
        ktest_sleep(LOOK_NS);
    }
    return false;
}

static bool go(const char *name, const char *step)
{
    struct evolve_request request = {.set = bench.set,
                                     .set_count = bench.set_count,
                                     .remove = bench.remove,
                                     .remove_count = bench.remove_count,
                                     .trial_ns = NS_PER_MS,
                                     .self_confirm = true};
    uint64_t attempt = 0;
    const struct evolve_report *r = &bench.report;
    bool good = evolve_submit(&request, &attempt) == STATUS_OK &&
                wait_until_over(attempt) &&
                evolve_report_read(attempt, &bench.report) == STATUS_OK;
    bench.set_count = 0;
    bench.remove_count = 0;
    if (!good || r->phase != EVOLVE_PERMANENT) {
        console_print("case: %s %s: %s: %s\n", name, step, evolve_phase_name(r->phase),
                      r->reason.text);
        ktest_fail(__func__, step);
        return false;
    }
    KTEST_CHECK(namespace_check(namespace_kernel()) == NULL);
    console_print("case: %s %s %s %u %u %u %u %lu %lu\n", name, step, class_of_report(r),
                  r->cell_count, r->stores, r->migrated_objects, r->waited_count,
                  r->pause_ns, r->drain_ns);
    return true;
}

/* Cuts LINE at its blanks. Gives the number of words, at most WORDS. */
static size_t cut(char *line, char *words[WORDS])
{
    size_t count = 0;
    for (char *rest = line; *rest && count < WORDS;) {
        words[count++] = rest;
        rest += strcspn(rest, " ");
        if (*rest)
            *rest++ = 0;
    }
    return count;
}

static bool carry_out(char *line)
{
    char *words[WORDS] = {line};
    size_t count = cut(line, words);
    if (count == 3 && strcmp(words[0], "put") == 0)
        return put(words[1], words[2]);
    if (count == 2 && strcmp(words[0], "remove") == 0)
        return take_away(words[1]);
    if (count == 3 && strcmp(words[0], "go") == 0)
        return go(words[1], words[2]);
    ktest_fail(__func__, words[0]);
    return false;
}

static void all_steps(void)
{
    char line[2 * WORD_MAX];
    struct archive_entry list;
    size_t len = 0;
    if (archive_find("bench/steps", &list) != STATUS_OK) {
        ktest_fail(__func__, "the archive has the file bench/steps");
        return;
    }
    for (size_t i = 0; i < list.len; i++) {
        char c = (char)list.bytes[i];
        if (c != '\n' && len < sizeof line - 1) {
            line[len++] = c;
            continue;
        }
        line[len] = 0;
        len = 0;
        if (!carry_out(line))
            return;
    }
}

enum status bench_cases_start(void)
{
    static const struct ktest_case cases[] = {KTEST_CASE(all_steps)};
    return ktest_run(cases, ARRAY_LEN(cases));
}
