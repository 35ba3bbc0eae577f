/* Releases and roots field by field: what is built is read; each field missing, of another kind or out of range is not.
 * SPDX-License-Identifier: MIT
 */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *release_document(void)
{
    struct manifest_release release;
    char *text;
    fixture_release(5, 9, &release);
    assert_status(MANIFEST_OK, manifest_release_text(&release, &text));
    json_t *document = json_loads(text, 0, NULL);
    free(text);
    return document;
}

static json_t *root_document(void)
{
    struct manifest_root root;
    char *text;
    fixture_root(1, &root);
    assert_status(MANIFEST_OK, manifest_root_text(&root, &text));
    json_t *document = json_loads(text, 0, NULL);
    free(text);
    return document;
}

/* Signs DOCUMENT as a release and opens it. */
static enum manifest_status open_release(const json_t *document)
{
    struct manifest_release release;
    struct manifest_root root;
    char *text = json_dumps(document, 0);
    struct bytes frame = fixture_sign(MANIFEST_TYPE_RELEASE, text, SIGNED_BY(2));
    fixture_root(1, &root);
    enum manifest_status status =
        manifest_release_open(frame.data, frame.len, &root, &release);
    if (status == MANIFEST_OK)
        manifest_release_fini(&release);
    bytes_free(&frame);
    free(text);
    return status;
}

static enum manifest_status open_root(const json_t *document)
{
    struct manifest_root root;
    char *text = json_dumps(document, 0);
    struct bytes frame = fixture_sign(MANIFEST_TYPE_ROOT, text, SIGNED_BY(1));
    enum manifest_status status = manifest_root_open(frame.data, frame.len, NULL, &root);
    bytes_free(&frame);
    free(text);
    return status;
}

static void reads_back_what_was_built(void **state)
{
    (void)state;
    struct manifest_release built, read;
    struct manifest_root root;
    fixture_root(1, &root);
    fixture_release(5, 9, &built);
    struct bytes frame = fixture_release_frame(&built, SIGNED_BY(2));
    assert_status(MANIFEST_OK, manifest_release_open(frame.data, frame.len, &root, &read));
    assert_int_equal(5, read.version);
    assert_string_equal("main", read.channel);
    assert_int_equal(3, read.cell_count);
    assert_string_equal("hello", read.cells[0].name);
    assert_int_equal(7, read.cells[0].abi);
    assert_string_equal("libc", read.cells[0].uses[0]);
    assert_non_null(manifest_release_cell(&read, "net"));
    assert_null(manifest_release_cell(&read, "nets"));
    assert_false(read.has_previous);
    uint8_t content[32];
    assert_status(MANIFEST_OK,
                  manifest_content_id(built.cells, built.cell_count, content));
    assert_memory_equal(content, read.content, 32);
    manifest_release_fini(&read);
    bytes_free(&frame);
}

/* Each required field taken away, and each made a list. */
static void refuses_a_document_with_any_field_missing_or_of_another_kind(void **state)
{
    (void)state;
    for (int kind = 0; kind < 2; kind++) {
        json_t *good = kind ? root_document() : release_document();
        enum manifest_status (*open)(const json_t *) = kind ? open_root : open_release;
        const char *name;
        json_t *value;
        assert_status(MANIFEST_OK, open(good));
        json_object_foreach(good, name, value)
        {
            json_t *bent = json_copy(good);
            if (strcmp(name, "provenance") == 0 || strcmp(name, "edges") == 0) {
                json_decref(bent);
                continue;
            }
            json_object_del(bent, name);
            assert_status(MANIFEST_BAD_FIELD, open(bent));
            json_object_set_new(bent, name, json_true());
            assert_status(MANIFEST_BAD_FIELD, open(bent));
            json_decref(bent);
        }
        json_object_set_new(good, "a_field_of_the_future", json_integer(1));
        assert_status(MANIFEST_OK, open(good));
        json_decref(good);
    }
}

static enum manifest_status release_with(const char *name, json_t *value)
{
    json_t *document = release_document();
    json_object_set_new(document, name, value);
    enum manifest_status status = open_release(document);
    json_decref(document);
    return status;
}

static void refuses_values_out_of_range(void **state)
{
    (void)state;
    assert_status(MANIFEST_BAD_FIELD, release_with("version", json_integer(0)));
    assert_status(MANIFEST_BAD_FIELD, release_with("version", json_integer(-1)));
    assert_status(MANIFEST_BAD_FIELD, release_with("security", json_integer(-1)));
    assert_status(MANIFEST_BAD_FIELD, release_with("commit", json_string("abc")));
    assert_status(MANIFEST_BAD_FIELD, release_with("channel", json_string("../main")));
    assert_status(MANIFEST_BAD_FIELD, release_with("target", json_string("")));
    assert_status(MANIFEST_BAD_FIELD, release_with("expires", json_string("tomorrow")));
    assert_status(MANIFEST_BAD_FIELD, release_with("previous", json_string("00")));
    assert_status(MANIFEST_BAD_FIELD, release_with("type", json_string("neurath/root")));
    assert_status(MANIFEST_BAD_FIELD, release_with("needs_boot", json_pack("[i]", 1)));
    assert_status(
        MANIFEST_BAD_SET,
        release_with(
            "content",
            json_string(
                "0000000000000000000000000000000000000000000000000000000000000000")));
}

/* Sets a field of the first cell. */
static enum manifest_status cell_with(const char *name, json_t *value)
{
    json_t *document = release_document();
    json_object_set_new(json_array_get(json_object_get(document, "cells"), 0), name,
                        value);
    enum manifest_status status = open_release(document);
    json_decref(document);
    return status;
}

static void refuses_sets_that_contradict_themselves(void **state)
{
    (void)state;
    assert_status(MANIFEST_BAD_SET, cell_with("uses", json_pack("[s]", "absent")));
    assert_status(MANIFEST_BAD_SET, cell_with("name", json_string("net")));
    assert_status(MANIFEST_BAD_SET, cell_with("name", json_string("renamed")));
    assert_status(MANIFEST_BAD_FIELD, cell_with("name", json_string("../etc/passwd")));
    assert_status(MANIFEST_BAD_FIELD, cell_with("length", json_integer(0)));
    assert_status(MANIFEST_BAD_FIELD,
                  cell_with("length", json_integer(MANIFEST_OBJECT_MAX + 1)));
    assert_status(MANIFEST_BAD_FIELD, cell_with("abi", json_string("7")));
    assert_status(MANIFEST_BAD_FIELD, cell_with("object", json_string("sha3-0011")));
    assert_status(MANIFEST_BAD_FIELD, cell_with("uses", json_pack("[i]", 3)));
}

static void takes_1024_cells_and_not_one_more(void **state)
{
    (void)state;
    static char names[MANIFEST_CELLS_MAX + 1][16];
    static struct manifest_cell cells[MANIFEST_CELLS_MAX + 1];
    struct manifest_release release, read;
    struct manifest_root root;
    char *text;
    fixture_root(1, &root);
    fixture_release(1, 1, &release);
    for (size_t i = 0; i <= MANIFEST_CELLS_MAX; i++) {
        snprintf(names[i], sizeof names[i], "c%zu", i);
        cells[i] = (struct manifest_cell){.name = names[i], .length = 1};
    }
    release.cells = cells;
    release.cell_count = MANIFEST_CELLS_MAX;
    struct bytes frame = fixture_release_frame(&release, SIGNED_BY(2));
    assert_status(MANIFEST_OK, manifest_release_open(frame.data, frame.len, &root, &read));
    assert_int_equal(MANIFEST_CELLS_MAX, read.cell_count);
    manifest_release_fini(&read);
    bytes_free(&frame);
    release.cell_count++;
    assert_status(MANIFEST_BAD_SET, manifest_release_text(&release, &text));
}

static void says_what_needs_a_boot_as_far_as_a_reader_takes_it(void **state)
{
    (void)state;
    static char longer[3000];
    const char *texts[300];
    struct manifest_release release, read;
    struct manifest_root root;
    fixture_root(1, &root);
    fixture_release(1, 1, &release);
    for (size_t i = 0; i + 2 < sizeof longer; i += 2)
        memcpy(longer + i, "\xc3\xa9", 2);
    for (size_t i = 0; i < 300; i++)
        texts[i] = longer + 1 + (i % 2);
    texts[0] = longer;
    release.needs_boot = texts;
    release.needs_boot_count = 1;
    struct bytes frame = fixture_release_frame(&release, SIGNED_BY(2));
    assert_status(MANIFEST_OK, manifest_release_open(frame.data, frame.len, &root, &read));
    assert_int_equal(1, read.needs_boot_count);
    assert_int_equal(512, strlen(read.needs_boot[0]));
    manifest_release_fini(&read);
    bytes_free(&frame);
}

static void says_what_may_be_lost(void **state)
{
    (void)state;
    static char longest[MANIFEST_CONSENT_LEN_MAX + 2];
    const char *names[MANIFEST_CONSENT_MAX + 1] = {"hello:ticks", "net:step::count"};
    struct manifest_release release, read;
    struct manifest_root root;
    char *text;
    fixture_root(1, &root);
    fixture_release(1, 1, &release);
    release.consent = names;
    release.consent_count = 2;
    struct bytes frame = fixture_release_frame(&release, SIGNED_BY(2));
    assert_status(MANIFEST_OK, manifest_release_open(frame.data, frame.len, &root, &read));
    assert_int_equal(2, read.consent_count);
    assert_string_equal("net:step::count", read.consent[1]);
    manifest_release_fini(&read);
    bytes_free(&frame);
    for (size_t i = 2; i <= MANIFEST_CONSENT_MAX; i++)
        names[i] = "hello:ticks";
    release.consent_count = MANIFEST_CONSENT_MAX + 1;
    assert_status(MANIFEST_BAD_FIELD, manifest_release_text(&release, &text));
    memset(longest, 'x', MANIFEST_CONSENT_LEN_MAX + 1);
    names[0] = longest;
    release.consent_count = 1;
    assert_status(MANIFEST_BAD_FIELD, manifest_release_text(&release, &text));
    assert_status(MANIFEST_BAD_FIELD, release_with("consent", json_pack("[i]", 1)));
    assert_status(MANIFEST_BAD_FIELD, release_with("consent", json_string("all")));
    assert_status(MANIFEST_OK, release_with("consent", json_array()));
}

static void a_role_needs_as_many_usable_keys_as_its_threshold(void **state)
{
    (void)state;
    json_t *document = root_document();
    json_t *role = json_object_get(json_object_get(document, "roles"), "timestamp");
    json_object_set_new(role, "threshold", json_integer(2));
    assert_status(MANIFEST_BAD_FIELD, open_root(document));
    json_object_set_new(role, "threshold", json_integer(0));
    assert_status(MANIFEST_BAD_FIELD, open_root(document));
    json_object_set_new(role, "threshold", json_integer(1));
    json_t *ids = json_object_get(role, "keyids");
    json_array_append(ids, json_array_get(ids, 0));
    assert_status(MANIFEST_BAD_FIELD, open_root(document));
    json_array_remove(ids, 1);
    assert_status(MANIFEST_OK, open_root(document));
    /* A key of a scheme to come is no key that counts. */
    const char *id = json_string_value(json_array_get(ids, 0));
    json_t *key = json_object_get(json_object_get(document, "keys"), id);
    json_object_set_new(key, "scheme", json_string("ml-dsa-65"));
    assert_status(MANIFEST_BAD_FIELD, open_root(document));
    json_decref(document);
}

static void a_key_goes_by_its_own_hash_and_lies_on_the_curve(void **state)
{
    (void)state;
    json_t *document = root_document();
    json_t *keys = json_object_get(document, "keys");
    json_t *role = json_object_get(json_object_get(document, "roles"), "timestamp");
    const char *id = json_string_value(json_array_get(json_object_get(role, "keyids"), 0));
    json_t *key = json_object_get(keys, id);
    char text[131];
    strcpy(text, json_string_value(json_object_get(key, "public")));
    text[129] = text[129] == '0' ? '1' : '0';
    json_object_set_new(key, "public", json_string(text));
    assert_status(MANIFEST_BAD_FIELD, open_root(document));
    json_decref(document);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_back_what_was_built),
        cmocka_unit_test(refuses_a_document_with_any_field_missing_or_of_another_kind),
        cmocka_unit_test(refuses_values_out_of_range),
        cmocka_unit_test(refuses_sets_that_contradict_themselves),
        cmocka_unit_test(takes_1024_cells_and_not_one_more),
        cmocka_unit_test(says_what_needs_a_boot_as_far_as_a_reader_takes_it),
        cmocka_unit_test(says_what_may_be_lost),
        cmocka_unit_test(a_role_needs_as_many_usable_keys_as_its_threshold),
        cmocka_unit_test(a_key_goes_by_its_own_hash_and_lies_on_the_curve),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
