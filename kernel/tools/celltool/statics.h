// Which variables of functions are static, as the compiler's parse trees name them.
// SPDX-License-Identifier: MIT
//
// The debug information describes a static of a function that was folded away as it
// describes an automatic variable. gcc's -fdump-tree-original writes each function as it
// was parsed, before anything is folded.
#ifndef CELLTOOL_STATICS_H
#define CELLTOOL_STATICS_H

#include "base.h"

struct function_static {
    const char *file; // base name of the source that was compiled
    const char *function;
    const char *name;
    size_t count; // blocks of the function that have one of this name
};

struct statics {
    struct function_static *items;
    size_t count;
};

// Adds what LEN bytes of TEXT, the parse trees of the source FILE, declare. Lines that are
// no declaration are skipped, so that a damaged text names less. What is added lives as
// long as JOB; FILE is kept.
void statics_add(struct job *job, const char *file, const char *text, size_t len,
                 struct statics *statics);

// Reads the files that WORDS lists, each called SOURCE.trees. False: refused.
bool statics_read(struct job *job, const char *words, struct statics *out);

// Gives how many statics called NAME FUNCTION of FILE has.
size_t statics_count(const struct statics *statics, const char *file,
                     const char *function, const char *name);

#endif
