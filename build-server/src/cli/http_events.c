/* Follows the server's event stream (SSE) and reconnects when it breaks.
 * SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "http_private.h"

enum {
    EVENT_MAX = 4 << 20, /* a longer event ends the connection */
    SILENCE_MAX_S = 40,  /* the server sends a heartbeat every 15 s */
    PAUSE_FIRST_MS = 100,
    PAUSE_MOST_MS = 3000,
};

struct stream {
    char *line; /* unfinished line, then whole lines are taken off */
    size_t len;
    char *data;
    size_t data_len;
    char name[32];
    int64_t id;
    int64_t last_id; /* of the last event that was delivered */
    bool ended;      /* a callback asked for the end */
    bool refused;    /* the answer was not 200: keep the body for the message */
    http_event_fn on_event;
    http_connection_fn on_connection;
    void *context;
    const volatile int *stop;
    struct http *http;
    bool connected;
    bool was_lost;
    time_t last_bytes;
    time_t last_tick;
};

static void deliver(struct stream *stream)
{
    if (stream->data_len > 0) {
        json_t *data = json_loadb(stream->data, stream->data_len, 0, NULL);
        if (data != NULL &&
            !stream->on_event(stream->context, stream->name[0] ? stream->name : "message",
                              data, stream->id)) {
            stream->ended = true;
        }
        json_decref(data);
        if (stream->id > 0) {
            stream->last_id = stream->id;
        }
    }
    stream->data_len = 0;
    stream->name[0] = '\0';
    stream->id = 0;
}

/* Takes one line without its end. */
static bool take_line(struct stream *stream, const char *line, size_t len)
{
    if (len > 0 && line[len - 1] == '\r') {
        len--;
    }
    if (len == 0) {
        deliver(stream);
    } else if (len >= 5 && memcmp(line, "data:", 5) == 0) {
        size_t skip = 5 + (len > 5 && line[5] == ' ');
        char *grown = realloc(stream->data, stream->data_len + len - skip + 1);
        if (grown == NULL || stream->data_len + len > EVENT_MAX) {
            stream->data = grown ? grown : stream->data;
            return false;
        }
        stream->data = grown;
        memcpy(grown + stream->data_len, line + skip, len - skip);
        stream->data_len += len - skip;
        grown[stream->data_len++] = '\n';
    } else if (len >= 6 && memcmp(line, "event:", 6) == 0) {
        size_t skip = 6 + (len > 6 && line[6] == ' ');
        snprintf(stream->name, sizeof(stream->name), "%.*s", (int)(len - skip),
                 line + skip);
    } else if (len >= 3 && memcmp(line, "id:", 3) == 0) {
        stream->id = strtoll(line + 3, NULL, 10);
    }
    return !stream->ended;
}

static size_t take_bytes(char *bytes, size_t one, size_t len, void *context)
{
    struct stream *stream = context;
    char *grown = NULL;
    size_t start = 0;

    (void)one;
    stream->last_bytes = time(NULL);
    if (stream->len + len > EVENT_MAX ||
        (grown = realloc(stream->line, stream->len + len + 1)) == NULL) {
        return 0;
    }
    stream->line = grown;
    memcpy(grown + stream->len, bytes, len);
    stream->len += len;
    grown[stream->len] = '\0';
    if (!stream->connected) {
        long status = 0;
        curl_easy_getinfo(stream->http->curl, CURLINFO_RESPONSE_CODE, &status);
        if (status != 200) {
            stream->refused = true;
            return len;
        }
        stream->connected = true;
        if (stream->was_lost && !stream->on_connection(stream->context, NULL)) {
            stream->ended = true;
        }
        stream->was_lost = false;
    }
    for (char *end = NULL;
         !stream->ended &&
         (end = memchr(grown + start, '\n', stream->len - start)) != NULL;) {
        if (!take_line(stream, grown + start, (size_t)(end - grown) - start)) {
            return 0;
        }
        start = (size_t)(end - grown) + 1;
    }
    memmove(grown, grown + start, stream->len - start);
    stream->len -= start;
    return stream->ended ? 0 : len;
}

static int tick(void *context, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    struct stream *stream = context;
    time_t now = time(NULL);

    (void)a;
    (void)b;
    (void)c;
    (void)d;
    if (now != stream->last_tick) {
        stream->last_tick = now;
        if (!stream->on_event(stream->context, NULL, NULL, 0)) {
            stream->ended = true;
        }
    }
    return stream->ended || *stream->stop != 0 || now - stream->last_bytes > SILENCE_MAX_S;
}

/* One connection until it ends; *out_status is the answer's. */
static CURLcode connect_once(struct http *http, struct stream *stream, long *out_status)
{
    struct curl_slist *headers = http_prepare(http, "/api/v1/events", "text/event-stream");
    char line[64];
    CURLcode code = CURLE_OK;

    if (stream->last_id >= 0) {
        snprintf(line, sizeof(line), "Last-Event-ID: %lld", (long long)stream->last_id);
        headers = curl_slist_append(headers, line);
    }
    stream->len = 0;
    stream->data_len = 0;
    stream->connected = false;
    stream->refused = false;
    stream->last_bytes = time(NULL);
    curl_easy_setopt(http->curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(http->curl, CURLOPT_WRITEFUNCTION, take_bytes);
    curl_easy_setopt(http->curl, CURLOPT_WRITEDATA, stream);
    curl_easy_setopt(http->curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(http->curl, CURLOPT_XFERINFOFUNCTION, tick);
    curl_easy_setopt(http->curl, CURLOPT_XFERINFODATA, stream);
    code = curl_easy_perform(http->curl);
    curl_easy_getinfo(http->curl, CURLINFO_RESPONSE_CODE, out_status);
    curl_slist_free_all(headers);
    return code;
}

bool http_follow(struct http *http, int64_t after, http_event_fn on_event,
                 http_connection_fn on_connection, void *context,
                 const volatile int *stop, struct failure *failure)
{
    struct stream stream = {.last_id = after,
                            .on_event = on_event,
                            .http = http,
                            .on_connection = on_connection,
                            .context = context,
                            .stop = stop};
    long pause_ms = PAUSE_FIRST_MS;
    bool good = true;

    while (!stream.ended && *stop == 0) {
        long status = 0;
        CURLcode code = connect_once(http, &stream, &status);
        if (stream.ended || *stop != 0) {
            break;
        }
        if (status >= 400 && status < 500 && status != 429) {
            good =
                http_refused(http, status, stream.refused ? stream.line : NULL, failure);
            break;
        }
        if (stream.connected) {
            pause_ms = PAUSE_FIRST_MS;
        }
        if (!stream.was_lost) {
            struct failure why;
            http_unreachable(http, code == CURLE_OK ? CURLE_GOT_NOTHING : code, &why);
            stream.was_lost = true;
            if (!on_connection(context, why.text)) {
                break;
            }
        }
        struct timespec rest = {pause_ms / 1000, pause_ms % 1000 * 1000000};
        nanosleep(&rest, NULL);
        pause_ms = pause_ms * 2 < PAUSE_MOST_MS ? pause_ms * 2 : PAUSE_MOST_MS;
        if (!on_event(context, NULL, NULL, 0)) {
            break;
        }
    }
    free(stream.line);
    free(stream.data);
    return good;
}
