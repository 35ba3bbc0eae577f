// Compiles test sources in a folder of their own and runs the parts of celltool on them.
// SPDX-License-Identifier: MIT
#include "fixture.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static int remove_entry(const char *path, const struct stat *status, int type,
                        struct FTW *place)
{
    (void)status;
    (void)type;
    (void)place;
    return remove(path);
}

void workshop_init(struct workshop *workshop)
{
    const char *base = getenv("TMPDIR");
    snprintf(workshop->root, sizeof(workshop->root), "%s/celltool-XXXXXX",
             base && strlen(base) < 40 ? base : "/tmp");
    assert_non_null(mkdtemp(workshop->root));
}

void workshop_fini(struct workshop *workshop)
{
    nftw(workshop->root, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

void workshop_put(struct workshop *workshop, const char *path, const char *text)
{
    char full[512];

    snprintf(full, sizeof(full), "%s/%s", workshop->root, path);
    for (char *at = full + strlen(workshop->root) + 1; (at = strchr(at, '/')); at++) {
        *at = '\0';
        mkdir(full, 0777);
        *at = '/';
    }
    FILE *file = fopen(full, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void run(const char *command)
{
    int result = system(command);
    if (result)
        fprintf(stderr, "failed: %s\n", command);
    assert_int_equal(result, 0);
}

static bool ends_in(const char *path, const char *end)
{
    return strlen(path) > strlen(end) &&
           strcmp(path + strlen(path) - strlen(end), end) == 0;
}

static bool is_c(const char *path)
{
    return ends_in(path, ".c");
}

static bool is_compiled(const char *path)
{
    return is_c(path) || ends_in(path, ".S");
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

void link_objects(struct workshop *workshop, struct job *job, const char *extra,
                  const struct source *sources, size_t count, uint8_t **out_bytes,
                  size_t *out_len)
{
    struct text link;
    size_t objects = 0;

    text_init(&link, job);
    text_add(&link, "cd %s && " TEST_LD " -r --unique -z noexecstack -o linked.o",
             workshop->root);
    for (size_t i = 0; i < count; i++)
        workshop_put(workshop, sources[i].path, sources[i].text);
    for (size_t i = 0; i < count; i++) {
        if (!is_compiled(sources[i].path))
            continue;
        run(job_print(job,
                      "cd %s && " TEST_CC " -w " TEST_CELL_FLAGS
                      " %s -I. -Ikernel " TEST_CELL_HEADERS
                      " -ffile-prefix-map=%s=/k -fdump-tree-original=%s.trees -c -o "
                      "%zu.o %s",
                      workshop->root, extra, workshop->root, base_name(sources[i].path),
                      i, sources[i].path));
        text_add(&link, " %zu.o", i);
        objects++;
    }
    if (objects)
        run(link.bytes);
    assert_true(file_read(job, job_print(job, "%s/linked.o", workshop->root), out_bytes,
                          out_len));
}

void write_and_load(struct job *job, const char *name, const char *trees, uint8_t *bytes,
                    size_t len, struct made *out)
{
    const struct write_options options = {.name = name,
                                          .kind = CELL_APP,
                                          .phase = CELL_PHASE_APP,
                                          .uses = "libc",
                                          .trees = trees,
                                          .abi_flags = "gcc-test " TEST_CELL_ABI};
    struct text object;

    text_init(&object, job);
    out->made = write_cell(job, &options, bytes, len, &object);
    assert_true(out->made == !job->refusal[0]);
    if (out->made && !cell_load(job, (uint8_t *)object.bytes, object.len, &out->cell))
        fail_msg("%s", job->refusal);
}

void make_cell_flags(struct workshop *workshop, const char *name, const char *extra,
                     const struct source *sources, size_t count, struct made *out)
{
    struct text trees;
    uint8_t *bytes;
    size_t len;

    *out = (struct made){0};
    job_init(&out->job, "cell test");
    text_init(&trees, &out->job);
    link_objects(workshop, &out->job, extra, sources, count, &bytes, &len);
    for (size_t i = 0; i < count; i++)
        if (is_c(sources[i].path))
            text_add(&trees, "%s/%s.trees ", workshop->root, base_name(sources[i].path));
    write_and_load(&out->job, name, trees.bytes, bytes, len, out);
}

void make_cell(struct workshop *workshop, const char *name, const struct source *sources,
               size_t count, struct made *out)
{
    make_cell_flags(workshop, name, "", sources, count, out);
}

void make_one(const char *text, struct made *out)
{
    struct workshop workshop;

    workshop_init(&workshop);
    make_cell(&workshop, "one", SOURCES({"kernel/app/one/one.c", text}), out);
    workshop_fini(&workshop);
}

void made_fini(struct made *made)
{
    job_fini(&made->job);
}

#define FIND(made, table, count, member, wanted)                                         \
    do {                                                                                 \
        for (size_t i = 0; i < (made)->cell.info.count; i++)                             \
            if (strcmp((made)->cell.info.table[i].member, wanted) == 0)                  \
                return &(made)->cell.info.table[i];                                      \
    } while (0)

const struct function_info *find_function(const struct made *made, const char *name)
{
    FIND(made, functions, function_count, name, name);
    return NULL;
}

const struct import_info *find_import(const struct made *made, const char *name)
{
    FIND(made, imports, import_count, name, name);
    return NULL;
}

const struct data_info *find_data(const struct made *made, const char *key)
{
    FIND(made, data, data_count, key, key);
    return NULL;
}

const struct type_info *find_type(const struct made *made, const char *name)
{
    FIND(made, types, type_count, name, name);
    return NULL;
}

const struct field_info *find_field(const struct made *made, const char *type,
                                    const char *field)
{
    const struct type_info *found = find_type(made, type);

    for (size_t i = 0; found && i < found->field_count; i++)
        if (strcmp(made->cell.info.fields[found->first_field + i].name, field) == 0)
            return &made->cell.info.fields[found->first_field + i];
    return NULL;
}
