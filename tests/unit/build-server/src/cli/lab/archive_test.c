/* Tests of putting a seed into a boot archive.
 * SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <cli/lab/archive.h>
#include <cli/place.h>

static char folder[] = "/tmp/archive-test-XXXXXX";
static char from[64], to[64];
static struct failure failure;

static size_t entry(char *out, const char *name, const char *text)
{
    size_t name_len = strlen(name) + 1, len = strlen(text), at = 0;

    memset(out, 0, 400);
    at = (size_t)sprintf(out,
                         "070701%08x%08x%08x%08x%08x%08x%08zx%08x%08x%08x%08x%08zx%08x",
                         1, 0100644, 0, 0, 1, 0, len, 0, 0, 0, 0, name_len, 0);
    memcpy(out + at, name, name_len);
    at = (at + name_len + 3) & ~(size_t)3;
    memcpy(out + at, text, len);
    return (at + len + 3) & ~(size_t)3;
}

/* Writes an archive with one file, and LESS bytes missing at its end. */
static void write_archive(size_t less)
{
    char bytes[1024] = "";
    size_t len = entry(bytes, "cells/hello.o", "an object");

    len += entry(bytes + len, "TRAILER!!!", "");
    assert_true(place_write_file(from, bytes, len - less, 0600, &failure));
}

static void the_new_file_stands_before_the_end_mark(void **state)
{
    char *bytes = NULL, *seed = NULL, *end = NULL, *object = NULL;
    size_t len = 0;

    (void)state;
    write_archive(0);
    assert_true(archive_add(from, to, "seed.json", "{\"a\":1}", 7, &failure));
    bytes = place_read_file(to, &len);
    assert_non_null(bytes);
    object = memmem(bytes, len, "an object", 9);
    seed = memmem(bytes, len, "seed.json", 10);
    end = memmem(bytes, len, "TRAILER!!!", 11);
    assert_true(object != NULL && seed > object && end > seed);
    assert_null(memmem(end + 1, len - (size_t)(end + 1 - bytes), "TRAILER!!!", 10));
    assert_int_equal(len % 4, 0);
    /* The header is 110 bytes before the name; its size field says 7. */
    assert_memory_equal(seed - 110 + 54, "00000007", 8);
    assert_memory_equal(seed - 110 + 112 + 8, "{\"a\":1}", 7);
    free(bytes);
}

static void refuses_what_is_no_whole_archive(void **state)
{
    (void)state;
    for (size_t less = 4; less < 250; less += 7) {
        write_archive(less);
        assert_false(archive_add(from, to, "seed.json", "x", 1, &failure));
        assert_string_equal(failure.code, "bad-archive");
    }
    assert_true(place_write_file(from, "not an archive", 14, 0600, &failure));
    assert_false(archive_add(from, to, "seed.json", "x", 1, &failure));
}

static void refuses_lengths_that_lie(void **state)
{
    char bytes[1024] = "";
    size_t len = entry(bytes, "a", "b");

    (void)state;
    len += entry(bytes + len, "TRAILER!!!", "");
    memcpy(bytes + 54, "fffffff0", 8);
    assert_true(place_write_file(from, bytes, len, 0600, &failure));
    assert_false(archive_add(from, to, "seed.json", "x", 1, &failure));
    memcpy(bytes + 54, "00000001", 8);
    memcpy(bytes + 94, "ffffffff", 8);
    assert_true(place_write_file(from, bytes, len, 0600, &failure));
    assert_false(archive_add(from, to, "seed.json", "x", 1, &failure));
}

static int set_up(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL) {
        return 1;
    }
    snprintf(from, sizeof(from), "%s/from", folder);
    snprintf(to, sizeof(to), "%s/to", folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(from);
    unlink(to);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_new_file_stands_before_the_end_mark),
        cmocka_unit_test(refuses_what_is_no_whole_archive),
        cmocka_unit_test(refuses_lengths_that_lie),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
