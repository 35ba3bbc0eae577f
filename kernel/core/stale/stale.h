/* Retired text that nothing refers to any more, as far as can be found: it cannot be executed,
 * and who tries is named.
 * SPDX-License-Identifier: MIT
 *
 * A pointer can be hidden from a scan. So text is not freed at once: first it loses its right
 * to be executed, and nothing else, for its calls must go on being led to what runs, in case
 * it is needed again. A fault in it gives the right back, says who came and from where, and
 * the code goes on. When it has been freed its addresses are not used again for a while; a
 * fault there names the version that they belonged to, and is a fault like any other.
 *
 * Text that was withdrawn when a swap was taken back is another matter: it must not go on.
 *
 * States of a retired version: executable → off (stale_off) → executable (stale_fault)
 *                              or off → out of the namespace (stale_leave) → freed.
 */
#ifndef NEURATH_CORE_STALE_H
#define NEURATH_CORE_STALE_H

#include <core/namespace/namespace.h>
#include <task/entry/entry.h>

enum { STALE_RECORDS = 16, STALE_TASK_MAX = 24 };

/* One execution of text that was off. No addresses: they would look like references. */
struct stale_record {
    uint64_t number; /* 1 = first since boot */
    uint64_t time_ns;
    char task[STALE_TASK_MAX];
    char place[96]; /* cell@version function+offset: what was executed */
    char caller[96]; /* who called it; "" if it was not called, but returned to or jumped to */
    char holder[8]; /* the register that held the address; "" none */
};

/* Takes from V (retired) the right to be executed. STATUS_UNSUPPORTED: V is of the closure, or
 * has no text. Task context. */
NODISCARD enum status stale_off(struct version *v);
/* Takes the versions of a list (linked by limbo), all of them off, out of the namespace for
 * good. False, and nothing changed: one has been executed since. Task context. */
NODISCARD bool stale_leave(struct version *first);
/* Says whether V can be off at all. */
static inline bool stale_applies(const struct version *v)
{
    return !(v->info.flags & CELL_CLOSURE) && v->text_begin != v->text_end;
}

/* Called for every exception before all else, and once more from the beginning if that faults itself. True: it was the
 * execution of text that is off, which is on again now: FRAME goes on as if nothing had happened. */
bool stale_fault(const struct trap_frame *frame);
/* Called next. True: it was the execution of text that was withdrawn (namespace.h): no fault of the version on trial,
 * but whoever did it has to begin again. Noted like the above. */
bool stale_withdrawn(const struct trap_frame *frame);
/* Writes "cell@number+0xoffset, freed" for an address in text that was freed a short while ago
 * into OUT (LEN bytes). False, and OUT untouched: it is none. Any context. */
bool stale_symbolise(uint64_t va, char *out, size_t len);

/* Executions since boot. */
uint64_t stale_count(void);
/* The newest ones, INDEX 0 first. STATUS_NOT_FOUND: no such record, or it is just being
 * written. Any context. */
NODISCARD enum status stale_at(uint32_t index, struct stale_record *out);

#endif
