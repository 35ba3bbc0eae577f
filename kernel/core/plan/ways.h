/* Lists the steps of a way: edges of what goes it, and between them the ways of what it holds by value.
 * SPDX-License-Identifier: MIT
 *
 * A way has *legs*, each from one type to the next: edges of an object or a struct, or a single leg by name for what has no edges
 * of its own. Where both types of a leg hold a struct that turns (meanings.h), in forms that differ, the steps go over that
 * struct's own edges there, before the leg's edge is called: inner ones first. Which forms these are the types say, as the
 * source of the leg declares them; only what a way begins with and ends with is what the versions really have, so there
 * an author may write the struct's own name for a form of the past. The list is flat: it is gone without recursion (steps.h).
 */
#ifndef NEURATH_CORE_PLAN_WAYS_H
#define NEURATH_CORE_PLAN_WAYS_H

#include <core/plan/meanings.h>

enum { LEG_FROM, LEG_TO, LEG_ENDS };

struct way_leg {
    const struct cellinfo *info[LEG_ENDS];
    const char *text[LEG_ENDS]; /* types */
    bool real[LEG_ENDS]; /* that is what the version has with which the way begins, or ends */
    uint64_t edge;       /* of a function; 0: by name */
    bool lenient;
    const struct type_family *family; /* of the types, or NULL */
};

struct way_trouble {
    uint32_t leg;     /* of the list, in which it lies */
    const char *from; /* types */
    const char *to;
    bool no_edge; /* none leads from one to the other */
    char why[MIGRATION_TEXT_MAX];
};

struct way_request {
    const struct meanings *meanings; /* NULL: no parts */
    int form;                        /* with which the way begins */
    const struct way_leg *legs;
    uint32_t leg_count;
};

/* Gives *out, to be ended with steps_fini() in any case. *OUT_LACKS (NULL accepted): a field that the last type has, and that the
 * one before lacks and no part, or NULL. STATUS_DENIED: *out_trouble says why; STATUS_FULL. */
NODISCARD enum status plan_list_steps(const struct way_request *request,
                                      struct plan_way *out, const char **out_lacks,
                                      struct way_trouble *out_trouble);

/* Forms on the way from one to another: places in a family. */
struct form_way {
    uint32_t forms[FAMILY_MAX];
    uint32_t count;
};

/* Finds the shortest way from FROM to TO over edges of V, a struct's. False: there is none. */
bool plan_find_way(const struct version *v, const struct type_family *family,
                   uint32_t from, uint32_t to, struct form_way *out);
/* Gives the leg number I of WAY. */
struct way_leg plan_way_leg(const struct version *v, const struct type_family *family,
                            const struct form_way *way, uint32_t i, bool lenient);

#endif
