/* The transport port over the kernel's HTTP client.
 * SPDX-License-Identifier: MIT
 */
#include "glue.h"

#include <console/log/log.h>
#include <lib/base/memory.h>
#include <manifest/manifest.h>
#include <net/http/http.h>
#include <stdio.h>
#include <string.h>
#include <task/task/task.h>
#include <time/clock/clock.h>
#include <tls/tls/tls.h>

/* A failure that lasts is said again after this time: the client tries for ever. */
#define FAILURE_AGAIN_NS (60 * NS_PER_S)

/* The largest body that is ever wanted is an object; the core has a closer cap for each request. */
enum { BODY_MAX = MANIFEST_OBJECT_MAX };

static void set_endpoint(void *context, const struct client_endpoint *endpoint)
{
    struct glue *glue = context;
    glue->endpoint = *endpoint;
}

static void set_identity(void *context, const char *certificate, const uint8_t *key,
                         size_t key_len)
{
    struct glue *glue = context;
    free(glue->certificate);
    glue->certificate = NULL;
    glue->identity++;
    if (certificate == NULL || key_len > sizeof glue->key)
        return;
    size_t len = strlen(certificate) + 1;
    glue->certificate = memory_new_array(char, len);
    if (glue->certificate == NULL)
        return;
    memcpy(glue->certificate, certificate, len);
    memcpy(glue->key, key, key_len);
    glue->key_len = key_len;
}

static void set_time(void *context, int64_t unix_ms)
{
    (void)context;
    tls_time_set((uint64_t)unix_ms / 1000);
}

static void piece_drop(struct glue_line *line)
{
    free(line->piece);
    line->piece = NULL;
}

/* Makes a client for the line as the request wants it. */
static bool line_open(struct glue *glue, struct glue_line *line, bool mutual)
{
    if (line->http != NULL && line->mutual == mutual && line->identity == glue->identity)
        return true;
    http_destroy(line->http);
    line->http = NULL;
    if (mutual && glue->certificate == NULL)
        return false;
    const struct tls_options tls = {
        .server_name = glue->endpoint.server_name,
        .ca = (const uint8_t *)glue->endpoint.ca_pem,
        .ca_len = strlen(glue->endpoint.ca_pem),
        .certificate = mutual ? (const uint8_t *)glue->certificate : NULL,
        .certificate_len = mutual ? strlen(glue->certificate) : 0,
        .key = mutual ? glue->key : NULL,
        .key_len = mutual ? glue->key_len : 0,
    };
    const struct http_options options = {
        .host = glue->endpoint.address,
        .port = glue->endpoint.port,
        .host_header = glue->endpoint.server_name,
        .tls = &tls,
    };
    line->mutual = mutual;
    line->identity = glue->identity;
    return http_create(&options, &glue->wake, &line->http) == STATUS_OK;
}

static bool start(void *context, enum client_channel channel,
                  const struct client_request *request)
{
    struct glue *glue = context;
    struct glue_line *line = &glue->lines[channel];
    piece_drop(line);
    line->head_told = line->ended = line->failed = false;
    if (!line_open(glue, line, request->mutual))
        return false;
    const struct http_request wanted = {
        .method = request->method,
        .path = request->path,
        .body = request->body,
        .body_len = request->body_len,
        .range_first = request->range_from,
        .body_len_max = BODY_MAX,
    };
    if (http_begin(line->http, &wanted) != STATUS_OK)
        return false;
    event_signal(&glue->wake); /* the request is sent by the next step */
    return true;
}

static enum client_net_error error_of(const struct http *http)
{
    switch (http_failure(http)) {
    case HTTP_FAILURE_CONNECT:
    case HTTP_FAILURE_MEMORY: return CLIENT_NET_CONNECT;
    case HTTP_FAILURE_TLS: return CLIENT_NET_TLS;
    case HTTP_FAILURE_CERTIFICATE: return CLIENT_NET_CERTIFICATE;
    case HTTP_FAILURE_PROTOCOL:
    case HTTP_FAILURE_TOO_LONG: return CLIENT_NET_PROTOCOL;
    case HTTP_FAILURE_RANDOM: return CLIENT_NET_RANDOM;
    case HTTP_FAILURE_CLOSED:
    case HTTP_FAILURE_NONE: break;
    }
    return CLIENT_NET_CLOSED;
}

/* Says on the console why there is no session with the server: a new reason at once, the same one once a minute. What
 * ends later, the core reports. */
static void failure_log(struct glue *glue, const struct http *http)
{
    enum http_failure failure = http_failure(http);
    uint64_t now_ns = clock_ns();
    if (failure != HTTP_FAILURE_CONNECT && failure != HTTP_FAILURE_TLS &&
        failure != HTTP_FAILURE_CERTIFICATE && failure != HTTP_FAILURE_RANDOM)
        return;
    if (glue->failure_ns != 0 && strcmp(glue->failure, http_error(http)) == 0 &&
        now_ns - glue->failure_ns < FAILURE_AGAIN_NS)
        return;
    snprintf(glue->failure, sizeof glue->failure, "%s", http_error(http));
    glue->failure_ns = now_ns;
    log_write("client", LOG_WARNING, "no session with %s at %s port %u: %s",
              glue->endpoint.server_name, glue->endpoint.address,
              (unsigned)glue->endpoint.port, glue->failure);
}

static void head_of(const struct http_response *response, struct client_head *out)
{
    *out = (struct client_head){.status = response->status,
                                .length = -1,
                                .range_from = -1,
                                .range_total = -1,
                                .retry_after_s = response->retry_after_s};
    if (response->body_total == UINT64_MAX)
        return;
    if (response->status == 206) {
        out->range_from = (int64_t)response->body_offset;
        out->range_total = (int64_t)response->body_total;
        out->length = (int64_t)(response->body_total - response->body_offset);
    } else {
        out->length = (int64_t)response->body_total;
    }
}

/* Tells head, pieces, end, in this order, whatever the HTTP client has gathered meanwhile. */
static void next(void *context, enum client_channel channel, struct client_io_event *out)
{
    struct glue *glue = context;
    struct glue_line *line = &glue->lines[channel];
    piece_drop(line);
    if (!line->ended && !line->failed) {
        enum status status = http_step(line->http);
        line->ended = status == STATUS_OK;
        line->failed = status != STATUS_OK && status != STATUS_AGAIN;
        if (line->failed)
            failure_log(glue, line->http);
    }
    const struct http_response *response = http_response(line->http);
    out->kind = CLIENT_IO_PENDING;
    if (!line->head_told && response->status != 0) {
        line->head_told = true;
        out->kind = CLIENT_IO_HEAD;
        head_of(response, &out->head);
        return;
    }
    if (line->head_told) {
        line->piece = http_take_body(line->http, &out->len);
        if (line->piece != NULL && out->len > 0) {
            out->kind = CLIENT_IO_BODY;
            out->data = line->piece;
            return;
        }
    }
    if (line->failed) {
        out->kind = CLIENT_IO_FAILED;
        out->error = error_of(line->http);
    } else if (line->ended) {
        out->kind = CLIENT_IO_DONE;
    }
}

static void cancel(void *context, enum client_channel channel)
{
    struct glue *glue = context;
    struct glue_line *line = &glue->lines[channel];
    piece_drop(line);
    if (line->http != NULL)
        http_cancel(line->http);
}

void glue_transport(struct client_transport *out)
{
    *out = (struct client_transport){
        .context = glue_get(),
        .set_endpoint = set_endpoint,
        .set_identity = set_identity,
        .set_time = set_time,
        .start = start,
        .next = next,
        .cancel = cancel,
    };
}
