/* A list on the heap, held by three tasks, whose elements change their form from version to version. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_TESTS_KERNEL_MOVING_TARGET_H
#define NEURATH_TESTS_KERNEL_MOVING_TARGET_H

#include <lib/base/status.h>

enum {
    MOVING_HOLDERS = 3,
    MOVING_UNWANTED = 666
}; /* a mark that no form accepts when it comes */

struct moving_view {
    uint64_t count;
    uint64_t numbers; /* the sum of all */
    uint64_t marks;   /* the sum of what moving_target_mark() has stored */
    uint64_t weights; /* the sum of a field that only later versions have; 0 before */
};

/* 1: the first form; 2: a field in the middle that the elements' owner fills; 3: other places and widths; 4: marks are
 * kept in tenths; 5: in hundredths; 6: the form of 1, marks are kept twofold. */
uint32_t moving_target_version(void);
/* Appends an element, which points to the one before it. STATUS_FULL. */
enum status moving_target_add(uint64_t number);
/* Takes the elements of that number out, and frees them. */
void moving_target_remove(uint64_t number);
/* Stores VALUE in each element. */
void moving_target_mark(uint64_t value);
/* Gives false if a pointer does not lead where it has to. */
bool moving_target_read(struct moving_view *out);
/* Lends a pointer that no walk knows of. */
void *moving_target_first(void);
/* Starts the tasks that go round the list; each element that a task comes to has a number. */
enum status moving_target_tasks(void);
/* Steps of all tasks so far. */
uint64_t moving_target_steps(void);
/* How often the list has been walked. */
uint64_t moving_target_walks(void);
/* Takes the element of that number out of the list, as it is: it goes on to point to others. Gives where it is, or NULL. */
void *moving_target_leave(uint64_t number);
/* Makes an element of that number, which is in no list, and gives where it is. NULL: no memory. */
void *moving_target_make(uint64_t number);
/* Puts ELEMENT into the list, as the last one. */
void moving_target_join(void *element);
/* The variant `crash` faults in the next step of a task, after it has added an element of this number. */
void moving_target_crash(uint64_t number);

#endif
