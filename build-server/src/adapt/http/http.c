/* Listeners on libmicrohttpd: requests collected, handlers called, connections put to sleep and woken.
 * SPDX-License-Identifier: MIT */
#include "adapt/http/http.h"
#include "base/text.h"

#include "adapt/http/peer.h"
#include "adapt/http/visitors.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/port.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* One request from its first header to its last byte. While asleep it is linked in the listener. */
struct exchange {
    struct http_request request;
    struct http_listener *listener;
    struct visitor *visitor;
    char *body;
    size_t capacity;
    bool too_large;
    bool asleep;                /* [L] */
    int64_t deadline_ms;        /* [L] */
    char key[HTTP_KEY_MAX + 1]; /* [L] */
    struct exchange *next;      /* [L] sleepers */
    struct exchange **link;     /* [L] */
    http_stream_fn stream;
    http_stream_end_fn stream_end;
    void *stream_context;
};

/* Others may take a port between its choice and its use. */
#define ANY_PORT_TRIES 20

struct http_listener {
    struct MHD_Daemon *daemon;
    struct MHD_Daemon *daemon6; /* NULL: none */
    struct http_config config;
    uint16_t port;
    struct visitors visitors;
    pthread_mutex_t lock;
    struct exchange *sleepers; /* [L] */
    uint64_t wakes;            /* [L] */
    bool stopping;             /* [L] nothing goes to sleep any more */
    int64_t nearest_ms;        /* [L] nearest deadline told to `changed` */
    void (*changed)(void *);
    void *changed_context;
};

const char *http_header(const struct http_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

const char *http_query(const struct http_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name);
}

char *http_cookie(const struct http_request *request, const char *name)
{
    const char *value =
        MHD_lookup_connection_value(request->connection, MHD_COOKIE_KIND, name);
    return value == NULL ? NULL : strdup(value);
}

void http_answer_text(struct http_answer *answer, unsigned status, const char *type,
                      const char *text)
{
    free(answer->body);
    answer->kind = HTTP_BODY;
    answer->status = status;
    answer->body = strdup(text);
    answer->body_len = answer->body == NULL ? 0 : strlen(text);
    http_answer_header(answer, "Content-Type", "%s", type);
}

void http_answer_header(struct http_answer *answer, const char *name, const char *format,
                        ...)
{
    if (answer->header_count == HTTP_HEADERS_MAX)
        return;
    struct http_answer_header *header = &answer->headers[answer->header_count++];
    header->name = name;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(header->value, sizeof header->value, format, arguments);
    va_end(arguments);
}

/* Caller holds the lock. */
static void unlink_sleeper(struct exchange *exchange)
{
    if (!exchange->asleep)
        return;
    *exchange->link = exchange->next;
    if (exchange->next != NULL)
        exchange->next->link = exchange->link;
    exchange->asleep = false;
}

/* Caller holds the lock. Wakes one sleeper. */
static void rouse(struct exchange *exchange)
{
    unlink_sleeper(exchange);
    MHD_resume_connection(exchange->request.connection);
}

/* Puts the connection to sleep; invariant 1. False: the listener is being stopped, and the library
 * would abort over a connection that sleeps then. */
static bool sleep_exchange(struct exchange *exchange, int64_t deadline_ms,
                           uint64_t wakes_seen)
{
    struct http_listener *listener = exchange->listener;
    bool nearer = false;
    pthread_mutex_lock(&listener->lock);
    if (listener->stopping) {
        pthread_mutex_unlock(&listener->lock);
        return false;
    }
    MHD_suspend_connection(exchange->request.connection);
    exchange->asleep = true;
    exchange->deadline_ms = deadline_ms;
    exchange->next = listener->sleepers;
    exchange->link = &listener->sleepers;
    if (exchange->next != NULL)
        exchange->next->link = &exchange->next;
    listener->sleepers = exchange;
    if (listener->wakes != wakes_seen) {
        rouse(exchange);
    } else if (deadline_ms < listener->nearest_ms) {
        listener->nearest_ms = deadline_ms;
        nearer = true;
    }
    pthread_mutex_unlock(&listener->lock);
    if (nearer && listener->changed != NULL)
        listener->changed(listener->changed_context);
    return true;
}

static uint64_t wakes_now(struct http_listener *listener)
{
    pthread_mutex_lock(&listener->lock);
    uint64_t wakes = listener->wakes;
    pthread_mutex_unlock(&listener->lock);
    return wakes;
}

static ssize_t read_stream(void *context, uint64_t position, char *bytes, size_t max)
{
    (void)position;
    struct exchange *exchange = context;
    uint64_t wakes = wakes_now(exchange->listener);
    int64_t deadline_ms = INT64_MAX;
    ssize_t got = exchange->stream(exchange->stream_context, bytes, max, &deadline_ms);
    if (got < 0)
        return MHD_CONTENT_READER_END_OF_STREAM;
    if (got == 0 && !sleep_exchange(exchange, deadline_ms, wakes))
        return MHD_CONTENT_READER_END_OF_STREAM;
    return got;
}

static struct MHD_Response *make_response(struct exchange *exchange,
                                          struct http_answer *answer)
{
    struct MHD_Response *response = NULL;
    switch (answer->kind) {
    case HTTP_FILE:
        response = MHD_create_response_from_fd_at_offset64(answer->file_len, answer->fd,
                                                           answer->file_offset);
        if (response == NULL)
            close(answer->fd);
        break;
    case HTTP_STREAM:
        exchange->stream = answer->stream;
        exchange->stream_end = answer->stream_end;
        exchange->stream_context = answer->stream_context;
        text_copy(exchange->key, sizeof exchange->key, answer->key);
        response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 16384, read_stream,
                                                     exchange, NULL);
        break;
    default:
        response = MHD_create_response_from_buffer(
            answer->body_len, answer->body == NULL ? (void *)"" : answer->body,
            answer->body == NULL ? MHD_RESPMEM_PERSISTENT : MHD_RESPMEM_MUST_FREE);
        if (response == NULL)
            free(answer->body);
    }
    return response;
}

static enum MHD_Result send_answer(struct exchange *exchange, struct http_answer *answer)
{
    struct MHD_Response *response = make_response(exchange, answer);
    if (response == NULL)
        return MHD_NO;
    for (size_t i = 0; i < answer->header_count; i++)
        MHD_add_response_header(response, answer->headers[i].name,
                                answer->headers[i].value);
    enum MHD_Result queued =
        MHD_queue_response(exchange->request.connection, answer->status, response);
    MHD_destroy_response(response);
    return queued;
}

static enum MHD_Result run_handler(struct exchange *exchange)
{
    struct http_listener *listener = exchange->listener;
    struct http_answer answer = {.status = 200, .fd = -1};
    visitor_has_until(&listener->visitors, exchange->visitor, INT64_MAX);
    if (exchange->too_large) {
        http_answer_text(&answer, 413, "application/json",
                         "{\"code\":\"too-large\",\"text\":\"the body is larger than may "
                         "be sent here\"}");
        return send_answer(exchange, &answer);
    }
    uint64_t wakes = wakes_now(listener);
    exchange->request.body = exchange->body == NULL ? "" : exchange->body;
    listener->config.handle(listener->config.context, &exchange->request, &answer);
    if (answer.kind != HTTP_PARK)
        return send_answer(exchange, &answer);
    exchange->request.resumed = true;
    text_copy(exchange->key, sizeof exchange->key, answer.key);
    return sleep_exchange(exchange, answer.deadline_ms, wakes) ? MHD_YES : MHD_NO;
}

static void collect(struct exchange *exchange, const char *bytes, size_t len)
{
    size_t total = exchange->request.body_len + len;
    bool stranger = exchange->listener->config.tls_client_ca != NULL &&
                    exchange->request.peer_name[0] == '\0';
    if (exchange->too_large || total > (stranger ? HTTP_STRANGER_MAX : HTTP_BODY_MAX)) {
        exchange->too_large = true;
        return;
    }
    if (total + 1 > exchange->capacity) {
        size_t capacity = exchange->capacity < 4096 ? 4096 : exchange->capacity;
        while (capacity < total + 1)
            capacity *= 2;
        char *body = realloc(exchange->body, capacity);
        if (body == NULL) {
            exchange->too_large = true;
            return;
        }
        exchange->body = body;
        exchange->capacity = capacity;
    }
    memcpy(exchange->body + exchange->request.body_len, bytes, len);
    exchange->request.body_len = total;
    exchange->body[total] = '\0';
}

static struct visitor *visitor_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info == NULL ? NULL : info->socket_context;
}

/* Invariant 3. */
static void expect_within(struct http_listener *listener, struct visitor *visitor,
                          int64_t patience_ms)
{
    int64_t deadline_ms = clock_monotonic_ms() + patience_ms;
    visitor_has_until(&listener->visitors, visitor, deadline_ms);
    pthread_mutex_lock(&listener->lock);
    bool nearer = deadline_ms < listener->nearest_ms;
    if (nearer)
        listener->nearest_ms = deadline_ms;
    pthread_mutex_unlock(&listener->lock);
    if (nearer && listener->changed != NULL)
        listener->changed(listener->changed_context);
}

static void on_connection(void *context, struct MHD_Connection *connection, void **state,
                          enum MHD_ConnectionNotificationCode code)
{
    struct http_listener *listener = context;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        visitor_leaves(&listener->visitors, *state);
        *state = NULL;
    } else if (info != NULL) {
        *state = visitor_arrives(&listener->visitors, info->connect_fd, INT64_MAX);
        expect_within(listener, *state, listener->config.patience_ms);
    }
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection,
                                  const char *url, const char *method, const char *version,
                                  const char *upload, size_t *upload_len, void **state)
{
    (void)version;
    struct http_listener *listener = context;
    struct exchange *exchange = *state;
    if (exchange == NULL) {
        exchange = calloc(1, sizeof *exchange);
        if (exchange == NULL)
            return MHD_NO;
        *state = exchange;
        exchange->listener = listener;
        exchange->request.connection = connection;
        exchange->request.method = method;
        exchange->request.path = url;
        exchange->request.secure = listener->config.tls_key != NULL;
        exchange->request.arrived_ms = clock_monotonic_ms();
        if (exchange->request.secure)
            peer_common_name(connection, exchange->request.peer_name,
                             sizeof exchange->request.peer_name);
        exchange->visitor = visitor_of(connection);
        expect_within(listener, exchange->visitor, listener->config.patience_ms);
        return MHD_YES;
    }
    if (*upload_len > 0) {
        collect(exchange, upload, *upload_len);
        *upload_len = 0;
        return MHD_YES;
    }
    return run_handler(exchange);
}

static void on_end(void *context, struct MHD_Connection *connection, void **state,
                   enum MHD_RequestTerminationCode code)
{
    (void)connection;
    (void)code;
    struct http_listener *listener = context;
    struct exchange *exchange = *state;
    if (exchange == NULL)
        return;
    pthread_mutex_lock(&listener->lock);
    unlink_sleeper(exchange);
    pthread_mutex_unlock(&listener->lock);
    if (exchange->stream_end != NULL)
        exchange->stream_end(exchange->stream_context);
    /* The next one may keep us waiting as long as the library lets it, and then has to come. */
    expect_within(listener, exchange->visitor,
                  listener->config.patience_ms +
                      (int64_t)listener->config.connection_timeout_s * 1000);
    free(exchange->body);
    free(exchange);
    *state = NULL;
}

static void on_log(void *context, const char *format, va_list arguments)
{
    struct http_listener *listener = context;
    char text[512];
    vsnprintf(text, sizeof text, format, arguments);
    log_debug(listener->config.name, "%s", text);
}

static int listen_on(const struct sockaddr *address, socklen_t len)
{
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    int one = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (address->sa_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
    if (bind(fd, address, len) != 0 || listen(fd, 1024) != 0) {
        int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

static int listen_on_ip4(const char *text, uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    if (inet_pton(AF_INET, text, &address.sin_addr) == 1)
        return listen_on((struct sockaddr *)&address, sizeof address);
    errno = EINVAL;
    return -1;
}

static int listen_on_ip6(const char *text, uint16_t port)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    if (inet_pton(AF_INET6, text, &address.sin6_addr) == 1)
        return listen_on((struct sockaddr *)&address, sizeof address);
    errno = EINVAL;
    return -1;
}

/* Both or none; *out_fd6 is -1 when this host has no IPv6, or not that address of it. */
static int listen_on_both(const struct http_config *config, uint16_t port, int *out_fd6)
{
    *out_fd6 = -1;
    int fd = listen_on_ip4(config->address, port);
    if (fd < 0 || config->address6 == NULL)
        return fd;
    *out_fd6 = listen_on_ip6(config->address6, port);
    if (*out_fd6 >= 0)
        return fd;
    if (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL) {
        log_warning("http", "the %s listener is not on %s: %s", config->name,
                    config->address6, strerror(errno));
        return fd;
    }
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

static int open_sockets(const struct http_config *config, uint16_t *out_port,
                        int *out_fd6, struct problem *problem)
{
    int tries = config->port == 0 ? ANY_PORT_TRIES : 1;
    int fd = -1;
    while (fd < 0 && tries-- > 0) {
        *out_port = config->port == 0 ? (uint16_t)port_find_free() : config->port;
        fd = listen_on_both(config, *out_port, out_fd6);
        if (fd < 0 && errno != EADDRINUSE)
            break;
    }
    if (fd < 0)
        problem_set(problem, RESULT_EXISTS, "port",
                    "the %s port %u on %s%s%s cannot be opened: %s", config->name,
                    (unsigned)*out_port, config->address,
                    config->address6 == NULL ? "" : " and ",
                    config->address6 == NULL ? "" : config->address6, strerror(errno));
    return fd;
}

static struct MHD_Daemon *start_daemon(struct http_listener *listener, int fd)
{
    const struct http_config *config = &listener->config;
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME |
                     MHD_USE_ERROR_LOG | MHD_USE_ITC;
    struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)config->tls_key},
        {MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)config->tls_certificate},
        {MHD_OPTION_HTTPS_MEM_TRUST, 0, (void *)config->tls_client_ca},
        {MHD_OPTION_HTTPS_PRIORITIES, 0,
         (void *)"NORMAL:-VERS-ALL:+VERS-TLS1.3:-CTYPE-ALL:+CTYPE-X509"},
        {MHD_OPTION_END, 0, NULL},
    };
    struct MHD_OptionItem plain[] = {{MHD_OPTION_END, 0, NULL}};
    if (config->tls_key != NULL)
        flags |= MHD_USE_TLS;
    struct MHD_OptionItem pool[] = {
        {MHD_OPTION_THREAD_POOL_SIZE, config->threads, NULL},
        {MHD_OPTION_END, 0, NULL},
    };
    return MHD_start_daemon(
        flags, 0, NULL, NULL, on_request, listener, MHD_OPTION_EXTERNAL_LOGGER, on_log,
        listener, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_NOTIFY_COMPLETED, on_end,
        listener, MHD_OPTION_NOTIFY_CONNECTION, on_connection, listener,
        MHD_OPTION_CONNECTION_LIMIT, config->connection_limit,
        MHD_OPTION_CONNECTION_TIMEOUT, config->connection_timeout_s,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)65536, MHD_OPTION_ARRAY,
        config->tls_key != NULL ? tls : plain, MHD_OPTION_ARRAY,
        config->threads > 1 ? pool : plain, MHD_OPTION_END);
}

enum result http_start(const struct http_config *config, struct http_listener **out,
                       struct problem *problem)
{
    struct http_listener *listener = calloc(1, sizeof *listener);
    if (listener == NULL)
        return RESULT_MEMORY;
    listener->config = *config;
    listener->nearest_ms = INT64_MAX;
    if (listener->config.patience_ms == 0)
        listener->config.patience_ms = HTTP_PATIENCE_MS;
    visitors_init(&listener->visitors);
    pthread_mutex_init(&listener->lock, NULL);
    int fd6 = -1;
    int fd = open_sockets(config, &listener->port, &fd6, problem);
    if (fd < 0) {
        free(listener);
        return RESULT_EXISTS;
    }
    listener->daemon = start_daemon(listener, fd);
    if (listener->daemon != NULL && fd6 >= 0)
        listener->daemon6 = start_daemon(listener, fd6);
    if (listener->daemon == NULL || (fd6 >= 0 && listener->daemon6 == NULL)) {
        if (fd6 >= 0)
            close(fd6);
        if (listener->daemon != NULL)
            MHD_stop_daemon(listener->daemon);
        else
            close(fd);
        free(listener);
        return problem_set(problem, RESULT_FAILED, "http",
                           "the %s listener does not start", config->name);
    }
    *out = listener;
    return RESULT_OK;
}

void http_stop(struct http_listener *listener)
{
    if (listener == NULL)
        return;
    pthread_mutex_lock(&listener->lock);
    listener->wakes++;
    listener->stopping = true;
    while (listener->sleepers != NULL)
        rouse(listener->sleepers);
    pthread_mutex_unlock(&listener->lock);
    MHD_stop_daemon(listener->daemon);
    if (listener->daemon6 != NULL)
        MHD_stop_daemon(listener->daemon6);
    visitors_fini(&listener->visitors);
    pthread_mutex_destroy(&listener->lock);
    free(listener);
}

uint16_t http_port(const struct http_listener *listener)
{
    return listener->port;
}

void http_wake(struct http_listener *listener, const char *key)
{
    if (listener == NULL)
        return;
    pthread_mutex_lock(&listener->lock);
    listener->wakes++;
    struct exchange *next;
    for (struct exchange *at = listener->sleepers; at != NULL; at = next) {
        next = at->next;
        if (key == NULL || strcmp(key, at->key) == 0)
            rouse(at);
    }
    pthread_mutex_unlock(&listener->lock);
}

int64_t http_tick(struct http_listener *listener, int64_t now_ms)
{
    if (listener == NULL)
        return INT64_MAX;
    int64_t nearest = visitors_tick(&listener->visitors, now_ms);
    pthread_mutex_lock(&listener->lock);
    struct exchange *next;
    for (struct exchange *at = listener->sleepers; at != NULL; at = next) {
        next = at->next;
        if (at->deadline_ms <= now_ms) {
            at->request.out_of_time = true;
            rouse(at);
        } else if (at->deadline_ms < nearest) {
            nearest = at->deadline_ms;
        }
    }
    listener->nearest_ms = nearest;
    pthread_mutex_unlock(&listener->lock);
    return nearest;
}

size_t http_sleeping(struct http_listener *listener, const char *prefix)
{
    if (listener == NULL)
        return 0;
    size_t count = 0;
    pthread_mutex_lock(&listener->lock);
    for (struct exchange *at = listener->sleepers; at != NULL; at = at->next)
        count += strncmp(at->key, prefix, strlen(prefix)) == 0;
    pthread_mutex_unlock(&listener->lock);
    return count;
}

void http_on_deadline(struct http_listener *listener, void (*changed)(void *),
                      void *context)
{
    listener->changed_context = context;
    listener->changed = changed;
}
