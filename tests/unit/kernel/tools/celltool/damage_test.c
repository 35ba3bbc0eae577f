// Truncated and altered input is refused or read, and never crashes celltool.
// SPDX-License-Identifier: MIT
#include "fixture.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char text[] =
    "struct s { int a; struct s *next; }; static struct s head;\n"
    "void print(const char *, ...); static const char t[] = \"x\";\n"
    "int f(struct s *s) { static int n; print(\"%s\", t); head = *s; return ++n; }";

// The linked object, ready to be damaged; lives as long as JOB.
static void linked(struct job *job, uint8_t **out_bytes, size_t *out_len)
{
    struct workshop workshop;

    workshop_init(&workshop);
    link_objects(&workshop, job, "", SOURCES({"kernel/app/one/one.c", text}), out_bytes,
                 out_len);
    workshop_fini(&workshop);
}

// Writes a copy of exactly LEN bytes, so that the sanitizer sees every step beyond.
static bool try_write(const uint8_t *bytes, size_t len, struct made *out)
{
    uint8_t *copy = malloc(len ? len : 1);

    *out = (struct made){0};
    memcpy(copy, bytes, len);
    job_init(&out->job, "cell test");
    write_and_load(&out->job, "one", NULL, copy, len, out);
    bool made = out->made;
    job_fini(&out->job);
    free(copy);
    return made;
}

static bool try_load(const uint8_t *bytes, size_t len)
{
    uint8_t *copy = malloc(len ? len : 1);
    struct job job;
    struct cell cell;

    memcpy(copy, bytes, len);
    job_init(&job, "file");
    bool loaded = cell_load(&job, copy, len, &cell);
    assert_true(loaded == !job.refusal[0]);
    if (loaded) {
        struct text out;
        text_init(&out, &job);
        diff_cells(&cell, &cell, &out);
    }
    job_fini(&job);
    free(copy);
    return loaded;
}

static void a_truncated_linked_object_is_refused_at_any_length(void **state)
{
    struct job job;
    struct made made;
    uint8_t *bytes;
    size_t len;
    (void)state;

    job_init(&job, "test");
    linked(&job, &bytes, &len);
    for (size_t cut = 0; cut < len; cut += cut < 128 ? 1 : 13)
        assert_false(try_write(bytes, cut, &made));
    assert_true(try_write(bytes, len, &made));
    job_fini(&job);
}

static void an_altered_header_or_table_never_crashes_write(void **state)
{
    static const uint8_t values[] = {0x00, 0xff, 0x7f, 0x80};
    struct job job;
    struct made made;
    uint8_t *bytes;
    size_t len;
    (void)state;

    job_init(&job, "test");
    linked(&job, &bytes, &len);
    size_t table = (size_t)get_le64(bytes + 40);
    for (size_t at = 0; at < len; at = at == 63 ? table : at + 1)
        for (size_t i = 0; i < sizeof(values); i++) {
            uint8_t kept = bytes[at];
            if ((at * 7 + i) % 3)
                continue;
            bytes[at] = values[i];
            try_write(bytes, len, &made);
            bytes[at] = kept;
        }
    job_fini(&job);
}

static void a_truncated_or_altered_cell_never_crashes_show_or_diff(void **state)
{
    struct workshop workshop;
    struct made made;
    (void)state;

    workshop_init(&workshop);
    make_cell(&workshop, "one", SOURCES({"kernel/app/one/one.c", text}), &made);
    workshop_fini(&workshop);
    assert_true(made.made);
    uint8_t *bytes = made.cell.object.bytes;
    size_t len = made.cell.object.len;
    for (size_t cut = 0; cut < len; cut += 7)
        assert_false(try_load(bytes, cut));
    assert_true(try_load(bytes, len));
    for (size_t at = 0; at < len; at++) {
        uint8_t kept = bytes[at];
        bytes[at] = (uint8_t)(at % 2 ? 0xff : kept ^ 1);
        try_load(bytes, len);
        bytes[at] = kept;
    }
    made_fini(&made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_truncated_linked_object_is_refused_at_any_length),
        cmocka_unit_test(an_altered_header_or_table_never_crashes_write),
        cmocka_unit_test(a_truncated_or_altered_cell_never_crashes_show_or_diff),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
