/* Each allocation fails once: readers say so, or did not need it; nothing leaks, nothing is half done.
 * SPDX-License-Identifier: MIT
 */
#include "fixture.h"

#include <manifest/strict_json.h>

#include <stdlib.h>
#include <string.h>

void *__real_malloc(size_t len);
void *__real_calloc(size_t count, size_t len);
void *__wrap_malloc(size_t len);
void *__wrap_calloc(size_t count, size_t len);

/* Allocations until the one that fails; negative: none does. */
static long countdown = -1;

static bool fails(void)
{
    return countdown >= 0 && countdown-- == 0;
}

void *__wrap_malloc(size_t len)
{
    return fails() ? NULL : __real_malloc(len);
}

void *__wrap_calloc(size_t count, size_t len)
{
    return fails() ? NULL : __real_calloc(count, len);
}

static struct bytes root_frame, release_frame, timestamp_frame, fresh_frame;
static struct manifest_root root;
static json_t *proof;

static int set_up(void **state)
{
    (void)state;
    struct manifest_release release;
    struct manifest_timestamp timestamp;
    struct manifest_fresh fresh;
    fixture_root(1, &root);
    fixture_release(5, 9, &release);
    root_frame = fixture_root_frame(&root, SIGNED_BY(1));
    release_frame = fixture_release_frame(&release, SIGNED_BY(2));
    fixture_timestamp(10, 5, &release_frame, &timestamp);
    timestamp_frame = fixture_timestamp_frame(&timestamp, SIGNED_BY(3));
    fixture_fresh(&timestamp_frame, 0x42, &fresh);
    fresh_frame = fixture_fresh_frame(&fresh, SIGNED_BY(3));
    proof = fixture_no_orders();
    json_set_alloc_funcs(__wrap_malloc, free);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    countdown = -1;
    bytes_free(&root_frame);
    bytes_free(&release_frame);
    bytes_free(&timestamp_frame);
    bytes_free(&fresh_frame);
    json_decref(proof);
    return 0;
}

/* Everything that a machine does from its seed to a verified release. */
static enum manifest_status whole(void)
{
    static struct trust trust;
    struct trust_news news;
    struct manifest_release release;
    int64_t time_ms;
    uint8_t nonce[16];
    memset(nonce, 0x42, sizeof nonce);
    enum manifest_status status =
        trust_start(&trust, root_frame.data, root_frame.len, NULL, NULL, 0);
    if (status != MANIFEST_OK)
        return status;
    strcpy(trust.channel, "main");
    strcpy(trust.target, "x86_64");
    strcpy(trust.machine, FIXTURE_MACHINE);
    strcpy(trust.boot_id, FIXTURE_BOOT_ID);
    status = trust_check_news(&trust, timestamp_frame.data, timestamp_frame.len,
                              fresh_frame.data, fresh_frame.len, proof, nonce, 1, &news,
                              &time_ms);
    if (status != MANIFEST_OK)
        return status;
    trust_take_news(&trust, &news);
    status = trust_check_release(&trust, &news, release_frame.data, release_frame.len, 1,
                                 &release);
    if (status == MANIFEST_OK)
        manifest_release_fini(&release);
    return status;
}

/* A failed allocation is told as such; inside the crypto library a verification may simply not succeed. */
static void a_machine_survives_the_failure_of_any_allocation(void **state)
{
    (void)state;
    enum manifest_status status = MANIFEST_NO_MEMORY;
    long at = 0;
    for (; status != MANIFEST_OK; at++) {
        countdown = at;
        status = whole();
        bool told = countdown >= 0 ? status == MANIFEST_OK : true;
        countdown = -1;
        assert_true(told);
        assert_true(status == MANIFEST_OK || status == MANIFEST_NO_MEMORY ||
                    status == MANIFEST_BAD_SIGNATURE || status == MANIFEST_BAD_FIELD ||
                    status == MANIFEST_CRYPTO || status == MANIFEST_BAD_JSON);
        /* The crypto library allocates thousands of times alike; steps grow, and stay odd. */
        at += at / 40;
    }
    assert_true(at > 100);
    assert_status(MANIFEST_OK, whole());
}

static enum manifest_status build(void)
{
    struct manifest_release release;
    char *text;
    uint8_t *frame;
    size_t len;
    const struct manifest_secret *secrets[] = {fixture_secret(2)};
    fixture_release(5, 9, &release);
    enum manifest_status status = manifest_release_text(&release, &text);
    if (status != MANIFEST_OK)
        return status;
    status = manifest_frame_sign(MANIFEST_TYPE_RELEASE, text, strlen(text), secrets, 1,
                                 &frame, &len);
    free(text);
    if (status == MANIFEST_OK)
        free(frame);
    return status;
}

static void a_builder_survives_it_too(void **state)
{
    (void)state;
    struct manifest_order list[3];
    struct manifest_orders *orders;
    enum manifest_status status = MANIFEST_NO_MEMORY;
    memset(list, 0, sizeof list);
    for (unsigned i = 0; i < 3; i++) {
        list[i] = (struct manifest_order){.counter = 1, .release = 2, .length = 3};
        memset(list[i].machine, 'a' + (int)i, MANIFEST_MACHINE_LEN);
    }
    for (long at = 0; status != MANIFEST_OK; at++) {
        countdown = at;
        status = build();
        countdown = -1;
        at += at / 40;
    }
    status = MANIFEST_NO_MEMORY;
    for (long at = 0; status != MANIFEST_OK; at++) {
        json_t *shown;
        countdown = at;
        status = manifest_orders_create(list, 3, &orders);
        if (status == MANIFEST_OK) {
            if (manifest_orders_prove(orders, FIXTURE_MACHINE, &shown) == MANIFEST_OK)
                json_decref(shown);
            manifest_orders_destroy(orders);
        }
        countdown = -1;
    }
}

/* What a function finds in locals that it does not set. */
static __attribute__((noinline)) void leave_on_the_stack(uint8_t value)
{
    volatile uint8_t bytes[4096];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = value;
}

static enum manifest_status read_after(uint8_t value, const char *text)
{
    json_t *document = NULL;
    leave_on_the_stack(value);
    enum manifest_status status = manifest_json_read(text, strlen(text), &document);
    if (status == MANIFEST_OK)
        json_decref(document);
    return status;
}

/* Whatever lies on the stack. Seen to fail when the code of an error is asked for that jansson has not set. */
static void a_text_that_cannot_be_read_for_want_of_memory_is_not_a_bad_one(void **state)
{
    (void)state;
    for (uint8_t value = 0; value < 4; value++)
        for (long at = 0; at < 2; at++) { /* the reader's buffer, the object */
            countdown = at;
            enum manifest_status status = read_after(value, "{}");
            countdown = -1;
            assert_status(MANIFEST_NO_MEMORY, status);
            assert_status(MANIFEST_BAD_JSON, read_after(value, "{]"));
            assert_status(MANIFEST_BAD_JSON, read_after(value, ""));
            assert_status(MANIFEST_OK, read_after(value, "{}"));
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_machine_survives_the_failure_of_any_allocation),
        cmocka_unit_test(a_builder_survives_it_too),
        cmocka_unit_test(a_text_that_cannot_be_read_for_want_of_memory_is_not_a_bad_one),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
