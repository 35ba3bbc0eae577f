/* Atomic access to words that several CPUs share. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_LIB_BASE_ATOMIC_H
#define NEURATH_LIB_BASE_ATOMIC_H

#include <lib/base/types.h>

/* Works on any naturally aligned integer or pointer of up to 8 bytes.
 * load: acquire; store: release; the others are full barriers. */
#define atomic_load(pointer) __atomic_load_n((pointer), __ATOMIC_ACQUIRE)
#define atomic_store(pointer, value)                                                     \
    __atomic_store_n((pointer), (value), __ATOMIC_RELEASE)
#define atomic_add(pointer, value)                                                       \
    __atomic_add_fetch((pointer), (value), __ATOMIC_SEQ_CST)
#define atomic_sub(pointer, value)                                                       \
    __atomic_sub_fetch((pointer), (value), __ATOMIC_SEQ_CST)
#define atomic_or(pointer, value) __atomic_or_fetch((pointer), (value), __ATOMIC_SEQ_CST)
#define atomic_and(pointer, value)                                                       \
    __atomic_and_fetch((pointer), (value), __ATOMIC_SEQ_CST)
#define atomic_exchange(pointer, value)                                                  \
    __atomic_exchange_n((pointer), (value), __ATOMIC_SEQ_CST)

/* True, and *pointer == desired, when it held *expected; else *expected is what it holds. */
#define atomic_compare_exchange(pointer, expected, desired)                              \
    __atomic_compare_exchange_n((pointer), (expected), (desired), false,                 \
                                __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)

/* Stores before it are visible to every CPU before loads after it are done. */
static inline void memory_barrier(void)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

#endif
