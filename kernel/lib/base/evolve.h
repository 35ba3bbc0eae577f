/* Marks by which a cell's source says what becomes of its data when it replaces a running version. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_LIB_BASE_EVOLVE_H
#define NEURATH_LIB_BASE_EVOLVE_H

/* A swap keeps what it finds: live values stay, also where the initialiser changed; fields of a changed type move by
 * name. Where the author knows better, a mark at file scope says so. NAME is that of the object; of a static in a
 * function: function__name. A mark is a constant byte of the cell, found by its name; it costs nothing else, and stays
 * right for who skips versions: leave it in until no machine runs a version that it was for. */
#define EVOLVE_MARK(mark, name)                                                          \
    static const char evolve_##mark##_##name __attribute__((used)) = 1

/* The object NAME is gone from this version, and its value may be forgotten. Or: it lost elements, or became narrower,
 * and what does not fit may be forgotten. */
#define EVOLVE_DROPS(name) EVOLVE_MARK(drops, name)
/* The object NAME begins with this version's initialiser, whatever it held before. */
#define EVOLVE_REINIT(name) EVOLVE_MARK(reinit, name)
/* All objects of the type `struct NAME` are named objects of the cell, or parts of them: none lies on the heap. So
 * its form may change, though the cell uses pointers to it. */
#define EVOLVE_NO_HEAP(name) EVOLVE_MARK(no_heap, name)
/* The object NAME of this cell is the one that CELL had until now, with its value and its address: the cell was split,
 * merged, or gave it away. CELL must lose it in the same release, and the types must be equal. */
#define EVOLVE_TAKES(cell, name) EVOLVE_MARK(takes_##cell##_, name)

#endif
