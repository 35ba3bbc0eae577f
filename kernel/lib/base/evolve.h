/* Marks by which a cell's source says what becomes of its data when it replaces a running version. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_LIB_BASE_EVOLVE_H
#define NEURATH_LIB_BASE_EVOLVE_H

#include <lib/base/types.h>

/* A swap keeps what it finds: live values stay, also where the initialiser changed; fields of a changed type move by
 * name. Where the author knows better, a mark at file scope says so. NAME is that of the object; of a static in a
 * function: function__name. A mark is a constant byte of the cell, found by its name; it costs nothing else, and stays
 * right for who skips versions: leave it in until no machine runs a version that it was for. */
#define EVOLVE_MARK(mark, name)                                                          \
    static const char evolve_##mark##_##name __attribute__((used)) = 1

/* The object NAME is gone from this version, and its value may be forgotten. Or: it lost elements, or became narrower,
 * and what does not fit may be forgotten. Of a type that walks name (below): elements that come during the trial may go back
 * without a field that only the old form has. During the trial nothing is gone: a revert brings it back. The mark counts in
 * both versions, so that a version that adds an object can say that going back from it may lose that.
 * Of a function that is gone: tasks whose step it was end, as those of a cell that goes; the hook `evolved` may make others. */
#define EVOLVE_DROPS(name) EVOLVE_MARK(drops, name)
/* The object NAME begins with this version's initialiser, whatever it held before. */
#define EVOLVE_REINIT(name) EVOLVE_MARK(reinit, name)
/* The object NAME holds nothing that outlives what this cell is doing just now: where its form changes, it begins with this
 * version's initialiser. The mark counts in both versions. What the engine's closure (cell.mk, `closure`) works with has to
 * say so: there the old object stays with the old version, which goes on with it, and the new one lies beside it. */
#define EVOLVE_SCRATCH(name) EVOLVE_MARK(scratch, name)
/* All objects of the type `struct NAME` are named objects of the cell, or parts of them, or of elements that a walk names
 * (below): none lies on the heap by itself. So its form may change, though the cell uses pointers to it. */
#define EVOLVE_NO_HEAP(name) EVOLVE_MARK(no_heap, name)
/* What this cell puts into frames that it takes (mm/frame) are objects of `struct NAME`, and of no other one; `none`: there are
 * page tables, buffers or text. Without it each type to which the cell has pointers counts as one that may lie there. */
#define EVOLVE_FRAMES(name) EVOLVE_MARK(frames, name)
/* What NAME, a function of this cell, is given as `void *` stays its caller's: the cell puts no struct there. Without it such a
 * function counts as a source of memory, and each type to which the cell has pointers as one that may lie there. */
#define EVOLVE_LENT(name) EVOLVE_MARK(lent, name)
/* The form of `struct NAME` is known to more than compilers: to the processor, a device, or assembly. A swap in which it
 * changes is refused, for what reads it would go on reading the old one. */
#define EVOLVE_FROZEN(name) EVOLVE_MARK(frozen, name)
/* The processor or a device has the address of the object NAME, or of a field of it, where no search finds it. A swap in which
 * what it has would lie elsewhere is refused; more may come behind. */
#define EVOLVE_IN_PLACE(name) EVOLVE_MARK(in_place, name)
/* The object NAME of this cell is the one that CELL had until now, with its value and its address: the cell was split,
 * merged, or gave it away. CELL must lose it in the same release. Its type may change with that, and its meaning too
 * (EVOLVE_STATE, with the edges here), but not the structs that it points to. The mark counts in both versions:
 * on the way back CELL, which then knows nothing of this one, gets the object again. When it goes on to a third cell, that says
 * so of each owner before: a machine may skip the second. */
#define EVOLVE_TAKES(cell, name) EVOLVE_MARK(takes_##cell##_, name)
/* The object NAME of this cell is the one that it called OLD until now, with its value and its address; its type may change
 * too, and its meaning, over edges (EVOLVE_STATE_EDGE) of the new name. A static of a function is FUNCTION__NAME here. As
 * with EVOLVE_TAKES the mark counts in both versions. */
#define EVOLVE_RENAMED(old, name) EVOLVE_MARK(renamed_##old##_, name)

/* ---- the same form, another meaning ------------------------------------------------------------------------------
 *
 * Seconds become milliseconds, an index begins at 1: the form says nothing of it, so the source has to. NAME, an object
 * of the cell or the tag of a struct, has the meaning number STATE, a decimal number; without this mark it has 0. A swap
 * between versions with different states is refused unless edges lead from one to the other; numbers need no order. For a
 * struct in a header the mark stands beside it, and so do its edges. Structs go over EVOLVE_EDGE (below; a form of the past
 * has a state too), wherever they lie: on the heap, and in the fields and arrays of whatever holds them by value, which need
 * not say anything. If that has edges of its own, they are called when what it holds has been turned, and leave that alone; in
 * which form it is at each end the edge's types say. A union's members nobody knows, so only an edge of the whole can turn them.
 * Objects go over EVOLVE_STATE_EDGE, which is followed by a body that brings OBJECT from one state, in which it has
 * that type, to another:
 *
 *     static uint64_t patience; // in milliseconds; was uint32_t, in seconds
 *     EVOLVE_STATE(patience, 1);
 *     EVOLVE_STATE_EDGE(patience, 0, uint32_t, 1, uint64_t) { *is = *was * 1000ull; }
 *     EVOLVE_STATE_EDGE(patience, 1, uint64_t, 0, uint32_t) { *is = (uint32_t)(*was / 1000); }
 *
 * `was` and `is` are copies. Fields of equal name have moved before; what has no counterpart holds its initialiser, or, on
 * the way back, what it held before the swap. So the form may change as well, also where names alone would refuse: a
 * number that does not fit has to be stored by the edge. Pointers in them may be copied, not followed. An edge is
 * called, as walks are, in a task of its own while every other task stands; what an interrupt handler stores into
 * the object meanwhile is not lost: then all is done again. A fault in it, or its time being over, refuses the swap;
 * the edge back is tried at the same time. A swap that skips versions goes from edge to edge, so keep all of them as long
 * as some machine runs a version in that state. For each edge there has to be the one back; an object that the new
 * version has not stored into comes back as it was, whatever that edge loses. A past type that is a struct needs a tag.
 * EVOLVE_REINIT, or EVOLVE_DROPS (or consent) where no edge leads, begin with the initialiser instead. */
#define EVOLVE_STATE(name, state)                                                        \
    EVOLVE_DECIMAL(state);                                                               \
    EVOLVE_MARK(state_##name##_, state)
/* The number becomes part of a name: 1u would be another one, which means nothing. */
#define EVOLVE_DECIMAL(number)                                                           \
    _Static_assert((int)number##.0 >= 0, "a state is a decimal number")

#define EVOLVE_STATE_EDGE(object, from, from_type, to, to_type)                           \
    static const __typeof__(from_type) *const evolve_from_##object##__##from##__##to      \
        __attribute__((used)) = 0;                                                        \
    static const __typeof__(to_type) *const evolve_into_##object##__##from##__##to        \
        __attribute__((used)) = 0;                                                        \
    static void evolve_step_##object##__##from##__##to(                                   \
        const __typeof__(from_type) *was, __typeof__(to_type) *is) __attribute__((used)); \
    static void evolve_step_##object##__##from##__##to(const __typeof__(from_type) *was,  \
                                                       __typeof__(to_type) *is)

/* The object NAME, an uint32_t, counts what this cell has made and others hold. When its lineage (cell.mk, `lineage`) drains,
 * it ends with the last of them: then CELL_stop(), if there is one, gives back what CELL_start() took, and text and data are
 * freed. Count before it is handed out, and at the very end of what takes it back. */
#define EVOLVE_IN_USE(name) EVOLVE_MARK(in_use, name)

/* EVOLVE_CHECK(name) is followed by a body that returns NULL, or a text that says which of the cell's results is wrong. It
 * is run in each trial of the cell, and of a cell that this one calls: when the hooks have ended, and once more before the
 * swap is permanent. A text, a fault, or no end within two seconds takes the swap back. Other tasks go on meanwhile, so it
 * judges what does not depend on them: known answers, round trips, invariants. It must not block, and leaves nothing behind.
 *
 *     EVOLVE_CHECK(sums)
 *     {
 *         return sum(2, 2) == 4 ? NULL : "two and two are not four";
 *     } */
#define EVOLVE_CHECK(name)                                                               \
    static const char *evolve_check_##name(void) __attribute__((used));                  \
    static const char *evolve_check_##name(void)

/* ---- objects of the heap ------------------------------------------------------------------------------------------
 *
 * Elements (lists, trees, tables of pointers) of a type whose form changes are moved to new storage when their owner says
 * where they are. EVOLVE_WALKS(node) is followed by the body of a *walk*: it names each element of the type
 * `struct node`, and each pointer to one that lies outside of them. Pointers in elements follow by themselves, also those
 * into the middle of an element (a link of a list).
 *
 *     EVOLVE_WALKS(node)
 *     {
 *         struct node *node;
 *         evolve_list(walk, &nodes);
 *         list_for_each(node, &nodes, link) evolve_element(walk, node);
 *         evolve_pointer(walk, &newest);
 *     }
 *
 * A walk goes over what the running version has: each version walks the form that is its own. It is called by the engine,
 * in a task of its own, while every other task stands; it reads, changes nothing, takes no lock, and has to end within
 * a fraction of a second. A fault in it, or its time being over, refuses the swap. A pointer that it forgets is found by
 * the engine, and refuses the swap as well. Cells that share the type may each have a walk; they name what they hold.
 *
 * Elements are whole objects of the heap: what heap_alloc() gave, one element each, or an array of them. The engine takes
 * new ones from the heap, and frees the old ones when the swap is permanent. */
struct evolve_name {
    uint64_t at; /* of an element, or of a pointer to one */
    uint64_t count; /* elements that follow each other; 0: at is a pointer's place; or EVOLVE_TAILED */
};
#define EVOLVE_TAILED UINT64_MAX

struct evolve_walk {
    struct evolve_name *names;
    uint64_t room;
    uint64_t count; /* of names; more than room: the engine calls again with more room */
};

#define EVOLVE_WALKS(tag)                                                                \
    static void evolve_walk_##tag(struct evolve_walk *walk) __attribute__((used));       \
    static void evolve_walk_##tag(struct evolve_walk *walk)

/* `struct PAST` of this source is a form that `struct TAG` had, field by field; its walk is EVOLVE_WALKS(past). It is for
 * a running version that has no walk of its own, and for the way back to it; it may only use data whose form does not
 * change in the same swap. */
#define EVOLVE_WAS(tag, past) EVOLVE_MARK(was_##tag##_, past)

static inline void evolve_name(struct evolve_walk *walk, const void *at, uint64_t count)
{
    if (walk->count < walk->room)
        walk->names[walk->count] = (struct evolve_name){(uint64_t)at, count};
    walk->count++;
}

/* Names one element. */
static inline void evolve_element(struct evolve_walk *walk, const void *element)
{
    evolve_name(walk, element, 1);
}

/* Names COUNT elements that are one object of the heap. */
static inline void evolve_array(struct evolve_walk *walk, const void *first,
                                uint64_t count)
{
    if (count)
        evolve_name(walk, first, count);
}

/* Names one element with a *tail*: bytes of its own in the same object of the heap, from the next multiple of 16 behind the
 * struct to the object's end. They go along as they are, whatever a word of them is like, and pointers to any of them follow.
 * Where such a word is a pointer, the walk says so with evolve_pointer(); in a tail it may lie at any address. */
static inline void evolve_tailed(struct evolve_walk *walk, const void *element)
{
    evolve_name(walk, element, EVOLVE_TAILED);
}

/* Names a pointer to an element, or into one. It may be NULL, or lead elsewhere. */
static inline void evolve_pointer(struct evolve_walk *walk, const void *place)
{
    evolve_name(walk, place, 0);
}

/* Names both pointers of the head of a list (lib/base/list.h). */
static inline void evolve_list(struct evolve_walk *walk, const void *head)
{
    evolve_name(walk, head, 0);
    evolve_name(walk, (const uint8_t *)head + sizeof(void *), 0);
}

/* The object NAME of this cell holds pointers to elements: those of its words that lead to one follow, as if a walk had named
 * them. For what a walk cannot name: a static of another of the cell's source files. */
#define EVOLVE_POINTS(name) EVOLVE_MARK(points, name)

/* EVOLVE_FILLS(node) is followed by a body that completes an element of the new form: it is called, like a walk, for each
 * element after its fields have moved. What did not come from the old form is zero, and EVOLVE_IS_NEW() says so of a field;
 * `fill->was` is the old form, `fill->object` the new one. It stores into that only, and need not know which
 * version ran before: a field that the old form had keeps its value. What a pointer of the new one leads to may be read: an
 * element there has its fields, but perhaps was not filled yet. */
struct evolve_fill {
    void *object;
    const void *was;
    const uint8_t *known; /* by byte of the object: it came from the old form */
};

#define EVOLVE_FILLS(tag)                                                                \
    static void evolve_fill_##tag(const struct evolve_fill *fill) __attribute__((used)); \
    static void evolve_fill_##tag(const struct evolve_fill *fill)
/* EVOLVE_ACCEPTS(node) is followed by a body that returns NULL, or a text that says why an element cannot go on in this
 * version's form: something was agreed with others that only the old form knows. Then the swap is refused, with that text. It is
 * called for each element when all fields have moved, and only reads; never on the way back, which has no choice. */
#define EVOLVE_ACCEPTS(tag)                                                              \
    static const char *evolve_accept_##tag(const struct evolve_fill *fill)               \
        __attribute__((used));                                                           \
    static const char *evolve_accept_##tag(const struct evolve_fill *fill)
#define EVOLVE_IS_NEW(fill, type, field) (!(fill)->known[__builtin_offsetof(type, field)])

/* EVOLVE_EDGE(from, to) is followed by a body that does what names cannot when `struct from` becomes `struct to`: a field
 * with another unit, one that is computed from two. One of both is a form of the past (EVOLVE_WAS), or both are, in the
 * order in which they came: a swap that skips versions, either way, goes from edge to edge. Fields of equal name have
 * moved before, and what turns in it by edges of its own; `was` and `is` are copies of one struct, and pointers in them may
 * be copied, not followed. Statics that are such a struct, or hold one by value, go over the edges too. For each edge
 * there has to be the one back. Keep them as long as some machine runs a version that they lead from, or is to go back to. */
#define EVOLVE_EDGE(from, to)                                                            \
    static void evolve_edge_##from##__##to(const struct from *was, struct to *is)        \
        __attribute__((used));                                                           \
    static void evolve_edge_##from##__##to(const struct from *was, struct to *is)

#endif
