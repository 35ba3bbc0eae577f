/* Pointers from outside that follow what goes back.
 * SPDX-License-Identifier: MIT
 */
#include <core/evolve/followers.h>

#include <console/log/log.h>
#include <core/commit/transfer.h>
#include <core/evolve/leaving.h>
#include <core/plan/elements.h>
#include <lib/base/evolve.h>
#include <mm/heap/heap.h>
#include <string.h>

enum { FIRST_ROOM = 16 };

static struct {
    struct element_set *set; /* slots alone; NULL: nothing was noted, or another set has them */
    bool full;
    bool late; /* the old text runs again */
    uint32_t lost;
    uint64_t lost_at; /* the first one */
    const char *lost_cell;
    const char *lost_key;
} followers;
EVOLVE_DROPS(followers); /* a set is only there between the search and the stores */

static void begin(bool late)
{
    followers_end(NULL);
    followers.late = late;
}

void followers_begin(void)
{
    begin(false);
}

/* Makes room in SET for COUNT of each list. False: no memory, nothing was changed. */
static bool widen(struct element_set *set, uint64_t count)
{
    struct element *elements = heap_new_array(struct element, count);
    struct element_slot *slots = heap_new_array(struct element_slot, count);
    if (!elements || !slots) {
        heap_free(elements);
        heap_free(slots);
        return false;
    }
    if (set->count)
        memcpy(elements, set->elements, set->count * sizeof *elements);
    if (set->slot_count)
        memcpy(slots, set->slots, set->slot_count * sizeof *slots);
    elements_forget(set->elements, set->room * sizeof *elements);
    elements_forget(set->slots, set->room * sizeof *slots);
    set->elements = elements;
    set->slots = slots;
    set->room = count;
    return true;
}

static bool has_room(void)
{
    struct element_set *s = followers.set;
    if (!s)
        s = followers.set = heap_new(struct element_set);
    if (!s)
        return false;
    return s->slot_count < s->room || widen(s, s->room ? 2 * s->room : FIRST_ROOM);
}

/* In a home that both forms use, an address may be one that the old text has taken since, of another field. But none of the
 * old form lies behind its end. */
static bool may_be_old(const struct migration *m, uint64_t offset)
{
    return m->old_va == m->new_va && offset <= m->old_len;
}

/* Gives false if VA leads nowhere, or perhaps means something else by now. */
static bool follow(const struct migration *m, const struct element *e, uint64_t *va)
{
    uint64_t offset = m ? *va - m->new_va : 0;
    if (!m)
        return element_follow(e, va);
    if ((followers.late && may_be_old(m, offset)) ||
        !transfer_offset(&m->reverse, offset, &offset))
        return false;
    *va = m->old_va + offset;
    return true;
}

bool followers_note(uint64_t at, uint64_t va, const struct migration *m,
                    const struct element *e)
{
    uint64_t to = va;
    if (!follow(m, e, &to)) {
        if (!followers.lost++) {
            followers.lost_at = at;
            followers.lost_cell = m ? m->cell : NULL;
            followers.lost_key = m ? m->key : NULL;
        }
        return false;
    }
    if (!has_room()) {
        followers.full = true;
        return false;
    }
    struct element_set *s = followers.set;
    s->slots[s->slot_count++] =
        (struct element_slot){.at = at, .word = (uint64_t *)at, .before = va, .after = to};
    return true;
}

static void tell(void)
{
    if (followers.lost)
        log_write(
            "evolve", LOG_WARNING,
            "%u words may point to what is no more where it was, the first at 0x%lx "
            "(into %s of %s)",
            followers.lost, followers.lost_at,
            followers.lost_key ? followers.lost_key : "an object",
            followers.lost_cell ? followers.lost_cell : "the heap");
}

/* The search is over, so nobody needs the slots of INTO to be sorted any more. */
static bool merge(struct element_set *into, const struct element_set *from)
{
    uint64_t count = into->slot_count + from->slot_count;
    if (!widen(into, max_u64(count, into->room)))
        return false;
    memcpy(into->slots + into->slot_count, from->slots,
           from->slot_count * sizeof *from->slots);
    into->slot_count = count;
    return true;
}

bool followers_join(struct plan *plan)
{
    struct migration_list *all = &plan->migrations;
    if (followers.full)
        return false;
    tell();
    if (!followers.set)
        return true;
    log_write("evolve", LOG_INFO, "%lu pointers from outside are led to the old form",
              followers.set->slot_count);
    if (!all->elements) {
        all->elements = followers.set;
        return true;
    }
    if (!merge(all->elements, followers.set))
        return false;
    followers_end(NULL);
    return true;
}

void followers_lead(const struct plan *plan)
{
    uint64_t led = 0;
    bool full = false;
    if (!plan->migrations.moving_count)
        return;
    begin(true);
    if (leaving_init(plan, true) && holders_init(plan, true) && holders_any()) {
        while (holders_ahead())
            continue;
        (void)holders_keep(&full);
    }
    const struct element_set *s = followers.set;
    for (uint64_t i = 0; s && i < s->slot_count; i++) {
        uint64_t before = s->slots[i].before;
        led += __atomic_compare_exchange_n(s->slots[i].word, &before, s->slots[i].after,
                                           false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    }
    if (led)
        log_write("evolve", LOG_INFO, "%lu pointers were led to where the old form is",
                  led);
    tell();
    leaving_fini();
    holders_fini();
    followers_end(NULL);
}

void followers_end(struct plan *plan)
{
    if (plan && followers.set && plan->migrations.elements == followers.set)
        plan->migrations.elements = NULL;
    elements_fini(followers.set);
    memset(&followers, 0, sizeof followers);
}

bool followers_own(uint64_t object)
{
    const struct element_set *s = followers.set;
    return s && (object == (uint64_t)s || object == (uint64_t)s->slots ||
                 object == (uint64_t)s->elements);
}
