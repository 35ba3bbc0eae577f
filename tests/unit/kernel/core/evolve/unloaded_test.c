/* Tests of the cache of unloaded cells: its bound, what goes first, and that it gives way.
 * SPDX-License-Identifier: MIT
 */
#include <core/evolve/evolve.h>
#include <core/evolve/unloaded.h>
#include <mm/frame/frame.h>
#include <mm/heap/heap.h>

#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

static struct namespace ns;
static struct frame_stats frames;

void evolve_lock(void);
void evolve_unlock(void);

void evolve_lock(void) {}

void evolve_unlock(void) {}

struct namespace *namespace_kernel(void)
{
    return &ns;
}

void frame_stats_read(struct frame_stats *out)
{
    *out = frames;
}

static int set_up(void **state)
{
    (void)state;
    frames = (struct frame_stats){.total = 1000, .free = 500};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unloaded_drop();
    return 0;
}

/* A version with an object of LEN bytes, all NUMBER, is freed. */
static void unload(uint8_t number, size_t len)
{
    struct version v = {.owned_bytes = heap_alloc(len), .elf = {.len = len}};
    assert_non_null(v.owned_bytes);
    memset(v.owned_bytes, number, len);
    memset(v.object_hash, number, sizeof v.object_hash);
    unloaded_put(&v);
    heap_free(v.owned_bytes);
}

static bool has(uint8_t number)
{
    uint8_t hash[32];
    uint8_t *copy;
    size_t len;
    memset(hash, number, sizeof hash);
    if (evolve_object_copy(hash, &copy, &len) != STATUS_OK)
        return false;
    assert_true(len > 0 && copy[0] == number && copy[len - 1] == number);
    heap_free(copy);
    return true;
}

static uint64_t bytes_kept(void)
{
    uint32_t count;
    uint64_t bytes;
    unloaded_count(&count, &bytes);
    return bytes;
}

static void gives_what_was_unloaded(void **state)
{
    (void)state;
    assert_false(has(1));
    unload(1, 100);
    unload(2, 200);
    assert_true(has(1) && has(2) && has(1) && !has(3));
    assert_int_equal(bytes_kept(), 300);
}

/* Seen to fail when cut() does not look at the hash. */
static void keeps_an_object_once(void **state)
{
    (void)state;
    unload(1, 100);
    unload(2, 100);
    unload(1, 100);
    assert_int_equal(bytes_kept(), 200);
}

/* Seen to fail when cut() keeps everything. */
static void stays_within_its_bound(void **state)
{
    (void)state;
    for (uint8_t i = 1; i < 100; i++) {
        unload(i, UNLOADED_MAX / 10 + i);
        assert_true(bytes_kept() <= UNLOADED_MAX);
    }
    assert_true(bytes_kept() > UNLOADED_MAX / 2);
}

/* Seen to fail when cut() keeps everything. */
static void what_was_unloaded_first_goes_first(void **state)
{
    (void)state;
    unload(1, UNLOADED_MAX / 4);
    unload(2, UNLOADED_MAX / 4);
    unload(3, UNLOADED_MAX / 4);
    unload(1, UNLOADED_MAX / 4);
    unload(4, UNLOADED_MAX / 2 + 8);
    assert_true(has(4) && has(1) && !has(2) && !has(3));
}

static void leaves_what_never_fits(void **state)
{
    (void)state;
    unload(1, 100);
    unload(2, UNLOADED_MAX + 1);
    assert_true(has(1) && !has(2));
}

static void leaves_what_nobody_can_name(void **state)
{
    (void)state;
    unload(0, 100);
    assert_int_equal(bytes_kept(), 0);
}

/* Seen to fail when unloaded_yield() does not look at the frames. */
static void gives_way_when_memory_is_low(void **state)
{
    (void)state;
    unload(1, 100);
    unloaded_yield();
    assert_true(has(1));
    frames.free = 10;
    unloaded_yield();
    assert_true(!has(1) && bytes_kept() == 0);
    unload(2, 100);
    assert_false(has(2));
}

/* Of a version that is still there, its own. */
static void gives_what_runs(void **state)
{
    static uint8_t object[50] = {[0] = 7, [49] = 7};
    struct version v = {.elf = {.bytes = object, .len = sizeof object}};
    (void)state;
    memset(v.object_hash, 7, sizeof v.object_hash);
    ns.versions = &v;
    assert_true(has(7));
    ns.versions = NULL;
    assert_false(has(7));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(gives_what_was_unloaded),      CASE(keeps_an_object_once),
        CASE(stays_within_its_bound),       CASE(what_was_unloaded_first_goes_first),
        CASE(leaves_what_never_fits),       CASE(leaves_what_nobody_can_name),
        CASE(gives_way_when_memory_is_low), CASE(gives_what_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
