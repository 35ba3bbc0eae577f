/* What the cells of the engine's closure may call: checked from their objects, by celltool and by the loader.
 * SPDX-License-Identifier: MIT
 *
 * A cell of the closure (`closure := yes`) carries out a swap, can take it back, or is the way in. What it can reach must be
 * known, whatever else is broken. So it calls the functions of other cells that one list names (closure.c), and no function
 * of it branches to an address that it reads at run time, but for those that the list names too; nor does one take a lock,
 * or wait in a way that waits.h knows, but for each other. The running loader's
 * list counts: a function that is new there arrives one commit before the cell that calls it.
 * The same source runs in the kernel and on hosts. Source: design 4 (closure). Any context.
 */
#ifndef NEURATH_CORE_LOADER_CLOSURE_H
#define NEURATH_CORE_LOADER_CLOSURE_H

#include <core/elf/elf.h>

struct closure_finding {
    char symbol[96]; /* what is called, or the function that branches */
    char text[256];  /* a sentence that begins with the cell's name */
};

/* Checks OBJECT, the cell called CELL, which DECLARED says is of the closure. A cell that is neither declared nor on the
 * list passes. STATUS_DENIED: *out tells the first thing that is not allowed. */
NODISCARD enum status closure_check(const struct elf_object *object, const char *cell,
                                    bool declared, struct closure_finding *out);

#endif
