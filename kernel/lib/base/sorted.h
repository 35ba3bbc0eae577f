/* Where a value stands among records that are sorted by a field. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_LIB_BASE_SORTED_H
#define NEURATH_LIB_BASE_SORTED_H

#include <lib/base/types.h>

/* How many of the COUNT records of LIST come before VALUE: their FIELD is less. Also the place of the first one that does not. */
#define SORTED_BEFORE(list, count, field, value)                                         \
    SORTED_SPLIT(list, count, field, <, value)
/* The same with those whose FIELD is VALUE: the last one that does not come after it stands one earlier. */
#define SORTED_UP_TO(list, count, field, value)                                          \
    SORTED_SPLIT(list, count, field, <=, value)

/* For the above only: by halves, as FIELD rises from record to record. */
#define SORTED_SPLIT(list, count, field, holds, value)                                   \
    ({                                                                                   \
        uint64_t low_ = 0;                                                               \
        uint64_t high_ = (count);                                                        \
        uint64_t value_ = (value);                                                       \
        while (low_ < high_) {                                                           \
            uint64_t middle_ = low_ + (high_ - low_) / 2;                                \
            if ((list)[middle_].field holds value_)                                      \
                low_ = middle_ + 1;                                                      \
            else                                                                         \
                high_ = middle_;                                                         \
        }                                                                                \
        low_;                                                                            \
    })

#endif
