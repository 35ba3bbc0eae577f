/* Durable writes, bounded reads, and paths that try to lead out.
 * SPDX-License-Identifier: MIT */
#include "base/files.h"
#include "base/text.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64];
static int folder_fd;

static int set_up(void **state)
{
    (void)state;
    text_copy(folder, sizeof folder, "/tmp/files-test-XXXXXX");
    if (mkdtemp(folder) == NULL)
        return -1;
    folder_fd = open(folder, O_RDONLY | O_DIRECTORY);
    return folder_fd < 0 ? -1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    close(folder_fd);
    return files_remove_tree(folder) == RESULT_OK ? 0 : -1;
}

static char *in_folder(const char *name)
{
    return files_path("%s/%s", folder, name);
}

static void what_is_written_is_read_and_nothing_is_left_beside(void **state)
{
    (void)state;
    TEXT_OWNED char *path = in_folder("file");
    uint8_t *bytes = NULL;
    size_t len = 0;
    assert_int_equal(files_write_durable(path, "one", 3, 0600), RESULT_OK);
    assert_int_equal(files_write_durable(path, "second", 6, 0640), RESULT_OK);
    assert_int_equal(files_read(path, 6, &bytes, &len), RESULT_OK);
    assert_int_equal(len, 6);
    assert_string_equal((char *)bytes, "second");
    free(bytes);
    assert_int_equal(files_read(path, 5, &bytes, &len), RESULT_TOO_LARGE);
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0640);
    TEXT_OWNED char *temporary = in_folder("file.new");
    assert_false(files_exists(temporary));
}

static void a_failed_write_leaves_the_old_bytes(void **state)
{
    (void)state;
    TEXT_OWNED char *missing = in_folder("no/such/file");
    assert_int_equal(files_write_durable(missing, "x", 1, 0600), RESULT_NOT_FOUND);
    TEXT_OWNED char *taken = in_folder("taken");
    TEXT_OWNED char *inside = in_folder("taken/x");
    assert_int_equal(files_make_folder(taken, 0755), RESULT_OK);
    assert_int_equal(files_write_durable(inside, "x", 1, 0600), RESULT_OK);
    assert_int_not_equal(files_write_durable(taken, "x", 1, 0600), RESULT_OK);
    assert_true(files_exists(inside));
}

static void paths_that_lead_out_are_refused(void **state)
{
    (void)state;
    uint8_t *bytes = NULL;
    size_t len = 0;
    assert_int_equal(symlinkat("/etc", folder_fd, "link"), 0);
    assert_int_equal(symlinkat("/etc/hostname", folder_fd, "file"), 0);
    assert_int_equal(mkfifoat(folder_fd, "pipe", 0600), 0);
    assert_int_equal(mkdirat(folder_fd, "folder", 0700), 0);
    static const char *const bad[] = {"../x", "/etc/hostname", "link/hostname", "file",
                                      "pipe", "folder",        "folder/../../x"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_not_equal(files_read_beneath(folder_fd, bad[i], 4096, &bytes, &len),
                             RESULT_OK);
        assert_null(bytes);
    }
    assert_int_equal(files_read_beneath(folder_fd, "missing", 4096, &bytes, &len),
                     RESULT_NOT_FOUND);
}

static void a_tree_is_removed_without_following_links(void **state)
{
    (void)state;
    TEXT_OWNED char *kept = in_folder("kept");
    TEXT_OWNED char *inside = in_folder("kept/inside");
    TEXT_OWNED char *tree = in_folder("tree");
    TEXT_OWNED char *deep = in_folder("tree/a/b/c");
    TEXT_OWNED char *link = in_folder("tree/a/link");
    assert_int_equal(files_make_folder(kept, 0755), RESULT_OK);
    assert_int_equal(files_write_durable(inside, "x", 1, 0600), RESULT_OK);
    assert_int_equal(files_make_folder(deep, 0755), RESULT_OK);
    assert_int_equal(symlink(kept, link), 0);
    assert_int_equal(files_remove_tree(tree), RESULT_OK);
    assert_false(files_exists(tree));
    assert_true(files_exists(inside));
    assert_int_equal(files_remove_tree(tree), RESULT_OK);
}

static void what_changed_since_a_mark_is_removed(void **state)
{
    (void)state;
    TEXT_OWNED char *tree = in_folder("tree");
    TEXT_OWNED char *inner = in_folder("tree/inner");
    TEXT_OWNED char *old = in_folder("tree/inner/old");
    TEXT_OWNED char *fresh = in_folder("tree/inner/fresh");
    TEXT_OWNED char *dated = in_folder("tree/dated");
    TEXT_OWNED char *mark = in_folder("mark");
    const struct timespec long_ago[2] = {{1000, 0}, {1000, 0}};
    struct stat was;
    struct stat now;
    assert_int_equal(files_make_folder(inner, 0755), RESULT_OK);
    assert_int_equal(files_remove_changed(tree, mark), RESULT_NOT_FOUND);
    assert_int_equal(files_write_durable(old, "old", 3, 0644), RESULT_OK);
    assert_int_equal(stat(old, &was), 0);
    do { /* the file system's clock ticks each few milliseconds */
        assert_int_equal(files_write_durable(mark, "", 0, 0644), RESULT_OK);
        assert_int_equal(stat(mark, &now), 0);
    } while (now.st_ctim.tv_sec == was.st_ctim.tv_sec &&
             now.st_ctim.tv_nsec == was.st_ctim.tv_nsec);
    assert_int_equal(files_write_durable(fresh, "fresh", 5, 0644), RESULT_OK);
    assert_int_equal(files_write_durable(dated, "dated", 5, 0644), RESULT_OK);
    assert_int_equal(utimensat(AT_FDCWD, dated, long_ago, 0), 0);
    assert_int_equal(files_remove_changed(tree, mark), RESULT_OK);
    assert_true(files_exists(old));
    assert_false(files_exists(fresh));
    assert_false(files_exists(dated));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            what_is_written_is_read_and_nothing_is_left_beside, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_failed_write_leaves_the_old_bytes, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(paths_that_lead_out_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_tree_is_removed_without_following_links, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_changed_since_a_mark_is_removed, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
