/* The machines' listener: enrolment, the parked poll, releases, objects, reports.
 * SPDX-License-Identifier: MIT
 *
 * Everything but enrolment needs a client certificate of this server's CA whose common name is an enrolled
 * machine. A poll sleeps until there is news for that machine, 25 seconds at most. */
#include "api/api.h"

#include "api/answers.h"
#include "base/clock.h"
#include "base/files.h"
#include "base/log.h"
#include "base/text.h"
#include "fleet/attempts.h"
#include "fleet/commands.h"
#include "fleet/machines.h"
#include "fleet/orders.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WAIT_MAX_S 25
#define RELEASE_MAX (1024u * 1024)

static bool read_body(struct http_request *request, struct http_answer *answer,
                      json_t **out_body)
{
    struct problem problem = {"", ""};
    enum result result = json_read(request->body, request->body_len, out_body, &problem);
    if (result != RESULT_OK)
        answer_problem(answer, result, &problem);
    return result == RESULT_OK;
}

static void enroll(struct server *server, struct http_request *request,
                   struct http_answer *answer)
{
    JSON_OWNED json_t *body = NULL;
    struct problem problem = {"", ""};
    json_t *reply = NULL;
    if (!read_body(request, answer, &body))
        return;
    enum result result = machine_enroll(server, body, &reply, &problem);
    if (result == RESULT_OK)
        answer_json(answer, 200, reply);
    else if (result == RESULT_REFUSED)
        answer_error(answer, 403, problem.code, problem.text);
    else
        answer_problem(answer, result, &problem);
}

/* --- Poll --------------------------------------------------------------------------------------- */

struct poll {
    const char *boot_id;
    const char *nonce;
    int64_t counter;
    int64_t root_version;
    int64_t commands_done;
    int64_t wait_s;
};

static enum result read_poll(const json_t *body, struct poll *out, struct problem *problem)
{
    enum result result = json_take_hex(body, "boot_id", 32, &out->boot_id, problem);
    if (result == RESULT_OK)
        result = json_take_hex(body, "nonce", 32, &out->nonce, problem);
    if (result == RESULT_OK)
        result = json_take_integer(body, "timestamp_counter", 0, INT64_MAX / 2,
                                   &out->counter, problem);
    if (result == RESULT_OK)
        result = json_take_integer(body, "root_version", 0, INT32_MAX, &out->root_version,
                                   problem);
    if (result == RESULT_OK)
        result = json_maybe_integer(body, "commands_done", 0, INT64_MAX / 2, 0,
                                    &out->commands_done, problem);
    if (result == RESULT_OK)
        result = json_maybe_integer(body, "wait_s", 0, 3600, WAIT_MAX_S, &out->wait_s,
                                    problem);
    if (out->wait_s > WAIT_MAX_S)
        out->wait_s = WAIT_MAX_S;
    return result;
}

static bool has_news(struct server *server, const char *machine, const struct poll *poll)
{
    return server->timestamp != NULL &&
           (poll->counter != server->timestamp_counter ||
            poll->root_version < (int64_t)json_array_size(server->roots) ||
            commands_waiting(server, machine, poll->commands_done));
}

static json_t *newer_roots(const struct server *server, int64_t version)
{
    json_t *list = json_array();
    for (size_t i = (size_t)version; i < json_array_size(server->roots); i++)
        json_array_append(list, json_array_get(server->roots, i));
    return list;
}

/* GIVES the base64 text of a frame that answers the poll's nonce. */
static enum result make_fresh(struct server *server, const struct poll *poll,
                              char **out_text, struct problem *problem)
{
    uint8_t *frame = NULL;
    size_t len = 0;
    json_t *question =
        json_pack("{s:s, s:s, s:s, s:s}", "op", "fresh", "nonce", poll->nonce, "boot_id",
                  poll->boot_id, "timestamp", server->timestamp_hash);
    enum result result = signer_frame(server->signer, question, &frame, &len, problem);
    if (result != RESULT_OK)
        return result;
    *out_text = text_base64(frame, len);
    free(frame);
    return *out_text == NULL ? RESULT_MEMORY : RESULT_OK;
}

static void answer_news(struct server *server, const char *machine,
                        const struct poll *poll, struct http_answer *answer)
{
    struct problem problem = {"", ""};
    TEXT_OWNED char *fresh = NULL;
    enum result result = make_fresh(server, poll, &fresh, &problem);
    json_t *order = orders_prove(server, machine);
    TEXT_OWNED char *timestamp = text_base64(server->timestamp, server->timestamp_len);
    if (result != RESULT_OK || order == NULL || timestamp == NULL) {
        json_decref(order);
        log_error("machine", "a poll cannot be answered: %s", problem.text);
        answer_error(answer, 503, "signer", "the answer cannot be signed now");
        http_answer_header(answer, "Retry-After", "5");
        return;
    }
    answer_json(answer, 200,
                json_pack("{s:s, s:s, s:o, s:o, s:o}", "timestamp", timestamp, "fresh",
                          fresh, "order", order, "roots",
                          newer_roots(server, poll->root_version), "commands",
                          commands_list(server, machine, poll->commands_done)));
}

static void poll(struct server *server, struct http_request *request,
                 struct http_answer *answer)
{
    const char *machine = request->peer_name;
    JSON_OWNED json_t *body = NULL;
    struct problem problem = {"", ""};
    struct poll poll_body;
    if (!read_body(request, answer, &body))
        return;
    enum result result = read_poll(body, &poll_body, &problem);
    if (result == RESULT_OK && !request->resumed) {
        result = machine_contact(server, machine, body, &problem);
        commands_done(server, machine, poll_body.commands_done);
        server_poke(server);
    }
    if (result != RESULT_OK) {
        answer_problem(answer, result, &problem);
        return;
    }
    int64_t deadline = request->arrived_ms + poll_body.wait_s * 1000;
    bool wait = !request->out_of_time && clock_monotonic_ms() < deadline &&
                !atomic_load(&server->stopping);
    if (wait && !has_news(server, machine, &poll_body)) {
        answer->kind = HTTP_PARK;
        answer->deadline_ms = deadline;
        text_copy(answer->key, sizeof answer->key, machine);
        return;
    }
    if (server->timestamp == NULL || atomic_load(&server->stopping)) {
        answer_error(answer, 503, "no-release", "nothing has been released yet");
        http_answer_header(answer, "Retry-After", "2");
        return;
    }
    answer_news(server, machine, &poll_body, answer);
}

/* --- Files -------------------------------------------------------------------------------------- */

/* Reads `bytes=FROM-` or `bytes=FROM-TO`. False: none, or not one that we serve: the whole file. */
static bool read_range(const char *text, uint64_t size, uint64_t *out_from,
                       uint64_t *out_len, bool *out_bad)
{
    unsigned long long from = 0;
    unsigned long long to = 0;
    int used = 0;
    *out_bad = false;
    if (text == NULL || strncmp(text, "bytes=", 6) != 0 || text[6] < '0' || text[6] > '9')
        return false;
    if (sscanf(text, "bytes=%llu-%llu%n", &from, &to, &used) == 2) {
        if (text[used] != '\0' || to < from)
            return false;
    } else {
        used = 0;
        if (sscanf(text, "bytes=%llu-%n", &from, &used) != 1 || used == 0 ||
            text[used] != '\0')
            return false;
        to = size == 0 ? 0 : size - 1;
    }
    if (from >= size) {
        *out_bad = true;
        return false;
    }
    if (to >= size)
        to = size - 1;
    *out_from = from;
    *out_len = to - from + 1;
    return true;
}

static void answer_file(struct http_request *request, struct http_answer *answer,
                        const char *path, const char *tag)
{
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 || fstat(fd, &info) != 0) {
        if (fd >= 0)
            close(fd);
        answer_error(answer, errno == ENOENT ? 404 : 503, "not-found",
                     "the file is not there");
        return;
    }
    uint64_t size = (uint64_t)info.st_size;
    bool bad = false;
    answer->kind = HTTP_FILE;
    answer->fd = fd;
    answer->file_len = size;
    if (read_range(http_header(request, "Range"), size, &answer->file_offset,
                   &answer->file_len, &bad)) {
        answer->status = 206;
        http_answer_header(answer, "Content-Range", "bytes %llu-%llu/%llu",
                           (unsigned long long)answer->file_offset,
                           (unsigned long long)(answer->file_offset + answer->file_len - 1),
                           (unsigned long long)size);
    } else if (bad) {
        close(fd);
        answer->fd = -1;
        answer_error(answer, 416, "bad-range", "the range begins after the end");
        http_answer_header(answer, "Content-Range", "bytes */%llu",
                           (unsigned long long)size);
        return;
    }
    http_answer_header(answer, "Content-Type", "application/octet-stream");
    http_answer_header(answer, "Accept-Ranges", "bytes");
    http_answer_header(answer, "Cache-Control", "public, max-age=31536000, immutable");
    http_answer_header(answer, "ETag", "\"%s\"", tag);
}

static void get_object(struct server *server, struct http_request *request,
                       struct http_answer *answer)
{
    const char *object = request->path + strlen("/m/v1/objects/");
    if (!text_is_hex(object, 64) ||
        db_integer(server->db, 0,
                   "SELECT 1 FROM content_cells c JOIN releases r ON r.content = "
                   "c.content WHERE c.object "
                   "= ? AND r.state = 'published' LIMIT 1",
                   "s", object) != 1) {
        answer_error(answer, 404, "not-found", "no release names this object");
        return;
    }
    TEXT_OWNED char *path = server_path(server, "objects/%.2s/%s", object, object);
    answer_file(request, answer, path, object);
}

static void get_release(struct server *server, struct http_request *request,
                        struct http_answer *answer)
{
    const char *text = request->path + strlen("/m/v1/release/");
    char *end = NULL;
    long long version = strtoll(text, &end, 10);
    TEXT_OWNED char *hash = db_text(
        server->db, "SELECT hash FROM releases WHERE version = ? AND state = 'published'",
        "i", (int64_t)version);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || hash == NULL) {
        answer_error(answer, 404, "not-found", "there is no such release");
        return;
    }
    machine_fetches(server, request->peer_name, version);
    server_poke(server);
    TEXT_OWNED char *path = server_path(server, "releases/%lld", version);
    answer_file(request, answer, path, hash);
}

static void report(struct server *server, struct http_request *request,
                   struct http_answer *answer)
{
    JSON_OWNED json_t *body = NULL;
    struct problem problem = {"", ""};
    if (!read_body(request, answer, &body))
        return;
    enum result result = attempts_report(server, request->peer_name, body, &problem);
    if (result == RESULT_OK)
        answer_json(answer, 200,
                    json_pack("{s:O}", "acknowledged", json_object_get(body, "sequence")));
    else
        answer_problem(answer, result, &problem);
}

static bool starts(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static void route(struct server *server, struct http_request *request,
                  struct http_answer *answer)
{
    const char *path = request->path;
    bool post = strcmp(request->method, "POST") == 0;
    bool get = strcmp(request->method, "GET") == 0;
    if (post && strcmp(path, "/m/v1/enroll") == 0) {
        enroll(server, request, answer);
    } else if (request->peer_name[0] == '\0') {
        answer_error(answer, 401, "no-certificate",
                     "a certificate of this server's CA is needed");
    } else if (!machine_exists(server, request->peer_name)) {
        answer_error(answer, 403, "not-enrolled", "this machine is not enrolled here");
    } else if (post && strcmp(path, "/m/v1/poll") == 0) {
        poll(server, request, answer);
    } else if (post && strcmp(path, "/m/v1/report") == 0) {
        report(server, request, answer);
    } else if (get && starts(path, "/m/v1/objects/")) {
        get_object(server, request, answer);
    } else if (get && starts(path, "/m/v1/release/")) {
        get_release(server, request, answer);
    } else {
        answer_error(answer, 404, "not-found", "there is nothing here");
    }
}

void api_machine(void *context, struct http_request *request, struct http_answer *answer)
{
    struct server *server = context;
    server_lock(server);
    route(server, request, answer);
    server_unlock(server);
}
