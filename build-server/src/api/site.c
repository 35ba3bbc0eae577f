/* Static files, security headers, metrics, health.
 * SPDX-License-Identifier: MIT */
#include "api/site.h"

#include "api/answers.h"
#include "base/clock.h"
#include "base/files.h"
#include "base/text.h"
#include "fleet/rows.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAX (4u * 1024 * 1024)

static const struct {
    const char *ending;
    const char *type;
} types[] = {
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".mjs", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".json", "application/json"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".ico", "image/x-icon"},
    {".woff2", "font/woff2"},
    {".txt", "text/plain; charset=utf-8"},
};

static const char *type_of(const char *path)
{
    size_t len = strlen(path);
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        size_t ending = strlen(types[i].ending);
        if (len > ending && strcmp(path + len - ending, types[i].ending) == 0)
            return types[i].type;
    }
    return NULL;
}

void site_headers(struct http_answer *answer)
{
    http_answer_header(answer, "Content-Security-Policy",
                       "default-src 'none'; script-src 'self'; worker-src 'self'; "
                       "style-src 'self'; img-src "
                       "'self' data:; connect-src 'self'; font-src 'self'; manifest-src "
                       "'self'; base-uri "
                       "'none'; form-action 'self'; frame-ancestors 'none'");
    http_answer_header(answer, "X-Content-Type-Options", "nosniff");
    http_answer_header(answer, "Referrer-Policy", "no-referrer");
    http_answer_header(answer, "X-Frame-Options", "DENY");
    http_answer_header(answer, "Cross-Origin-Resource-Policy", "same-origin");
}

static void tag_of(const uint8_t *bytes, size_t len, char out[17])
{
    uint64_t hash = 0xcbf29ce484222325;
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ bytes[i]) * 0x100000001b3;
    uint8_t text[8];
    memcpy(text, &hash, sizeof text);
    text_hex(text, sizeof text, out);
}

static void no_dashboard(struct http_answer *answer)
{
    http_answer_text(answer, 404, "text/html; charset=utf-8",
                     "<!doctype html><meta charset=utf-8><title>Neurath</title><p>The "
                     "dashboard's files are "
                     "not installed here (<code>make web</code>). The API is under "
                     "<code>/api/v1</code>.");
}

static bool takes_gzip(const struct http_request *request)
{
    const char *encodings = http_header(request, "Accept-Encoding");
    return encodings != NULL && strstr(encodings, "gzip") != NULL &&
           strstr(encodings, "gzip;q=0") == NULL;
}

/* Reads PATH below FOLDER; when PACKED_TOO, the compressed file beside it, if `make web` made one. GIVES
 * *out_bytes for free(). */
static enum result read_site(int folder, const char *path, bool packed_too,
                             uint8_t **out_bytes, size_t *out_len, bool *out_packed)
{
    TEXT_OWNED char *packed = NULL;
    *out_packed =
        packed_too && asprintf(&packed, "%s.gz", path) > 0 &&
        files_read_beneath(folder, packed, FILE_MAX, out_bytes, out_len) == RESULT_OK;
    return *out_packed ? RESULT_OK
                       : files_read_beneath(folder, path, FILE_MAX, out_bytes, out_len);
}

void site_file(struct server *server, struct http_request *request,
               struct http_answer *answer)
{
    const char *path = request->path[1] == '\0' ? "index.html" : request->path + 1;
    const char *type = type_of(path);
    int folder = server->options.web == NULL || type == NULL || path[0] == '.' ||
                         strstr(path, "/.") != NULL
                     ? -1
                     : open(server->options.web, O_PATH | O_DIRECTORY | O_CLOEXEC);
    uint8_t *bytes = NULL;
    size_t len = 0;
    bool packed = false;
    enum result result =
        folder < 0 ? RESULT_NOT_FOUND
                   : read_site(folder, path, takes_gzip(request), &bytes, &len, &packed);
    if (folder >= 0)
        close(folder);
    if (result != RESULT_OK) {
        if (strcmp(path, "index.html") == 0)
            no_dashboard(answer);
        else
            answer_error(answer, 404, "not-found", "there is nothing here");
        return;
    }
    char tag[17];
    char quoted[20];
    tag_of(bytes, len, tag);
    quoted[0] = '"';
    memcpy(quoted + 1, tag, 16);
    quoted[17] = '"';
    quoted[18] = '\0';
    const char *known = http_header(request, "If-None-Match");
    http_answer_header(answer, "ETag", "%s", quoted);
    http_answer_header(answer, "Cache-Control", "no-cache");
    http_answer_header(answer, "Vary", "Accept-Encoding");
    if (known != NULL && strcmp(known, quoted) == 0) {
        free(bytes);
        answer->status = 304;
        return;
    }
    answer->body = (char *)bytes;
    answer->body_len = len;
    http_answer_header(answer, "Content-Type", "%s", type);
    if (packed)
        http_answer_header(answer, "Content-Encoding", "gzip");
}

static void metric(struct text_buffer *out, const char *name, const char *type,
                   const char *help, int64_t value)
{
    text_appendf(out, "# HELP %s %s\n# TYPE %s %s\n%s %lld\n", name, help, name, type,
                 name, (long long)value);
}

static void metric_groups(struct server *server, struct text_buffer *out, const char *name,
                          const char *help, const char *label, const char *sql)
{
    text_appendf(out, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name);
    DB_ROWS_OWNED struct db_rows *rows = db_query(server->db, sql, "");
    while (db_next(rows))
        text_appendf(out, "%s{%s=\"%s\"} %lld\n", name, label, row_text(rows, 0),
                     (long long)row_integer(rows, 1));
}

void site_metrics(struct server *server, struct http_answer *answer)
{
    struct text_buffer out = {0};
    struct db *db = server->db;
    int64_t now = clock_now_ms();
    metric_groups(server, &out, "neurath_machines", "Machines by state.", "state",
                  "SELECT state, count(*) FROM machines GROUP BY state");
    metric_groups(server, &out, "neurath_attempts", "Swap attempts by result.", "result",
                  "SELECT result, count(*) FROM history GROUP BY result");
    metric_groups(server, &out, "neurath_builds", "Builds by state.", "state",
                  "SELECT state, count(*) FROM builds GROUP BY state");
    metric(&out, "neurath_release", "gauge", "The release that the channel offers.",
           db_integer(db, 0, "SELECT release FROM channel WHERE name = ?", "s",
                      CHANNEL_NAME));
    metric(&out, "neurath_timestamp_counter", "counter",
           "Counter of the newest timestamp.", server->timestamp_counter);
    metric(&out, "neurath_timestamp_expires_seconds", "gauge",
           "Seconds until the timestamp expires.",
           (db_integer(db, now, "SELECT expires FROM timestamps WHERE channel = ?", "s",
                       CHANNEL_NAME) -
            now) /
               1000);
    metric(&out, "neurath_polls_parked", "gauge", "Machines whose poll is parked here.",
           (int64_t)http_sleeping(server->machines, ""));
    metric(&out, "neurath_event_streams_idle", "gauge", "Event streams that wait.",
           (int64_t)http_sleeping(server->operators, "events"));
    metric(&out, "neurath_alarms", "gauge", "Alarms that are raised.",
           (int64_t)json_object_size(server->alarms));
    metric(&out, "neurath_uptime_seconds", "gauge", "Seconds since the service started.",
           (now - server->started_ms) / 1000);
    http_answer_text(answer, 200, "text/plain; version=0.0.4",
                     out.failed || out.data == NULL ? "" : out.data);
    text_buffer_fini(&out);
}

void site_health(struct server *server, struct http_answer *answer)
{
    bool well = json_object_size(server->alarms) == 0;
    answer_json(answer, well ? 200 : 503,
                json_pack("{s:b, s:o}", "ok", well, "alarms", rows_alarms(server)));
}
