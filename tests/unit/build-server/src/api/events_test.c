/* The ring of events: order, resuming, readers that fall behind, bounded memory.
 * SPDX-License-Identifier: MIT */
#include "api/events.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The next message of a stream, or an empty text when it would sleep. */
static void next(struct http_answer *answer, char *out, size_t capacity)
{
    int64_t deadline = 0;
    ssize_t got = answer->stream(answer->stream_context, out, capacity - 1, &deadline);
    assert_true(got >= 0);
    out[got] = '\0';
}

static struct http_answer open_stream(struct events *events, int64_t after)
{
    struct http_answer answer;
    memset(&answer, 0, sizeof answer);
    events_answer(events, after, &answer);
    assert_int_equal(answer.kind, HTTP_STREAM);
    return answer;
}

static void a_reader_gets_what_happens_after_it_came(void **state)
{
    (void)state;
    char text[512];
    struct events *events = events_create();
    events_publish(events, NULL, "build", json_pack("{s:i}", "id", 1));
    struct http_answer reader = open_stream(events, 0);
    next(&reader, text, sizeof text);
    assert_non_null(
        strstr(text, "event: server\ndata: {\"hello\":true,\"resumed\":false}\n\n"));
    next(&reader, text, sizeof text);
    assert_string_equal(text, "");
    events_publish(events, NULL, "build", json_pack("{s:i}", "id", 2));
    next(&reader, text, sizeof text);
    assert_non_null(strstr(text, "event: build\ndata: {\"id\":2}\n\n"));
    reader.stream_end(reader.stream_context);
    events_destroy(events);
}

static void a_reader_that_comes_back_misses_nothing(void **state)
{
    (void)state;
    char text[512];
    struct events *events = events_create();
    int64_t start = events_newest(events);
    for (int i = 1; i <= 3; i++)
        events_publish(events, NULL, "build", json_pack("{s:i}", "id", i));
    struct http_answer reader = open_stream(events, start + 1);
    next(&reader, text, sizeof text);
    assert_non_null(strstr(text, "\"resumed\":true"));
    next(&reader, text, sizeof text);
    assert_non_null(strstr(text, "{\"id\":2}"));
    next(&reader, text, sizeof text);
    assert_non_null(strstr(text, "{\"id\":3}"));
    reader.stream_end(reader.stream_context);
    events_destroy(events);
}

static void a_reader_that_falls_behind_is_told_to_reload(void **state)
{
    (void)state;
    char text[512];
    struct events *events = events_create();
    struct http_answer reader = open_stream(events, 0);
    next(&reader, text, sizeof text);
    for (int i = 0; i < EVENTS_RING + 10; i++)
        events_publish(events, NULL, "build", json_pack("{s:i}", "id", i));
    next(&reader, text, sizeof text);
    assert_non_null(strstr(text, "\"resumed\":false"));
    next(&reader, text, sizeof text);
    assert_non_null(strstr(text, "event: build"));
    reader.stream_end(reader.stream_context);
    struct http_answer old = open_stream(events, 5);
    next(&old, text, sizeof text);
    assert_non_null(strstr(text, "\"resumed\":false"));
    old.stream_end(old.stream_context);
    events_destroy(events);
}

static void a_message_is_sent_in_pieces_of_any_size(void **state)
{
    (void)state;
    char text[8];
    struct events *events = events_create();
    struct http_answer reader = open_stream(events, 0);
    char all[256] = "";
    for (;;) {
        next(&reader, text, sizeof text);
        if (text[0] == '\0')
            break;
        strcat(all, text);
    }
    assert_non_null(strstr(all, "data: {\"hello\":true,\"resumed\":false}\n\n"));
    reader.stream_end(reader.stream_context);
    events_destroy(events);
}

static void there_are_only_so_many_streams(void **state)
{
    (void)state;
    struct events *events = events_create();
    static struct http_answer readers[EVENTS_STREAMS_MAX];
    for (int i = 0; i < EVENTS_STREAMS_MAX; i++)
        readers[i] = open_stream(events, 0);
    struct http_answer refused;
    memset(&refused, 0, sizeof refused);
    events_answer(events, 0, &refused);
    assert_int_equal(refused.kind, HTTP_BODY);
    assert_int_equal(refused.status, 503);
    free(refused.body);
    for (int i = 0; i < EVENTS_STREAMS_MAX; i++)
        readers[i].stream_end(readers[i].stream_context);
    struct http_answer again = open_stream(events, 0);
    again.stream_end(again.stream_context);
    events_destroy(events);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reader_gets_what_happens_after_it_came),
        cmocka_unit_test(a_reader_that_comes_back_misses_nothing),
        cmocka_unit_test(a_reader_that_falls_behind_is_told_to_reload),
        cmocka_unit_test(a_message_is_sent_in_pieces_of_any_size),
        cmocka_unit_test(there_are_only_so_many_streams),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
