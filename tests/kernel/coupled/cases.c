/* The cases: hazards 12, 21, 23 and 29. Each comment says which defence was taken out to see the case fail. */
/* SPDX-License-Identifier: MIT */
#include "private.h"

#include <lib/base/io.h>
#include <mm/heap/heap.h>
#include <string.h>
#include <task/task/task.h>
#include <time/clock/clock.h>

#define PATIENCE_NS (60 * NS_PER_S)

/* Hazard 12. */
void caller_and_callee_change_together(void)
{
    KTEST_CHECK(coupled_server_version() == 1 && coupled_client_work(10) == 0);
    couple_for_good("wide");
    const struct evolve_report *r = kswap_report(0);
    KTEST_CHECK(r->cells[0].class == PLAN_SIGNATURE);
    KTEST_CHECK(r->drain_ns > 0 && r->waited_count == 0);
    KTEST_CHECK(coupled_server_version() == 2 && coupled_client_work(10) == 0);
    couple_for_good("");
    KTEST_CHECK(coupled_server_version() == 1 && coupled_client_work(10) == 0);
    KTEST_CHECK(coupled_mixed_direct() == 0 && coupled_mixed_by_pointer() == 0);
    check_invariants();
}

void a_withheld_caller_is_refused(void)
{
    expect_refused(serve_alone("wide"), "signature", "coupled_serve", "coupled_client");
}

/* Hazard 29. Without the drain (coupled = false in run_redirect) messages cross by pointer. */
void no_message_crosses_versions_under_load(void)
{
    uint32_t waited = 0;
    load_begin();
    for (uint32_t i = 0; i < 20; i++) {
        couple_for_good(i % 2 ? "" : "wide");
        waited += kswap_report(0)->waited_count;
    }
    load_end(true);
    KTEST_CHECK(waited > 0);
    KTEST_CHECK(coupled_server_version() == 1);
    check_invariants();
}

static struct {
    volatile uint64_t taken; /* the version that the operation ended in */
    volatile uint64_t ended;
} sleeper;

static struct wait take_step(void *arg)
{
    (void)arg;
    (void)restartable_call(coupled_take, (void *)&sleeper.taken);
    sleeper.ended = 1;
    return wait_done();
}

static bool is_asleep(void *arg)
{
    return coupled_sleepers() == (uint64_t)arg;
}

/* Q2. Without the pause in restartable_call() the task is back in old text before the gate opens, and the swap is refused. */
void a_task_asleep_inside_restarts_in_new_text(void)
{
    KTEST_CHECK(task_create("taker", take_step, NULL, NULL) != NULL);
    KTEST_CHECK(ktest_until(is_asleep, (void *)1, PATIENCE_NS));
    couple_for_good("wide");
    const struct evolve_report *r = kswap_report(0);
    KTEST_CHECK(r->waited_count == 1 && strcmp(r->waited[0], "taker") == 0);
    KTEST_CHECK(ktest_until(is_asleep, (void *)1, PATIENCE_NS));
    KTEST_CHECK(!sleeper.ended);
    coupled_give();
    KTEST_CHECK(ktest_until_count(&sleeper.ended, 1, PATIENCE_NS));
    KTEST_CHECK(sleeper.taken == 2);
    couple_for_good("");
}

static volatile uint64_t stayed;

static struct wait stay_step(void *arg)
{
    (void)arg;
    coupled_stay();
    stayed = 1;
    return wait_done();
}

/* Hazard 23. The rest of the machine goes on between the tries. */
void a_task_that_stays_inside_is_named(void)
{
    KTEST_CHECK(task_create("stayer", stay_step, NULL, NULL) != NULL);
    KTEST_CHECK(ktest_until(is_asleep, (void *)1, PATIENCE_NS));
    uint64_t generation = namespace_kernel()->generation;
    uint64_t attempt = couple_to("wide", 1);
    expect_refused(attempt, "busy", "coupled_stay", "stayer");
    KTEST_CHECK(strstr(kswap_report(attempt)->reason.text, "coupled_stay+0x") != NULL);
    KTEST_CHECK(namespace_kernel()->generation == generation);
    coupled_release();
    KTEST_CHECK(ktest_until_count(&stayed, 1, PATIENCE_NS));
    couple_for_good("wide");
    couple_for_good("");
}

static volatile uint64_t idle_stop, idle_ended;

static struct wait idle_step(void *arg)
{
    (void)arg;
    coupled_client_idle(&idle_stop);
    idle_ended = 1;
    return wait_done();
}

struct seen {
    uint64_t old_text;
    uint64_t new_text;
};

/* Notes whether the task "idler", which is preempted now and then, stands in text that runs or in text that is past. */
static bool see_idler(struct task *task, void *arg)
{
    struct seen *seen = arg;
    struct saved_context context;
    char name[TASK_NAME_MAX];
    task_name_copy(task, name);
    if (strcmp(name, "idler") != 0 || task_state(task) != TASK_READY)
        return true;
    task_saved_context(task, &context);
    if (context.resume != entry_resume_trap_address())
        return true;
    uint64_t pc = ((const struct trap_frame *)context.rsp)->rip;
    const struct version *v = namespace_version_at(namespace_kernel(), pc);
    if (v && strcmp(v->info.name, "coupled_client") == 0)
        *(v->state == VERSION_RUNNING ? &seen->new_text : &seen->old_text) += 1;
    return false;
}

static bool saw_idler(void *arg)
{
    struct seen *seen = arg;
    task_for_each(see_idler, seen);
    return seen->new_text + seen->old_text > 5;
}

/* More tasks than CPUs, so that the idler is preempted. Without moves (note_frame gives false) the swap is refused. */
void a_frame_in_an_unchanged_function_moves(void)
{
    struct seen seen = {0};
    load_begin();
    KTEST_CHECK(task_create("idler", idle_step, NULL, NULL) != NULL);
    KTEST_CHECK(ktest_until(saw_idler, &seen, PATIENCE_NS));
    KTEST_CHECK(seen.old_text == 0);
    couple_for_good("wide");
    memset(&seen, 0, sizeof seen);
    KTEST_CHECK(ktest_until(saw_idler, &seen, PATIENCE_NS));
    KTEST_CHECK(seen.old_text == 0 && !idle_ended);
    couple_for_good("");
    idle_stop = 1;
    KTEST_CHECK(ktest_until_count(&idle_ended, 1, PATIENCE_NS));
    load_end(true);
}

static void *held_hook;

static struct wait hook_step(void *arg)
{
    *(void *volatile *)arg = coupled_hook_address();
    return wait_done();
}

static bool has_hook(void *arg)
{
    return *(void *volatile *)arg != NULL;
}

/* Without holders_find() the old form would be called in text that nobody keeps in step with its data any more. */
void a_held_pointer_to_an_old_form_is_named(void)
{
    KTEST_CHECK(task_create("hooker", hook_step, &held_hook, NULL) != NULL);
    KTEST_CHECK(ktest_until(has_hook, &held_hook, PATIENCE_NS));
    uint64_t attempt = serve_alone("held");
    expect_refused(attempt, "held", "coupled_hook", "test_coupled");
    KTEST_CHECK(strstr(kswap_report(attempt)->reason.text, "held_hook of test_coupled") !=
                NULL);
    held_hook = NULL;
    attempt = serve_alone("held");
    if (kswap_end(attempt) != EVOLVE_PERMANENT)
        ktest_fail(__func__, kswap_report(attempt)->reason.text);
    KTEST_CHECK(kswap_end(serve_alone("")) == EVOLVE_PERMANENT);
    check_invariants();
}

enum { PLACES = 64, MOVES = 200 };

/* One pointer, each time in another page, of which all others were not written to for long. */
static struct {
    void **places[PLACES];
    uint32_t at;
    volatile uint64_t moves;
    volatile uint64_t stop;
    volatile uint64_t ended;
} carrier;

/* No register holds it with interrupts on, so no stack ever does. */
static void carry(void)
{
    uint32_t to = (carrier.at + 1) % PLACES;
    uint64_t flags = interrupts_off();
    __asm__ volatile(
        "movq (%0), %%rax; movq $0, (%0); movq %%rax, (%1); xorl %%eax, %%eax"
        :
        : "r"(carrier.places[carrier.at]), "r"(carrier.places[to])
        : "rax", "memory");
    carrier.at = to;
    interrupts_restore(flags);
    carrier.moves++;
}

static struct wait carrier_step(void *arg)
{
    (void)arg;
    for (uint32_t i = 0; i < MOVES; i++)
        carry();
    carrier.ended = carrier.stop;
    return carrier.stop ? wait_done() : wait_again();
}

/* Most of the heap is looked at before tasks stand. Seen to fail when paging_written() says that nothing was. */
void a_held_pointer_that_moves_about_is_found(void)
{
    for (uint32_t i = 0; i < PLACES; i++) {
        carrier.places[i] = heap_calloc(1, PAGE_SIZE);
        KTEST_CHECK(carrier.places[i] != NULL);
    }
    KTEST_CHECK(task_create("hooker", hook_step, carrier.places[0], NULL) != NULL);
    KTEST_CHECK(ktest_until(has_hook, carrier.places[0], PATIENCE_NS));
    KTEST_CHECK(task_create("carrier", carrier_step, NULL, NULL) != NULL);
    for (uint32_t i = 0; i < 4; i++) {
        KTEST_CHECK(ktest_until_count(&carrier.moves, carrier.moves + PLACES, PATIENCE_NS));
        expect_refused(serve_alone("held"), "held", "coupled_hook", "");
    }
    carrier.stop = 1;
    KTEST_CHECK(ktest_until_count(&carrier.ended, 1, PATIENCE_NS));
    for (uint32_t i = 0; i < PLACES; i++)
        heap_free(carrier.places[i]);
    KTEST_CHECK(kswap_end(serve_alone("held")) == EVOLVE_PERMANENT);
    KTEST_CHECK(kswap_end(serve_alone("")) == EVOLVE_PERMANENT);
    check_invariants();
}

/* In lost.S. */
void lost_call(void (*fn)(void));

static struct wait_queue limbo;
static volatile uint64_t lost_begun, lost_stop, lost_ended;

static void lose_myself(void)
{
    lost_begun = 1;
    while (!lost_stop) {
        spin_lock(&limbo.lock);
        (void)wait_queue_sleep(&limbo, clock_ns() + 10 * NS_PER_MS);
    }
}

static struct wait lost_step(void *arg)
{
    (void)arg;
    lost_call(lose_myself);
    lost_ended = 1;
    return wait_done();
}

/* Hazard 23. It has nothing to do with the set, but nobody can tell. The swap is carried out when frames_walk() takes a stack
 * that it loses for one without frames of the set. */
void a_stack_that_cannot_be_walked_is_named(void)
{
    wait_queue_init(&limbo);
    KTEST_CHECK(task_create("lost", lost_step, NULL, NULL) != NULL);
    KTEST_CHECK(ktest_until_count(&lost_begun, 1, PATIENCE_NS));
    uint64_t attempt = couple_to("wide", 1);
    expect_refused(attempt, "unwind", "lost_call", "lost");
    lost_stop = 1;
    KTEST_CHECK(ktest_until_count(&lost_ended, 1, PATIENCE_NS));
    couple_for_good("wide");
    couple_for_good("");
}

static void expect_taken_back(uint64_t attempt, const char *code)
{
    KTEST_CHECK(kswap_end(attempt) == EVOLVE_REVERTED);
    if (strcmp(kswap_report(attempt)->reason.code, code) != 0)
        ktest_fail(__func__, kswap_report(attempt)->reason.text);
    KTEST_CHECK(coupled_server_version() == 1);
    check_invariants();
}

/* Without the drain in take_back() new callers reach old text by pointer; so they do when walked_clear() does not ask whether
 * the task has run since. */
void a_wish_takes_it_back_under_load(void)
{
    load_begin();
    for (uint32_t i = 0; i < 8; i++) {
        uint64_t attempt = couple_to("wide", 60000);
        KTEST_CHECK(coupled_server_version() == 2);
        KTEST_CHECK(evolve_revert(attempt, "test", "the test wants the old version") ==
                    STATUS_OK);
        expect_taken_back(attempt, "test");
    }
    load_end(true);
}

/* The guard cannot wait: tasks in new text finish there, and new text goes on to call new text (invariant of guard.h). By
 * pointer they may reach the old one, in a form that both have. */
void a_fault_takes_it_back_under_load(void)
{
    load_begin();
    uint64_t attempt = couple_to("fault", 60000);
    KTEST_CHECK(coupled_server_version() == 2);
    coupled_misbehave();
    expect_taken_back(attempt, "fault");
    load_end(false);
}

static volatile uint64_t looped;

static struct wait loop_step(void *arg)
{
    (void)arg;
    if (coupled_server_version() == 2) {
        coupled_misbehave();
        (void)coupled_client_work(1);
        return wait_until(clock_ns() + NS_PER_MS);
    }
    looped = 1;
    return wait_done();
}

/* Who does not leave what is taken back is restarted. */
void a_loop_takes_it_back(void)
{
    uint64_t attempt = couple_to("loop", 60000);
    KTEST_CHECK(coupled_server_version() == 2);
    KTEST_CHECK(task_create("looper", loop_step, NULL, NULL) != NULL);
    expect_taken_back(attempt, "loop");
    KTEST_CHECK(ktest_until_count(&looped, 1, PATIENCE_NS));
}

/* Hazard 9. */
void fifty_coupled_swaps_leave_no_drift(void)
{
    for (uint32_t i = 0; i < 50; i++) {
        couple_for_good(i % 2 ? "" : "wide");
        KTEST_CHECK(coupled_client_work(10) == 0);
        check_invariants();
    }
}
