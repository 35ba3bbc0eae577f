/* Judges what a version on trial does with memory.
 * SPDX-License-Identifier: MIT
 */
#include <core/evolve/leaks.h>

#include <core/evolve/leaving.h>
#include <core/evolve/unreached.h>

#include <console/log/log.h>
#include <core/plan/elements.h>
#include <mm/frame/frame.h>
#include <mm/heap/heap.h>
#include <stdio.h>
#include <string.h>
#include <task/task/task.h>
#include <time/clock/clock.h>

enum {
    ROOM = 8192,   /* objects that are noted */
    LOW_SHARE = 8, /* less than this part of what was free before is too little to go on */
    MUCH_SHARE =
        16, /* objects that take this part of it are looked at before the trial is over */
    AGAIN = 2,      /* lost objects are a leak when they grew so often, ... */
    LEAST = 8,      /* ... by so many, ... */
    GROWTHS = 3,    /* ... or by fewer when they grew so often */
    STILL = 4,      /* looks without growth after which what is lost is not a leak */
    SURE_LOOKS = 2, /* by so many an object is lost: others may have been on their way */
    GAP_MS = 50,
    CALM_MS = 1000,     /* during the trial, when all was reached */
    PATIENCE_MS = 2000, /* after the trial, and no less than ... */
    PATIENCE_LOOKS = 8,
    STAND_MS = 2000, /* for one look while all tasks stand */
    SURE_MS = 3000,  /* until it has begun */
};

static struct {
    bool on;
    struct heap_watch watch;
    uint64_t free_frames; /* when the trial began */
    uint64_t held_bytes;  /* by the heap, then */
    bool keeper; /* what gives memory out is in the set: any of it may be its doing */
    bool looking;
    uint64_t next_ns;     /* of the next look */
    uint64_t since_ns;    /* of the first look after the trial; 0: none yet */
    uint32_t since_looks; /* that were made by then */
    uint64_t sure_end_ns; /* the look while all stand has to have begun by then; 0: not wanted */
    uint32_t looks; /* that were made */
    uint32_t lost;  /* objects, at the last look */
    uint32_t first; /* serial of what was taken last before the first look */
    uint32_t grown; /* serial of what was taken last when they grew last, or of first */
    uint32_t growths;
    uint32_t still;
    bool judged; /* it is no leak */
} leaks;

/* Objects of one version that nothing leads to. */
struct loss {
    const struct version *of;
    uint64_t site; /* of the first of them */
    uint32_t count;
    uint64_t bytes;
};

/* Objects of all versions. */
struct losses {
    uint32_t count;      /* nothing leads to them */
    uint32_t later;      /* of these were taken after the first look */
    uint32_t newest;     /* serial of the one that was taken last */
    uint32_t candidates; /* that may be so */
};

static bool is_one_of(const char *name, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(name, list[i]) == 0)
            return true;
    return false;
}

/* Somebody knows that V leaks, and wants it all the same: CELL:leak. */
static bool is_agreed(const struct attempt *a, const struct version *v)
{
    char name[96];
    snprintf(name, sizeof name, "%s:leak", v->info.name);
    return is_one_of(name, (const char *const *)a->consent, a->consent_count);
}

void leaks_prepare(const struct attempt *a)
{
    static const char *const everybodys[] = {"heap", "entry"}; /* all comes through them */
    static const char *const keepers[] = {"heap", "frame", "paging"};
    leaks_end();
    struct address_range *texts =
        heap_new_array(struct address_range, a->plan->cell_count + 1);
    struct heap_taken *taken = heap_new_array(struct heap_taken, ROOM);
    leaks.watch = (struct heap_watch){.texts = texts, .taken = taken, .room = ROOM};
    for (uint32_t i = 0; texts && i < a->plan->cell_count; i++) {
        const struct version *v = a->plan->cells[i].fresh;
        if (v && is_one_of(v->info.name, keepers, ARRAY_LEN(keepers)))
            leaks.keeper = true;
        if (v && !is_one_of(v->info.name, everybodys, ARRAY_LEN(everybodys)) &&
            !is_agreed(a, v))
            texts[leaks.watch.text_count++] =
                (struct address_range){v->text_begin, v->text_end};
    }
    if (!texts || !taken)
        log_write("evolve", LOG_WARNING, "no memory to notice a leak");
}

void leaks_begin(void)
{
    struct frame_stats frames;
    struct heap_stats heap;
    frame_stats_read(&frames);
    heap_stats_read(&heap);
    leaks.free_frames = frames.free;
    leaks.held_bytes = heap.held_bytes;
    leaks.on = true;
    frame_warn(frames.free / LOW_SHARE, evolve_event());
    if (leaks.watch.texts && leaks.watch.taken)
        heap_watch_begin(&leaks.watch);
}

void leaks_end(void)
{
    if (leaks.on) {
        heap_watch_end();
        frame_warn(0, NULL);
    }
    if (leaks.sure_end_ns)
        task_gate_open();
    unreached_end();
    heap_free((void *)leaks.watch.texts);
    elements_forget(leaks.watch.taken, ROOM * sizeof *leaks.watch.taken);
    memset(&leaks, 0, sizeof leaks);
}

/* ---- one look ------------------------------------------------------------------------------ */

static void count_loss(const struct heap_taken *taken, void *arg)
{
    struct losses *l = arg;
    l->candidates += taken->looks > 0;
    if (taken->looks < SURE_LOOKS)
        return;
    l->count++;
    l->later += taken->serial > leaks.first;
    l->newest = taken->serial > l->newest ? taken->serial : l->newest;
}

/* Counts the losses of one version. */
static void count_of_version(const struct heap_taken *taken, void *arg)
{
    struct loss *loss = arg;
    if (taken->looks < SURE_LOOKS || taken->site < loss->of->text_begin ||
        taken->site >= loss->of->text_end)
        return;
    if (loss->count++ == 0)
        loss->site = taken->site;
    loss->bytes += taken->len;
}

/* Says who lost most. */
static struct loss most_lost(void)
{
    struct loss most = {0};
    for (uint32_t i = 0; i < leaks.watch.text_count; i++) {
        struct loss loss = {
            .of = namespace_version_at(namespace_kernel(), leaks.watch.texts[i].begin)};
        if (loss.of)
            heap_watch_each(count_of_version, &loss);
        if (loss.count > most.count)
            most = loss;
    }
    return most;
}

static enum leaks_state found(struct refusal *out)
{
    struct loss loss = most_lost();
    char place[128];
    if (!loss.count)
        return LEAKS_NONE;
    namespace_symbolise(namespace_kernel(), loss.site, place, sizeof place);
    (void)refuse(
        out, "leak", loss.of->info.name, NULL, NULL,
        "%s loses memory: nothing leads any more to %u objects (%lu bytes) that "
        "it took in the trial, one of them at %s. To have it so: --consent %s:leak",
        loss.of->info.name, loss.count, loss.bytes, place, loss.of->info.name);
    return LEAKS_FOUND;
}

/* Goes on with a look; true when there is one to judge. */
static bool look(struct losses *out)
{
    if (!leaks.looking) {
        if (clock_ns() < leaks.next_ns)
            return false;
        leaks.looking = unreached_begin(&leaks.watch);
        leaks.next_ns = clock_ns() + GAP_MS * 1000000ull;
    }
    if (leaks.looking && !unreached_step())
        return false;
    leaks.looking = false;
    if (leaks.looks++ == 0)
        leaks.first = leaks.grown = leaks.watch.serials;
    *out = (struct losses){0};
    heap_watch_each(count_loss, out);
    return true;
}

static bool is_leak(const struct losses *now)
{
    return (leaks.growths >= AGAIN && now->later >= LEAST) ||
           (leaks.growths >= GROWTHS && now->later > GROWTHS) ||
           now->count >= ROOM / 2; /* what comes after them is not noted */
}

/* Says whether what is lost seems to be a leak by now. They have grown when one was taken since they had grown before: more of
 * them are lost too when the last word that by chance led to one is gone. */
static bool grows(const struct losses *now)
{
    bool grew = now->newest > leaks.grown;
    leaks.growths += grew;
    leaks.still = grew ? 0 : leaks.still + 1;
    if (grew)
        leaks.grown = leaks.watch.serials;
    leaks.lost = now->count;
    return is_leak(now);
}

/* ---- to be sure ---------------------------------------------------------------------------- */

/* A whole look while nobody moves a pointer about. False: somebody still runs, or it took too long. */
static bool look_while_all_stand(void)
{
    bool done = false;
    if (!task_gate_close(clock_ns() + STAND_MS * 1000000ull))
        return false;
    if (!frames_all_stand())
        return false;
    if (unreached_begin(&leaks.watch))
        while (!done && task_gate_mine()) {
            guard_beat();
            done = unreached_step();
        }
    done = done && task_gate_mine();
    task_gate_open();
    unreached_end();
    return done;
}

/* What was missed because it was on its way, in one look after the other, is found now. Machines with so much memory that
 * it cannot be looked at in STAND_MS take nothing back for a leak. */
static enum leaks_state make_sure(struct refusal *out)
{
    struct losses now = {0};
    if (!look_while_all_stand()) {
        if (clock_ns() < leaks.sure_end_ns)
            return LEAKS_LOOKING;
        task_gate_open();
        log_write("evolve", LOG_WARNING,
                  "%u objects seem to be lost; there was no time to make sure",
                  leaks.lost);
        leaks.sure_end_ns = 0;
        leaks.judged = true;
        return LEAKS_NONE;
    }
    leaks.sure_end_ns = 0;
    heap_watch_each(count_loss, &now);
    leaks.lost = now.count;
    if (is_leak(&now) && found(out) == LEAKS_FOUND)
        return LEAKS_FOUND;
    leaks.growths = 0;
    return LEAKS_LOOKING;
}

static enum leaks_state begin_to_make_sure(void)
{
    leaks.sure_end_ns = clock_ns() + SURE_MS * 1000000ull;
    return LEAKS_LOOKING;
}

/* ---- during the trial, and at its end ------------------------------------------------------ */

static uint64_t free_frames(void)
{
    struct frame_stats frames;
    frame_stats_read(&frames);
    return frames.free;
}

/* Says whether most of what is gone are objects that others have taken. */
static bool others_took(uint64_t gone_bytes)
{
    struct heap_stats heap;
    heap_stats_read(&heap);
    uint64_t own = leaks.watch.bytes + leaks.watch.unnoted_bytes + leaks.held_bytes;
    uint64_t others = heap.held_bytes > own ? heap.held_bytes - own : 0;
    return !leaks.keeper && others > gone_bytes / 2;
}

bool leaks_press(void)
{
    uint64_t free = leaks.on ? free_frames() : 0;
    return leaks.on && free < leaks.free_frames / LOW_SHARE &&
           !others_took((leaks.free_frames - free) * PAGE_SIZE);
}

static enum leaks_state out_of_memory(struct refusal *out)
{
    (void)refuse(out, "memory", NULL, NULL, NULL,
                 "the kernel runs out of memory: of %lu KiB that were free before the "
                 "swap %lu are left",
                 leaks.free_frames * PAGE_SIZE / 1024, free_frames() * PAGE_SIZE / 1024);
    return LEAKS_FOUND;
}

/* Too much for waiting until the trial is over. */
static bool is_much(void)
{
    return leaks.watch.unnoted ||
           leaks.watch.bytes > leaks.free_frames * PAGE_SIZE / MUCH_SHARE;
}

enum leaks_state leaks_look(struct refusal *out_reason)
{
    struct losses now;
    if (leaks_press())
        return out_of_memory(out_reason);
    if (leaks.sure_end_ns)
        return make_sure(out_reason);
    if (!leaks.on || leaks.since_ns || leaks.judged || (!leaks.looking && !is_much()))
        return LEAKS_NONE; /* or leaks_judge() is asked */
    if (!look(&now))
        return leaks.looking ? LEAKS_LOOKING : LEAKS_NONE;
    if (now.candidates == 0)
        leaks.next_ns = clock_ns() + CALM_MS * 1000000ull;
    return grows(&now) ? begin_to_make_sure() : LEAKS_NONE;
}

enum leaks_state leaks_judge(struct refusal *out_reason)
{
    struct losses now;
    if (leaks.sure_end_ns)
        return make_sure(out_reason);
    if (!leaks.on || leaks.judged || (leaks.watch.count == 0 && !leaks.looking))
        return LEAKS_NONE;
    if (!leaks.since_ns) {
        leaks.since_ns = clock_ns();
        leaks.since_looks = leaks.looks;
    }
    if (!look(&now))
        return LEAKS_LOOKING;
    if (grows(&now))
        return begin_to_make_sure();
    bool over =
        leaks.still >= STILL || (clock_ns() - leaks.since_ns > PATIENCE_MS * 1000000ull &&
                                 leaks.looks - leaks.since_looks >= PATIENCE_LOOKS);
    if (over && now.count)
        log_write("evolve", LOG_WARNING,
                  "%u objects that were taken in the trial are lost", now.count);
    leaks.judged =
        over || (now.count == 0 && (now.candidates == 0 || leaks.looks >= SURE_LOOKS));
    return leaks.judged ? LEAKS_NONE : LEAKS_LOOKING;
}
