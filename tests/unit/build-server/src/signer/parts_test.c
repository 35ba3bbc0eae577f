/* Sets: what the signer checks before it signs a release that was put together from two others. Rules: signer/parts.h.
 * SPDX-License-Identifier: MIT */
#include "base/files.h"
#include "base/text.h"
#include "signer/parts.h"

#include "tests/unit/manifest/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NO_SET ((struct journal_parts){0, 0})
#define PARTS ((struct journal_parts){1, 2})

/* Releases 1 and 2 of libc, hello and net: 2 has another hello and another net. */
struct world {
    char state[64];
    char path[96];
    struct journal journal;
    struct manifest_root root;
    char why[PARTS_WHY_LEN];
};

static void content_of(const struct bytes *frame, const struct manifest_root *root,
                       char out[static JOURNAL_DIGEST_LEN])
{
    struct manifest_release release;
    assert_status(MANIFEST_OK,
                  manifest_release_open(frame->data, frame->len, root, &release));
    text_hex(release.content, sizeof release.content, out);
    manifest_release_fini(&release);
}

static void keep(struct world *world, const struct manifest_release *release)
{
    char content[JOURNAL_DIGEST_LEN];
    struct bytes frame = fixture_release_frame(release, SIGNED_BY(2));
    TEXT_OWNED char *path = files_path("%s/releases/%llu", world->state,
                                       (unsigned long long)release->version);
    assert_int_equal(files_write_durable(path, frame.data, frame.len, 0644), RESULT_OK);
    content_of(&frame, &world->root, content);
    assert_int_equal(journal_release(&world->journal, (int64_t)release->version, NO_SET,
                                     content, content),
                     RESULT_OK);
    bytes_free(&frame);
}

/* Release VERSION as part 2 has it, in cells of its own. */
static void make(uint64_t version, unsigned hello, unsigned net,
                 struct manifest_cell cells[3], struct manifest_release *out)
{
    fixture_release(version, hello, out);
    memcpy(cells, out->cells, 3 * sizeof *cells);
    memset(cells[2].object, (int)net, sizeof cells[2].object);
    out->cells = cells;
    out->security = version < 3 ? version : 2;
}

static int set_up(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    struct problem problem;
    struct manifest_release release;
    struct manifest_cell cells[3];
    text_copy(world->state, sizeof world->state, "/tmp/parts-test-XXXXXX");
    if (world == NULL || mkdtemp(world->state) == NULL)
        return -1;
    snprintf(world->path, sizeof world->path, "%s/journal", world->state);
    TEXT_OWNED char *folder = files_path("%s/releases", world->state);
    assert_int_equal(files_make_folder(folder, 0755), RESULT_OK);
    assert_int_equal(journal_open(world->path, &world->journal, &problem), RESULT_OK);
    fixture_root(1, &world->root);
    make(1, 11, 21, cells, &release);
    keep(world, &release);
    make(2, 12, 22, cells, &release);
    keep(world, &release);
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    journal_close(&world->journal);
    enum result result = files_remove_tree(world->state);
    free(world);
    return result == RESULT_OK ? 0 : -1;
}

static enum result check(struct world *world, const struct manifest_release *set,
                         struct journal_parts parts)
{
    struct manifest_release opened;
    struct bytes frame = fixture_release_frame(set, SIGNED_BY(2));
    assert_status(MANIFEST_OK,
                  manifest_release_open(frame.data, frame.len, &world->root, &opened));
    enum result result = parts_check(world->state, &world->journal, &world->root, &opened,
                                     parts, world->why);
    manifest_release_fini(&opened);
    bytes_free(&frame);
    return result;
}

static void expect_refusal(struct world *world, const struct manifest_release *set,
                           struct journal_parts parts, const char *word)
{
    assert_int_equal(check(world, set, parts), RESULT_REFUSED);
    if (strstr(world->why, word) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", world->why, word);
}

static void cells_of_either_part_make_a_set(void **state)
{
    struct world *world = *state;
    struct manifest_cell cells[3];
    struct manifest_release set;
    for (unsigned hello = 11; hello <= 12; hello++)
        for (unsigned net = 21; net <= 22; net++) {
            make(3, hello, net, cells, &set);
            assert_int_equal(check(world, &set, PARTS), RESULT_OK);
        }
}

/* Rule 1. */
static void a_part_that_was_never_signed_is_refused(void **state)
{
    struct world *world = *state;
    struct manifest_cell cells[3];
    struct manifest_release set;
    make(7, 11, 22, cells, &set);
    expect_refusal(world, &set, (struct journal_parts){1, 5}, "release 5 was never");
    expect_refusal(world, &set, (struct journal_parts){5, 1}, "release 5 was never");
}

/* Rule 1: the frame on the disk is not believed for its number. */
static void a_part_that_was_exchanged_on_the_disk_is_refused(void **state)
{
    struct world *world = *state;
    struct manifest_cell cells[3];
    struct manifest_release set;
    make(3, 11, 23, cells, &set);
    struct bytes frame;
    TEXT_OWNED char *path = files_path("%s/releases/2", world->state);
    make(2, 12, 23, cells, &set);
    frame = fixture_release_frame(&set, SIGNED_BY(2)); /* the right key, another content */
    assert_int_equal(files_write_durable(path, frame.data, frame.len, 0644), RESULT_OK);
    bytes_free(&frame);
    make(3, 11, 23, cells, &set);
    expect_refusal(world, &set, PARTS, "not the one that was signed");
    make(2, 12, 22, cells, &set);
    frame = fixture_release_frame(&set, SIGNED_BY(4)); /* another key */
    assert_int_equal(files_write_durable(path, frame.data, frame.len, 0644), RESULT_OK);
    bytes_free(&frame);
    make(3, 11, 22, cells, &set);
    expect_refusal(world, &set, PARTS, "release 2: ");
    assert_int_equal(unlink(path), 0);
    expect_refusal(world, &set, PARTS, "cannot be read");
}

/* Rule 2. */
static void the_head_is_that_of_the_base_and_later(void **state)
{
    struct world *world = *state;
    struct manifest_cell cells[3];
    struct manifest_release set;
    make(2, 11, 22, cells, &set);
    expect_refusal(world, &set, PARTS, "later");
    make(3, 11, 22, cells, &set);
    set.security = 1;
    expect_refusal(world, &set, PARTS, "security");
    make(3, 11, 22, cells, &set);
    set.stub[0] = 9;
    expect_refusal(world, &set, PARTS, "boot stub");
    make(3, 11, 22, cells, &set);
    set.commit[0] = 'f';
    expect_refusal(world, &set, PARTS, "commit");
    make(3, 11, 22, cells, &set);
    set.channel = "other";
    expect_refusal(world, &set, PARTS, "channel");
}

/* Rule 3: an object that no build made, or one that is told otherwise than its build told it. */
static void a_cell_of_neither_part_is_refused(void **state)
{
    struct world *world = *state;
    struct manifest_cell cells[3];
    struct manifest_release set;
    make(3, 13, 22, cells, &set);
    expect_refusal(world, &set, PARTS, "cell hello");
    make(3, 11, 22, cells, &set);
    cells[2].length++;
    expect_refusal(world, &set, PARTS, "cell net");
    make(3, 11, 22, cells, &set);
    cells[2].abi++;
    expect_refusal(world, &set, PARTS, "cell net");
    make(3, 11, 22, cells, &set);
    memcpy(cells[2].object, cells[1].object, sizeof cells[2].object);
    expect_refusal(world, &set, PARTS, "cell net");
}

/* Rules 4 and 5. */
static void a_set_with_something_left_out_is_refused(void **state)
{
    struct world *world = *state;
    struct manifest_cell cells[3];
    struct manifest_release set;
    make(3, 11, 22, cells, &set);
    set.cell_count = 2;
    expect_refusal(world, &set, PARTS, "cell net is in both");
    make(3, 11, 22, cells, &set);
    cells[1].use_count = 0; /* it would hide that libc is needed */
    expect_refusal(world, &set, PARTS, "cell hello");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(cells_of_either_part_make_a_set),
        CASE(a_part_that_was_never_signed_is_refused),
        CASE(a_part_that_was_exchanged_on_the_disk_is_refused),
        CASE(the_head_is_that_of_the_base_and_later),
        CASE(a_cell_of_neither_part_is_refused),
        CASE(a_set_with_something_left_out_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
