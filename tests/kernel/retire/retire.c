/* Retired versions: freed, or kept by a pointer or a frame. */
/* SPDX-License-Identifier: MIT */
#include <console/console/console.h>
#include <core/archive/archive.h>
#include <core/stale/stale.h>
#include <mm/heap/heap.h>
#include <stdio.h>
#include <string.h>
#include <task/task/task.h>
#include <tests/kernel/kswap/kswap.h>
#include <tests/kernel/leaver_state/leaver_state.h>
#include <tests/kernel/swap_target/swap_target.h>
#include <time/clock/clock.h>

#define PATIENCE_NS (20 * NS_PER_S)
#define ROUNDS 7u

enum status test_retire_start(void);

/* Nobody looks at it here: any number will do that is not another's. */
static void hash_of(const char *variant, uint8_t out[32])
{
    memset(out, 0, 32);
    for (size_t i = 0; i < 32 && variant[i]; i++)
        out[i] = (uint8_t)variant[i];
}

/* VARIANT "": the version of the boot image. */
static void swap(const char *variant, bool dry_run)
{
    struct kswap swap = {.cell = "swap_target", .variant = variant, .dry_run = dry_run};
    hash_of(variant, swap.hash);
    KTEST_CHECK(kswap_run(&swap) == EVOLVE_PERMANENT);
}

/* Makes the next scan come soon. */
static void look_again(void)
{
    swap("", true);
}

static const struct version *retired(void)
{
    for (const struct version *v = namespace_kernel()->versions; v; v = v->next)
        if (v->state == VERSION_RETIRED)
            return v;
    return NULL;
}

static bool none_retired(void *arg)
{
    (void)arg;
    return retired() == NULL;
}

static bool all_freed(void)
{
    if (!ktest_until(none_retired, NULL, PATIENCE_NS)) {
        const struct version *v = retired();
        console_print("kept: %s@%u, %u at %lx, clean since %lu, off since %lu\n",
                      v->info.name, v->number, v->hold, version_holder(v), v->clean_ns,
                      v->off_ns);
        return false;
    }
    ktest_sleep(NS_PER_S); /* from leaving the namespace to being freed */
    return true;
}

static void a_retired_version_is_freed(void)
{
    swap("second", false);
    KTEST_CHECK(retired() != NULL);
    KTEST_CHECK(all_freed());
    swap("", false);
    KTEST_CHECK(all_freed());
    KTEST_CHECK(swap_target_version() == 1);
    KTEST_CHECK(namespace_check(namespace_kernel()) == NULL);
}

/* Going back needs no network. Not found without unloaded_put() in retire.c. */
static void and_its_object_can_be_had_again(void)
{
    struct archive_entry file;
    uint8_t hash[32];
    uint8_t *copy = NULL;
    size_t len = 0;
    hash_of("second", hash);
    KTEST_CHECK(archive_find("variants/swap_target.second.o", &file) == STATUS_OK);
    KTEST_CHECK(evolve_object_copy(hash, &copy, &len) == STATUS_OK);
    KTEST_CHECK(len == file.len && memcmp(copy, file.bytes, len) == 0);
    heap_free(copy);
    hash_of("nobody", hash);
    KTEST_CHECK(evolve_object_copy(hash, &copy, &len) == STATUS_NOT_FOUND);
}

static const struct version *volatile standing;

static bool has_object(void *variant)
{
    uint8_t hash[32];
    uint8_t *copy = NULL;
    size_t len = 0;
    hash_of(variant, hash);
    bool has = evolve_object_copy(hash, &copy, &len) == STATUS_OK;
    heap_free(copy);
    return has;
}

/* Somebody stands on a description that has left the namespace. Not one more version left when all in limbo were freed
 * together, or none. */
static void a_reader_keeps_only_where_it_stands(void)
{
    char third[] = "third";
    KTEST_CHECK(!has_object(third));
    standing = namespace_running(namespace_kernel(), "swap_target");
    uint32_t number = standing->number;
    swap("second", false);
    KTEST_CHECK(all_freed());
    swap(third, false);
    swap("", false);
    KTEST_CHECK(ktest_until(none_retired, NULL, PATIENCE_NS));
    KTEST_CHECK(ktest_until(has_object, third, PATIENCE_NS)); /* freed, that is */
    KTEST_CHECK(standing->number == number && standing->left);
    KTEST_CHECK(standing->next == NULL || !standing->next->left);
    standing = NULL;
    look_again();
}

static const char *volatile word;

/* Hazards 5 and 33. Freed, and another word, when scan_list_memory() lists no homes. */
static void a_pointer_to_an_old_literal_keeps_its_version(void)
{
    swap("second", false);
    word = swap_target_word(1);
    swap("third", false);
    swap("", false);
    ktest_sleep(6 * NS_PER_S);
    const struct version *v = retired();
    KTEST_CHECK(v != NULL);
    /* A dead word of this stack may have been found before the pointer. */
    KTEST_CHECK(v == NULL || v->hold == VERSION_ON_STACK ||
                (v->hold == VERSION_POINTED_TO && version_holder(v) == (uint64_t)&word));
    KTEST_CHECK(strcmp(word, "uno") == 0);
    word = NULL;
    look_again();
}

/* In a case of its own, so that no stale word of the one before lies on this stack. */
static void and_without_the_pointer_it_is_freed(void)
{
    KTEST_CHECK(all_freed());
}

static struct {
    volatile uint64_t entered;
    volatile uint64_t version;
} lingering;

static struct wait linger_step(void *arg)
{
    (void)arg;
    lingering.entered = 1;
    lingering.version = swap_target_doze(8 * NS_PER_S);
    return wait_done();
}

/* Hazard 2. Its text is taken away, and comes back by a fault, when look_at_task() looks at no stack. */
static void a_frame_keeps_its_version(void)
{
    KTEST_CHECK(task_create("linger", linger_step, NULL, NULL) != NULL);
    KTEST_CHECK(ktest_until_count(&lingering.entered, 1, 5 * NS_PER_S));
    swap("second", false);
    ktest_sleep(5 * NS_PER_S);
    KTEST_CHECK(lingering.version == 0);
    const struct version *v = retired();
    KTEST_CHECK(v != NULL && v->off_ns == 0 && v->executed == 0);
    KTEST_CHECK(ktest_until_count(&lingering.version, 1, 30 * NS_PER_S));
    KTEST_CHECK(lingering.version == 1);
    look_again();
    KTEST_CHECK(all_freed());
    swap("", false);
}

/* Adds leaver, replaces it, and removes it again. */
static void come_and_go(void)
{
    static const char *const leaver = "leaver";
    uint64_t attempt = 0;
    struct evolve_request remove = {
        .remove = &leaver, .remove_count = 1, .self_confirm = true, .trial_ns = NS_PER_MS};
    struct kswap swap = {.cell = leaver, .variant = ""};
    if (!namespace_running(namespace_kernel(), leaver))
        KTEST_CHECK(kswap_run(&swap) == EVOLVE_PERMANENT);
    KTEST_CHECK(kswap_run(&swap) == EVOLVE_PERMANENT);
    KTEST_CHECK(evolve_submit(&remove, &attempt) == STATUS_OK);
    KTEST_CHECK(kswap_end(attempt) == EVOLVE_PERMANENT);
}

static const struct version *held_leaver(void)
{
    for (const struct version *v = namespace_kernel()->versions; v; v = v->next)
        if (strcmp(v->info.name, "leaver") == 0 && v->hold == VERSION_POINTED_TO)
            return v;
    return NULL;
}

static bool is_pointed_to(void *arg)
{
    (void)arg;
    return held_leaver() != NULL;
}

/* Two versions share what is pointed to. Freed when scan_home_goes() says no. */
static void a_pointer_to_an_object_keeps_a_removed_cell(void)
{
    struct leaver_state *state = leaver_state();
    state->wanted = 1;
    come_and_go();
    come_and_go();
    state->doze = NULL;
    KTEST_CHECK(ktest_until(is_pointed_to, NULL, PATIENCE_NS));
    const struct version *v = held_leaver();
    KTEST_CHECK(v && version_holder(v) == (uint64_t)&state->object);
    KTEST_CHECK(state->object && *state->object >= state->naps);
    state->object = NULL;
}

static struct {
    uint32_t (*volatile doze)(uint64_t ns);
    volatile uint64_t entered;
    volatile uint64_t answer;
} dozing;

static struct wait doze_step(void *arg)
{
    (void)arg;
    uint32_t (*doze)(uint64_t ns) = dozing.doze;
    dozing.doze = NULL;
    dozing.entered = 1;
    dozing.answer = doze(6 * NS_PER_S);
    return wait_done();
}

/* The text of the first has the address of a stub that leads to the second, and reads the same objects. The second is freed
 * meanwhile without hold_by_stubs() and hold_by_objects(). */
static void a_frame_keeps_what_its_text_leads_to(void)
{
    struct leaver_state *state = leaver_state();
    struct kswap swap = {.cell = "leaver", .variant = ""};
    KTEST_CHECK(kswap_run(&swap) == EVOLVE_PERMANENT);
    state->wanted = 0;
    dozing.doze = state->doze;
    state->doze = NULL;
    state->object = NULL;
    KTEST_CHECK(task_create("dozes", doze_step, NULL, NULL) != NULL);
    KTEST_CHECK(ktest_until_count(&dozing.entered, 1, PATIENCE_NS));
    come_and_go();
    KTEST_CHECK(ktest_until_count(&dozing.answer, 1, PATIENCE_NS));
    KTEST_CHECK(dozing.answer == LEAVER_ANSWER && stale_count() == 0);
}

struct use {
    uint64_t homes;
    uint64_t stubs;
    struct heap_stats heap;
};

static void measure(struct use *out)
{
    memset(out, 0, sizeof *out);
    for (const struct home *h = namespace_kernel()->homes; h; h = h->next)
        out->homes++;
    for (const struct stub *s = namespace_kernel()->stubs; s; s = s->next)
        out->stubs++;
    heap_stats_read(&out->heap);
}

static struct use before;

/* With those before, so many attempts that no later one makes the history longer. Kept for ever when pin_old() pins what is
 * removed. */
static void a_removed_cell_is_freed(void)
{
    for (uint32_t i = 0; i < ROUNDS; i++)
        come_and_go();
    look_again();
    KTEST_CHECK(all_freed());
    measure(&before);
}

static void same_as_before(void)
{
    struct use after;
    measure(&after);
    console_print(
        "retire: %lu homes, %lu stubs, %lu objects of %lu bytes; then %lu, %lu, "
        "%lu of %lu\n",
        before.homes, before.stubs, before.heap.live_count, before.heap.live_bytes,
        after.homes, after.stubs, after.heap.live_count, after.heap.live_bytes);
    KTEST_CHECK(after.homes == before.homes && after.stubs == before.stubs);
    KTEST_CHECK(after.heap.live_count <= before.heap.live_count + 8);
    KTEST_CHECK(after.heap.live_bytes <= before.heap.live_bytes + 4096);
    KTEST_CHECK(namespace_check(namespace_kernel()) == NULL);
}

static void and_as_often_as_it_comes_and_goes(void)
{
    for (uint32_t i = 0; i < ROUNDS; i++)
        come_and_go();
    look_again();
    KTEST_CHECK(all_freed());
    same_as_before();
}

/* The version `brief` lacks functions whose addresses the other has taken. */
static void swap_leaver(const char *variant)
{
    struct kswap swap = {.cell = "leaver", .variant = variant};
    KTEST_CHECK(kswap_run(&swap) == EVOLVE_PERMANENT);
}

/* The entry stub of a function that the next version lacks leads on. Nobody looks for its address when pin_old() pins
 * what is no part of the closure. */
static void the_address_of_a_lost_function_keeps_its_version(void)
{
    struct leaver_state *state = leaver_state();
    state->wanted = 2;
    swap_leaver("");
    state->wanted = 0;
    state->object = NULL;
    swap_leaver("brief");
    KTEST_CHECK(ktest_until(is_pointed_to, NULL, PATIENCE_NS));
    const struct version *v = held_leaver();
    KTEST_CHECK(v && version_holder(v) == (uint64_t)&state->doze);
    KTEST_CHECK(state->doze && state->doze(NS_PER_MS) == LEAVER_ANSWER);
    state->doze = NULL;
    look_again();
    KTEST_CHECK(all_freed());
    KTEST_CHECK(stale_count() == 0);
}

static void lose_and_have_again(void)
{
    for (uint32_t i = 0; i < ROUNDS; i++) {
        swap_leaver("");
        swap_leaver("brief");
    }
    look_again();
    KTEST_CHECK(all_freed());
}

/* Seen to fail when pin_old() pins what is no part of the closure: each version that has them stays for good. */
static void and_without_it_each_version_is_freed(void)
{
    lose_and_have_again();
    measure(&before);
    lose_and_have_again();
    same_as_before();
    come_and_go();
    look_again();
    KTEST_CHECK(all_freed());
}

static struct {
    struct evolve_object set[EVOLVE_MAX_CELLS];
    char names[EVOLVE_MAX_CELLS][CELL_NAME_MAX + 1];
    size_t count;
} all;

static bool add_running(void *context, const char *name, const uint8_t hash[32],
                        uint32_t number)
{
    char path[CELL_NAME_MAX + 16];
    struct archive_entry file;
    (void)context;
    (void)hash;
    (void)number;
    snprintf(path, sizeof path, "cells/%s.o", name);
    if (all.count == EVOLVE_MAX_CELLS || archive_find(path, &file) != STATUS_OK)
        return true;
    snprintf(all.names[all.count], sizeof all.names[0], "%s", name);
    all.set[all.count] = (struct evolve_object){
        .name = all.names[all.count], .bytes = file.bytes, .len = file.len};
    all.count++;
    return true;
}

static void all_cells_are_swapped(void)
{
    struct evolve_request request = {
        .set = all.set, .self_confirm = true, .trial_ns = NS_PER_MS};
    uint64_t attempt = 0;
    evolve_running(add_running, NULL);
    request.set_count = all.count;
    KTEST_CHECK(evolve_submit(&request, &attempt) == STATUS_OK);
    KTEST_CHECK(kswap_end(attempt) == EVOLVE_PERMANENT);
}

static bool most_are_freed(void *arg)
{
    size_t left = 0;
    (void)arg;
    for (const struct version *v = namespace_kernel()->versions; v; v = v->next)
        left += v->state == VERSION_RETIRED;
    return left <= all.count / 8;
}

/* They import from each other, in circles too. What stays is what tasks are asleep in. */
static void and_versions_that_call_each_other_are_freed(void)
{
    KTEST_CHECK(ktest_until(most_are_freed, NULL, PATIENCE_NS));
    ktest_sleep(3 * NS_PER_S);
    KTEST_CHECK(namespace_check(namespace_kernel()) == NULL);
    KTEST_CHECK(heap_check());
    for (const struct version *v = namespace_kernel()->versions; v; v = v->next)
        if (v->state == VERSION_RETIRED)
            console_print("kept: %s, %u at %lx\n", v->info.name, v->hold,
                          version_holder(v));
}

enum status test_retire_start(void)
{
    static const struct ktest_case cases[] = {
        KTEST_CASE(a_retired_version_is_freed),
        KTEST_CASE(and_its_object_can_be_had_again),
        KTEST_CASE(a_reader_keeps_only_where_it_stands),
        KTEST_CASE(a_pointer_to_an_old_literal_keeps_its_version),
        KTEST_CASE(and_without_the_pointer_it_is_freed),
        KTEST_CASE(a_frame_keeps_its_version),
        KTEST_CASE(a_pointer_to_an_object_keeps_a_removed_cell),
        KTEST_CASE(a_frame_keeps_what_its_text_leads_to),
        KTEST_CASE(a_removed_cell_is_freed),
        KTEST_CASE(and_as_often_as_it_comes_and_goes),
        KTEST_CASE(the_address_of_a_lost_function_keeps_its_version),
        KTEST_CASE(and_without_it_each_version_is_freed),
        KTEST_CASE(all_cells_are_swapped),
        KTEST_CASE(and_versions_that_call_each_other_are_freed),
    };
    return ktest_run(cases, ARRAY_LEN(cases));
}
