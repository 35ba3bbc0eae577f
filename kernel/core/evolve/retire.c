/* Frees retired versions that nothing can refer to any more.
 * SPDX-License-Identifier: MIT
 *
 * A retired version is kept if it is pinned (of the closure, a stub leads to it that its successor lacks), while a version
 * that is kept imports from it, has the address of a stub that leads to it or shares objects with it, or while a word that looks
 * like an address in it (its text, constants, homes that go with it, stubs that lead to it) lies in a task's stack, in an
 * object of the heap or in a home. Without such a word nobody can enter its text any more, so what is found is what was there
 * before: two scans apart without a find, and it cannot be executed any more (stale.h: a scan finds no
 * pointer that is hidden from it). If nobody tries for a while, and no scan finds anything, it
 * leaves the namespace; one more without a find of its description either (a reader may stand
 * on it), and it is freed.
 *
 * Retire invariants:
 *  1. a task is looked at while it has no CPU, so all its registers are on its stack; a scan
 *     is complete when every task has been looked at, and the memory after the tasks;
 *  2. what the engine itself knows of versions (their descriptions) is no reference;
 *  3. no version is looked for or freed while there is an attempt;
 *  4. interrupts and the scheduler hold no address from one scan to the next: every CPU comes
 *     by the scheduler, or idles, in between; one that halted in old text was woken by the park;
 *  5. versions leave together, for they may import from each other; once they have left, none of them leads to another,
 *     so each is freed by itself.
 *
 * States: IDLE → TASKS (scan_begin) → MEMORY (all tasks seen) → IDLE (scan_end, scan_drop).
 */
#include <core/evolve/lineage.h>
#include <core/evolve/scan.h>
#include <core/evolve/unloaded.h>
#include <core/evolve/watch.h>
#include <core/stale/stale.h>

#include <console/log/log.h>
#include <lib/base/atomic.h>
#include <string.h>
#include <time/clock/clock.h>

enum {
    STEP_GAP_NS = 1000000,
    LINEAGE_NS =
        250000000, /* between two looks at how much of those that drain is in use */
    APART_NS = 200000000, /* at least, between two scans of which both must be clean */
    OFF_NS = 2000000000, /* how long text that nobody refers to waits for somebody to try */
    PRESS_VERSIONS =
        256, /* so many retired versions, or bytes of them, make the next attempt wait */
    PRESS_BYTES = 32 << 20,
    PRESS_NS = 5000000000, /* but not longer than this */
    RESTFUL_S = 60, /* at most between scans for versions that are still referred to */
    PATIENCE_NS = 2000000000, /* for a task that never leaves its CPU */
};

enum scan_stage { IDLE, TASKS, MEMORY };

static struct {
    enum scan_stage stage;
    bool wanted;
    uint64_t begun_ns;
    uint64_t next_ns;      /* when the next scan may begin */
    uint64_t pause_s;      /* doubles while what is left is referred to */
    struct version *limbo; /* out of the namespace, not yet freed */
    uint32_t limbo_count;  /* [a] */
    bool over;             /* a lineage seems to have ended, and a scan was asked for */
    uint64_t press_ns;     /* since when attempts wait for the freeing; 0: they do not */
} retire;

static void drop_lists(void)
{
    scan_fini();
    retire.stage = IDLE;
}

void retire_later(void)
{
    drop_lists();
    retire.wanted = true;
    retire.pause_s = 1;
    retire.next_ns = clock_ns() + APART_NS;
    watch_cpus();
}

static bool is_held(const struct version *v)
{
    return v->state != VERSION_RETIRED || v->pinned || v->hold != VERSION_FREE;
}

static void hold_for(struct version *v, const struct version *o)
{
    v->hold = VERSION_IMPORTED;
    v->holder = ~o->text_begin;
}

static bool hold_imports(struct version *v)
{
    for (uint32_t i = 0; i < v->function_count; i++)
        for (const struct import *m = v->functions[i].incoming; m; m = m->next_incoming)
            if (is_held(m->importer)) {
                hold_for(v, m->importer);
                return true;
            }
    return false;
}

/* The text of O, which is kept, has the addresses of these stubs. */
static bool hold_by_stubs(const struct version *o)
{
    bool more = false;
    for (uint32_t i = 0; i < o->function_count; i++) {
        const struct stub *s = o->functions[i].stub;
        if (s && s->version && !is_held(s->version)) {
            hold_for(s->version, o);
            more = true;
        }
    }
    return more;
}

/* Objects that V shares with O, which is kept, go on to be read: nobody has looked at what they lead to. */
static bool shares_objects(const struct version *v, const struct version *o)
{
    for (uint32_t i = 1; i < o->elf.section_count; i++) {
        const struct home *h = o->section_home[i];
        if (h && h->refs > 1 && scan_home_goes(h) && scan_has_home(v, h->va))
            return true;
    }
    return false;
}

static bool hold_by_objects(const struct version *o)
{
    bool more = false;
    for (struct version *v = namespace_kernel()->versions; v; v = v->next)
        if (scan_is_candidate(o) && !is_held(v) &&
            strcmp(v->info.name, o->info.name) == 0 && shares_objects(v, o)) {
            hold_for(v, o);
            more = true;
        }
    return more;
}

/* What a version that is kept calls, or leads to, is kept too. */
static void hold_others(void)
{
    bool more = true;
    while (more) {
        more = false;
        for (struct version *v = namespace_kernel()->versions; v; v = v->next) {
            bool kept = is_held(v);
            more = (kept && hold_by_stubs(v)) || more;
            more = (kept && hold_by_objects(v)) || more;
            more = (!kept && hold_imports(v)) || more;
        }
    }
}

/* Nobody has the address of V's stubs; should one be hidden all the same, it is to lead nowhere, not to what comes to lie
 * there. */
static void shut_stubs(const struct version *v)
{
    for (uint32_t i = 0; i < v->function_count; i++) {
        const struct stub *s = v->functions[i].stub;
        if (s && !s->version && atomic_load((uint64_t *)s->slot) == v->functions[i].va)
            atomic_store((uint64_t *)s->slot, 0);
    }
}

/* Of a version in limbo the scan has looked for its description too. */
static void free_limbo(void)
{
    uint64_t bytes = 0;
    uint32_t count = 0;
    for (struct version **at = &retire.limbo, *v; (v = *at);) {
        if (v->hold != VERSION_FREE) {
            at = &v->limbo;
            continue;
        }
        *at = v->limbo;
        bytes += v->text.len + v->rodata.len;
        count++;
        unloaded_put(v);
        shut_stubs(v);
        version_destroy(namespace_kernel(), v);
    }
    retire.limbo_count -= count;
    if (count)
        log_write("evolve", LOG_INFO,
                  "%u retired version%s freed, %lu bytes of text and constants", count,
                  count == 1 ? "" : "s", bytes);
}

/* Says whether all that nothing was found of have been clean long enough. They leave together,
 * for they may import from each other. */
static bool all_ripe(uint64_t now, bool *out_any)
{
    bool ripe = true;
    *out_any = false;
    for (struct version *v = namespace_kernel()->versions; v; v = v->next) {
        if (is_held(v)) {
            v->clean_ns = 0;
            continue;
        }
        *out_any = true;
        if (!v->clean_ns)
            v->clean_ns = now;
        ripe = ripe && now - v->clean_ns >= APART_NS;
    }
    return ripe;
}

/* Makes text that was clean twice impossible to execute. Says whether all has been so for long. */
static bool all_off(uint64_t now)
{
    uint64_t period = retire.press_ns ? APART_NS : OFF_NS;
    bool all = true;
    for (struct version *v = namespace_kernel()->versions; v; v = v->next) {
        if (is_held(v) || !stale_applies(v))
            continue;
        all = all && v->off_ns && now - v->off_ns >= period;
        if (!v->off_ns && stale_off(v) != STATUS_OK)
            log_write("evolve", LOG_ERROR, "the text of %s@%u cannot be taken away",
                      v->info.name, v->number);
    }
    return all;
}

/* Who stands on a version in limbo goes on to one that is still in the namespace (retire invariant 5). Who has just
 * come from it to another one is found there by the next scan. */
static void lead_on(void)
{
    for (struct version *v = retire.limbo; v; v = v->limbo) {
        struct version *next = v->next;
        while (next && next->left)
            next = next->next;
        __atomic_store_n(&v->next, next, __ATOMIC_RELEASE);
    }
}

/* Moves what is off to limbo (retire invariant 5). Gives whether a scan is to follow soon. */
static bool leave_namespace(uint64_t now)
{
    struct version *leaving = NULL;
    struct version *last = NULL;
    uint32_t count = 0;
    bool any;
    if (!all_ripe(now, &any) || !all_off(now))
        return true;
    for (struct version *v = namespace_kernel()->versions; v; v = v->next) {
        if (is_held(v))
            continue;
        v->limbo = leaving;
        leaving = v;
        last = last ? last : v;
        count++;
    }
    if (leaving && stale_leave(leaving)) {
        last->limbo = retire.limbo;
        retire.limbo = leaving;
        retire.limbo_count += count;
        lead_on();
    }
    return any;
}

static void scan_end(void)
{
    uint64_t now = clock_ns();
    bool left = false;
    free_limbo();
    lineages_end();
    hold_others();
    drop_lists();
    bool soon = leave_namespace(now);
    for (const struct version *v = namespace_kernel()->versions; v; v = v->next)
        left = left || scan_is_candidate(v);
    retire.pause_s = soon                             ? 1
                     : retire.pause_s * 2 < RESTFUL_S ? retire.pause_s * 2
                                                      : RESTFUL_S;
    retire.next_ns = now + (soon ? APART_NS : retire.pause_s * 1000000000);
    retire.wanted = soon || left || retire.limbo || lineages_seem_over();
    watch_cpus();
}

/* Ends a scan that saw too little to decide anything. */
static void scan_drop(enum version_hold hold)
{
    for (struct version *v = namespace_kernel()->versions; v; v = v->next)
        if (scan_is_candidate(v) && v->hold == VERSION_FREE) {
            v->hold = hold;
            v->clean_ns = 0;
        }
    drop_lists();
    retire.next_ns = clock_ns() + APART_NS;
    watch_cpus();
}

static void scan_begin(uint64_t now)
{
    retire.begun_ns = now;
    retire.stage = TASKS;
    lineages_mark();
    if (!scan_init(&retire.limbo))
        scan_drop(VERSION_UNSEEN);
}

static void step_tasks(uint64_t now)
{
    if (!scan_tasks()) {
        if (now - retire.begun_ns > PATIENCE_NS)
            scan_drop(VERSION_UNSEEN);
    } else if (scan_list_memory()) {
        retire.stage = MEMORY;
    } else {
        scan_drop(VERSION_UNSEEN);
    }
}

/* The end of a lineage does not wait for the next scan, which may be a minute away. */
static void look_at_lineages(uint64_t now)
{
    bool over = lineages_seem_over();
    if (over && !retire.over && retire.stage == IDLE) {
        retire.wanted = true;
        retire.pause_s = 1;
        retire.next_ns = now;
        watch_cpus();
    }
    retire.over = over;
}

/* Gives when to look again; 0: when something happens. */
static uint64_t next_look(uint64_t now)
{
    uint64_t look = lineages_drain() ? now + LINEAGE_NS : 0;
    return !retire.wanted || (look && look < retire.next_ns) ? look : retire.next_ns;
}

struct wait retire_step(uint32_t seq)
{
    uint64_t now = clock_ns();
    look_at_lineages(now);
    if (!retire.wanted || (retire.stage == IDLE && now < retire.next_ns))
        return wait_event(evolve_event(), seq, next_look(now));
    if (retire.stage == IDLE && watch_cpus_came_by())
        scan_begin(now);
    else if (retire.stage == IDLE)
        return wait_event(evolve_event(), seq, now + STEP_GAP_NS);
    else if (retire.stage == TASKS)
        step_tasks(now);
    else if (scan_memory())
        scan_end();
    return wait_event(evolve_event(), seq, clock_ns() + STEP_GAP_NS);
}

uint32_t retire_limbo(void)
{
    return retire.limbo_count;
}

const struct version *retire_first_in_limbo(void)
{
    return retire.limbo;
}

/* Says whether there is so much to be freed that the next attempt had better wait for it. */
static bool is_much(void)
{
    uint64_t bytes = 0;
    uint32_t count = retire.limbo_count;
    for (const struct version *v = namespace_kernel()->versions; v; v = v->next)
        if (scan_is_candidate(v)) {
            bytes += v->text.len + v->rodata.len + v->elf.len;
            count++;
        }
    return count >= PRESS_VERSIONS || bytes >= PRESS_BYTES;
}

bool retire_presses(void)
{
    if (!is_much() && !lineages_press()) {
        retire.press_ns = 0;
        return false;
    }
    if (!retire.press_ns)
        retire.press_ns = clock_ns();
    return clock_ns() - retire.press_ns < PRESS_NS;
}
