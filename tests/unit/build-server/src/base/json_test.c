/* Strict JSON, and times.
 * SPDX-License-Identifier: MIT */
#include "base/clock.h"
#include "base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static enum result read_text(const char *text, json_t **out)
{
    struct problem problem = {"", ""};
    enum result result = json_read(text, strlen(text), out, &problem);
    if (result != RESULT_OK)
        assert_string_equal(problem.code, "bad-json");
    return result;
}

static void takes_an_object(void **state)
{
    (void)state;
    json_t *object = NULL;
    assert_int_equal(read_text("{\"a\": [1, {\"b\": \"x\"}]}", &object), RESULT_OK);
    json_decref(object);
}

static void refuses_what_is_not_strict(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "[]",
        "1",
        "{",
        "{\"a\":1,\"a\":2}",
        "{\"a\":1} x",
        "{\"a\":\"\\u0000\"}",
        "{'a':1}",
        "{\"a\":1,}",
        "{\"a\":[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]}",
        "{\"a\":\"\xff\"}",
        "{\"a\":\"\\ud800\"}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        json_t *object = NULL;
        assert_int_equal(read_text(bad[i], &object), RESULT_INVALID);
        assert_null(object);
    }
}

static void members_are_checked_and_named(void **state)
{
    (void)state;
    json_t *object = NULL;
    struct problem problem = {"", ""};
    const char *text = NULL;
    int64_t number = 0;
    bool flag = false;
    assert_int_equal(
        read_text("{\"s\":\"abc\",\"n\":5,\"b\":true,\"z\":null,\"h\":\"00ff\"}", &object),
        RESULT_OK);
    assert_int_equal(json_take_string(object, "s", 3, &text, &problem), RESULT_OK);
    assert_string_equal(text, "abc");
    assert_int_equal(json_take_string(object, "s", 2, &text, &problem), RESULT_INVALID);
    assert_non_null(strstr(problem.text, "\"s\""));
    assert_int_equal(json_take_string(object, "n", 9, &text, &problem), RESULT_INVALID);
    assert_int_equal(json_take_integer(object, "n", 0, 5, &number, &problem), RESULT_OK);
    assert_int_equal(json_take_integer(object, "n", 0, 4, &number, &problem),
                     RESULT_INVALID);
    assert_int_equal(json_take_integer(object, "s", 0, 4, &number, &problem),
                     RESULT_INVALID);
    assert_int_equal(json_take_hex(object, "h", 4, &text, &problem), RESULT_OK);
    assert_int_equal(json_take_hex(object, "h", 6, &text, &problem), RESULT_INVALID);
    assert_int_equal(json_maybe_integer(object, "z", 0, 9, 7, &number, &problem),
                     RESULT_OK);
    assert_int_equal(number, 7);
    assert_int_equal(json_maybe_bool(object, "b", false, &flag, &problem), RESULT_OK);
    assert_true(flag);
    assert_int_equal(json_maybe_bool(object, "n", false, &flag, &problem), RESULT_INVALID);
    json_decref(object);
}

static void times_go_there_and_back(void **state)
{
    (void)state;
    char text[CLOCK_TEXT_LEN];
    int64_t ms = 0;
    clock_format(1767323045678, text);
    assert_string_equal(text, "2026-01-02T03:04:05.678Z");
    assert_int_equal(clock_parse(text, &ms), RESULT_OK);
    assert_int_equal(ms, 1767323045678);
    assert_int_equal(clock_parse("2026-01-02T03:04:05Z", &ms), RESULT_OK);
    assert_int_equal(ms, 1767323045000);
    assert_int_equal(clock_parse("2026-01-02T03:04:05.5Z", &ms), RESULT_OK);
    assert_int_equal(ms, 1767323045500);
    static const char *const bad[] = {"",
                                      "2026-01-02",
                                      "2026-01-02T03:04:05",
                                      "2026-01-02T03:04:05+01:00",
                                      "2026-01-02T03:04:05.Z",
                                      "2026-01-02T03:04:05Zx"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(clock_parse(bad[i], &ms), RESULT_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_an_object),
        cmocka_unit_test(refuses_what_is_not_strict),
        cmocka_unit_test(members_are_checked_and_named),
        cmocka_unit_test(times_go_there_and_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
