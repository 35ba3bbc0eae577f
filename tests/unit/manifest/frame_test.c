/* Frames, strict JSON, hex, times: what is read, and everything that is not.
 * SPDX-License-Identifier: MIT
 */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct bytes sample(void)
{
    return fixture_sign("neurath/release", "{\"type\":\"neurath/release\"}",
                        SIGNED_BY(2, 3));
}

static void reads_what_was_written(void **state)
{
    (void)state;
    struct bytes frame = sample();
    struct manifest_frame read;
    size_t len;
    assert_status(MANIFEST_OK, manifest_frame_decode(frame.data, frame.len, &read));
    assert_int_equal(2, read.signature_count);
    assert_int_equal(15, read.type_len);
    assert_memory_equal("{\"type\":\"neurath/release\"}", read.payload, read.payload_len);
    assert_status(MANIFEST_OK, manifest_frame_length(frame.data, frame.len, &len));
    assert_int_equal(frame.len, len);
    bytes_free(&frame);
}

static void refuses_a_frame_cut_at_any_byte_or_with_one_more(void **state)
{
    (void)state;
    struct bytes frame = sample();
    struct manifest_frame read;
    for (size_t len = 0; len < frame.len; len++) {
        uint8_t *cut = malloc(len ? len : 1);
        memcpy(cut, frame.data, len);
        assert_status(MANIFEST_BAD_FRAME, manifest_frame_decode(cut, len, &read));
        free(cut);
    }
    uint8_t *more = calloc(1, frame.len + 1);
    memcpy(more, frame.data, frame.len);
    assert_status(MANIFEST_BAD_FRAME, manifest_frame_decode(more, frame.len + 1, &read));
    free(more);
    bytes_free(&frame);
}

/* A flipped bit breaks the frame, or changes what was signed, or makes a signature bad: two were needed. */
static void every_flipped_bit_is_noticed(void **state)
{
    (void)state;
    struct manifest_root root;
    fixture_root(1, &root);
    assert_status(MANIFEST_OK, manifest_root_add(&root, MANIFEST_ROLE_RELEASE,
                                                 &fixture_secret(3)->key));
    root.roles[MANIFEST_ROLE_RELEASE].threshold = 2;
    struct bytes frame = sample();
    struct manifest_frame read;
    for (size_t bit = 0; bit < frame.len * 8; bit++) {
        frame.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        enum manifest_status status = manifest_frame_decode(frame.data, frame.len, &read);
        if (status == MANIFEST_OK)
            status = manifest_frame_verify(&read, &root, MANIFEST_ROLE_RELEASE);
        assert_int_not_equal(MANIFEST_OK, status);
        frame.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_status(MANIFEST_OK, manifest_frame_decode(frame.data, frame.len, &read));
    assert_status(MANIFEST_OK, manifest_frame_verify(&read, &root, MANIFEST_ROLE_RELEASE));
    bytes_free(&frame);
}

static void refuses_lengths_over_the_caps(void **state)
{
    (void)state;
    struct bytes frame = sample();
    struct manifest_frame read;
    struct manifest_signature none = {0};
    uint8_t *out;
    size_t len;
    memcpy(frame.data + 8, "\xff\xff\xff\xff", 4);
    assert_status(MANIFEST_BAD_FRAME, manifest_frame_decode(frame.data, frame.len, &read));
    frame.data[5] = 255;
    assert_status(MANIFEST_BAD_FRAME, manifest_frame_decode(frame.data, frame.len, &read));
    uint8_t *large = calloc(1, MANIFEST_FRAME_MAX + 1);
    assert_status(MANIFEST_BAD_FRAME, manifest_frame_encode("t", large, MANIFEST_FRAME_MAX,
                                                            &none, 1, &out, &len));
    assert_status(MANIFEST_BAD_FRAME,
                  manifest_frame_encode("", large, 1, &none, 0, &out, &len));
    assert_status(MANIFEST_BAD_FRAME,
                  manifest_frame_encode("t", large, 1, &none, 17, &out, &len));
    free(large);
    bytes_free(&frame);
}

static void signs_alike_every_time_and_endorses_once_for_each_key(void **state)
{
    (void)state;
    struct bytes one = sample(), two = sample();
    struct manifest_frame read;
    struct bytes more, same;
    assert_int_equal(one.len, two.len);
    assert_memory_equal(one.data, two.data, one.len);
    assert_status(MANIFEST_OK, manifest_frame_endorse(one.data, one.len, fixture_secret(5),
                                                      &more.data, &more.len));
    assert_status(MANIFEST_OK, manifest_frame_decode(more.data, more.len, &read));
    assert_int_equal(3, read.signature_count);
    assert_status(MANIFEST_OK,
                  manifest_frame_endorse(more.data, more.len, fixture_secret(5),
                                         &same.data, &same.len));
    assert_int_equal(more.len, same.len);
    assert_memory_equal(more.data, same.data, more.len);
    bytes_free(&one);
    bytes_free(&two);
    bytes_free(&more);
    bytes_free(&same);
}

/* RFC 6979, A.2.5: P-256, SHA-256, message "sample". */
static void signs_as_rfc_6979_says(void **state)
{
    (void)state;
    static const char scalar_text[] =
        "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721";
    static const char signature_text[] =
        "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
        "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8";
    uint8_t scalar[32], digest[32], signature[64];
    char text[129];
    struct manifest_secret secret;
    assert_true(manifest_hex_read(scalar_text, scalar, 32));
    assert_status(MANIFEST_OK, manifest_secret_load(scalar, &secret));
    assert_status(MANIFEST_OK, manifest_hash("sample", 6, digest));
    assert_status(MANIFEST_OK, manifest_sign_digest(&secret, digest, signature));
    manifest_hex_write(signature, 64, text);
    assert_string_equal(signature_text, text);
}

static void refuses_scalars_that_are_no_keys(void **state)
{
    (void)state;
    uint8_t scalar[32] = {0};
    struct manifest_secret secret;
    assert_status(MANIFEST_BAD_FIELD, manifest_secret_load(scalar, &secret));
    memset(scalar, 0xff, sizeof scalar);
    assert_status(MANIFEST_BAD_FIELD, manifest_secret_load(scalar, &secret));
}

/* --- JSON ---------------------------------------------------------------------------------------------------------- */

static enum manifest_status json(const char *text, size_t len)
{
    json_t *document = NULL;
    enum manifest_status status = manifest_json_read(text, len, &document);
    if (status == MANIFEST_OK)
        json_decref(document);
    return status;
}

static void refuses_json_that_readers_could_understand_differently(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        " ",
        "null",
        "[]",
        "1",
        "\"a\"",
        "{",
        "}",
        "{\"a\":1,}",
        "{\"a\" 1}",
        "{a:1}",
        "{'a':1}",
        "{\"a\":01}",
        "{\"a\":1.5}",
        "{\"a\":1e3}",
        "{\"a\":1e999}",
        "{\"a\":-1E2}",
        "{\"a\":9007199254740992}",
        "{\"a\":-9007199254740992}",
        "{\"a\":99999999999999999999}",
        "{\"a\":18446744073709551617}",
        "{\"a\":1,\"a\":2}",
        "{\"a\":{\"b\":1,\"b\":1}}",
        "{\"a\":nul}",
        "{\"a\":+1}",
        "{\"a\":NaN}",
        "{\"a\":1} x",
        "{\"a\":1}{}",
        "{\"a\":\"\\ud800\"}",
        "{\"a\":\"\\u0000\"}",
        "{\"a\":\"\xff\"}",
        "{\"a\":\"\xc0\x80\"}",
        "{\"a\":\"\n\"}",
        "{\"a\":\"\\x\"}",
        "{\"a\":1 /* c */}",
        "\xef\xbb\xbf{}",
        "{\"a\":[1,]}",
        "{\"a\":\"b}",
        "{\"a\":--1}",
        "{\"a\":1-2}",
        "{\"a\":.5}",
        "{\"a\":0x10}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_status(MANIFEST_BAD_JSON, json(bad[i], strlen(bad[i])));
    assert_status(MANIFEST_BAD_JSON, json("{\"a\":\"\0\"}", 9));
    assert_status(MANIFEST_BAD_JSON, json("{}\0", 3));
}

static void reads_json_with_unknown_fields_and_odd_blanks(void **state)
{
    (void)state;
    static const char *const good[] = {
        "{}",
        " {\n\t\"a\" : [ ] }\r\n",
        "{\"a\":9007199254740991,\"b\":-9007199254740991}",
        "{\"a\":\"1.5e3 \\\" [[[[[[[[[[[[[[[[[[[[\"}",
        "{\"a\":true,\"b\":null,\"e\":false}",
        "{\"a\":\"\\u00e9\\ud83d\\ude00\"}",
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_status(MANIFEST_OK, json(good[i], strlen(good[i])));
}

static void bounds_the_depth_before_it_parses(void **state)
{
    (void)state;
    enum { LEVELS = 100000 };
    char *text = malloc(2 * LEVELS + 8);
    for (size_t depth = 1; depth <= 40; depth++) {
        size_t len = 0;
        for (size_t i = 1; i < depth; i++)
            len += (size_t)sprintf(text + len, "{\"a\":");
        len += (size_t)sprintf(text + len, "{}");
        for (size_t i = 1; i < depth; i++)
            text[len++] = '}';
        assert_status(depth <= MANIFEST_DEPTH_MAX ? MANIFEST_OK : MANIFEST_BAD_JSON,
                      json(text, len));
    }
    memset(text, '[', LEVELS);
    assert_status(MANIFEST_BAD_JSON, json(text, LEVELS));
    free(text);
    text = malloc(MANIFEST_FRAME_MAX + 1);
    memset(text, ' ', MANIFEST_FRAME_MAX + 1);
    memcpy(text, "{}", 2);
    assert_status(MANIFEST_OK, json(text, MANIFEST_FRAME_MAX));
    assert_status(MANIFEST_BAD_JSON, json(text, MANIFEST_FRAME_MAX + 1));
    free(text);
}

/* --- Hex, times, names --------------------------------------------------------------------------------------------- */

static void reads_the_times_that_it_writes_and_no_others(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "2026-02-29T00:00:00.000Z",
        "2026-13-01T00:00:00.000Z",
        "2026-00-01T00:00:00.000Z",
        "2026-01-32T00:00:00.000Z",
        "2026-01-01T24:00:00.000Z",
        "2026-01-01T00:60:00.000Z",
        "2026-01-01T00:00:60.000Z",
        "2026-01-01 00:00:00.000Z",
        "2026-01-01T00:00:00.000+",
        "2026-01-01T00:00:00Z",
        "1969-12-31T23:59:59.999Z",
        "2026-01-01T00:00:00,000Z",
        "2026-01-01T00:00:00.0000",
        "2026-1-01T00:00:00.0000Z",
        "",
    };
    int64_t ms;
    char text[MANIFEST_TIME_LEN + 1];
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(manifest_time_read(bad[i], &ms));
    assert_true(manifest_time_read("2000-02-29T12:34:56.789Z", &ms));
    assert_true(ms == INT64_C(951827696789));
    for (int64_t at = 0; at < INT64_C(253402300800000); at += INT64_C(86399999) * 97) {
        manifest_time_write(at, text);
        assert_true(manifest_time_read(text, &ms));
        assert_true(ms == at);
    }
}

static void reads_hex_of_one_length_and_case(void **state)
{
    (void)state;
    uint8_t out[2];
    assert_true(manifest_hex_read("0aff", out, 2));
    assert_int_equal(0x0a, out[0]);
    assert_false(manifest_hex_read("0aFF", out, 2));
    assert_false(manifest_hex_read("0af", out, 2));
    assert_false(manifest_hex_read("0aff0", out, 2));
    assert_false(manifest_hex_read("0agf", out, 2));
}

static void takes_names_that_are_safe_everywhere(void **state)
{
    (void)state;
    char name[MANIFEST_NAME_MAX + 2];
    memset(name, 'a', sizeof name);
    name[MANIFEST_NAME_MAX + 1] = 0;
    assert_false(manifest_name_valid(name));
    name[MANIFEST_NAME_MAX] = 0;
    assert_true(manifest_name_valid(name));
    assert_true(manifest_name_valid("x86_64"));
    assert_true(manifest_name_valid("e1000"));
    assert_false(manifest_name_valid(""));
    assert_false(manifest_name_valid("../x"));
    assert_false(manifest_name_valid("a/b"));
    assert_false(manifest_name_valid(".a"));
    assert_false(manifest_name_valid("A"));
    assert_false(manifest_name_valid("a b"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_was_written),
        cmocka_unit_test(refuses_a_frame_cut_at_any_byte_or_with_one_more),
        cmocka_unit_test(every_flipped_bit_is_noticed),
        cmocka_unit_test(refuses_lengths_over_the_caps),
        cmocka_unit_test(signs_alike_every_time_and_endorses_once_for_each_key),
        cmocka_unit_test(signs_as_rfc_6979_says),
        cmocka_unit_test(refuses_scalars_that_are_no_keys),
        cmocka_unit_test(refuses_json_that_readers_could_understand_differently),
        cmocka_unit_test(reads_json_with_unknown_fields_and_odd_blanks),
        cmocka_unit_test(bounds_the_depth_before_it_parses),
        cmocka_unit_test(reads_the_times_that_it_writes_and_no_others),
        cmocka_unit_test(reads_hex_of_one_length_and_case),
        cmocka_unit_test(takes_names_that_are_safe_everywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
