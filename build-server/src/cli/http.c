/* The client of the server's API, on libcurl.
 * SPDX-License-Identifier: MIT */
#include "http.h"

#include <ctype.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http_private.h"

enum { ANSWER_MAX = 64 << 20 };

struct buffer {
    char *bytes;
    size_t len;
    bool too_long;
};

static size_t buffer_take(char *bytes, size_t one, size_t len, void *context)
{
    struct buffer *buffer = context;
    char *grown = NULL;

    (void)one;
    if (len > ANSWER_MAX - buffer->len ||
        (grown = realloc(buffer->bytes, buffer->len + len + 1)) == NULL) {
        buffer->too_long = true;
        return 0;
    }
    memcpy(grown + buffer->len, bytes, len);
    buffer->bytes = grown;
    buffer->len += len;
    grown[buffer->len] = '\0';
    return len;
}

bool http_create(const struct place_server *server, struct http **out,
                 struct failure *failure)
{
    struct http *http = calloc(1, sizeof(*http));

    if (http == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != 0 ||
        (http->curl = curl_easy_init()) == NULL) {
        free(http);
        return failure_set(failure, "no-memory", "the HTTP library does not start");
    }
    http->server = *server;
    http->timeout_ms = 30000;
    *out = http;
    return true;
}

void http_destroy(struct http *http)
{
    if (http != NULL) {
        curl_easy_cleanup(http->curl);
        free(http);
    }
}

void http_release(struct http **http)
{
    http_destroy(*http);
}

bool http_open(const struct invocation *invocation, struct http **out,
               struct failure *failure)
{
    struct place_server server;

    return place_find_server(invocation, &server, failure) &&
           http_create(&server, out, failure);
}

const struct place_server *http_server(const struct http *http)
{
    return &http->server;
}

void http_set_timeout(struct http *http, long timeout_ms)
{
    http->timeout_ms = timeout_ms;
}

void http_escape(const char *value, char *out, size_t out_len)
{
    size_t used = 0;

    for (; *value != '\0' && used + 4 < out_len; value++) {
        unsigned char c = (unsigned char)*value;
        if (isalnum(c) || c == '-' || c == '_' || c == '.' || c == '~') {
            out[used++] = (char)c;
        } else {
            used += (size_t)snprintf(out + used, out_len - used, "%%%02X", c);
        }
    }
    out[used] = '\0';
}

struct curl_slist *http_prepare(struct http *http, const char *path, const char *accept)
{
    struct curl_slist *headers = NULL;
    char line[sizeof(http->server.token) + 32];
    char url[2048];

    curl_easy_reset(http->curl);
    snprintf(url, sizeof(url), "%s%s", http->server.url, path);
    curl_easy_setopt(http->curl, CURLOPT_URL, url);
    curl_easy_setopt(http->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(http->curl, CURLOPT_NOPROXY, "127.0.0.1,localhost,::1");
    curl_easy_setopt(http->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(http->curl, CURLOPT_CONNECTTIMEOUT_MS, 5000L);
    curl_easy_setopt(http->curl, CURLOPT_USERAGENT, "neurath");
    if (http->server.ca[0] != '\0' && strncmp(http->server.url, "https:", 6) == 0) {
        curl_easy_setopt(http->curl, CURLOPT_CAINFO, http->server.ca);
    }
    if (http->server.token[0] != '\0') {
        snprintf(line, sizeof(line), "Authorization: Bearer %s", http->server.token);
        headers = curl_slist_append(headers, line);
    }
    snprintf(line, sizeof(line), "Accept: %s", accept);
    return curl_slist_append(headers, line);
}

bool http_unreachable(const struct http *http, CURLcode code, struct failure *failure)
{
    const char *url = http->server.url;

    if (code == CURLE_COULDNT_CONNECT || code == CURLE_GOT_NOTHING ||
        code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR ||
        code == CURLE_PARTIAL_FILE) {
        failure_set(failure, "no-server", "no server answers at %s", url);
        return failure_remedy(failure,
                              http->server.state[0]
                                  ? "start the lab with `neurath lab up`"
                                  : "check the address, and that neurathd runs there");
    }
    if (code == CURLE_OPERATION_TIMEDOUT) {
        failure_set(failure, "timeout", "the server at %s did not answer in time", url);
        return failure_remedy(failure, "see `neurath doctor`");
    }
    if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE) {
        failure_set(failure, "untrusted", "the certificate of %s cannot be trusted (%s)",
                    url, curl_easy_strerror(code));
        return failure_remedy(failure,
                              "name its CA with `ca = FILE` in the configuration file");
    }
    return failure_set(failure, "http", "cannot talk to %s: %s", url,
                       curl_easy_strerror(code));
}

bool http_refused(const struct http *http, long status, const char *body,
                  struct failure *failure)
{
    json_t *answer = body ? json_loads(body, 0, NULL) : NULL;
    const char *code = json_string_value(json_object_get(answer, "code"));
    const char *text = json_string_value(json_object_get(answer, "text"));
    const char *remedy = json_string_value(json_object_get(answer, "remedy"));

    if (code != NULL && text != NULL) {
        size_t len = strlen(text);
        failure_set(failure, code, "%.*s",
                    (int)(len > 0 && text[len - 1] == '.' ? len - 1 : len), text);
        if (remedy != NULL) {
            failure_remedy(failure, "%s", remedy);
        }
    } else {
        failure_set(failure, "http", "the server at %s answered %ld", http->server.url,
                    status);
    }
    if (status == 401) {
        snprintf(failure->code, sizeof(failure->code), "unauthorized");
        failure_remedy(failure, "give the operator's token with --token-file");
    }
    failure->http_status = status;
    json_decref(answer);
    return false;
}

/* One exchange; *out is the body (free()), possibly NULL when empty. */
static bool exchange(struct http *http, const char *method, const char *path,
                     const json_t *body, const char *accept, char **out,
                     struct failure *failure)
{
    struct buffer answer = {0};
    struct curl_slist *headers = http_prepare(http, path, accept);
    char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    CURLcode code = CURLE_OK;
    long status = 0;
    bool done = false;

    curl_easy_setopt(http->curl, CURLOPT_CUSTOMREQUEST, method);
    if (strcmp(method, "GET") != 0) {
        headers = curl_slist_append(headers, "Content-Type: application/json");
        curl_easy_setopt(http->curl, CURLOPT_POSTFIELDS, text ? text : "{}");
    }
    curl_easy_setopt(http->curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(http->curl, CURLOPT_TIMEOUT_MS, http->timeout_ms);
    curl_easy_setopt(http->curl, CURLOPT_WRITEFUNCTION, buffer_take);
    curl_easy_setopt(http->curl, CURLOPT_WRITEDATA, &answer);
    code = curl_easy_perform(http->curl);
    curl_easy_getinfo(http->curl, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(headers);
    free(text);
    if (answer.too_long) {
        failure_set(failure, "too-long", "the server's answer to %s is too long", path);
    } else if (code != CURLE_OK) {
        http_unreachable(http, code, failure);
    } else if (status < 200 || status > 299) {
        http_refused(http, status, answer.bytes, failure);
    } else {
        *out = answer.bytes;
        return true;
    }
    free(answer.bytes);
    return done;
}

bool http_send(struct http *http, const char *method, const char *path,
               const json_t *body, json_t **out, struct failure *failure)
{
    char *text = NULL;
    json_t *answer = NULL;

    if (!exchange(http, method, path, body, "application/json", &text, failure)) {
        return false;
    }
    answer = text ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : json_object();
    free(text);
    if (answer == NULL) {
        failure_set(failure, "bad-answer", "the answer of %s%s is not JSON",
                    http->server.url, path);
        return failure_remedy(failure, "is that really a Neurath server?");
    }
    *out = answer;
    return true;
}

bool http_get(struct http *http, const char *path, json_t **out, struct failure *failure)
{
    return http_send(http, "GET", path, NULL, out, failure);
}

bool http_get_text(struct http *http, const char *path, char **out,
                   struct failure *failure)
{
    char *text = NULL;

    if (!exchange(http, "GET", path, NULL, "text/plain, */*", &text, failure)) {
        return false;
    }
    *out = text ? text : calloc(1, 1);
    return *out != NULL;
}
