/* Pointers in the heap, preempted tasks, failing hooks, foreign objects, tasks created meanwhile, backtraces. */
/* SPDX-License-Identifier: MIT */
#include "private.h"

#include <console/console/console.h>
#include <core/archive/archive.h>
#include <core/cellmem/cellmem.h>
#include <core/unwind/unwind.h>
#include <lib/base/atomic.h>
#include <mm/heap/heap.h>
#include <stdio.h>
#include <string.h>
#include <task/task/task.h>
#include <time/clock/clock.h>

#define HOLDERS 3000u
#define LINGERERS 6u

enum status test_hazards_start(void);

/* Asks for REQUEST with a short trial. Gives how it ended. */
static enum evolve_phase carry_out(struct evolve_request *request)
{
    uint64_t attempt = 0;
    request->self_confirm = true;
    request->trial_ns = NS_PER_MS;
    KTEST_CHECK(evolve_submit(request, &attempt) == STATUS_OK);
    enum evolve_phase phase = kswap_end(attempt);
    kswap_check_invariants();
    return phase;
}

static enum evolve_phase submit(const uint8_t *bytes, size_t len)
{
    struct evolve_object object = {.name = "swap_target", .bytes = bytes, .len = len};
    return carry_out(&(struct evolve_request){.set = &object, .set_count = 1});
}

enum evolve_phase hazards_swap(const char *variant)
{
    enum evolve_phase phase =
        kswap_run(&(struct kswap){.cell = "swap_target", .variant = variant});
    kswap_check_invariants();
    return phase;
}

struct holder {
    struct holder *next;
    swap_target_fn callback;
};

static struct holder *holders_make(void)
{
    struct holder *first = NULL;
    for (uint32_t i = 0; i < HOLDERS; i++) {
        struct holder *h = heap_alloc(sizeof *h);
        KTEST_CHECK(h != NULL);
        if (!h)
            break;
        *h = (struct holder){first, swap_target_callback()};
        first = h;
    }
    return first;
}

/* Gives how many say VERSION. */
static uint32_t holders_call(const struct holder *first, uint32_t version)
{
    uint32_t count = 0;
    for (const struct holder *h = first; h; h = h->next)
        count += h->callback() == version;
    return count;
}

static void holders_free(struct holder *h)
{
    while (h) {
        struct holder *next = h->next;
        heap_free(h);
        h = next;
    }
}

uint8_t *hazards_fill(const struct version *v, uint8_t *bytes)
{
    size_t len = v->text_end - v->text_begin;
    uint8_t *held = bytes ? bytes : heap_alloc(len);
    for (uint64_t at = 0, piece; held && at < len; at += piece) {
        uint8_t *write;
        uint64_t va = v->text_begin + at;
        piece = align_up(va + 1, CELLMEM_PAGE) - va;
        piece = piece < len - at ? piece : len - at;
        if (cellmem_alias_open(va, &write) != STATUS_OK) {
            ktest_fail(__func__, "alias");
            break;
        }
        if (bytes)
            memcpy(write, bytes + at, piece);
        else
            memcpy(held + at, write, piece);
        if (!bytes)
            memset(write, INT3, piece);
        cellmem_alias_close(va, write);
    }
    if (bytes)
        heap_free(bytes);
    return bytes ? NULL : held;
}

/* Hazard 1. Seen to fail when the journal leaves the stubs' slots as they are: then the callbacks run into INT3. */
static void thousands_of_callbacks_lead_to_new_text(void)
{
    struct holder *first = holders_make();
    const struct version *old = namespace_running(namespace_kernel(), "swap_target");
    KTEST_CHECK(holders_call(first, 1) == HOLDERS);
    KTEST_CHECK(hazards_swap("second") == EVOLVE_PERMANENT);
    uint8_t *bytes = hazards_fill(old, NULL);
    KTEST_CHECK(*(const volatile uint8_t *)old->text_begin == INT3);
    KTEST_CHECK(holders_call(first, 2) == HOLDERS);
    hazards_fill(old, bytes);
    KTEST_CHECK(hazards_swap("") == EVOLVE_PERMANENT);
    KTEST_CHECK(holders_call(first, 1) == HOLDERS);
    holders_free(first);
}

static struct {
    volatile uint64_t entered;
    volatile uint64_t go;
    volatile uint64_t first; /* came out of the first version */
    volatile uint64_t ended;
} lingering;

static struct wait linger_step(void *arg)
{
    (void)arg;
    __atomic_add_fetch(&lingering.entered, 1, __ATOMIC_SEQ_CST);
    if (swap_target_linger(&lingering.go) == 1)
        __atomic_add_fetch(&lingering.first, 1, __ATOMIC_SEQ_CST);
    __atomic_add_fetch(&lingering.ended, 1, __ATOMIC_SEQ_CST);
    return wait_done();
}

struct sight {
    char expected[48];
    uint32_t walked; /* preempted lingerers whose root was reached */
    uint32_t old; /* in whose backtrace the old version stands, by cell, version and function */
    uint32_t unnamed; /* frames without a name */
};

/* Under the scheduler's lock: nothing may be called that takes it. */
static bool look_at(struct task *task, void *arg)
{
    struct sight *sight = arg;
    struct saved_context context;
    struct unwind_cursor cursor;
    char name[TASK_NAME_MAX];
    char place[96];
    uint64_t low;
    uint64_t top;
    bool old = false;
    task_name_copy(task, name);
    if (strcmp(name, "linger") != 0 || task_state(task) != TASK_READY)
        return true;
    task_saved_context(task, &context);
    if (context.resume != entry_resume_trap_address())
        return true;
    task_stack_range(task, &low, &top);
    unwind_from_trap(&cursor, namespace_kernel(), (const struct trap_frame *)context.rsp,
                     low, top);
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < UNWIND_MAX_FRAMES && status == STATUS_OK; i++) {
        namespace_symbolise(namespace_kernel(), unwind_pc(&cursor) - (i > 0), place,
                            sizeof place);
        sight->unnamed += place[0] == '?';
        old = old || strncmp(place, sight->expected, strlen(sight->expected)) == 0;
        status = unwind_next(&cursor);
    }
    sight->walked += status == STATUS_NOT_FOUND;
    sight->old += old;
    return true;
}

static bool seen(void *arg)
{
    struct sight *sight = arg;
    task_for_each(look_at, sight);
    return sight->old >= 3;
}

/* Hazards 2 and 36: more tasks than CPUs are in a tight loop of a changed function, most of them preempted there. Seen to fail
 * when namespace_version_at() passes over retired versions. */
static void preempted_tasks_finish_in_old_text_and_are_named(void)
{
    struct sight sight = {0};
    snprintf(sight.expected, sizeof sight.expected, "swap_target@%u swap_target_linger+",
             namespace_running(namespace_kernel(), "swap_target")->number);
    for (uint32_t i = 0; i < LINGERERS; i++)
        KTEST_CHECK(task_create("linger", linger_step, NULL, NULL) != NULL);
    KTEST_CHECK(ktest_until_count(&lingering.entered, LINGERERS, PATIENCE_NS));
    KTEST_CHECK(hazards_swap("third") == EVOLVE_PERMANENT);
    KTEST_CHECK(swap_target_version() == 3 && lingering.ended == 0);
    KTEST_CHECK(ktest_until(seen, &sight, 10 * NS_PER_S));
    lingering.go = 1;
    KTEST_CHECK(sight.walked > 0 && sight.unnamed == 0);
    KTEST_CHECK(ktest_until_count(&lingering.ended, LINGERERS, PATIENCE_NS));
    KTEST_CHECK(lingering.first == LINGERERS && swap_target_linger(&lingering.go) == 3);
    KTEST_CHECK(hazards_swap("") == EVOLVE_PERMANENT);
}

/* Hazard 16. Seen to fail when hooks_look() does not look at what a hook says. */
static void a_version_whose_hook_fails_is_taken_back(void)
{
    KTEST_CHECK(hazards_swap("hook") == EVOLVE_REVERTED);
    KTEST_CHECK(strcmp(kswap_report(0)->reason.code, "hook") == 0 &&
                strstr(kswap_report(0)->reason.text, "swap_target"));
    KTEST_CHECK(swap_target_version() == 1);
}

/* Hazard 23. When the swap task itself runs the hook, only the guard ends this, two minutes later. */
static void a_hook_that_loops_is_given_up(void)
{
    uint64_t begun = clock_ns();
    KTEST_CHECK(hazards_swap("hook_loops") == EVOLVE_REVERTED);
    KTEST_CHECK(strcmp(kswap_report(0)->reason.code, "hook") == 0 &&
                strstr(kswap_report(0)->reason.text, "swap_target did not end in time"));
    KTEST_CHECK(clock_ns() - begun < 40 * NS_PER_S);
    KTEST_CHECK(swap_target_version() == 1);
}

/* The trial of a millisecond is over long before. Permanent at once when trial_step() does not ask hooks_look(). */
static void a_swap_is_not_permanent_before_its_hooks_have_ended(void)
{
    uint64_t before = swap_target_count();
    KTEST_CHECK(hazards_swap("hook_slow") == EVOLVE_PERMANENT);
    KTEST_CHECK(swap_target_count() == before + 1001);
    KTEST_CHECK(hazards_swap("") == EVOLVE_PERMANENT);
}

/* Hazard 16. The count stays when run() of hooks.c does not call the hook of a cell that comes; and grows when it runs
 * that of one that is replaced. */
static void a_cell_starts_when_it_comes_and_only_then(void)
{
    static const char *const guest = "guest";
    struct archive_entry file;
    struct evolve_object object = {.name = guest};
    struct evolve_request add = {.set = &object, .set_count = 1};
    struct evolve_request remove = {.remove = &guest, .remove_count = 1};
    KTEST_CHECK(archive_find("cells/guest.o", &file) == STATUS_OK);
    object.bytes = file.bytes;
    object.len = file.len;
    uint64_t before = swap_target_count();
    KTEST_CHECK(carry_out(&add) == EVOLVE_PERMANENT);
    KTEST_CHECK(swap_target_count() == before + 1);
    KTEST_CHECK(carry_out(&remove) == EVOLVE_PERMANENT);
    KTEST_CHECK(namespace_running(namespace_kernel(), guest) == NULL);
    KTEST_CHECK(swap_target_count() == before + 2);
    KTEST_CHECK(carry_out(&add) == EVOLVE_PERMANENT);
    KTEST_CHECK(swap_target_count() == before + 4);
}

/* Hazard 16: who cannot start is gone again, and may come as another one. Stays when run() of hooks.c heeds no status. */
static void a_cell_that_cannot_start_goes_again(void)
{
    static const char *const guest = "guest";
    struct archive_entry file;
    struct evolve_object object = {.name = guest};
    struct evolve_request add = {.set = &object, .set_count = 1};
    struct evolve_request remove = {.remove = &guest, .remove_count = 1};
    KTEST_CHECK(carry_out(&remove) == EVOLVE_PERMANENT);
    KTEST_CHECK(archive_find("variants/guest.fails.o", &file) == STATUS_OK);
    object.bytes = file.bytes;
    object.len = file.len;
    uint64_t before = swap_target_count();
    KTEST_CHECK(carry_out(&add) == EVOLVE_REVERTED);
    KTEST_CHECK(strcmp(kswap_report(0)->reason.code, "hook") == 0 &&
                strstr(kswap_report(0)->reason.text, guest));
    KTEST_CHECK(swap_target_count() == before + 2);
    KTEST_CHECK(namespace_running(namespace_kernel(), guest) == NULL);
    KTEST_CHECK(archive_find("cells/guest.o", &file) == STATUS_OK);
    object.bytes = file.bytes;
    object.len = file.len;
    KTEST_CHECK(carry_out(&add) == EVOLVE_PERMANENT);
}

/* Hazard 18: an object of another compiler says so in its `.cell`. Seen to fail when loader_place() does not compare it. */
static void an_object_of_another_compiler_is_refused(void)
{
    struct archive_entry file;
    struct elf_object elf;
    struct cellinfo info;
    const char *why;
    KTEST_CHECK(archive_find("variants/swap_target.second.o", &file) == STATUS_OK);
    uint8_t *copy = heap_alloc(file.len);
    KTEST_CHECK(copy != NULL);
    memcpy(copy, file.bytes, file.len);
    KTEST_CHECK(elf_open(copy, file.len, &elf, &why) == STATUS_OK &&
                cellinfo_open(&elf, &info, &why) == STATUS_OK);
    uint8_t *cell = copy + (info.bytes - copy);
    uint32_t at = 0;
    while (at + 8 <= info.len && get_le64(cell + at) != info.abi_hash)
        at++;
    KTEST_CHECK(at + 8 <= info.len);
    put_le64(cell + at, info.abi_hash ^ 1);
    KTEST_CHECK(submit(copy, file.len) == EVOLVE_REFUSED);
    KTEST_CHECK(strcmp(kswap_report(0)->reason.code, "toolchain") == 0);
    KTEST_CHECK(strcmp(kswap_report(0)->reason.cell, "swap_target") == 0);
    KTEST_CHECK(swap_target_version() == 1);
    heap_free(copy);
}

static struct {
    swap_target_fn callback;
    volatile uint64_t stop;
    uint64_t created;  /* [a] counted before */
    uint64_t expected; /* [a] the version that runs; 0: a swap is under way */
    volatile uint64_t ended;
    volatile uint64_t wrong;
    volatile uint64_t stopped;
} births;

static struct wait born_step(void *arg)
{
    uint32_t version = births.callback();
    if (version < 1 || version > 3 || (arg != NULL && version != (uint64_t)arg) ||
        swap_target_sum(version, 5) != version + 5)
        __atomic_add_fetch(&births.wrong, 1, __ATOMIC_SEQ_CST);
    __atomic_add_fetch(&births.ended, 1, __ATOMIC_SEQ_CST);
    return wait_done();
}

static struct wait mother_step(void *arg)
{
    (void)arg;
    if (births.stop) {
        births.stopped = 1;
        return wait_done();
    }
    if (births.created - births.ended < 16) {
        atomic_add(&births.created, 1);
        if (task_create("born", born_step, (void *)atomic_load(&births.expected), NULL) ==
            NULL)
            atomic_sub(&births.created, 1);
    }
    return wait_until(clock_ns() + NS_PER_MS);
}

/* Hazard 22: all live through it, and who is born after a swap begins in the new version. Seen to fail when journal_stub()
 * leaves the slot as it is. */
static void tasks_created_during_swaps_live_as_others(void)
{
    static const char *const order[] = {"second", "third", "helper", ""};
    births.callback = swap_target_callback();
    KTEST_CHECK(task_create("mother", mother_step, NULL, NULL) != NULL);
    for (uint32_t i = 0; i < 20; i++) {
        (void)atomic_exchange(&births.expected, 0);
        KTEST_CHECK(
            ktest_until_count(&births.ended, atomic_load(&births.created), PATIENCE_NS));
        KTEST_CHECK(hazards_swap(order[i % ARRAY_LEN(order)]) == EVOLVE_PERMANENT);
        atomic_store(&births.expected, swap_target_version());
        KTEST_CHECK(ktest_until_count(&births.ended, atomic_load(&births.created) + 1,
                                      PATIENCE_NS));
    }
    births.stop = 1;
    KTEST_CHECK(ktest_until_count(&births.stopped, 1, PATIENCE_NS));
    KTEST_CHECK(ktest_until_count(&births.ended, births.created, PATIENCE_NS));
    KTEST_CHECK(births.wrong == 0 && swap_target_version() == 1);
    console_print("hazards: %lu tasks were created meanwhile\n", births.created);
}

enum status test_hazards_start(void)
{
    static const struct ktest_case cases[] = {
        KTEST_CASE(thousands_of_callbacks_lead_to_new_text),
        KTEST_CASE(callbacks_of_every_place_lead_to_new_text),
        KTEST_CASE(interrupts_and_timers_go_on_through_swaps),
        KTEST_CASE(who_sleeps_writes_to_what_the_new_code_reads),
        KTEST_CASE(call_sites_at_every_offset_lead_to_new_text),
        KTEST_CASE(no_alias_outlives_a_swap),
        KTEST_CASE(preempted_tasks_finish_in_old_text_and_are_named),
        KTEST_CASE(a_version_whose_hook_fails_is_taken_back),
        KTEST_CASE(a_hook_that_loops_is_given_up),
        KTEST_CASE(a_swap_is_not_permanent_before_its_hooks_have_ended),
        KTEST_CASE(a_cell_starts_when_it_comes_and_only_then),
        KTEST_CASE(a_cell_that_cannot_start_goes_again),
        KTEST_CASE(tasks_of_a_cell_that_comes_back_go_on),
        KTEST_CASE(tasks_of_a_cell_that_the_guard_brings_back_go_on),
        KTEST_CASE(tasks_of_a_cell_that_is_gone_end),
        KTEST_CASE(an_object_of_another_compiler_is_refused),
        KTEST_CASE(tasks_created_during_swaps_live_as_others),
    };
    return ktest_run(cases, ARRAY_LEN(cases));
}
