/* Elements of the heap go from one form to the other, into new storage, while all tasks stand.
 * SPDX-License-Identifier: MIT
 *
 * elements_take() turns what the walks have named into an *element set*: each element, what it holds now, its copy in
 * the other form, and each pointer that is to lead there. Nothing that runs is touched. The closure stores the
 * pointers under the park if elements and pointers are still the same (commit/transfer.h). There and back are the
 * same work with the forms exchanged. What goes over edges of its owner only gets its storage here; evolve/walk.c fills
 * it. Task context; the swap task is the only user.
 */
#ifndef NEURATH_CORE_PLAN_ELEMENTS_H
#define NEURATH_CORE_PLAN_ELEMENTS_H

#include <core/plan/plan.h>
#include <lib/base/evolve.h>

struct element_names { /* that the walks of one type have given */
    const struct moving_type *type;
    const struct evolve_name *names;
    uint64_t count;
};

struct heap_run;

struct elements_request {
    struct plan *plan;
    int form; /* in which the elements are now: FORM_NEW on the way back */
    const struct element_names *lists;
    uint32_t list_count;
    const struct heap_run *runs; /* all of the heap, sorted by address */
    uint64_t run_count;
    const struct element_set *
        mirror; /* on the way back: of the commit; elements go back to what they were. Or NULL */
};

/* Gives *out; end it with elements_fini() and say before, with elements_free(), which storage is no longer wanted.
 * STATUS_DENIED: *out_why names what cannot follow; STATUS_FULL: no memory. Nothing is changed or taken then. */
NODISCARD enum status elements_take(const struct elements_request *request,
                                    struct element_set **out, struct refusal *out_why);
/* The same in parts, for when tasks still run: elements_list() only takes the new storage and notes which places are named,
 * elements_transfer() fills COUNT elements from FIRST on, from what they hold just then. What these refuse may be another
 * thing a moment later. Such a set is a *draft*; while all tasks stand it is made true in two steps. */
NODISCARD enum status elements_list(const struct elements_request *request,
                                    struct element_set **out, struct refusal *out_why);
NODISCARD enum status elements_transfer(const struct elements_request *request,
                                        struct element_set *set, uint64_t first,
                                        uint64_t count, struct refusal *out_why);
/* Compares the draft SET with what the walks of REQUEST name now: marks elements and places that they still name, and notes
 * those that have come (set->fresh). Reads none of them. STATUS_AGAIN: there is no room for so many, or walks disagree. */
NODISCARD enum status elements_match(const struct elements_request *request,
                                     struct element_set *set);
/* What elements_match() has found is known to be live: drops what is no longer named, adds what has come, and brings to the other
 * form again whatever holds something else than before. The storage that it drops is freed. STATUS_AGAIN, STATUS_FULL,
 * STATUS_DENIED as above; then SET is only fit to be dropped. */
NODISCARD enum status elements_renew(const struct elements_request *request,
                                     struct element_set *set, struct refusal *out_why);
/* Gives the set that takes SET's stores back as long as nobody has seen them: it leads from the new storage to the old
 * elements, which stay as they are. STATUS_FULL. */
NODISCARD enum status elements_mirror(const struct element_set *set,
                                      struct element_set **out);
/* SET has the same elements as when MIRROR was made of it; its slots may be others. */
void elements_mirror_slots(const struct element_set *set, struct element_set *mirror);
/* The stores were made to which MIRROR (NULL accepted) belongs, and nobody has run since: notes what the new elements hold.
 * On the way back a number that is still the same comes back as it was, also where the two forms cannot both hold it. */
void elements_note_stored(struct element_set *mirror);
/* Says whether LISTS, and the marks of PLAN's new form, name exactly what the stores have made to which MIRROR belongs:
 * each new element, and each pointer stored. Else *out_why says what is missing, or too much. */
bool elements_agree(const struct plan *plan, struct element_set *mirror,
                    const struct element_names *lists, uint32_t list_count,
                    struct refusal *out_why);
/* Frees the storage that SET leads to (TO), or came from. SET may be NULL. */
void elements_free(const struct element_set *set, bool to);
/* Ends SET (NULL accepted), not the storage of elements. */
void elements_fini(struct element_set *set);
/* Says whether OBJECT of the heap is one of SET's lists (NULL accepted), which hold addresses of elements. */
bool elements_own(const struct element_set *set, uint64_t object);
/* Frees a LIST (NULL accepted) of LEN bytes that holds addresses: who takes that memory next must not seem to hold them. */
void elements_forget(void *list, uint64_t len);

#endif
