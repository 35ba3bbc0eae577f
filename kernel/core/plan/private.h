/* What the planner's own files share.
 * SPDX-License-Identifier: MIT
 */
#ifndef NEURATH_CORE_PLAN_PRIVATE_H
#define NEURATH_CORE_PLAN_PRIVATE_H

#include <core/plan/callbacks.h>
#include <core/plan/plan.h>

struct planning {
    struct plan *plan;
    struct plan_report *report;
    /* What is to come and to go, while it is loaded. */
    const struct plan_object *set;
    uint32_t set_count;
    const char *const *remove;
    uint32_t remove_count;
    struct callback_list callbacks; /* of what is checked */
};

struct meanings; /* meanings.h */
struct type;     /* types.h */

/* Gives a place for one more refusal, and counts it. */
struct refusal *report_next(struct plan_report *report);
/* Lends the plan's cell called NAME, or NULL. */
struct plan_cell *plan_find(const struct plan *plan, const char *name);
/* The loader's lookup over the namespace as it will be. CONTEXT is the plan. */
enum status plan_lookup(void *context, const struct version *importer, const char *name,
                        struct version **out_provider, uint32_t *out_function);

/* Finds where M, an import of a function of cell->old, leads once the plan is carried out: to the
 * same cell, or to one that the importer may use and that the function moved to.
 * STATUS_DENIED: it moved to *out_provider, which the importer may not use. */
enum status plan_follow(const struct plan *plan, const struct plan_cell *cell,
                        const struct import *m, struct version **out_provider,
                        uint32_t *out_function);

/* Checks every cell of the plan against what stays; refusals go to the report. STATUS_FULL. */
NODISCARD enum status plan_check(struct planning *p);
/* Marks the cells between which a function's signature changes; refusals go to the report. */
void plan_couple(struct planning *p);
/* The loader's way to objects that move between cells. CONTEXT is the planning. */
enum status plan_take(void *context, const struct version *v, const char *key,
                      struct home **out, struct refusal *out_why);
/* Says whether a cell of the set takes HOME, which is another cell's now. */
bool plan_takes(const struct plan *plan, const struct home *home);
/* Refuses objects that CELL takes while another cell goes on having them; lists how the others change. STATUS_FULL. */
NODISCARD enum status plan_check_takeovers(struct planning *p, struct plan_cell *cell);
/* The swap takes HOME away from CELL: refuses that if a cell of the set seems to be meant to go on with it, and nobody has
 * agreed to the loss. False: none does. */
bool plan_refuse_heir(struct planning *p, const struct plan_cell *cell,
                      const struct home *home);
/* CELL is removed: refuses objects that seem to be forgotten, as another cell begins with the like. */
void plan_check_removal(struct planning *p, const struct plan_cell *cell);
/* Lists the homes that change their owner. STATUS_FULL. */
NODISCARD enum status plan_list_takeovers(struct planning *p);
/* Gives each listed home to the other of its two owners: at the commit, and at a revert. */
void plan_exchange_owners(struct plan *plan);
void plan_takeovers_fini(struct plan *plan);
/* Finds the function of V that contains OFFSET of SECTION: the nearest one that starts at or before it; NULL: none. */
const struct function *plan_function_around(const struct version *v, uint32_t section,
                                            uint64_t offset);
/* Finds the relocation section of SECTION, or gives false when it has none. */
bool plan_relocations_of(const struct version *v, uint32_t section,
                         struct elf_section *out);
/* Refuses functions that guard and commit would come through after the plan, if nobody can tell where they lead to. */
void plan_check_reach(struct planning *p);
/* Counts the functions that differ between cell->old and cell->fresh. */
void plan_compare(struct plan_cell *cell);
/* Lists the objects of CELL whose form changes, and how they change. STATUS_FULL: no memory. */
NODISCARD enum status plan_migrate(struct planning *p, struct plan_cell *cell,
                                   const struct meanings *meanings);
/* Checks the types of CELL that changed since its running version: objects of them live on, where
 * only named objects can be migrated. STATUS_FULL: no memory. */
NODISCARD enum status plan_check_past(struct planning *p, struct plan_cell *cell,
                                      const struct meanings *meanings);
/* The type WAS of CELL (IS in its new version) may lie on the heap, and walks know where: notes it in the plan.
 * Gives *out_done: true, it is seen to (or refused: the report says why); false, nobody has a walk. STATUS_FULL. */
NODISCARD enum status plan_move_type(struct planning *p, struct plan_cell *cell,
                                     const struct meanings *meanings,
                                     const struct cell_type *was,
                                     const struct cell_type *is, bool *out_done);
/* KEEPER declares `struct PAST`, which is the form FORM of T, as what its own form was: finds its edges between them, both ways.
 * STATUS_FULL; refusals go to the report. */
NODISCARD enum status plan_find_edges(struct planning *p, struct moving_type *t,
                                      const struct meanings *meanings,
                                      const struct version *keeper, const char *past,
                                      int form);
/* Lists the objects of all cells, as they are before and after the commit, that marks say hold pointers to elements.
 * STATUS_FULL. */
NODISCARD enum status plan_list_pointers(struct plan *plan);
void plan_pointers_fini(struct plan *plan);
void plan_moving_fini(struct plan *plan);
/* Lends a new migration in the list for objects of CELL, all zero, or NULL: no memory. The next call ends the loan. */
struct migration *plan_add_migration(struct plan *plan, const struct plan_cell *cell);
/* Says whether the compiler folded away what CELL has in HOME, and nobody can have its address where it is not found. */
bool plan_folds(const struct plan_cell *cell, const struct home *home);
/* Then CELL may lose it, if its live value is its initialiser. STATUS_FULL. */
NODISCARD enum status plan_fold(struct planning *p, struct plan_cell *cell,
                                struct home *home);
/* Says whether objects of the type WAS of cell->old can be read as IS of cell->fresh: at most
 * enumerators were added. STATUS_FULL: no memory. */
NODISCARD enum status plan_same_form(const struct plan_cell *cell, const char *was,
                                     const char *is, bool *out_same);
/* Says whether FORWARD leaves some field at another place. */
bool plan_moves_parts(const struct move_list *forward);
/* Refuses M of CELL, whose object was WAS of FROM and is IS, if it may move what somebody has the address of where no search
 * finds it (EVOLVE_IN_PLACE, EVOLVE_FRAMES). STATUS_FULL. */
NODISCARD enum status plan_check_pinned(struct planning *p, const struct plan_cell *cell,
                                        const struct version *from,
                                        const struct migration *m,
                                        const struct cell_data *was,
                                        const struct cell_data *is);
/* Lists where pointers into M, a constant of the type WAS, lead once it is IS, and back. An empty list says that they go on to
 * mean the same. STATUS_FULL. */
NODISCARD enum status plan_map_constant(struct migration *m, const struct type *was,
                                        const struct type *is);
/* Makes LIST one move of KIND over the whole object, OLD_LEN bytes that become NEW_LEN. STATUS_FULL. */
NODISCARD enum status plan_map_whole(struct move_list *list, enum move_kind kind,
                                     uint64_t old_len, uint64_t new_len);
/* ---- constant.c ---- */
/* Says whether one of the two is constant. */
bool plan_changes_kind(const struct home *from, const struct home *to);
/* BOTH, an object of CELL, was mutable, WAS, and is constant, IS, or the other way round: lists what becomes of it. Refusals go
 * to the report. STATUS_FULL. */
NODISCARD enum status plan_change_kind(struct planning *p, struct plan_cell *cell,
                                       const struct meanings *meanings,
                                       const struct migration *both,
                                       const struct cell_data *was,
                                       const struct cell_data *is);
/* Says whether M only compares the value of what becomes a constant. */
bool plan_becomes_constant(const struct migration *m);
/* Such a value is compared with what the constant holds, if it is that now; else with its initialiser, as in M->old_image. The
 * choice is made here, the comparison is the commit's. STATUS_FULL. */
NODISCARD enum status plan_constant_image(struct planning *p, struct migration *m);
/* ---- taken.c ---- */
/* CELL takes what is in HOME, as its KEY, from FROM, a cell of the set that loses it, or from itself: lists its change of form.
 * What it leads to in another cell has to stay what it is. Refusals go to the report. STATUS_FULL. */
NODISCARD enum status plan_check_taken(struct planning *p, struct plan_cell *cell,
                                       struct plan_cell *from, struct home *home,
                                       const char *key);
/* Lists how the object WAS, in HOME, becomes IS, in section AT of the new version. PAIR is as a cell whose old version is that of
 * the cell that loses it. MEANINGS: those of PAIR, if it turns, or something in it; else NULL. Refusals go to the report.
 * STATUS_FULL. */
NODISCARD enum status plan_migrate_taken(struct planning *p, struct plan_cell *pair,
                                         const struct meanings *meanings,
                                         struct home *home, const struct cell_data *was,
                                         uint32_t at, const struct cell_data *is);
struct part_way;
/* KEY of CELL holds what turns by WAY, and nobody says how. Always gives STATUS_OK. */
enum status plan_refuse_part(struct planning *p, const struct plan_cell *cell,
                             const char *key, const struct part_way *way);
/* Takes the memory of all migrations. STATUS_FULL: there is none. */
NODISCARD enum status plan_prepare(struct planning *p);
/* Homes say what has become of their objects, BACKWARDS after a revert. */
void plan_rehome(struct plan *plan, bool backwards);
void plan_migrations_fini(struct plan *plan);
/* A cell of which several things changed is of the class that is hardest to carry out. */
void plan_set_class(struct plan_cell *cell, enum plan_class class);
/* Finds the object KEY in what INFO says. */
bool plan_info_object(const struct cellinfo *info, const char *key, struct cell_data *out);
/* Finds the section of V that the object KEY fills, or gives 0. */
uint32_t plan_object(const struct version *v, const char *key, struct cell_data *out);

/* ---- marks.c ---- */
/* Says whether the source of V marks its object KEY: EVOLVE_DROPS is "drops", and so on. */
bool plan_marked(const struct version *v, const char *mark, const char *key);
/* The same for an object that is not loaded. */
bool plan_info_marked(const struct cellinfo *info, const char *mark, const char *key);
/* Lends what the next mark of KEY says after its name; looks from the data number *AT on, and moves that. Gives *out, the
 * mark itself. NULL: there is no other. */
const char *plan_mark_next(const struct cellinfo *info, const char *mark, const char *key,
                           uint32_t *at, struct cell_data *out);
/* Reads the number that TEXT begins with. Lends what follows it, or NULL: there is none. */
const char *plan_mark_number(const char *text, uint32_t *out);
/* The version of what the object KEY, or the type with that tag, means in the source of INFO (EVOLVE_STATE). */
uint32_t plan_state(const struct cellinfo *info, const char *key);
/* Says whether there is any such mark. */
bool plan_has_states(const struct cellinfo *info);
/* Says whether there is any mark whose name begins with PREFIX. */
bool plan_has_marks(const struct cellinfo *info, const char *prefix);

/* What marks call the object KEY. */
enum { PLAN_SOURCE_NAME = 96 };
void plan_source_name(char out[PLAN_SOURCE_NAME], const char *key);

/* ---- meanings.c ---- */
/* Says whether the two versions of CELL have different states of what KEY means. */
bool plan_restated(const struct plan_cell *cell, const char *key);

/* ---- states.c ---- */
/* M of CELL, WAS in the old version and IS in the new one, means something else there, or holds what turns: finds its owner's
 * edges between the two states, and those of its parts, both ways. Gives *out_begins_again (else untouched): there are
 * none, and its value may be lost. Refusals go to the report. STATUS_FULL. */
NODISCARD enum status plan_turn_object(struct planning *p, struct plan_cell *cell,
                                       const struct meanings *meanings,
                                       struct migration *m, const struct cell_data *was,
                                       const struct cell_data *is, bool *out_begins_again);

/* ---- forms.c ---- */
/* Lends what V calls the form TYPE of the version OF, if it says that its own form was that, or NULL. *OUT_PAST (NULL
 * accepted) is the last form of V that was compared, *OUT_FIELD (NULL accepted) where one differs; both stay untouched if
 * there is none. */
const char *plan_past_name(const struct version *v, const struct version *of,
                           const struct cell_type *type, struct cell_type *out_past,
                           const char **out_field);
/* Says whether V declares any form of the past of the type TAG. */
bool plan_has_past(const struct version *v, const char *tag);
/* Finds the type of INFO with that tag. */
bool plan_find_type(const struct cellinfo *info, const char *tag, struct cell_type *out);
struct type_family;
/* Gives TAG and all that V says it was. */
void plan_family(const struct version *v, const char *tag, struct type_family *out);

/* Lends a writable alias of VA until the plan ends; NULL: no memory. */
uint8_t *plan_alias(struct plan *plan, uint64_t va);
/* Lists the new text that the way back withdraws, and opens its aliases. STATUS_FULL. */
NODISCARD enum status plan_withdrawal(struct plan *plan);
void plan_withdrawal_fini(struct plan *plan);
/* Says whether CELL is, or is to become, one of those that carry out swaps and take them back. */
bool plan_in_closure(const struct plan_cell *cell);
/* They have rules of their own: refuses what breaks them. STATUS_FULL: no memory. */
NODISCARD enum status plan_check_closure(struct planning *p, const struct plan_cell *cell);
/* Refuses new cells that call what only a new guard with data of its own has. After plan_migrate(). */
void plan_check_watch(struct planning *p);
/* STATUS_DENIED: the constant in SECTION of FRESH may not be rewritten where it is. */
NODISCARD enum status plan_may_rewrite(struct planning *p, const struct version *fresh,
                                       uint32_t section);
/* Says whether what M leads away from goes on to watch the trial: M then waits for the handover. */
bool plan_is_late_move(const struct plan *plan, const struct plan_move *m);
/* Puts late pokes behind the others. */
void plan_split(struct plan *plan);
/* Says whether S is an entry into what watches a trial. */
bool plan_is_late_stub(const struct stub *s);
/* Notes the groups of which SET brings forms that cannot replace the running ones. STATUS_FULL. */
NODISCARD enum status plan_find_lineages(struct plan *plan, const struct plan_object *set,
                                         uint32_t set_count);
/* Lends what is noted of GROUP (NULL accepted), or NULL. */
const struct plan_lineage *plan_lineage_of(const struct plan *plan, const char *group);
/* The lineage to which the successor of OLD belongs, or (OLD is NULL) a new cell of GROUP. */
uint32_t plan_lineage_number(const struct plan *plan, const struct version *old,
                             const char *group);
/* Lends a running version that drains and is not in the plan yet, or NULL. */
const struct version *plan_next_to_bring(const struct plan *plan);
/* Says whether V will be called after the commit, by its name or by who has something of it. */
bool plan_lives_on(const struct plan *plan, const struct version *v);
/* Refuses what would not work while CELL drains. */
void plan_check_lineage(struct planning *p, const struct plan_cell *cell);
/* Says whether the types with these texts have the same form. STATUS_FULL. */
NODISCARD enum status plan_same_text(const struct cellinfo *old, const char *was,
                                     const struct cellinfo *fresh, const char *is,
                                     bool *out_same);
/* Lends the name of a cell because of which objects of OLD's type WAS may lie where nobody finds them, or NULL. FRESH is what
 * is to replace OLD (NULL: nothing does). Gives *out_how: what that cell does, for "it ... that type". */
const char *plan_who_has(const struct plan *plan, const struct version *old,
                         const struct cellinfo *fresh, const struct cell_type *was,
                         const char **out_how);
/* *out_how if nobody says that he makes such objects, but somebody may. */
#define PLAN_POINTS "has pointers to"
/* Lends the tag of a struct of which the cell of INFO puts objects into frames that it takes (EVOLVE_FRAMES), "none" if it says
 * that there are none, NULL if it says nothing. */
const char *plan_in_frames(const struct cellinfo *info);
/* Lends the name of a function through which the cell of INFO comes by memory of no type, or NULL. A message lies in its
 * channel. */
const char *plan_untyped_source(const struct cellinfo *info);
/* Says whether the cell of INFO has a private type of that name, which is none of another cell's. */
bool plan_has_its_own(const struct cellinfo *info, const char *name);
/* Notes the types that one of CELL's versions makes on the heap, and the other does not. STATUS_FULL. */
NODISCARD enum status plan_note_made(struct planning *p, const struct plan_cell *cell);
/* Gives the namespace what was noted of the versions that end: FORM_OLD at the commit, FORM_NEW at a revert. */
void plan_keep_made(struct plan *plan, int form);
void plan_made_fini(struct plan *plan);
/* A bare name without `struct` before it. */
const char *plan_tag(const char *name);

/* Lists moves and pokes, and opens their aliases. STATUS_FULL, STATUS_DENIED. */
NODISCARD enum status plan_journal(struct planning *p);

#endif
