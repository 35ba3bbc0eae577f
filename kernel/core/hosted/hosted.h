/* The planner on a host: what would going from one set of cells to another do?
 * SPDX-License-Identifier: MIT
 *
 * The build server asks at every push, and the command line for dry runs. It is the kernel's
 * own planner over memory of this process, so its answer is the machine's answer, as long as
 * the machine runs the FROM set. Not thread-safe: one call at a time in a process.
 */
#ifndef NEURATH_CORE_HOSTED_H
#define NEURATH_CORE_HOSTED_H

#include <core/plan/plan.h>

struct hosted_object {
    const char *name; /* cell name, for messages only */
    const uint8_t *bytes;
    size_t len;
};

struct hosted_cell {
    char name[CELL_NAME_MAX + 1];
    enum plan_class class;
    bool coupled; /* changes together with others: tasks inside them are waited for */
    uint32_t functions_changed;
    uint32_t functions_added;
    uint32_t functions_removed;
    uint32_t stores; /* stores under the park, for the whole plan in the first row */
};

struct hosted_migration { /* an object whose form changes, and how */
    char cell[CELL_NAME_MAX + 1];
    char object[96];
    char text[MIGRATION_TEXT_MAX];
    uint32_t old_len;
    uint32_t new_len;
    bool constant; /* it is only rewritten: there is no value to keep */
    bool moves;    /* to a new address */
};

struct hosted_plan {
    struct hosted_cell *cells; /* those that differ, removed ones too; also when refused,
                                * except objects too malformed to have a name */
    size_t cell_count;
    struct hosted_migration *migrations;
    size_t migration_count;
    struct plan_report report; /* refusal_count 0: can be swapped live */
    bool revertible;           /* false: the way back would have to make something up */
};

/* Plans from FROM (complete, as it runs) to TO (complete). Objects that are byte-equal stay.
 * Gives *out; end it with hosted_plan_fini().
 * STATUS_OK also when the swap is refused: see out->report. STATUS_INVALID: FROM itself does
 * not fit together (out->report says why); STATUS_FULL: no memory. */
NODISCARD enum status hosted_plan(const struct hosted_object *from, size_t from_count,
                                  const struct hosted_object *to, size_t to_count,
                                  struct hosted_plan *out);
void hosted_plan_fini(struct hosted_plan *plan);

/* What a swap could do if a type changed its form: in the order in which the planner asks. */
enum hosted_fate {
    HOSTED_CLOSURE, /* refused: the closure knows it; the new form goes beside it (core/README.md) */
    HOSTED_FROZEN,  /* refused: EVOLVE_FROZEN */
    HOSTED_NO_HEAP, /* its objects are named: EVOLVE_NO_HEAP */
    HOSTED_WALKS,   /* its objects on the heap are found: EVOLVE_WALKS */
    HOSTED_DRAINS, /* the cells that know it are replaced beside what runs (cell.mk, `lineage`) */
    HOSTED_FREE, /* its objects are named, or lie on stacks: no cell makes others */
    HOSTED_MADE, /* refused: WHO makes objects of it on the heap, and nobody walks them */
    HOSTED_UNKNOWN, /* refused: WHO has pointers to it, SOURCE gives a cell that knows it untyped memory */
    HOSTED_INSIDE /* refused: it lies by value in the type WHO, whose form would change with it, and cannot */
};

struct hosted_type {
    const char *cell; /* lent for the call, as all texts here */
    const char *name; /* `struct x`, `union x`; private types of two files: `file.c::struct x` */
    enum hosted_fate fate;
    const char *who;    /* NULL: nobody; a cell, or of HOSTED_INSIDE a type */
    const char *source; /* "cell:function", of HOSTED_UNKNOWN */
    const char *held; /* a mutable object of the cell that is one, or holds one by value; NULL: none */
};

typedef void (*hosted_type_fn)(const struct hosted_type *type, void *arg);

/* Calls VISIT for each struct and union of each cell of FROM (complete, as it runs): before anybody changes it. STATUS as
 * hosted_plan(); *out_report says why. */
NODISCARD enum status hosted_types(const struct hosted_object *from, size_t from_count,
                                   hosted_type_fn visit, void *arg,
                                   struct plan_report *out_report);

/* Checks one object alone, as the loader would. Gives the cell's name, kind and phase.
 * STATUS_INVALID: *out_why is a constant text. */
struct hosted_info {
    char name[CELL_NAME_MAX + 1];
    uint16_t kind;
    uint16_t phase;
    uint16_t flags;
    uint64_t abi_hash;
    uint32_t use_count;
};
NODISCARD enum status hosted_inspect(const uint8_t *bytes, size_t len,
                                     struct hosted_info *out, const char **out_why);
/* The INDEXth cell that the object may use; copied to OUT (CELL_NAME_MAX + 1 bytes). */
NODISCARD enum status hosted_use(const uint8_t *bytes, size_t len, uint32_t index,
                                 char *out);

#endif
