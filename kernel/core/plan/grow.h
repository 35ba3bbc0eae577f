/* Arrays of the planner that grow.
 * SPDX-License-Identifier: MIT
 */
#ifndef NEURATH_CORE_PLAN_GROW_H
#define NEURATH_CORE_PLAN_GROW_H

#include <mm/heap/heap.h>

/* Makes room for one more element of TYPE in ARRAY: false when there is no memory. */
#define grow(type, array, count, room)                                                   \
    ({                                                                                   \
        uint32_t wider_ = *(room) ? *(room)*2 : 32;                                      \
        bool fits_ = (count) < *(room);                                                  \
        type *moved_ = fits_ ? NULL : heap_grow_array(type, *(array), wider_);           \
        if (moved_) {                                                                    \
            *(array) = moved_;                                                           \
            *(room) = wider_;                                                            \
        }                                                                                \
        fits_ || moved_;                                                                 \
    })

#endif
