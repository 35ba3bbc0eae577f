/* Memory from the C library's heap that says what lies in it: for sources that hosts compile too. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_LIB_BASE_MEMORY_H
#define NEURATH_LIB_BASE_MEMORY_H

#include <stdint.h>
#include <stdlib.h>

/* As mm/heap/typed.h, which says what for; of a cell, cell.mk says `-Dcalloc=heap_typed_calloc -Drealloc=heap_typed_realloc
 * -Dfree=heap_free`. TYPE is written with its tag. All give zeroed memory, or NULL when there is none; free() ends it. */

/* Notes in the object file that objects of TYPE are made on the heap. */
#define HEAP_HOLDS(type)                                                                 \
    __asm__ volatile(".pushsection .neurath.heap\n\t.asciz \"" #type "\"\n\t."           \
                     "popsection")

/* One object. */
#define memory_new(type)                                                                 \
    ({                                                                                   \
        HEAP_HOLDS(type);                                                                \
        (typeof(type) *)calloc(1, sizeof(type));                                         \
    })

/* N objects. NULL also when they would be too long. */
#define memory_new_array(type, n)                                                        \
    ({                                                                                   \
        HEAP_HOLDS(type);                                                                \
        (typeof(type) *)calloc(n, sizeof(type));                                         \
    })

/* Takes BYTES, NULL or of an array of numbers or characters, and gives them back with LEN, perhaps elsewhere; what is behind the
 * common part is undefined. NULL: BYTES are as before. */
static inline uint8_t *memory_grow_bytes(uint8_t *bytes, size_t len)
{
    return realloc(bytes, len);
}

#endif
