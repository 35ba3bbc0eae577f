/* Shell commands about cells and swaps: cells, swap, history. What `deps` and `ns` show has files of its own.
 * SPDX-License-Identifier: MIT
 */
#include <core/evolve/commands.h>
#include <core/evolve/private.h>

#include <console/console/console.h>
#include <console/shell/shell.h>
#include <core/archive/archive.h>
#include <core/stale/stale.h>
#include <mm/heap/heap.h>
#include <stdio.h>
#include <string.h>
#include <time/clock/clock.h>

enum { TRIAL_BY_HAND_MS = 5000, SWAP_MAX = 16 };

const char *version_state_name(const struct version *v)
{
    return v->state == VERSION_RUNNING    ? "running"
           : v->state == VERSION_RETIRED  ? "retired"
           : v->state == VERSION_DRAINING ? "draining"
                                          : "loaded";
}

void print_hash(const uint8_t hash[32])
{
    for (int i = 0; i < 6; i++)
        console_print("%02x", hash[i]);
}

static void command_cells(int argc, char **argv)
{
    bool all = argc > 1 && strcmp(argv[1], "-a") == 0;
    const struct namespace *ns = namespace_kernel();
    console_print("%-14s %7s %-8s %-12s %8s  %s\n", "cell", "version", "state", "object",
                  "text", "at");
    for (const struct version *v = ns->versions; v; v = v->next) {
        if (v->state != VERSION_RUNNING && !all)
            continue;
        console_print("%-14s %7u %-8s ", v->info.name, v->number, version_state_name(v));
        print_hash(v->object_hash);
        console_print(" %8lu  0x%lx\n", v->text_end - v->text_begin, v->text_begin);
    }
}

/* Executions of text that had been retired. */
static void print_stale(void)
{
    struct stale_record r;
    for (uint32_t i = STALE_RECORDS; i-- > 0;)
        if (stale_at(i, &r) == STATUS_OK)
            console_print("%4lu old text executed: %s, task %s, called from %s\n",
                          r.number, r.place, r.task[0] ? r.task : "-",
                          r.caller[0] ? r.caller : "-");
}

static void command_history(int argc, char **argv)
{
    struct evolve_report *copy = heap_new(struct evolve_report);
    char *scratch = heap_new_array(char, EVOLVE_ACCOUNT_MAX);
    (void)argc;
    (void)argv;
    for (uint32_t i = EVOLVE_HISTORY; copy && scratch && i-- > 0;) {
        evolve_lock();
        const struct evolve_report *r = evolve_report_at(i);
        if (r)
            *copy = *r;
        evolve_unlock();
        if (r)
            tell_report(copy, scratch);
    }
    heap_free(scratch);
    heap_free(copy);
    print_stale();
}

/* What a person asks for. */
struct by_hand {
    struct evolve_request request;
    struct evolve_object set[SWAP_MAX];
    char names[SWAP_MAX][CELL_NAME_MAX + 1];
    const char *remove[SWAP_MAX];
    const char *consent[SWAP_MAX];
};

/* An object is called as its cell, up to the first dot. */
static bool add_file(struct by_hand *h, const char *path)
{
    struct archive_entry e;
    size_t n = h->request.set_count;
    const char *base = strrchr(path, '/');
    if (archive_find(path, &e) != STATUS_OK) {
        console_print("the boot archive has no %s\n", path);
        return false;
    }
    base = base ? base + 1 : path;
    snprintf(h->names[n], sizeof h->names[n], "%.*s", (int)strcspn(base, "."), base);
    h->set[n] =
        (struct evolve_object){.name = h->names[n], .bytes = e.bytes, .len = e.len};
    h->request.set_count++;
    return true;
}

/* Says what is wrong, if something is. */
static bool swap_words(struct by_hand *h, int argc, char **argv)
{
    bool removes = false;
    bool good = true;
    for (int i = 1; i < argc && good; i++) {
        if (strcmp(argv[i], "-n") == 0)
            h->request.dry_run = true;
        else if (strcmp(argv[i], "-c") == 0 && i + 1 < argc)
            h->consent[h->request.consent_count++] = argv[++i];
        else if (strcmp(argv[i], "-r") == 0)
            removes = true;
        else if (argv[i][0] == '-')
            good = false;
        else if (removes)
            h->remove[h->request.remove_count++] = argv[i];
        else if (!add_file(h, argv[i]))
            return false;
    }
    good = good && h->request.set_count + h->request.remove_count > 0;
    if (!good)
        console_print(
            "usage: swap [-n] [-c CELL:OBJECT]... [FILE...] [-r CELL...]   swaps "
            "in objects of the boot archive and removes cells; -n changes "
            "nothing, -c lets a value be lost\n");
    return good;
}

static void command_swap(int argc, char **argv)
{
    struct by_hand *h = heap_new(struct by_hand);
    uint64_t attempt;
    if (!h) {
        console_print("there is not enough memory\n");
        return;
    }
    h->request = (struct evolve_request){.set = h->set,
                                         .remove = h->remove,
                                         .consent = h->consent,
                                         .self_confirm = true,
                                         .trial_ns = TRIAL_BY_HAND_MS * 1000000ull,
                                         .label = "by hand"};
    if (swap_words(h, argc, argv)) {
        enum status status = evolve_submit(&h->request, &attempt);
        if (status != STATUS_OK)
            console_print("not accepted: %s\n", status == STATUS_BUSY
                                                    ? "the queue is full"
                                                    : status_name(status));
        else if (tell_follow(attempt) != STATUS_OK)
            console_print("attempt %lu; `history` tells how it goes\n", attempt);
        else
            console_print("attempt %lu\n", attempt);
    }
    heap_free(h);
}

enum status commands_start(void)
{
    static const struct {
        const char *name;
        shell_fn fn;
        const char *help;
    } commands[] = {
        {"cells", command_cells, "[-a]  cells that run (-a: retired versions too)"},
        {"deps", command_deps,
         "[CELL [FUNCTION|OBJECT] | 0xADDRESS]  what it uses and what uses it"},
        {"ns", command_ns,
         "[CELL]  what is loaded, what keeps retired versions, invariants"},
        {"swap", command_swap,
         "[-n] [-c CELL:OBJECT] [FILE...] [-r CELL...]  swaps by hand; -n: only says "
         "what it would do"},
        {"history", command_history, "the last attempts to swap"},
    };
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        enum status status =
            shell_register(commands[i].name, commands[i].fn, commands[i].help);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}
