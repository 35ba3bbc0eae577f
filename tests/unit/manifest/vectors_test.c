/* The vectors in manifest/vectors: made anew here, equal to the files byte by byte, and judged as their index says.
 * SPDX-License-Identifier: MIT
 *
 * Signatures are deterministic, so the vectors have one form. NEURATH_WRITE_VECTORS=1 writes them.
 */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOLDER "manifest/vectors/"

/* One vector: bytes of a kind, and what a reader that trusts `root-1` says. */
struct vector {
    const char *name;
    const char *kind; /* root, release, timestamp, fresh, order, state */
    enum manifest_status expected;
    struct bytes bytes;
};

static struct vector vectors[64];
static size_t vector_count;
static struct manifest_root trusted;

/* Takes BYTES. */
static void add(const char *name, const char *kind, enum manifest_status expected,
                struct bytes bytes)
{
    vectors[vector_count++] = (struct vector){name, kind, expected, bytes};
}

static struct bytes copy(const struct bytes *bytes)
{
    struct bytes out = {malloc(bytes->len + 1), bytes->len};
    memcpy(out.data, bytes->data, bytes->len);
    return out;
}

static struct bytes of_text(const char *text)
{
    const struct bytes bytes = {(uint8_t *)text, strlen(text)};
    return copy(&bytes);
}

/* --- Making -------------------------------------------------------------------------------------------------------- */

static void add_frames(void)
{
    struct manifest_release release;
    fixture_release(5, 9, &release);
    struct bytes good = fixture_release_frame(&release, SIGNED_BY(2));
    struct bytes bent = copy(&good);
    bent.len--;
    add("frame-cut", "release", MANIFEST_BAD_FRAME, bent);
    bent = copy(&good);
    bent.data[bent.len++] = 0;
    add("frame-longer", "release", MANIFEST_BAD_FRAME, bent);
    bent = copy(&good);
    bent.data[0] = 'X';
    add("frame-magic", "release", MANIFEST_BAD_FRAME, bent);
    bent = copy(&good);
    bent.data[4] = 2;
    add("frame-version", "release", MANIFEST_BAD_FRAME, bent);
    bent = copy(&good);
    bent.data[5] = 17;
    add("frame-signatures", "release", MANIFEST_BAD_FRAME, bent);
    bent = copy(&good);
    bent.data[bent.len - 1] ^= 1;
    add("release-signature-bit", "release", MANIFEST_BAD_SIGNATURE, bent);
    bent = copy(&good);
    bent.data[60] ^= 1;
    add("release-payload-bit", "release", MANIFEST_BAD_SIGNATURE, bent);
    add("release-good", "release", MANIFEST_OK, good);
    add("release-unsigned", "release", MANIFEST_BAD_SIGNATURE,
        fixture_release_frame(&release, (const unsigned[]){0}));
    add("release-other-key", "release", MANIFEST_BAD_SIGNATURE,
        fixture_release_frame(&release, SIGNED_BY(4)));
    add("release-other-role", "release", MANIFEST_BAD_SIGNATURE,
        fixture_release_frame(&release, SIGNED_BY(1, 3)));
    add("release-more-signatures", "release", MANIFEST_OK,
        fixture_release_frame(&release, SIGNED_BY(4, 2, 5)));
}

static void add_payloads(void)
{
    static const struct {
        const char *name;
        const char *text;
        enum manifest_status expected;
    } texts[] = {
        {"json-duplicate-key",
         "{\"type\":\"neurath/release\",\"version\":1,\"version\":2}", MANIFEST_BAD_JSON},
        {"json-real", "{\"type\":\"neurath/release\",\"version\":1.0}", MANIFEST_BAD_JSON},
        {"json-exponent", "{\"type\":\"neurath/release\",\"version\":1e999}",
         MANIFEST_BAD_JSON},
        {"json-2-to-53", "{\"type\":\"neurath/release\",\"version\":9007199254740992}",
         MANIFEST_BAD_JSON},
        {"json-surrogate", "{\"type\":\"neurath/release\",\"channel\":\"\\ud800\"}",
         MANIFEST_BAD_JSON},
        {"json-trailing", "{\"type\":\"neurath/release\"}x", MANIFEST_BAD_JSON},
        {"json-depth", "{\"a\":[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]}", MANIFEST_BAD_JSON},
        {"json-empty", "{}", MANIFEST_BAD_FIELD},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        add(texts[i].name, "release", texts[i].expected,
            fixture_sign(MANIFEST_TYPE_RELEASE, texts[i].text, SIGNED_BY(2)));
}

static void add_roots(void)
{
    struct manifest_root root;
    add("root-1", "root", MANIFEST_ROLLBACK, fixture_root_frame(&trusted, SIGNED_BY(1)));
    fixture_root(2, &root);
    add("root-2", "root", MANIFEST_OK, fixture_root_frame(&root, SIGNED_BY(1)));
    assert_status(MANIFEST_OK,
                  manifest_root_add(&root, MANIFEST_ROLE_ROOT, &fixture_secret(6)->key));
    root.roles[MANIFEST_ROLE_ROOT].threshold = 2;
    add("root-2-more-keys", "root", MANIFEST_OK,
        fixture_root_frame(&root, SIGNED_BY(1, 6)));
    add("root-2-not-by-new", "root", MANIFEST_BAD_SIGNATURE,
        fixture_root_frame(&root, SIGNED_BY(1)));
    add("root-2-not-by-old", "root", MANIFEST_BAD_SIGNATURE,
        fixture_root_frame(&root, SIGNED_BY(6)));
    fixture_root(3, &root);
    add("root-3-skips", "root", MANIFEST_WRONG_VERSION,
        fixture_root_frame(&root, SIGNED_BY(1)));
    fixture_root(2, &root);
    root.fleet[0] = 'f';
    add("root-2-other-fleet", "root", MANIFEST_WRONG_FLEET,
        fixture_root_frame(&root, SIGNED_BY(1)));
}

static void add_timestamps(void)
{
    struct manifest_release release;
    struct manifest_timestamp timestamp;
    struct manifest_fresh fresh;
    fixture_release(5, 9, &release);
    struct bytes named = fixture_release_frame(&release, SIGNED_BY(2));
    fixture_timestamp(10, 5, &named, &timestamp);
    bytes_free(&named);
    struct bytes good = fixture_timestamp_frame(&timestamp, SIGNED_BY(3));
    add("timestamp-as-release", "release", MANIFEST_WRONG_TYPE, copy(&good));
    add("timestamp-other-key", "timestamp", MANIFEST_BAD_SIGNATURE,
        fixture_timestamp_frame(&timestamp, SIGNED_BY(2)));
    timestamp.rollback = true;
    add("timestamp-rollback", "timestamp", MANIFEST_OK,
        fixture_timestamp_frame(&timestamp, SIGNED_BY(3)));
    fixture_fresh(&good, 0x42, &fresh);
    add("fresh-good", "fresh", MANIFEST_OK, fixture_fresh_frame(&fresh, SIGNED_BY(3)));
    add("fresh-other-key", "fresh", MANIFEST_BAD_SIGNATURE,
        fixture_fresh_frame(&fresh, SIGNED_BY(1)));
    add("timestamp-good", "timestamp", MANIFEST_OK, good);
}

/* An order vector is {"machine", "root", "order"}: the asker, the signed root, and the proof. */
static void add_order(const char *name, const struct manifest_orders *orders,
                      const char *asker, const char *shown, enum manifest_status expected)
{
    uint8_t root[32];
    char hex[65];
    json_t *proof;
    manifest_orders_root(orders, root);
    manifest_hex_write(root, 32, hex);
    assert_status(MANIFEST_OK, manifest_orders_prove(orders, shown, &proof));
    json_t *object =
        json_pack("{s:s, s:s, s:o}", "machine", asker, "root", hex, "order", proof);
    char *text = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(object);
    add(name, "order", expected, of_text(text));
    free(text);
}

static void add_orders(void)
{
    struct manifest_order list[5];
    struct manifest_orders *orders;
    memset(list, 0, sizeof list);
    for (unsigned i = 0; i < 5; i++) {
        list[i] = (struct manifest_order){.counter = i + 1, .release = 7, .length = 500};
        snprintf(list[i].machine, sizeof list[i].machine, "%016x", 16 * (i + 1));
        memset(list[i].hash, (int)i, sizeof list[i].hash);
    }
    list[3].intent = MANIFEST_INTENT_HOLD;
    assert_status(MANIFEST_OK, manifest_orders_create(list, 5, &orders));
    add_order("order-present", orders, "0000000000000030", "0000000000000030",
              MANIFEST_OK);
    add_order("order-hold", orders, "0000000000000040", "0000000000000040", MANIFEST_OK);
    add_order("order-absent-between", orders, "0000000000000031", "0000000000000031",
              MANIFEST_OK);
    add_order("order-absent-first", orders, "0000000000000001", "0000000000000001",
              MANIFEST_OK);
    add_order("order-absent-last", orders, "0000000000000051", "0000000000000051",
              MANIFEST_OK);
    add_order("order-withheld", orders, "0000000000000030", "0000000000000041",
              MANIFEST_BAD_PROOF);
    manifest_orders_destroy(orders);
    assert_status(MANIFEST_OK, manifest_orders_create(list, 0, &orders));
    add_order("order-none-at-all", orders, "0000000000000030", "0000000000000030",
              MANIFEST_OK);
    manifest_orders_destroy(orders);
}

static void add_states(void)
{
    const struct trust_state state = {.root_version = 2,
                                      .timestamp_counter = 10,
                                      .channel_version = 5,
                                      .order_counter = 3,
                                      .release_version = 5,
                                      .security_floor = 1,
                                      .time_floor_ms = FIXTURE_NOW};
    uint8_t bytes[TRUST_STATE_LEN];
    assert_status(MANIFEST_OK, trust_state_write(&state, bytes));
    const struct bytes good = {bytes, sizeof bytes};
    add("state-good", "state", MANIFEST_OK, copy(&good));
    bytes[8] ^= 1;
    add("state-damaged", "state", MANIFEST_BAD_STATE, copy(&good));
}

/* --- Judging ------------------------------------------------------------------------------------------------------- */

static enum manifest_status judge_order(const struct bytes *bytes)
{
    struct manifest_order order;
    uint8_t root[32];
    bool present;
    json_t *object = json_loadb((const char *)bytes->data, bytes->len, 0, NULL);
    assert_true(
        manifest_hex_read(json_string_value(json_object_get(object, "root")), root, 32));
    enum manifest_status status = manifest_order_open(
        json_object_get(object, "order"),
        json_string_value(json_object_get(object, "machine")), root, &present, &order);
    json_decref(object);
    return status;
}

static enum manifest_status judge(const char *kind, const struct bytes *bytes)
{
    struct manifest_release release;
    struct manifest_timestamp timestamp;
    struct manifest_fresh fresh;
    struct manifest_root root;
    struct trust_state trust;
    if (strcmp(kind, "order") == 0)
        return judge_order(bytes);
    if (strcmp(kind, "state") == 0)
        return trust_state_read(bytes->data, bytes->len, &trust);
    if (strcmp(kind, "root") == 0)
        return manifest_root_open(bytes->data, bytes->len, &trusted, &root);
    if (strcmp(kind, "timestamp") == 0)
        return manifest_timestamp_open(bytes->data, bytes->len, &trusted, &timestamp);
    if (strcmp(kind, "fresh") == 0)
        return manifest_fresh_open(bytes->data, bytes->len, &trusted, &fresh);
    enum manifest_status status =
        manifest_release_open(bytes->data, bytes->len, &trusted, &release);
    if (status == MANIFEST_OK)
        manifest_release_fini(&release);
    return status;
}

/* --- Files --------------------------------------------------------------------------------------------------------- */

static bool read_file(const char *name, struct bytes *out)
{
    char path[200];
    snprintf(path, sizeof path, FOLDER "%s", name);
    FILE *file = fopen(path, "rb");
    if (!file)
        return false;
    out->data = malloc(MANIFEST_FRAME_MAX);
    out->len = fread(out->data, 1, MANIFEST_FRAME_MAX, file);
    fclose(file);
    return true;
}

static void write_file(const char *name, const void *data, size_t len)
{
    char path[200];
    snprintf(path, sizeof path, FOLDER "%s", name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(len, fwrite(data, 1, len, file));
    fclose(file);
}

/* Lines "NAME KIND EXPECTED". */
static char *index_text(void)
{
    static char text[8192];
    size_t len = 0;
    for (size_t i = 0; i < vector_count; i++)
        len +=
            (size_t)snprintf(text + len, sizeof text - len, "%s %s %s\n", vectors[i].name,
                             vectors[i].kind, manifest_status_code(vectors[i].expected));
    return text;
}

static void each_vector_is_judged_as_expected(void **state)
{
    (void)state;
    for (size_t i = 0; i < vector_count; i++)
        assert_status(vectors[i].expected, judge(vectors[i].kind, &vectors[i].bytes));
}

static void the_files_are_these_vectors(void **state)
{
    (void)state;
    struct bytes file;
    bool write = getenv("NEURATH_WRITE_VECTORS") != NULL;
    for (size_t i = 0; i < vector_count; i++) {
        if (write)
            write_file(vectors[i].name, vectors[i].bytes.data, vectors[i].bytes.len);
        assert_true(read_file(vectors[i].name, &file));
        assert_int_equal(vectors[i].bytes.len, file.len);
        assert_memory_equal(vectors[i].bytes.data, file.data, file.len);
        bytes_free(&file);
    }
    if (write)
        write_file("index", index_text(), strlen(index_text()));
    assert_true(read_file("index", &file));
    assert_int_equal(strlen(index_text()), file.len);
    assert_memory_equal(index_text(), file.data, file.len);
    bytes_free(&file);
}

static int make_vectors(void **state)
{
    (void)state;
    fixture_root(1, &trusted);
    add_frames();
    add_payloads();
    add_roots();
    add_timestamps();
    add_orders();
    add_states();
    return 0;
}

static int free_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < vector_count; i++)
        bytes_free(&vectors[i].bytes);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_vector_is_judged_as_expected),
        cmocka_unit_test(the_files_are_these_vectors),
    };
    return cmocka_run_group_tests(tests, make_vectors, free_vectors);
}
