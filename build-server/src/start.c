/* Start and end of the service.
 * SPDX-License-Identifier: MIT
 *
 * Order of a start: folders and the lock on them; the signer process (before any socket, database or
 * repository is open); database; what a crash left unfinished; listeners; threads; run/status.json. */
#include "start.h"

#include "adapt/sandbox/sandbox.h"
#include "api/api.h"
#include "api/events.h"
#include "base/clock.h"
#include "base/files.h"
#include "base/log.h"
#include "base/text.h"
#include "fleet/attempts.h"
#include "fleet/machines.h"
#include "fleet/reissue.h"
#include "fleet/rows.h"
#include "pipeline/steps.h"

#include <errno.h>
#include <fcntl.h>
#include <manifest/sign.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define UPKEEP_MS 30000

static pthread_t threads[3];
static size_t thread_count;
static int lock_fd = -1;
static int signal_fd = -1;

static enum result make_folders(struct server *server, struct problem *problem)
{
    static const struct {
        const char *name;
        mode_t mode;
    } folders[] = {{"", 0711},         {"keys", 0700},    {"roots", 0755},
                   {"tls", 0700},      {"objects", 0755}, {"objects/staging", 0700},
                   {"releases", 0755}, {"run", 0755},     {"boot", 0755},
                   {"log", 0755}};
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        TEXT_OWNED char *path = server_path(server, "%s", folders[i].name);
        size_t len = strlen(path);
        if (path[len - 1] == '/')
            path[len - 1] = '\0';
        enum result result = files_make_folder(path, folders[i].mode);
        if (result != RESULT_OK)
            return problem_set(problem, result, "state",
                               "the folder %s cannot be made: %s", path, strerror(errno));
    }
    TEXT_OWNED char *path = server_path(server, "run/lock");
    lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock_fd < 0 || flock(lock_fd, LOCK_EX | LOCK_NB) != 0)
        return problem_set(problem, RESULT_BUSY, "in-use",
                           "another neurathd uses the state folder %s",
                           server->options.state);
    return RESULT_OK;
}

/* A secret of ours in a file: made on the first start. GIVES *out_text. */
static enum result load_token(struct server *server, const char *name, char **out_text,
                              struct problem *problem)
{
    TEXT_OWNED char *path = server_path(server, "%s", name);
    uint8_t *bytes = NULL;
    size_t len = 0;
    enum result result = files_read(path, 256, &bytes, &len);
    if (result == RESULT_NOT_FOUND) {
        char text[66];
        server_random_hex(32, text);
        *out_text = strdup(text);
        strcat(text, "\n");
        result = files_write_durable(path, text, strlen(text), 0600);
    } else if (result == RESULT_OK) {
        bytes[strcspn((char *)bytes, "\n")] = '\0';
        *out_text = (char *)bytes;
    }
    return result == RESULT_OK ? result
                               : problem_set(problem, result, "token", "%s: %s", path,
                                             result_name(result));
}

/* Keeps what the signer says of itself. Versions and counters that it has used are never asked for again,
 * even when the database is an old copy. */
static enum result greet_signer(struct server *server, json_t **out_hello,
                                struct problem *problem)
{
    JSON_OWNED json_t *question = json_pack("{s:s}", "op", "hello");
    enum result result = signer_ask(server->signer, question, out_hello, problem);
    if (result != RESULT_OK)
        return result;
    const char *fleet = json_string_value(json_object_get(*out_hello, "fleet"));
    text_copy(server->fleet, sizeof server->fleet, fleet == NULL ? "" : fleet);
    server->sandbox_id =
        SANDBOX_ID + (uid_t)(strtoul(server->fleet + 8, NULL, 16) % SANDBOX_IDS);
    server->roots = json_incref(json_object_get(*out_hello, "roots"));
    TEXT_OWNED char *path = server_path(server, "ca.pem");
    uint8_t *bytes = NULL;
    size_t len = 0;
    result = files_read(path, 65536, &bytes, &len);
    server->ca = (char *)bytes;
    return result == RESULT_OK
               ? result
               : problem_set(problem, result, "ca", "%s cannot be read", path);
}

static void catch_up_with_signer(struct server *server, const json_t *hello)
{
    int64_t version = json_integer_value(json_object_get(hello, "version"));
    int64_t counter = json_integer_value(json_object_get(hello, "counter"));
    struct db *db = server->db;
    db_run(db, "INSERT OR IGNORE INTO channel (name) VALUES (?)", "s", CHANNEL_NAME);
    int64_t used =
        db_integer(db, 0, "SELECT seq FROM sqlite_sequence WHERE name = 'releases'", "");
    if (version > used) {
        log_warning("start", "the database knows releases up to %lld, the signer %lld",
                    (long long)used, (long long)version);
        if (db_integer(db, 0,
                       "SELECT count(*) FROM sqlite_sequence WHERE name = 'releases'",
                       "") == 0)
            db_run(db, "INSERT INTO sqlite_sequence (name, seq) VALUES ('releases', ?)",
                   "i", version);
        db_run(db, "UPDATE sqlite_sequence SET seq = ? WHERE name = 'releases'", "i",
               version);
    }
    db_run(
        db, "UPDATE timestamps SET counter = ?1, frame = NULL, orders_root = '' WHERE counter < ?1",
        "i", counter);
}

static enum result open_listeners(struct server *server, struct problem *problem)
{
    TEXT_OWNED char *key_path = server_path(server, "tls/server.key");
    TEXT_OWNED char *certificate_path = server_path(server, "tls/server.pem");
    uint8_t *key = NULL;
    uint8_t *certificate = NULL;
    size_t len = 0;
    enum result result = files_read(key_path, 65536, &key, &len);
    if (result == RESULT_OK)
        result = files_read(certificate_path, 65536, &certificate, &len);
    if (result != RESULT_OK)
        return problem_set(problem, result, "tls",
                           "the listener's certificate cannot be read");
    struct http_config machines = {
        .name = "machine",
        .address = server->options.machine_address,
        .address6 = server->options.machine_address6,
        .port = (uint16_t)server->options.machine_port,
        .connection_limit = 4096,
        .connection_timeout_s = 60,
        .threads = 1,
        .tls_key = (char *)key,
        .tls_certificate = (char *)certificate,
        .tls_client_ca = server->ca,
        .handle = api_machine,
        .context = server,
    };
    struct http_config operators = {
        .name = "operator",
        .address = "127.0.0.1",
        .port = (uint16_t)server->options.operator_port,
        .connection_limit = 512,
        .connection_timeout_s = 60,
        .threads = 1,
        .handle = api_operator,
        .context = server,
    };
    result = http_start(&machines, &server->machines, problem);
    if (result == RESULT_OK)
        result = http_start(&operators, &server->operators, problem);
    if (result == RESULT_OK)
        snprintf(server->url, sizeof server->url, "http://127.0.0.1:%u",
                 (unsigned)http_port(server->operators));
    if (key != NULL)
        explicit_bzero(key, strlen((char *)key));
    free(key);
    free(certificate);
    return result;
}

static enum result start_thread(struct server *server, void *(*body)(void *))
{
    if (pthread_create(&threads[thread_count], NULL, body, server) != 0)
        return RESULT_IO;
    thread_count++;
    return RESULT_OK;
}

static void poke_main(void *server)
{
    server_poke(server);
}

static enum result write_status(struct server *server, struct problem *problem)
{
    TEXT_OWNED char *path = server_path(server, "run/status.json");
    server_lock(server);
    json_t *status = rows_status(server);
    server_unlock(server);
    json_object_set_new(status, "pid", json_integer(getpid()));
    TEXT_OWNED char *text = json_text(status);
    json_decref(status);
    enum result result = files_write_durable(path, text, strlen(text), 0644);
    return result == RESULT_OK ? result
                               : problem_set(problem, result, "state", "%s: %s", path,
                                             result_name(result));
}

static enum result open_state(struct server *server, struct problem *problem)
{
    JSON_OWNED json_t *hello = NULL;
    TEXT_OWNED char *db_path = server_path(server, "db.sqlite");
    TEXT_OWNED char *repo_path = server_path(server, "repo.git");
    enum result result = signer_start(server->options.state, server->options.lab,
                                      &server->signer, problem);
    if (result == RESULT_OK)
        result = greet_signer(server, &hello, problem);
    if (result == RESULT_OK)
        result = load_token(server, "token", &server->token, problem);
    if (result == RESULT_OK)
        result = load_token(server, "enrol-token", &server->enrol_token, problem);
    if (result == RESULT_OK)
        result = db_open(db_path, &server->db, problem);
    if (result == RESULT_OK) {
        catch_up_with_signer(server, hello);
        result = repo_open(repo_path, server->options.branch, &server->repo, problem);
    }
    if (result == RESULT_OK)
        result = push_install_hook(server, problem);
    return result;
}

/* Signals are read from a descriptor by the main loop; every thread has them blocked. */
static void block_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal_fd = signalfd(-1, &set, SFD_CLOEXEC);
}

enum result server_start(struct server *server, struct problem *problem)
{
    pthread_mutex_init(&server->lock, NULL);
    pthread_cond_init(&server->builds_changed, NULL);
    server->started_ms = clock_now_ms();
    server->events = events_create();
    server->login_codes = json_object();
    server->alarms = json_object();
    server->forecasts = json_object();
    server->main_wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    server->stop_fd = eventfd(0, EFD_CLOEXEC);
    server->cancel_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    block_signals();
    enum result result = make_folders(server, problem);
    if (result == RESULT_OK)
        result = open_state(server, problem);
    if (result != RESULT_OK)
        return result;
    server_lock(server);
    result = release_resume(server, problem);
    if (result == RESULT_OK)
        result = notify_refresh(server, problem);
    machines_settle_all(server);
    server_unlock(server);
    if (result == RESULT_OK)
        result = open_listeners(server, problem);
    if (result != RESULT_OK)
        return result;
    http_on_deadline(server->machines, poke_main, server);
    http_on_deadline(server->operators, poke_main, server);
    result = start_thread(server, pipeline_thread);
    if (result == RESULT_OK)
        result = start_thread(server, push_thread);
    if (result == RESULT_OK)
        result = start_thread(server, watch_thread);
    return result == RESULT_OK ? write_status(server, problem) : result;
}

/* What is due by the wall clock; gives the next moment. */
static int64_t upkeep(struct server *server)
{
    struct problem problem = {"", ""};
    server_lock(server);
    int64_t next = attempts_expire(server);
    bool broken = json_object_size(server->alarms) > 0;
    int64_t due = notify_due(server);
    if (broken || due <= clock_now_ms()) {
        enum result result = release_resume(server, &problem);
        if (result == RESULT_OK) {
            reissue_renew(server);
            result = notify_refresh(server, &problem);
        }
        if (result == RESULT_OK)
            server_alarm_clear(server, "release");
        due = notify_due(server);
    }
    notify_check_age(server);
    enum result health = db_health(server->db);
    if (health != RESULT_OK)
        server_alarm(server, "database", result_name(health));
    else
        server_alarm_clear(server, "database");
    broken = json_object_size(server->alarms) > 0;
    server_unlock(server);
    int64_t soon = clock_now_ms() + UPKEEP_MS;
    if (due < next)
        next = due;
    return broken && soon < next ? soon : next;
}

void server_run(struct server *server)
{
    for (;;) {
        int64_t wall = upkeep(server);
        int64_t now = clock_monotonic_ms();
        int64_t next = http_tick(server->machines, now);
        int64_t other = http_tick(server->operators, now);
        if (other < next)
            next = other;
        int64_t wait = next == INT64_MAX ? INT64_MAX : next - now;
        if (wall != INT64_MAX && wall - clock_now_ms() < wait)
            wait = wall - clock_now_ms();
        int timeout = wait == INT64_MAX ? -1
                      : wait < 0        ? 0
                      : wait > 3600000  ? 3600000
                                        : (int)wait + 1;
        struct pollfd waits[2] = {{signal_fd, POLLIN, 0}, {server->main_wake, POLLIN, 0}};
        if (poll(waits, 2, timeout) > 0 && waits[0].revents != 0)
            return;
        uint64_t ignored;
        (void)!read(server->main_wake, &ignored, sizeof ignored);
    }
}

void server_stop(struct server *server)
{
    uint64_t one = 1;
    atomic_store(&server->stopping, true);
    atomic_store(&server->cancel, true);
    (void)!write(server->cancel_fd, &one, sizeof one);
    (void)!write(server->stop_fd, &one, sizeof one);
    server_lock(server);
    pthread_cond_broadcast(&server->builds_changed);
    server_unlock(server);
    for (size_t i = 0; i < thread_count; i++)
        pthread_join(threads[i], NULL);
    http_stop(server->operators);
    http_stop(server->machines);
    TEXT_OWNED char *path = server_path(server, "run/status.json");
    if (server->machines != NULL)
        unlink(path);
    signer_stop(server->signer);
    repo_close(server->repo);
    db_close(server->db);
    events_destroy(server->events);
    manifest_orders_destroy(server->orders);
    free(server->timestamp);
    json_decref(server->roots);
    json_decref(server->login_codes);
    json_decref(server->alarms);
    json_decref(server->forecasts);
    free(server->ca);
    free(server->token);
    free(server->enrol_token);
}
