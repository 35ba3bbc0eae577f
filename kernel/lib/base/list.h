/* A doubly linked ring whose links live inside the objects. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_LIB_BASE_LIST_H
#define NEURATH_LIB_BASE_LIST_H

#include <lib/base/types.h>

/* A head and a link look alike: a ring of one is empty, or not on a list.
 * Locking is the owner's matter. */
struct list {
    struct list *next;
    struct list *prev;
};

static inline void list_init(struct list *list)
{
    list->next = list;
    list->prev = list;
}

static inline bool list_empty(const struct list *list)
{
    return list->next == list;
}

/* Puts LINK, which is on no list, in front of POSITION. */
static inline void list_insert_before(struct list *position, struct list *link)
{
    link->next = position;
    link->prev = position->prev;
    position->prev->next = link;
    position->prev = link;
}

static inline void list_push_back(struct list *head, struct list *link)
{
    list_insert_before(head, link);
}

static inline void list_push_front(struct list *head, struct list *link)
{
    list_insert_before(head->next, link);
}

/* Takes LINK off its list; harmless when it is on none. LINK is then a ring of one. */
static inline void list_remove(struct list *link)
{
    link->next->prev = link->prev;
    link->prev->next = link->next;
    list_init(link);
}

/* The object of TYPE after HEAD; the list must not be empty. */
#define list_first(head, type, member) container_of((head)->next, type, member)

/* Visits every object; the body must not remove any. */
#define list_for_each(object, head, member)                                              \
    for ((object) = container_of((head)->next, __typeof__(*(object)), member);           \
         &(object)->member != (head);                                                    \
         (object) = container_of((object)->member.next, __typeof__(*(object)), member))

/* As list_for_each; the body may remove the visited object. FOLLOWING is a second cursor. */
#define list_for_each_safe(object, following, head, member)                               \
    for ((object) = container_of((head)->next, __typeof__(*(object)), member),            \
        (following) = container_of((object)->member.next, __typeof__(*(object)), member); \
         &(object)->member != (head); (object) = (following),                             \
        (following) = container_of((following)->member.next, __typeof__(*(object)),       \
                                   member))

#endif
