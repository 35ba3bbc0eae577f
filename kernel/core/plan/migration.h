/* How objects go from an old form to a new one: lists of simple moves, prepared by the plan.
 * SPDX-License-Identifier: MIT
 *
 * A *migration* is one data object whose type or length changes. Its moves say where each field
 * of the old form goes in the new one; what no move touches keeps the new initialiser. The moves
 * of the way back are listed at the same time: what they do not touch keeps the bytes that the
 * old form had at the commit. The closure carries moves out under the park (commit/transfer.h),
 * so everything here is plain data in memory that the plan took.
 * Places in objects are counted in bits, because fields may be bit fields. Source: design 3, 4.
 */
#ifndef NEURATH_CORE_PLAN_MIGRATION_H
#define NEURATH_CORE_PLAN_MIGRATION_H

#include <lib/base/types.h>

enum move_kind {
    MOVE_COPY,   /* bytes as they are */
    MOVE_NUMBER, /* an integer, widened or narrowed; bit fields too */
    MOVE_NAME,   /* an enumerator, by its name */
    MOVE_FUNCTION, /* the address of a function, by what its type becomes: by renamings too */
    MOVE_UNUSED, /* moves nothing: these bytes must still be as they were initialised */
    MOVE_PLACE,  /* moves nothing: here lies a struct or array, for pointers to it */
    MOVE_TURNED, /* moves nothing: the first of a list, it says that edges make the other form (turn.h); the other moves only
                  * say where pointers lead */
};

/* COUNT elements, each FROM_STRIDE bits after the one before (1 element: strides are 0). */
struct field_move {
    uint64_t from_bit;
    uint64_t to_bit;
    uint64_t from_bits; /* of a copy or place: its length */
    uint64_t to_bits;
    uint64_t from_stride;
    uint64_t to_stride;
    uint32_t count;
    uint32_t first_renaming; /* MOVE_NAME, MOVE_FUNCTION */
    uint32_t renaming_count;
    uint8_t kind; /* enum move_kind */
    bool from_signed;
    bool to_signed;
    bool to_bool;
    bool lenient; /* a value that does not fit saturates, or is left out; else it is an error */
    const char *name; /* of the field, lent by the object that describes it; "" = the whole */
};

struct renaming { /* of an enumerator: its values; of a function: its stubs */
    uint64_t from;
    uint64_t to;
};

struct move_list {
    struct field_move *moves;
    uint32_t count;
    uint32_t room;
    struct renaming *renamings;
    uint32_t renaming_count;
    uint32_t renaming_room;
};

struct home;
enum { MIGRATION_TEXT_MAX = 256 };

struct migration {
    struct home *old_home; /* in place: the same */
    struct home *new_home;
    const char *cell;
    const char *key; /* the object's */
    uint64_t old_va;
    uint64_t new_va;
    uint32_t old_len;
    uint32_t new_len;
    uint64_t old_type;
    uint64_t new_type;
    bool constant; /* only the home's description changes here; its words are in the journal, and moves only say where
                    * pointers lead: none, if all parts stay where they are */
    uint8_t *old_at; /* where the forms lie in memory */
    uint8_t *new_at;
    uint8_t *saved;     /* the old form as the commit found it */
    uint8_t *prepared;  /* the new form; begins as its initialiser */
    uint8_t *back;      /* room for the old form on the way back */
    uint8_t *old_image; /* initialiser of the old form, or NULL if no move asks for it; of one that turns: its new form, as
                         * the way back found it */
    struct move_list forward;
    struct move_list reverse;
    char text[MIGRATION_TEXT_MAX]; /* what happens to which field, for people */
};

/* Says whether LIST is that of an object which edges of its owner turn: forward always, reverse once the way back was gone. */
static inline bool moves_turned(const struct move_list *list)
{
    return list->count && list->moves[0].kind == MOVE_TURNED;
}

/* The compiler folded it away: it has no new form (plan/folded.c). */
static inline bool migration_folds(const struct migration *m)
{
    return !m->new_len;
}

enum migration_stage {
    MIGRATION_PLANNED,
    MIGRATION_STORING,
    MIGRATION_STORED,
    MIGRATION_WITHDRAWN, /* the guard was called before the first store: none may follow */
};

/* ---- elements: objects of the heap whose type changes its form ----
 * The owner's walk names them while all tasks stand; new storage is filled before the park. Under the park it is only
 * compared that nothing has changed since, and the pointers are stored. */

struct moving_form { /* one of the two forms of a type, and how its elements become the other one */
    uint32_t len;
    uint32_t other_len;
    struct move_list map;
    uint8_t *zeros; /* LEN bytes: what unused array elements hold */
    uint8_t *known; /* OTHER_LEN bytes, 1 where the map stores */
    bool stepwise; /* the owner's edges make the other form; the map only says where pointers lead */
};

struct element {
    uint64_t from;
    uint64_t to;
    uint64_t count; /* of the form, one after the other */
    uint64_t tail; /* bytes of its own behind the only one, from the next multiple of ELEMENT_TAIL_ALIGN on; 0: none */
    const struct moving_form *form;
    const struct moving_form *other;
    uint8_t *seen; /* what it held when it was transferred; of a mirror: when the commit stored it */
    const uint8_t *stored; /* on the way back: what the commit stored in FROM, or NULL */
    bool kept;  /* somebody who was not named points to it: it is not to be freed */
    bool begun; /* its other form began as what it was before, so nothing of that is new */
    bool fresh;    /* it came since the others were taken */
    bool named;    /* elements_agree(), elements_match() */
    uint64_t then; /* place of the one that is named next, most likely */
};

enum { ELEMENT_TAIL_ALIGN = 16 }; /* as the heap aligns objects */

/* Where the tail of an element begins, of whose form LEN bytes are. */
static inline uint64_t element_tail_at(uint64_t len)
{
    return (len + ELEMENT_TAIL_ALIGN - 1) & ~(ELEMENT_TAIL_ALIGN - 1ull);
}

/* The bytes of E, and of what it becomes. */
static inline uint64_t element_len(const struct element *e)
{
    return e->tail ? element_tail_at(e->form->len) + e->tail : e->count * e->form->len;
}

static inline uint64_t element_other_len(const struct element *e)
{
    return e->tail ? element_tail_at(e->form->other_len) + e->tail
                   : e->count * e->form->other_len;
}

struct moving_type;
struct element_place { /* where a pointer to an element may stand, outside of them */
    uint64_t at;
    uint64_t *word;                 /* the same, as memory */
    const struct moving_type *type; /* whose walk names it */
    bool in_heap;                   /* else in data of a cell */
    bool follows; /* it lies in what is transferred itself, so it is none */
    bool marked;  /* by the source, so that no walk has to name it */
    bool named;   /* elements_match() */
};

struct element_slot { /* a place that leads to one */
    uint64_t at;
    uint64_t *word; /* the same, as memory */
    uint64_t before;
    uint64_t after;
    bool named; /* elements_agree() */
};

struct element_page { /* elements that lie in one page, or partly */
    uint64_t va;
    const uint64_t *entry; /* of the page tables */
    uint64_t first;
    uint64_t count;
};

struct element_set {
    struct element *elements; /* sorted by from */
    uint64_t count;
    uint64_t fresh; /* elements behind those, that elements_match() has found; sorted too */
    struct element_place *places; /* sorted by at; of a mirror: none */
    uint64_t place_count;
    uint64_t fresh_places; /* the same */
    uint64_t place_room;
    struct element_slot *slots; /* sorted by at */
    uint64_t slot_count;
    uint64_t room;  /* of elements and slots */
    uint8_t *bytes; /* where SEEN points to */
    uint64_t bytes_len;
    uint8_t *more_bytes; /* the same, of elements that came later */
    uint64_t more_bytes_len;
    bool searched; /* pointers to each of them are looked for before tasks stand (evolve/search.h) */
    bool blind; /* nobody but the commit's own stores can have changed them: not compared */
    /* They were compared before the park: where nobody has written since, they need not be again. NULL: all are compared. */
    struct element_page *pages;
    uint64_t page_count;
    uint64_t written; /* the bit of an entry that says that somebody has */
};

/* What must not go on once the old forms are back: the new text of cells whose data or types change. On the way back
 * it is filled with INT3, and whoever was in it begins again. */
struct withdrawal {
    struct address_range *texts; /* of the new versions */
    uint32_t **flags; /* of the same versions: set when the text is withdrawn */
    uint32_t text_count;
    uint8_t **pages; /* writable aliases of all pages of these texts, one after another */
    uint32_t page_count;
    struct address_range *objects; /* the new forms of what migrates */
    uint32_t object_count;
};

struct migration_list {
    struct migration *list;
    uint32_t count;
    uint32_t room;
    struct migration_list *
        beside; /* of the closure: stored with these, and wiped on the way back; NULL: none */
    struct withdrawal withdrawal;
    uint32_t stage;               /* enum migration_stage; the closure's */
    struct element_set *elements; /* of the next stores, or NULL */
    bool walked; /* elements move, or edges turn objects: the way back calls their owner, so the guard cannot go it */
    /* Those that pointers into may have to follow, by where their old and their new form lies: all but most constants. */
    const struct migration **by_old;
    const struct migration **by_new;
    uint32_t moving_count;
    /* What stopped the transfer, for the reason. */
    const struct migration *failed;
    const char *failed_name;
    uint64_t failed_word; /* a pointer that leads to a field which is gone, or 0 */
    /* What the way back had to cut: values that came since, and that the old form does not hold. */
    uint32_t cut;
    const char *cut_name; /* the first field */
};

#endif
