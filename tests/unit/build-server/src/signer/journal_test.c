/* The signer's journal: no version twice, no time backwards, torn lines.
 * SPDX-License-Identifier: MIT */
#include "base/files.h"
#include "base/text.h"
#include "signer/journal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

#define NO_SET ((struct journal_parts){0, 0})

static char folder[64];
static char path[96];

static int set_up(void **state)
{
    (void)state;
    text_copy(folder, sizeof folder, "/tmp/journal-test-XXXXXX");
    if (mkdtemp(folder) == NULL)
        return -1;
    text_copy(path, sizeof path, folder);
    strcat(path, "/journal");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    return files_remove_tree(folder) == RESULT_OK ? 0 : -1;
}

static struct journal open_journal(void)
{
    struct journal journal;
    struct problem problem;
    assert_int_equal(journal_open(path, &journal, &problem), RESULT_OK);
    return journal;
}

/* Journal invariant 1. */
static void a_version_names_one_payload_for_ever(void **state)
{
    (void)state;
    struct journal journal = open_journal();
    assert_int_equal(journal_release(&journal, 1, NO_SET, A, B), RESULT_OK);
    assert_int_equal(journal_release(&journal, 1, NO_SET, A, B), RESULT_OK);
    assert_int_equal(journal_release(&journal, 1, NO_SET, A, A), RESULT_REFUSED);
    assert_int_equal(journal_release(&journal, 1, NO_SET, B, B), RESULT_REFUSED);
    assert_int_equal(journal_release(&journal, 0, NO_SET, A, B), RESULT_REFUSED);
    journal_close(&journal);
    journal = open_journal();
    assert_int_equal(journal_release(&journal, 1, NO_SET, A, A), RESULT_REFUSED);
    assert_int_equal(journal_release(&journal, 1, NO_SET, A, B), RESULT_OK);
    journal_close(&journal);
}

/* Journal invariant 2. */
static void versions_and_counters_and_times_only_rise(void **state)
{
    (void)state;
    struct journal journal = open_journal();
    assert_int_equal(journal_release(&journal, 5, NO_SET, A, B), RESULT_OK);
    assert_int_equal(journal_release(&journal, 4, NO_SET, A, B), RESULT_REFUSED);
    assert_int_equal(journal_release(&journal, 9, NO_SET, A, B), RESULT_OK);
    assert_non_null(journal_find(&journal, 5));
    assert_null(journal_find(&journal, 6));
    assert_int_equal(journal_timestamp(&journal, 3, 1000, A), RESULT_OK);
    assert_int_equal(journal_timestamp(&journal, 3, 1000, A), RESULT_OK);
    assert_int_equal(journal_timestamp(&journal, 3, 1000, B), RESULT_REFUSED);
    assert_int_equal(journal_timestamp(&journal, 2, 2000, B), RESULT_REFUSED);
    assert_int_equal(journal_timestamp(&journal, 4, 999, B), RESULT_REFUSED);
    assert_int_equal(journal_timestamp(&journal, 4, 1000, B), RESULT_OK);
    journal_close(&journal);
    journal = open_journal();
    assert_int_equal(journal.counter, 4);
    assert_int_equal(journal_timestamp(&journal, 3, 5000, A), RESULT_REFUSED);
    assert_int_equal(journal_release(&journal, 8, NO_SET, A, B), RESULT_REFUSED);
    journal_close(&journal);
}

static void a_set_is_recorded_with_its_parts(void **state)
{
    (void)state;
    struct journal journal = open_journal();
    assert_int_equal(journal_release(&journal, 1, NO_SET, A, B), RESULT_OK);
    assert_int_equal(journal_release(&journal, 3, (struct journal_parts){1, 2}, B, A),
                     RESULT_OK);
    for (int i = 1; i <= 4200; i++)
        assert_int_equal(journal_timestamp(&journal, i, i, A), RESULT_OK);
    journal_close(&journal);
    journal = open_journal();
    assert_int_equal(journal_find(&journal, 1)->parts.base, 0);
    assert_int_equal(journal_find(&journal, 3)->parts.base, 1);
    assert_int_equal(journal_find(&journal, 3)->parts.other, 2);
    journal_close(&journal);
}

static void append_text(const char *text)
{
    uint8_t *bytes = NULL;
    size_t len = 0;
    assert_int_equal(files_read(path, 1u << 20, &bytes, &len), RESULT_OK);
    TEXT_BUFFER_OWNED all = {0};
    text_append(&all, (char *)bytes, len);
    text_append(&all, text, strlen(text));
    free(bytes);
    assert_int_equal(files_write_durable(path, all.data, all.len, 0600), RESULT_OK);
}

static void a_torn_last_line_is_cut_off(void **state)
{
    (void)state;
    static const char line[] = "release 2 " A " " B "\n";
    for (size_t cut = 1; cut < sizeof line - 1; cut++) {
        unlink(path);
        struct journal journal = open_journal();
        assert_int_equal(journal_release(&journal, 1, NO_SET, A, B), RESULT_OK);
        journal_close(&journal);
        char torn[sizeof line];
        text_copy(torn, cut + 1, line);
        append_text(torn);
        journal = open_journal();
        assert_int_equal(journal.count, 1);
        assert_int_equal(journal_release(&journal, 2, NO_SET, B, A), RESULT_OK);
        journal_close(&journal);
        journal = open_journal();
        assert_int_equal(journal.count, 2);
        journal_close(&journal);
    }
}

static void a_damaged_line_stops_the_signer(void **state)
{
    (void)state;
    struct journal journal = open_journal();
    assert_int_equal(journal_release(&journal, 1, NO_SET, A, B), RESULT_OK);
    journal_close(&journal);
    append_text("releaze 2 x\n");
    struct problem problem;
    assert_int_equal(journal_open(path, &journal, &problem), RESULT_CORRUPT);
}

static void many_timestamps_do_not_make_the_file_grow(void **state)
{
    (void)state;
    struct journal journal = open_journal();
    assert_int_equal(journal_release(&journal, 7, NO_SET, A, B), RESULT_OK);
    for (int i = 1; i <= 4200; i++)
        assert_int_equal(journal_timestamp(&journal, i, i, A), RESULT_OK);
    assert_true(journal.timestamp_lines < 200);
    journal_close(&journal);
    journal = open_journal();
    assert_int_equal(journal.counter, 4200);
    assert_non_null(journal_find(&journal, 7));
    journal_close(&journal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_version_names_one_payload_for_ever, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(versions_and_counters_and_times_only_rise, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_set_is_recorded_with_its_parts, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_torn_last_line_is_cut_off, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_damaged_line_stops_the_signer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(many_timestamps_do_not_make_the_file_grow, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
