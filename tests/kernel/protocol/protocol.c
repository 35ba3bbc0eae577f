/* The park's protocol, with journals made by hand: who is held, who may be, and what is stored when. */
/* SPDX-License-Identifier: MIT */
#include <console/console/console.h>
#include <core/commit/apply.h>
#include <core/commit/commit.h>
#include <core/evolve/unwritten.h>
#include <core/guard/guard.h>
#include <core/namespace/namespace.h>
#include <mm/heap/heap.h>
#include <string.h>
#include <task/task/task.h>
#include <tests/kernel/ktest/ktest.h>
#include <time/clock/clock.h>

#define PATIENCE_NS (10 * NS_PER_S)
#define PLACES 20000u /* their stores take longer than a look at two of them */
#define ROUNDS 50u

enum status test_protocol_start(void);

static struct {
    volatile uint64_t places[PLACES];
    struct poke pokes[PLACES];
    struct migration_list none;
    volatile uint64_t stop;
    volatile uint64_t looks;
    volatile uint64_t halves; /* looks that saw some stores made and some not */
    volatile uint64_t ended;
} store;

static enum status apply(bool backwards, uint64_t limit_ms, struct commit_times *times)
{
    uint64_t limit = limit_ms * (clock_tsc_hz() / 1000);
    return commit_apply(store.pokes, PLACES, &store.none, backwards, limit, times);
}

/* From BEFORE to AFTER, in order. */
static void list_pokes(uint64_t before, uint64_t after)
{
    for (uint32_t i = 0; i < PLACES; i++) {
        store.places[i] = before;
        store.pokes[i] = (struct poke){.va = (uint64_t)&store.places[i],
                                       .write = (uint8_t *)(uintptr_t)&store.places[i],
                                       .before = before,
                                       .after = after,
                                       .len = 8};
    }
}

/* Stores are made from the first place to the last, so a look the other way round sees a half only between them. */
static struct wait look_step(void *arg)
{
    (void)arg;
    for (uint32_t i = 0; i < 10000; i++) {
        uint64_t first = store.places[0];
        uint64_t last = store.places[PLACES - 1];
        store.halves += first != last && first == store.places[0];
        store.looks++;
    }
    if (!store.stop)
        return wait_again();
    store.ended = 1;
    return wait_done();
}

static unsigned other_cpu(void)
{
    return cpu_index() == 0 ? 1 : 0;
}

/* The number of the first place where the journal and what lies there differ after an apply(), or PLACES. */
static uint32_t first_unlike(uint64_t value)
{
    uint32_t i = 0;
    while (i < PLACES && store.places[i] == value)
        i++;
    return i;
}

/* Hazard 19, park invariants 1 and 2. Halves are seen when park_handler() leaves at once. (That hold_others() waits is seen by
 * the cases about who is not held.) */
static void nobody_runs_between_two_stores(void)
{
    struct task_options options = {.cpu_plus_one = other_cpu() + 1};
    struct commit_times times;
    list_pokes(1, 2);
    KTEST_CHECK(task_create("looker", look_step, NULL, &options) != NULL);
    for (uint32_t i = 0; i < ROUNDS; i++) {
        KTEST_CHECK(ktest_until_count(&store.looks, store.looks + 1000, PATIENCE_NS));
        KTEST_CHECK(apply(i % 2, 1000, &times) == STATUS_OK);
        KTEST_CHECK(first_unlike(i % 2 ? 1 : 2) == PLACES);
    }
    store.stop = 1;
    KTEST_CHECK(ktest_until_count(&store.ended, 1, PATIENCE_NS));
    console_print("protocol: %lu looks, %lu halves\n", store.looks, store.halves);
    KTEST_CHECK(store.halves == 0);
}

/* Hazards 10 and 28, park invariant 2. All others are stored without the comparison in apply(). */
static void one_place_that_differs_stops_all(void)
{
    struct commit_times times = {0};
    list_pokes(1, 2);
    store.places[PLACES - 1] = 7;
    KTEST_CHECK(apply(false, 1000, &times) == STATUS_INVALID);
    KTEST_CHECK(times.drift_va == (uint64_t)&store.places[PLACES - 1]);
    KTEST_CHECK(first_unlike(1) == PLACES - 1);
    KTEST_CHECK(apply(true, 1000, &times) == STATUS_INVALID && store.places[0] == 1);
}

/* Hazard 26. The plan's own try of the migrations has the value of then; without migrations_prepare() under the park that is what
 * is stored. */
static void what_is_written_until_the_park_arrives(void)
{
    static uint64_t old_place, new_place, saved, prepared, back;
    struct field_move move = {
        .from_bits = 64, .to_bits = 64, .count = 1, .kind = MOVE_COPY, .name = ""};
    struct migration m = {.cell = "test_protocol",
                          .key = "place",
                          .old_va = (uint64_t)&old_place,
                          .new_va = (uint64_t)&new_place,
                          .old_len = 8,
                          .new_len = 8,
                          .old_at = (uint8_t *)&old_place,
                          .new_at = (uint8_t *)&new_place,
                          .saved = (uint8_t *)&saved,
                          .prepared = (uint8_t *)&prepared,
                          .back = (uint8_t *)&back,
                          .forward = {.moves = &move, .count = 1},
                          .reverse = {.moves = &move, .count = 1}};
    struct migration_list all = {.list = &m, .count = 1};
    struct commit_times times;
    uint64_t limit = clock_tsc_hz();
    saved = prepared = 41; /* as the plan found it */
    *(volatile uint64_t *)&old_place = 42;
    KTEST_CHECK(commit_apply(NULL, 0, &all, false, limit, &times) == STATUS_OK);
    KTEST_CHECK(*(volatile uint64_t *)&new_place == 42);
    *(volatile uint64_t *)&new_place = 43;
    KTEST_CHECK(commit_apply(NULL, 0, &all, true, limit, &times) == STATUS_OK);
    KTEST_CHECK(*(volatile uint64_t *)&old_place == 43);
}

/* An NMI to this CPU. When it has been counted its handler has run: it came in between. */
static void nmi_here(void)
{
    uint64_t flags = interrupts_off();
    const struct cpu_block *self = cpu_here();
    uint64_t before = __atomic_load_n(&self->nmis, __ATOMIC_SEQ_CST);
    cpu_send_nmi(self->index);
    while (__atomic_load_n(&self->nmis, __ATOMIC_SEQ_CST) == before)
        cpu_pause();
    interrupts_restore(flags);
}

/* Hazards 27 and 28. Without is_being_stored() in the guard the machine resets: half of a journal cannot be taken back. */
static void the_guard_waits_for_a_commit_that_takes_long(void)
{
    struct guard_limits at_once = {.stuck_tsc = UINT64_MAX};
    struct guard_verdict verdict;
    list_pokes(1, 2);
    for (uint32_t i = 0; i < PLACES / 2; i++)
        store.places[i] = 2;
    guard_arm(store.pokes, PLACES, 0, &store.none, &at_once);
    nmi_here();
    KTEST_CHECK(!guard_reverted() && store.places[0] == 2);
    for (uint32_t i = PLACES / 2; i < PLACES; i++)
        store.places[i] = 2;
    nmi_here();
    KTEST_CHECK(guard_reverted());
    guard_disarm(&verdict);
    KTEST_CHECK(verdict.cause == GUARD_OVERDUE && verdict.restored);
    KTEST_CHECK(first_unlike(1) == PLACES);
}

enum { WORDS = PAGE_SIZE / 8, LEN = 64, ROUND = 16 };

static struct {
    volatile uint64_t *at;
    volatile uint64_t wish; /* the rest of it by ROUND is to be stored there by the other CPU */
    volatile uint64_t done;
    volatile bool stop;
    volatile uint64_t ended;
} touch;

/* It does not let go of its CPU, which would forget all translations when it is idle. */
static struct wait touch_step(void *arg)
{
    (void)arg;
    while (!touch.stop) {
        uint64_t wish = touch.wish;
        if (wish != touch.done)
            *touch.at = wish % ROUND;
        touch.done = wish;
    }
    touch.ended = 1;
    return wait_done();
}

static void touch_with(uint64_t value)
{
    touch.wish = value;
    KTEST_CHECK(ktest_until_count(&touch.done, value, PATIENCE_NS));
}

/* Hazard 26. Two elements in two pages, and a pointer to one. Seen to fail without paging_written_settle() in
 * evolve/unwritten.c, and without the look at the pages in elements_hold(). */
static void what_is_written_after_the_look_is_compared(void)
{
    static uint8_t seen[2 * LEN];
    static uint64_t word;
    struct task_options options = {.cpu_plus_one = other_cpu() + 1};
    uint64_t *pages = heap_calloc(4, PAGE_SIZE);
    uint64_t *first = (uint64_t *)align_up((uint64_t)pages, PAGE_SIZE);
    struct moving_form form = {.len = LEN};
    struct element elements[] = {
        {.from = (uint64_t)first, .count = 1, .form = &form, .seen = seen},
        {.from = (uint64_t)(first + WORDS), .count = 1, .form = &form, .seen = seen + LEN}};
    struct element_slot slot = {.word = &word, .before = 1, .after = 2};
    struct element_set set = {.elements = elements,
                              .count = 2,
                              .slots = &slot,
                              .slot_count = 1,
                              .bytes_len = sizeof seen};
    struct migration_list all = {.elements = &set};
    struct commit_times times;
    uint64_t limit = clock_tsc_hz();
    word = 1;
    touch.at = first + WORDS + 3;
    KTEST_CHECK(pages && task_create("toucher", touch_step, NULL, &options) != NULL);
    touch_with(7); /* so that CPU knows the page as one that is written to */
    memcpy(seen + LEN, first + WORDS, LEN);
    unwritten_begin(&set);
    KTEST_CHECK(set.pages != NULL && set.page_count == 2);
    KTEST_CHECK(commit_apply(NULL, 0, &all, false, limit, &times) == STATUS_OK);
    KTEST_CHECK(word == 2);
    word = 1;
    touch_with(8);
    KTEST_CHECK(commit_apply(NULL, 0, &all, false, limit, &times) == STATUS_AGAIN);
    KTEST_CHECK(word == 1);
    touch_with(ROUND + 7); /* written to, and the same */
    KTEST_CHECK(commit_apply(NULL, 0, &all, false, limit, &times) == STATUS_OK);
    KTEST_CHECK(word == 2);
    touch.stop = true;
    KTEST_CHECK(ktest_until_count(&touch.ended, 1, PATIENCE_NS));
    heap_free(set.pages);
    heap_free(pages);
}

static struct {
    bool with_lock; /* else in an interrupt */
    volatile uint64_t ready;
    volatile uint64_t stop;
    volatile uint64_t ended;
} busy;

static void depth_add(int count)
{
    __asm__ volatile("addl %0, %%gs:0x28" ::"ri"(count) : "memory", "cc");
}

/* Stands where the protocol says that a CPU never is when the park's interrupt gets through, and lets it through. */
static struct wait busy_step(void *arg)
{
    (void)arg;
    uint64_t flags = interrupts_off();
    if (busy.with_lock)
        cpu_locks_add(1);
    else
        depth_add(2);
    busy.ready = 1;
    while (!busy.stop) {
        closure_shootdown(cpu_here());
        park_handler(NULL);
    }
    if (busy.with_lock)
        cpu_locks_add(-1);
    else
        depth_add(-2);
    interrupts_restore(flags);
    busy.ended = 1;
    return wait_done();
}

static void expect_not_held(bool with_lock)
{
    struct task_options options = {.cpu_plus_one = other_cpu() + 1};
    struct commit_times times = {.missing_cpu = CPU_MAX};
    uint64_t end = clock_ns() + PATIENCE_NS;
    busy.with_lock = with_lock;
    busy.ready = busy.stop = busy.ended = 0;
    list_pokes(1, 2);
    KTEST_CHECK(task_create("busy", busy_step, NULL, &options) != NULL);
    while (!busy.ready && clock_ns() < end)
        cpu_pause();
    KTEST_CHECK(apply(false, 100, &times) == STATUS_TIMEOUT);
    KTEST_CHECK(times.missing_cpu == options.cpu_plus_one - 1);
    KTEST_CHECK(first_unlike(1) == PLACES);
    busy.stop = 1;
    KTEST_CHECK(ktest_until_count(&busy.ended, 1, PATIENCE_NS));
    KTEST_CHECK(apply(false, 1000, &times) == STATUS_OK);
}

/* Hazard 21, park invariant 4. Stored without the look at locks_held in park_handler(), or when hold_others() does not wait. */
static void who_holds_a_lock_is_not_held(void)
{
    expect_not_held(true);
}

/* Hazard 20, park invariant 4. Stored without the look at interrupt_depth in park_handler(). */
static void who_is_in_another_interrupt_is_not_held(void)
{
    expect_not_held(false);
}

/* Says how often CPUID, the serialising instruction, stands in the text from BEGIN to END. */
static uint32_t count_cpuid(uint64_t begin, uint64_t end)
{
    uint32_t count = 0;
    for (uint64_t at = begin; at + 2 <= end; at++)
        count += *(const volatile uint8_t *)at == 0x0f &&
                 *(const volatile uint8_t *)(at + 1) == 0xa2;
    return count;
}

static bool serialises(const char *cell, const char *name)
{
    const struct version *v = namespace_running(namespace_kernel(), cell);
    int64_t f = v ? version_export(v, name) : -1;
    if (v && f < 0) /* not exported */
        f = version_function(v, name, false, 0);
    return f >= 0 &&
           count_cpuid(v->functions[f].va, v->functions[f].va + v->functions[f].len) > 0;
}

/* Hazard 19, park invariant 1. No emulated CPU keeps what it has prefetched, so all that can be seen is that the instruction
 * is there: not without cpu_serialise() in park_handler(), release() of commit.c, or record_hold() and record_revert() of
 * the guard. */
static void every_cpu_serialises_before_it_goes_on(void)
{
    const struct version *guard = namespace_running(namespace_kernel(), "guard");
    KTEST_CHECK(serialises("commit", "park_handler"));
    KTEST_CHECK(serialises("commit", "commit_apply"));
    KTEST_CHECK(serialises("guard", "record_hold"));
    KTEST_CHECK(serialises("guard", "record_revert"));
    KTEST_CHECK(count_cpuid(guard->text_begin, guard->text_end) >= 2);
}

enum status test_protocol_start(void)
{
    static const struct ktest_case cases[] = {
        KTEST_CASE(nobody_runs_between_two_stores),
        KTEST_CASE(one_place_that_differs_stops_all),
        KTEST_CASE(what_is_written_until_the_park_arrives),
        KTEST_CASE(the_guard_waits_for_a_commit_that_takes_long),
        KTEST_CASE(what_is_written_after_the_look_is_compared),
        KTEST_CASE(who_holds_a_lock_is_not_held),
        KTEST_CASE(who_is_in_another_interrupt_is_not_held),
        KTEST_CASE(every_cpu_serialises_before_it_goes_on),
    };
    return ktest_run(cases, ARRAY_LEN(cases));
}
