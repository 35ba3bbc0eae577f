/* Plans a swap: everything that can fail happens here, and nothing that runs is changed.
 * SPDX-License-Identifier: MIT
 *
 * A plan does the stages `load` and `verify` of a swap (thesis 8.1) and prepares
 * `redirect`: it loads the new cells beside the running ones, checks both directions (what the
 * new cells import, and what the running cells that stay import from them), and lists every
 * store that the commit will make, with what the place holds now: the *journal*. All memory
 * and all writable aliases are taken here. The journal read backwards is the revert.
 * The same planner runs on hosts, for the answer to a push and for dry runs.
 * Task context; one plan at a time per namespace. Source: design 4.
 *
 * States: PLANNED (plan_create) → COMMITTED (plan_commit) → REVERTED (plan_revert) or
 * settled by plan_destroy. plan_destroy in PLANNED discards the new versions.
 *
 * The journal has two parts. What watches a trial, and the ways into it, must be old as long as
 * the trial lasts, or a bad version of them would watch itself: the stores that lead there are
 * *late*, and made by the handover when the trial is over (closure.c says which they are).
 */
#ifndef NEURATH_CORE_PLAN_H
#define NEURATH_CORE_PLAN_H

#include <core/loader/loader.h>
#include <core/plan/migration.h>

enum plan_class {
    PLAN_TEXT,
    PLAN_DATA,
    PLAN_SIGNATURE,
    PLAN_ADD,
    PLAN_REMOVE,
    PLAN_LINEAGE, /* beside the running version, which drains */
};
enum plan_state { PLAN_PLANNED, PLAN_COMMITTED, PLAN_REVERTED };
enum { PLAN_MAX_REFUSALS = 16, PLAN_LINEAGES = 4 };

struct plan_object {
    const uint8_t *bytes;
    size_t len;
    bool own; /* the plan takes BYTES (heap) even if it refuses */
    uint8_t hash[32];
};

struct plan_cell {
    char name[CELL_NAME_MAX + 1];
    enum plan_class class; /* of a refused cell: what makes it more than text */
    uint8_t hash[32];      /* of the new object, as the caller gave it */
    bool unloaded;         /* the loader refused it: there is no fresh version */
    struct version *old;   /* NULL for PLAN_ADD */
    struct version *fresh; /* NULL for PLAN_REMOVE */
    bool coupled; /* no task may be inside the old text at the commit: it means other things */
    bool reformed; /* coupled because of its data: no frame may go on in the new text either */
    bool drains; /* old goes on beside fresh, for what it has made (lineage.c) */
    bool started; /* its start hook was called before anybody could call it: it is a new lineage */
    bool brought;  /* it was not in the set: others of its group drain */
    bool pins_old; /* of the closure: a stub stands for a function of old that fresh lacks, so old is never freed */
    uint32_t functions_changed;
    uint32_t functions_added;
    uint32_t functions_removed;
};

/* One store under the park: LEN bytes (1, 4 or 8) at VA, through WRITE. */
struct poke {
    uint64_t va;
    uint8_t *write;
    uint64_t before;
    uint64_t after;
    uint32_t len;
    bool late; /* waits for the handover */
};

struct plan_alias {
    uint64_t page;
    uint8_t *write;
};

struct plan_move { /* an import that the commit leads to another function */
    struct import *import;
    struct version *from;
    struct version *to;
    uint32_t from_function;
    uint32_t to_function;
    bool late; /* waits for the handover */
};

struct plan_takeover { /* a home that the commit gives to another cell, or another name */
    struct home *home;
    char *owner; /* the names that it does not have now */
    char *key;
};

struct plan_taking { /* an object that a cell is given by another one, or by itself, as it was loaded */
    struct home *home;
    char cell[CELL_NAME_MAX + 1]; /* that takes it */
    const char *key;              /* what it calls it, lent by the version */
};

/* Who names the elements of a form, or completes them. */
struct plan_walk {
    uint64_t va; /* of a function of the owner */
    const struct version *version;
};

/* Where a form lies while a way is gone (steps.h). */
enum step_place { STEP_FROM, STEP_TO, STEP_BETWEEN };

/* One step of the way from a form to the next: fields move by name, then the owner's function does the rest. Or a part, which
 * goes a way of its own: the BODY steps behind it, COUNT times, of which FROM and TO are these places. */
struct plan_step {
    uint64_t edge; /* of the function; 0: none */
    struct move_list map;
    uint32_t from_len;
    uint32_t to_len;
    uint8_t from_place; /* enum step_place */
    uint8_t to_place;
    bool unfinished; /* parts follow, and then the step that calls the edge */
    bool moved;    /* that step: its fields have moved, MAP is what the one before has */
    uint32_t body; /* 0: this is no part */
    uint32_t count;
    uint64_t from_at; /* bytes behind that place */
    uint64_t to_at;
    uint64_t from_stride;
    uint64_t to_stride;
};

struct plan_way {
    struct plan_step *steps;
    uint32_t count;
    uint32_t room;
    uint32_t from_len;
    uint32_t to_len;
    uint64_t between_len; /* of all forms between */
    uint64_t longest;     /* of all that a step begins with */
};

enum { FORM_OLD, FORM_NEW, FORMS };

/* A type whose objects are reached by pointer, and whose form changes. */
struct moving_type {
    const char *name; /* without `struct` */
    const char *cell; /* that said so first */
    bool shared;      /* declared in a public header: other cells may hold elements */
    struct moving_form form[FORMS];
    struct plan_walk *walks[FORMS]; /* WALK_COUNT each; the way forward walks FORM_OLD */
    uint32_t walk_count[FORMS];
    struct plan_way way[FORMS]; /* from that form to the other one; no steps: by name alone */
    bool by_parts; /* it has no edges of its own: the ways are those of what it holds */
    struct plan_walk fill[FORMS]; /* completes elements of that form; va 0: nobody */
    struct plan_walk accept; /* says whether an element can go on in the new form; va 0: each can */
    const char *lacks[FORMS]; /* a field that the other form has and that one lacks, or NULL */
    bool may_lose;            /* see plan_may_lose() */
    char text[MIGRATION_TEXT_MAX];
};

/* An object of a cell whose words may be pointers to elements. */
struct pointer_place {
    uint64_t va;
    uint64_t len;
};

/* A group of which a new lineage comes. */
struct plan_lineage {
    char group[CELL_NAME_MAX + 1];
    uint32_t number;
};

struct plan {
    struct namespace *ns;
    enum plan_state state;
    bool entered;
    struct plan_cell *cells;
    uint32_t cell_count;
    struct poke *pokes;
    uint32_t poke_count; /* stored by the commit */
    uint32_t late_count; /* the pokes behind those: stored by the handover */
    uint32_t poke_room;
    struct plan_move *moves;
    uint32_t move_count;
    uint32_t move_room;
    struct plan_alias *aliases;
    uint32_t alias_count;
    uint32_t alias_room;
    struct plan_taking *takings;
    uint32_t taking_count;
    struct plan_takeover *takeovers;
    uint32_t takeover_count;
    struct migration_list migrations;
    struct migration_list beside; /* objects of the closure, stored by the commit too */
    struct migration_list late;   /* objects of what watches, stored by the handover */
    struct moving_type *moving;
    uint32_t moving_count;
    struct pointer_place *places[FORMS]; /* that marks name, in either form */
    uint32_t place_count[FORMS];
    struct plan_lineage lineages[PLAN_LINEAGES];
    uint32_t lineage_count;
    /* Set before plan_verify(), and lent: what an operator lets go, each "cell:object" or "cell:type". */
    const char *const *consent;
    uint32_t consent_count;
    struct made_name *made[FORMS]; /* for the namespace: with the commit, and with the revert */
    bool revertible; /* after plan_verify(): false, the way back has to make something up */
};

struct plan_report {
    uint32_t refusal_count; /* all that were found, at most PLAN_MAX_REFUSALS are kept */
    struct refusal refusals[PLAN_MAX_REFUSALS];
};

/* Stage `load`: loads SET beside what runs under the same names, and notes the cells named in
 * REMOVE. Gives *out; end it with plan_destroy().
 * STATUS_DENIED: *out_report says why, nothing has changed; *out is given all the same, for
 * its cells' classes: it is fit for plan_verify(), which adds what else is wrong, and to be
 * destroyed. STATUS_FULL: no memory, no plan. */
NODISCARD enum status plan_load(struct namespace *ns, const struct plan_object *set,
                                uint32_t set_count, const char *const *remove,
                                uint32_t remove_count, struct plan **out,
                                struct plan_report *out_report);
/* Stage `verify`: both directions. STATUS_DENIED, STATUS_FULL: PLAN is only fit to be destroyed. */
NODISCARD enum status plan_verify(struct plan *plan, struct plan_report *out_report);
/* Stage `redirect`, as far as it can fail: lists the stores and opens their aliases.
 * STATUS_DENIED, STATUS_FULL: PLAN is only fit to be destroyed. */
NODISCARD enum status plan_redirect(struct plan *plan, struct plan_report *out_report);
/* All three stages; gives a plan only with STATUS_OK. */
NODISCARD enum status plan_create(struct namespace *ns, const struct plan_object *set,
                                  uint32_t set_count, const char *const *remove,
                                  uint32_t remove_count, struct plan **out,
                                  struct plan_report *out_report);

/* Enters the new versions into the namespace, so that their text can be found by address;
 * what runs is not changed. To be called once, before the journal is applied. */
void plan_enter(struct plan *plan);
/* Makes the namespace say what the applied journal has made true. Cannot fail. */
void plan_commit(struct plan *plan);
/* The same for the late part of the journal: what watched the trial of its own successor gives
 * way to it. After plan_commit(). Cannot fail. */
void plan_handover(struct plan *plan);
/* The same for a journal that was applied backwards, the late part too if it was applied.
 * Cannot fail. */
void plan_revert(struct plan *plan);
/* Ends PLAN (NULL accepted). Versions that were committed or entered stay. */
void plan_destroy(struct plan *plan);

/* Says whether tasks have to leave some text before the commit: a cell of PLAN is coupled, or drains. */
bool plan_coupled(const struct plan *plan);
/* Lends the function of TO that is the same as F of FROM, byte for byte and in all that it refers to: code can go on in it at
 * the same offset. NULL: there is none. Both are versions of one cell. */
const struct function *plan_same_function(const struct version *from,
                                          const struct function *f,
                                          const struct version *to);
/* Lends the migration number INDEX of all that PLAN has, NULL behind the last. */
const struct migration *plan_migration(const struct plan *plan, uint32_t index);
/* Says whether PLAN has a new version of the running cell called NAME. */
bool plan_swaps(const struct plan *plan, const char *name);

/* Reads how many objects that V made are in use, if its source counts them (EVOLVE_IN_USE). False: it does not. */
bool plan_in_use(const struct version *v, uint32_t *out_count);
/* Says whether the swap may lose what CELL calls KEY: a mark of its source (EVOLVE_DROPS, in either version), or consent. */
bool plan_may_lose(const struct plan *plan, const struct plan_cell *cell, const char *key);
/* Fills OUT with the refusal of a loss that nobody has agreed to: FORMAT says what would be lost of KEY in CELL. Always gives
 * STATUS_DENIED. */
enum status plan_refuse_loss(struct refusal *out, const char *cell, const char *key,
                             const char *format, ...)
    __attribute__((format(printf, 4, 5)));

const char *plan_class_name(enum plan_class class);

#endif
