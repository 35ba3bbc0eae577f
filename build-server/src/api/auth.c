/* Tokens, one-time codes, sessions, and the checks against other origins.
 * SPDX-License-Identifier: MIT */
#include "api/auth.h"

#include "api/answers.h"
#include "base/clock.h"
#include "base/text.h"

#include <manifest/manifest.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COOKIE "neurath_session"
#define CODE_LIFE_MS 600000
#define SESSION_LIFE_MS (30LL * 24 * 3600 * 1000)
#define CODES_MAX 64

static void hash_text(const char *text, char out[65])
{
    uint8_t hash[MANIFEST_HASH_LEN];
    if (manifest_hash(text, strlen(text), hash) != MANIFEST_OK)
        abort();
    text_hex(hash, sizeof hash, out);
}

/* HOST with or without the port, by any of the names that mean this listener. */
static bool is_our_host(const struct server *server, const char *host)
{
    static const char *const names[] = {"127.0.0.1", "localhost", "[::1]"};
    char full[64];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(full, sizeof full, "%s:%u", names[i],
                 (unsigned)http_port(server->operators));
        if (strcmp(host, full) == 0)
            return true;
    }
    return false;
}

bool auth_host(struct server *server, struct http_request *request,
               struct http_answer *answer)
{
    const char *host = http_header(request, "Host");
    if (host != NULL && is_our_host(server, host))
        return true;
    answer_error(answer, 403, "bad-host", "this server does not answer under that name");
    return false;
}

static bool is_write(const struct http_request *request)
{
    return strcmp(request->method, "GET") != 0 && strcmp(request->method, "HEAD") != 0;
}

static bool is_our_origin(const struct server *server, const struct http_request *request)
{
    const char *origin = http_header(request, "Origin");
    return origin != NULL && strncmp(origin, "http://", 7) == 0 &&
           is_our_host(server, origin + 7);
}

static bool has_session(struct server *server, const struct http_request *request)
{
    TEXT_OWNED char *cookie = http_cookie(request, COOKIE);
    if (!text_is_hex(cookie, 64))
        return false;
    char hash[65];
    hash_text(cookie, hash);
    return db_integer(server->db, 0,
                      "SELECT 1 FROM sessions WHERE hash = ? AND expires > ?", "si", hash,
                      clock_now_ms()) == 1;
}

bool auth_check(struct server *server, struct http_request *request,
                struct http_answer *answer, char out_name[AUTH_NAME_LEN])
{
    const char *header = http_header(request, "Authorization");
    if (header != NULL && strncmp(header, "Bearer ", 7) == 0) {
        if (text_equal_secret(server->token, header + 7)) {
            snprintf(out_name, AUTH_NAME_LEN, "operator");
            return true;
        }
        answer_error(answer, 401, "unauthorized", "the token is not valid");
        return false;
    }
    if (!has_session(server, request)) {
        answer_error(
            answer, 401, "unauthorized",
            "log in with the link that `neurath login` prints, or send the token");
        return false;
    }
    if (is_write(request) && !is_our_origin(server, request)) {
        answer_error(answer, 403, "bad-origin",
                     "writes must come from this server's own pages");
        return false;
    }
    snprintf(out_name, AUTH_NAME_LEN, "browser");
    return true;
}

static void drop_old_codes(struct server *server)
{
    int64_t now = clock_now_ms();
    const char *hash;
    json_t *expiry;
    void *next;
    json_object_foreach_safe(server->login_codes, next, hash, expiry)
    {
        if (json_integer_value(expiry) <= now)
            json_object_del(server->login_codes, hash);
    }
}

void auth_login_code(struct server *server, struct http_answer *answer)
{
    char code[65];
    char hash[65];
    drop_old_codes(server);
    if (json_object_size(server->login_codes) >= CODES_MAX) {
        answer_error(answer, 429, "busy",
                     "too many login links are open; they end after ten minutes");
        return;
    }
    server_random_hex(32, code);
    hash_text(code, hash);
    int64_t expires = clock_now_ms() + CODE_LIFE_MS;
    json_object_set_new(server->login_codes, hash, json_integer(expires));
    answer_json(answer, 200,
                json_pack("{s:o, s:o}", "url",
                          json_sprintf("%s/login?code=%s", server->url, code), "expires",
                          json_time(expires)));
}

void auth_login(struct server *server, struct http_request *request,
                struct http_answer *answer)
{
    const char *code = http_query(request, "code");
    char hash[65] = "";
    drop_old_codes(server);
    if (code != NULL)
        hash_text(code, hash);
    if (json_object_get(server->login_codes, hash) == NULL) {
        http_answer_text(answer, 403, "text/html; charset=utf-8",
                         "<!doctype html><meta "
                         "charset=utf-8><title>Neurath</title><p>This login link was "
                         "used before, or is older than ten minutes. <code>neurath "
                         "login</code> prints a "
                         "new one.");
        return;
    }
    json_object_del(server->login_codes, hash);
    char cookie[65];
    server_random_hex(32, cookie);
    hash_text(cookie, hash);
    int64_t now = clock_now_ms();
    db_run(server->db, "DELETE FROM sessions WHERE expires <= ?", "i", now);
    db_run(server->db, "INSERT INTO sessions (hash, created, expires) VALUES (?, ?, ?)",
           "sii", hash, now, now + SESSION_LIFE_MS);
    answer->status = 303;
    http_answer_header(answer, "Location", "/");
    http_answer_header(answer, "Cache-Control", "no-store");
    http_answer_header(answer, "Set-Cookie",
                       COOKIE "=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%d",
                       cookie, (int)(SESSION_LIFE_MS / 1000));
}

void auth_logout(struct server *server, struct http_request *request,
                 struct http_answer *answer)
{
    TEXT_OWNED char *cookie = http_cookie(request, COOKIE);
    char hash[65] = "";
    if (cookie != NULL)
        hash_text(cookie, hash);
    db_run(server->db, "DELETE FROM sessions WHERE hash = ?", "s", hash);
    answer->status = 204;
    http_answer_header(answer, "Set-Cookie",
                       COOKIE "=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0");
}
