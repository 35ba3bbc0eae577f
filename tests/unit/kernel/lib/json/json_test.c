/* Tests of jansson as the kernel has it: strict, no real numbers, limited depth, exact integers.
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

json_t *k_json_loadb(const char *text, size_t len, size_t flags, json_error_t *error);
char *k_json_dumps(const json_t *json, size_t flags);
json_t *k_json_object_get(const json_t *object, const char *key);
json_int_t k_json_integer_value(const json_t *json);
void k_json_delete(json_t *json);
json_t *k_json_pack(const char *format, ...);

/* What the cell imports. */
void *k_heap_alloc(size_t len);
void k_heap_free(void *memory);
int k_random_fill(void *out, size_t len);

static int live_blocks;
static uint32_t blocks_left = UINT32_MAX; /* before one fails */
static bool failed;

void *k_heap_alloc(size_t len)
{
    if (blocks_left-- == 0) {
        failed = true;
        return NULL;
    }
    live_blocks++;
    return malloc(len);
}

void k_heap_free(void *memory)
{
    if (memory != NULL)
        live_blocks--;
    free(memory);
}

int k_random_fill(void *out, size_t len)
{
    memset(out, 0x5a, len);
    return 0;
}

static json_t *parse(const char *text, json_error_t *error)
{
    return k_json_loadb(text, strlen(text), JSON_REJECT_DUPLICATES, error);
}

/* json_decref() of the header would call the host's json_delete(). */
static void drop(json_t *json)
{
    assert_int_equal(json->refcount, 1);
    k_json_delete(json);
    assert_int_equal(live_blocks, 0);
}

static void gives_back_what_it_read(void **state)
{
    static const char text[] =
        "{\"a\": [1, -2, null, true, \"x\\u00e9\\n\"], \"b\": {\"c\": \"\"}}";
    json_error_t error;
    json_t *json = parse(text, &error);
    char *again = k_json_dumps(json, 0);

    (void)state;
    assert_string_equal(
        again, "{\"a\": [1, -2, null, true, \"x\xc3\xa9\\n\"], \"b\": {\"c\": \"\"}}");
    k_heap_free(again);
    drop(json);
}

static void reads_the_largest_and_smallest_integers_exactly(void **state)
{
    json_error_t error;
    json_t *json = parse(
        "{\"max\": 9223372036854775807, \"min\": -9223372036854775808, \"zero\": -0}",
        &error);

    (void)state;
    assert_non_null(json);
    assert_true(k_json_integer_value(k_json_object_get(json, "max")) == INT64_MAX);
    assert_true(k_json_integer_value(k_json_object_get(json, "min")) == INT64_MIN);
    assert_true(k_json_integer_value(k_json_object_get(json, "zero")) == 0);
    drop(json);
}

static void refuses_what_is_not_strict_or_not_possible(void **state)
{
    static const char *const wrong[] = {
        "",
        "{",
        "{\"a\":1,}",
        "[1 2]",
        "[nul]",
        "{\"a\":01}",
        "{\"a\",\"b\"}",
        "[,]",
        "{\"a\":}",
        "[--1]",
        "[+1]",
        "[\"\x80\"]",
        "[\"\t\"]",
        "{\"a\":1,\"a\":2}",
        "[1]x",
        "[\"\\ud800\"]",
        "[1.5]",
        "[1e3]",
        "[9223372036854775808]",
        "[-9223372036854775809]",
        "[99999999999999999999999999]",
        "[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]",
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        json_error_t error;
        if (parse(wrong[i], &error) != NULL)
            fail_msg("accepted %s", wrong[i]);
        assert_int_equal(live_blocks, 0);
    }
}

static void nests_sixteen_deep(void **state)
{
    json_error_t error;
    json_t *json = parse("[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]", &error);

    (void)state;
    assert_non_null(json);
    drop(json);
}

static void packs_values(void **state)
{
    json_t *json = k_json_pack("{s:i, s:s, s:[b, n]}", "i", 7, "s", "text", "l", 1);
    char *text = k_json_dumps(json, JSON_COMPACT);

    (void)state;
    assert_string_equal(text, "{\"i\":7,\"s\":\"text\",\"l\":[true,null]}");
    k_heap_free(text);
    drop(json);
}

/* Tokens that outgrow the buffer at each of their characters, the last one too; the text is written again if it was read.
 * Gives false when all blocks were there. */
static bool fail_block(const char *text, uint32_t n)
{
    json_error_t error;
    blocks_left = n;
    failed = false;
    json_t *json = parse(text, &error);
    char *again = json ? k_json_dumps(json, JSON_COMPACT) : NULL;
    blocks_left = UINT32_MAX;
    if (again)
        assert_string_equal(again, text);
    assert_int_equal(again == NULL, failed);
    k_heap_free(again);
    if (json)
        drop(json);
    assert_int_equal(live_blocks, 0);
    return failed;
}

/* Seen to fail with jansson's own buffer: a number lacks its last digit, and a string does not end. */
static void refuses_what_it_has_no_memory_for(void **state)
{
    enum { TOKEN_MAX = 70 };
    char text[2 * TOKEN_MAX + 20];
    (void)state;
    for (int len = 1; len < TOKEN_MAX; len++) {
        uint32_t n = 0;
        snprintf(
            text, sizeof text, "[%.*s,\"%.*s\"]", len < 18 ? len : 18,
            "123456789123456789", len,
            "a string that is longer than any buffer that is not made larger for it: so");
        while (fail_block(text, n))
            n++;
        assert_true(n > 5);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_back_what_it_read),
        cmocka_unit_test(reads_the_largest_and_smallest_integers_exactly),
        cmocka_unit_test(refuses_what_is_not_strict_or_not_possible),
        cmocka_unit_test(nests_sixteen_deep),
        cmocka_unit_test(packs_values),
        cmocka_unit_test(refuses_what_it_has_no_memory_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
