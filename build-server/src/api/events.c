/* The ring of events and the streams that read it.
 * SPDX-License-Identifier: MIT */
#include "api/events.h"

#include "base/clock.h"
#include "base/text.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct event {
    int64_t id;
    char *text; /* the whole message as sent */
    size_t len;
};

struct events {
    pthread_mutex_t lock;
    struct event ring[EVENTS_RING]; /* [L] ring[id % EVENTS_RING] */
    int64_t newest;                 /* [L] */
    int64_t oldest; /* [L] oldest id still in the ring, newest + 1 when empty */
    size_t bytes;   /* [L] */
    atomic_int streams;
};

struct stream {
    struct events *events;
    int64_t last;  /* id of the last event that was sent */
    char *pending; /* message that is being sent */
    size_t len;
    size_t sent;
    int64_t quiet_since_ms;
};

struct events *events_create(void)
{
    struct events *events = calloc(1, sizeof *events);
    if (events == NULL)
        abort();
    pthread_mutex_init(&events->lock, NULL);
    events->newest = clock_now_ms() * 1000;
    events->oldest = events->newest + 1;
    return events;
}

/* Caller holds the lock. */
static void drop_oldest(struct events *events)
{
    struct event *event = &events->ring[events->oldest % EVENTS_RING];
    events->bytes -= event->len;
    free(event->text);
    memset(event, 0, sizeof *event);
    events->oldest++;
}

void events_destroy(struct events *events)
{
    if (events == NULL)
        return;
    while (events->oldest <= events->newest)
        drop_oldest(events);
    pthread_mutex_destroy(&events->lock);
    free(events);
}

static char *message_text(int64_t id, const char *name, const char *data)
{
    char *text = NULL;
    if (asprintf(&text, "id: %lld\nevent: %s\ndata: %s\n\n", (long long)id, name, data) < 0)
        return NULL;
    return text;
}

void events_publish(struct events *events, struct http_listener *listener,
                    const char *name, json_t *row)
{
    TEXT_OWNED char *data = json_text(row);
    json_decref(row);
    if (data == NULL)
        return;
    pthread_mutex_lock(&events->lock);
    while (events->oldest <= events->newest &&
           (events->newest - events->oldest + 1 >= EVENTS_RING ||
            events->bytes > EVENTS_BYTES_MAX))
        drop_oldest(events);
    int64_t id = events->newest + 1;
    struct event *event = &events->ring[id % EVENTS_RING];
    event->id = id;
    event->text = message_text(id, name, data);
    if (event->text != NULL) {
        event->len = strlen(event->text);
        events->newest = id;
        events->bytes += event->len;
    }
    pthread_mutex_unlock(&events->lock);
    http_wake(listener, EVENTS_KEY);
}

int64_t events_newest(struct events *events)
{
    pthread_mutex_lock(&events->lock);
    int64_t newest = events->newest;
    pthread_mutex_unlock(&events->lock);
    return newest;
}

/* Caller holds the lock. The next message for STREAM, or NULL. */
static char *next_message(struct stream *stream)
{
    struct events *events = stream->events;
    if (stream->last >= events->newest)
        return NULL;
    if (stream->last + 1 < events->oldest) {
        stream->last = events->oldest - 1;
        return message_text(stream->last, "server", "{\"hello\":true,\"resumed\":false}");
    }
    stream->last++;
    return strdup(events->ring[stream->last % EVENTS_RING].text);
}

static ssize_t read_stream(void *context, char *bytes, size_t max,
                           int64_t *out_deadline_ms)
{
    struct stream *stream = context;
    int64_t now = clock_monotonic_ms();
    if (stream->pending == NULL) {
        pthread_mutex_lock(&stream->events->lock);
        stream->pending = next_message(stream);
        pthread_mutex_unlock(&stream->events->lock);
        if (stream->pending == NULL && now - stream->quiet_since_ms >= EVENTS_HEARTBEAT_MS)
            stream->pending = strdup(": still here\n\n");
        stream->len = stream->pending == NULL ? 0 : strlen(stream->pending);
        stream->sent = 0;
    }
    if (stream->pending == NULL) {
        *out_deadline_ms = stream->quiet_since_ms + EVENTS_HEARTBEAT_MS;
        return 0;
    }
    size_t left = stream->len - stream->sent;
    size_t count = left < max ? left : max;
    memcpy(bytes, stream->pending + stream->sent, count);
    stream->sent += count;
    stream->quiet_since_ms = now;
    if (stream->sent == stream->len) {
        free(stream->pending);
        stream->pending = NULL;
    }
    return (ssize_t)count;
}

static void end_stream(void *context)
{
    struct stream *stream = context;
    atomic_fetch_sub(&stream->events->streams, 1);
    free(stream->pending);
    free(stream);
}

void events_answer(struct events *events, int64_t after, struct http_answer *answer)
{
    if (atomic_fetch_add(&events->streams, 1) >= EVENTS_STREAMS_MAX) {
        atomic_fetch_sub(&events->streams, 1);
        http_answer_text(
            answer, 503, "application/json",
            "{\"code\":\"busy\",\"text\":\"too many event streams are open\"}");
        http_answer_header(answer, "Retry-After", "10");
        return;
    }
    struct stream *stream = calloc(1, sizeof *stream);
    if (stream == NULL)
        abort();
    pthread_mutex_lock(&events->lock);
    bool resumed = after > 0 && after <= events->newest && after + 1 >= events->oldest;
    stream->last = resumed ? after : events->newest;
    pthread_mutex_unlock(&events->lock);
    stream->events = events;
    stream->quiet_since_ms = clock_monotonic_ms();
    stream->pending = message_text(stream->last, "server",
                                   resumed ? "{\"hello\":true,\"resumed\":true}"
                                           : "{\"hello\":true,\"resumed\":false}");
    stream->len = stream->pending == NULL ? 0 : strlen(stream->pending);
    answer->kind = HTTP_STREAM;
    answer->stream = read_stream;
    answer->stream_end = end_stream;
    answer->stream_context = stream;
    text_copy(answer->key, sizeof answer->key, EVENTS_KEY);
    http_answer_header(answer, "Content-Type", "text/event-stream");
    http_answer_header(answer, "Cache-Control", "no-store");
}
