/* Marks by which a cell's source says what becomes of its data when it replaces a running version. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_LIB_BASE_EVOLVE_H
#define NEURATH_LIB_BASE_EVOLVE_H

/* A mark stands at file scope and is a constant byte of the cell, found by its name; it costs nothing else, and stays
 * right for who skips versions: leave it in until no machine runs a version that it was for. NAME is that of the
 * object; of a static in a function: function__name. */
#define EVOLVE_MARK(mark, name)                                                          \
    static const char evolve_##mark##_##name __attribute__((used)) = 1

/* The object NAME of this cell is the one that CELL had until now, with its value and its address: the cell was split,
 * merged, or gave it away. CELL must lose it in the same release, and the types must be equal. */
#define EVOLVE_TAKES(cell, name) EVOLVE_MARK(takes_##cell##_, name)

#endif
