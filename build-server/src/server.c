/* Small services around the one state: lock, paths, alarms, random names.
 * SPDX-License-Identifier: MIT */
#include "server.h"

#include "api/events.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "fleet/rows.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

void server_lock(struct server *server)
{
    pthread_mutex_lock(&server->lock);
}

void server_unlock(struct server *server)
{
    pthread_mutex_unlock(&server->lock);
}

char *server_path(const struct server *server, const char *format, ...)
{
    TEXT_BUFFER_OWNED path = {0};
    char *rest = NULL;
    va_list arguments;
    va_start(arguments, format);
    int len = vasprintf(&rest, format, arguments);
    va_end(arguments);
    if (len < 0)
        abort();
    text_appendf(&path, "%s/%s", server->options.state, rest);
    free(rest);
    if (path.failed)
        abort();
    char *given = path.data;
    path.data = NULL;
    return given;
}

void server_poke(struct server *server)
{
    uint64_t one = 1;
    (void)!write(server->main_wake, &one, sizeof one);
}

void server_alarm(struct server *server, const char *code, const char *text)
{
    json_t *known = json_object_get(server->alarms, code);
    const char *before = json_string_value(json_object_get(known, "text"));
    if (before != NULL && strcmp(before, text) == 0)
        return;
    log_error("alarm", "%s: %s", code, text);
    json_object_set_new(server->alarms, code,
                        json_pack("{s:o, s:o}", "text", json_text_or_null(text), "since",
                                  json_time(clock_now_ms())));
    rows_publish_status(server);
}

void server_alarm_clear(struct server *server, const char *code)
{
    if (json_object_get(server->alarms, code) == NULL)
        return;
    json_object_del(server->alarms, code);
    log_info("alarm", "%s: over", code);
    rows_publish_status(server);
}

void server_random_hex(size_t len, char *out)
{
    uint8_t bytes[64];
    if (len > sizeof bytes || getrandom(bytes, len, 0) != (ssize_t)len)
        abort();
    text_hex(bytes, len, out);
}
