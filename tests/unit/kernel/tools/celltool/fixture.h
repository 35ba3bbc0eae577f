// Makes cells from C text at test time, with the flags that `make cells` uses.
// SPDX-License-Identifier: MIT
#ifndef CELLTOOL_FIXTURE_H
#define CELLTOOL_FIXTURE_H

#include <tools/celltool/diff.h>
#include <tools/celltool/load.h>
#include <tools/celltool/write.h>

struct source {
    const char *path; // below the workshop, e.g. "kernel/app/hello/hello.c"
    const char *text;
};

// A folder of its own for one test; ends with workshop_fini().
struct workshop {
    char root[64];
};

// A cell that was made, or refused: then job.refusal says why and made is false.
struct made {
    struct job job;
    struct cell cell;
    bool made;
};

void workshop_init(struct workshop *workshop);
void workshop_fini(struct workshop *workshop);
void workshop_put(struct workshop *workshop, const char *path, const char *text);

// Compiles SOURCES (those that end in .c or .S; the rest are only put there), links them
// when there are several, and runs celltool on the result. EXTRA: more compiler flags.
// End with made_fini().
void make_cell_flags(struct workshop *workshop, const char *name, const char *extra,
                     const struct source *sources, size_t count, struct made *out);
void make_cell(struct workshop *workshop, const char *name, const struct source *sources,
               size_t count, struct made *out);
// One file, the whole life: a cell "one" from TEXT.
void make_one(const char *text, struct made *out);
// Only compiles and links, and leaves the parse trees of each C source in SOURCE.trees; the
// bytes live as long as JOB.
void link_objects(struct workshop *workshop, struct job *job, const char *extra,
                  const struct source *sources, size_t count, uint8_t **out_bytes,
                  size_t *out_len);
// Runs celltool write on bytes, as cell NAME; TREES as in struct write_options.
void write_and_load(struct job *job, const char *name, const char *trees, uint8_t *bytes,
                    size_t len, struct made *out);
void made_fini(struct made *made);

const struct function_info *find_function(const struct made *made, const char *name);
const struct import_info *find_import(const struct made *made, const char *name);
const struct data_info *find_data(const struct made *made, const char *key);
const struct type_info *find_type(const struct made *made, const char *name);
const struct field_info *find_field(const struct made *made, const char *type,
                                    const char *field);

#define SOURCES(...)                                                                     \
    (const struct source[]){__VA_ARGS__},                                                \
        sizeof((const struct source[]){__VA_ARGS__}) / sizeof(struct source)

#endif
