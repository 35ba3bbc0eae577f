/* Push: what `git push` prints. The repository's post-receive hook sends what moved to run/push.sock and
 * shows the lines that come back until `end`.
 * SPDX-License-Identifier: MIT
 *
 * The hook only tells: builds are queued by watch.c from the repository itself, so a push without a hook,
 * or while the service is down, is not lost. A hook that goes away changes nothing. */
#include "pipeline/steps.h"

#include "base/clock.h"
#include "base/files.h"
#include "base/log.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS 180000
#define HOOKS_MAX 16
#define REQUEST_MAX 65536
#define LOG_LINES_MAX 25
#define MIGRATIONS_SAID 4 /* of one cell */

/* A short address for a socket in FOLDER, whatever the length of its path. *out_fd must stay open
 * while the address is used. */
static enum result socket_address(const char *folder, struct sockaddr_un *out, int *out_fd)
{
    int fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return result_of_errno(errno);
    memset(out, 0, sizeof *out);
    out->sun_family = AF_UNIX;
    snprintf(out->sun_path, sizeof out->sun_path, "/proc/self/fd/%d/push.sock", fd);
    *out_fd = fd;
    return RESULT_OK;
}

/* One hook that is being answered. */
struct hook {
    struct server *server;
    int fd;
};

static bool say(int fd, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool say(int fd, const char *format, ...)
{
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line - 1, format, arguments);
    va_end(arguments);
    text_sanitise_line(line);
    size_t len = strlen(line);
    line[len++] = '\n';
    return send(fd, line, len, MSG_NOSIGNAL) == (ssize_t)len;
}

/* The errors of a failed build: lines from the first one on. */
static void say_errors(struct server *server, int fd, int64_t build)
{
    TEXT_OWNED char *path = server_path(server, "log/build-%lld", (long long)build);
    uint8_t *bytes = NULL;
    size_t len = 0;
    if (files_read(path, 8u << 20, &bytes, &len) != RESULT_OK)
        return;
    TEXT_OWNED char *text = (char *)bytes;
    char *start = strstr(text, "error:");
    if (start == NULL && (start = strstr(text, "\ncell ")) != NULL)
        start++; /* celltool */
    if (start == NULL)
        start = len > 2000 ? text + len - 2000 : text;
    while (start > text && start[-1] != '\n')
        start--;
    char *line;
    for (int i = 0; i < LOG_LINES_MAX && (line = strsep(&start, "\n")) != NULL; i++) {
        if (line[0] != '\0')
            say(fd, "  %.900s", line);
    }
}

/* "  together with beta, gamma" of a coupled cell, else "". */
static void name_partners(const json_t *row, char *out, size_t room)
{
    const json_t *with = json_object_get(row, "with");
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < json_array_size(with) && used < room; i++) {
        const char *name = json_string_value(json_array_get(with, i));
        used += (size_t)snprintf(out + used, room - used, "%s%s",
                                 i == 0 ? "  together with " : ", ",
                                 name == NULL ? "?" : name);
    }
}

/* The objects whose form changes. */
static void say_migrations(int fd, const json_t *row)
{
    size_t i;
    json_t *migration;
    json_array_foreach(json_object_get(row, "migrations"), i, migration)
    {
        if (i == MIGRATIONS_SAID) {
            say(fd, "      … and more; `neurath plan` lists them");
            return;
        }
        const char *object = json_string_value(json_object_get(migration, "object"));
        const char *text = json_string_value(json_object_get(migration, "text"));
        say(fd, "      migrates %s: %s", object == NULL ? "?" : object,
            text == NULL ? "" : text);
    }
}

static void say_changes(int fd, const json_t *changed)
{
    size_t i;
    json_t *row;
    json_array_foreach((json_t *)changed, i, row)
    {
        const char *name = json_string_value(json_object_get(row, "name"));
        const char *class = json_string_value(json_object_get(row, "class"));
        const char *object = json_string_value(json_object_get(row, "new"));
        if (i == 12) {
            say(fd, "  … and %zu more", json_array_size(changed) - i);
            return;
        }
        char with[256];
        name_partners(row, with, sizeof with);
        say(fd, "  %s  %s%s%.10s%s", name == NULL ? "?" : name, class == NULL ? "" : class,
            object == NULL ? "" : "  ", object == NULL ? "" : object, with);
        say_migrations(fd, row);
    }
}

static void say_refusals(int fd, const json_t *refusals)
{
    size_t i;
    json_t *row;
    json_array_foreach((json_t *)refusals, i, row)
    {
        const char *text = json_string_value(json_object_get(row, "text"));
        const char *cell = json_string_value(json_object_get(row, "cell"));
        say(fd, "cannot be swapped live: %s%s%s", cell == NULL ? "" : cell,
            cell == NULL ? "" : ": ", text == NULL ? "?" : text);
    }
}

/* "m1, m2 and 3 more run release 7" */
static void name_way(const json_t *way, char *out, size_t room)
{
    TEXT_BUFFER_OWNED text = {.limit = 1024};
    const json_t *names = json_object_get(way, "names");
    size_t shown = json_array_size(names) < 3 ? json_array_size(names) : 3;
    json_int_t machines = json_integer_value(json_object_get(way, "machines"));
    json_int_t release = json_integer_value(json_object_get(way, "release"));
    for (size_t i = 0; i < shown; i++)
        text_appendf(&text, "%s%s", i == 0 ? "" : ", ",
                     json_string_value(json_array_get(names, i)));
    if (machines > (json_int_t)shown)
        text_appendf(&text, " and %lld more", (long long)machines - (long long)shown);
    text_appendf(&text, machines == 1 ? " runs " : " run ");
    if (release != 0)
        text_appendf(&text, "release %lld", (long long)release);
    else
        text_appendf(&text, "what it was booted with");
    text_copy(out, room, text.failed ? "machines run another release" : text.data);
}

/* Machines run different versions: what the release means for the others. */
static void say_other_ways(int fd, const json_t *ways)
{
    char who[512];
    for (size_t i = 1; i < json_array_size(ways); i++) {
        const json_t *way = json_array_get(ways, i);
        size_t count = json_array_size(json_object_get(way, "cells"));
        name_way(way, who, sizeof who);
        say(fd, "%s: %zu cell%s changed since%s", who, count, count == 1 ? "" : "s",
            json_is_true(json_object_get(way, "stub_differs")) ? ", and the boot stub"
                                                               : "");
        say_refusals(fd, json_object_get(way, "refusals"));
    }
}

/* What is said of a release; the JSON is owned. */
struct announcement {
    json_t *changed;
    json_t *refusals;
    json_t *needs_boot;
    json_t *ways;
    bool held_back;
    int64_t before; /* the release that the channel offered; 0: this is the first */
};

static void announcement_fini(struct announcement *text)
{
    json_decref(text->changed);
    json_decref(text->refusals);
    json_decref(text->needs_boot);
    json_decref(text->ways);
}

/* Takes the lock. */
static void read_release(struct server *server, int64_t version, struct announcement *out)
{
    server_lock(server);
    DB_ROWS_OWNED struct db_rows *rows =
        db_query(server->db,
                 "SELECT changed_json, refusals_json, needs_boot_json, ways_json, "
                 "held_back, before FROM releases WHERE version = ?",
                 "i", version);
    bool known = db_next(rows);
    out->changed = json_stored(known ? row_text(rows, 0) : NULL);
    out->refusals = json_stored(known ? row_text(rows, 1) : NULL);
    out->needs_boot = json_stored(known ? row_text(rows, 2) : NULL);
    out->ways = json_stored(known ? row_text(rows, 3) : NULL);
    out->held_back = known && row_integer(rows, 4) == 1;
    out->before = known ? row_integer(rows, 5) : 0;
    db_rows_release(&rows);
    server_unlock(server);
}

/* The changes, and since when: machines may run something older than the last release. */
static void say_changed(int fd, int64_t version, double seconds,
                        const struct announcement *text)
{
    size_t count = json_array_size(text->changed);
    const json_t *way = json_array_get(text->ways, 0);
    char since[600] = "";
    char who[512];
    if (way != NULL &&
        json_integer_value(json_object_get(way, "release")) != text->before) {
        name_way(way, who, sizeof who);
        snprintf(since, sizeof since, " (%s)", who);
    }
    if (count == 0)
        say(fd, "released as %lld (%.1f s): nothing to swap, no cell changed%s",
            (long long)version, seconds, since);
    else
        say(fd, "released as %lld (%.1f s): %zu cell%s changed%s", (long long)version,
            seconds, count, count == 1 ? "" : "s", since);
    say_changes(fd, text->changed);
}

static void say_release(struct server *server, int fd, int64_t version, double seconds)
{
    __attribute__((cleanup(announcement_fini))) struct announcement text = {0};
    read_release(server, version, &text);
    if (text.before == 0)
        say(fd, "released as %lld (%.1f s): the first release, %zu cells",
            (long long)version, seconds, json_array_size(text.changed));
    else
        say_changed(fd, version, seconds, &text);
    say_refusals(fd, text.refusals);
    say_other_ways(fd, text.ways);
    if (json_is_true(json_object_get(json_array_get(text.ways, 0), "stub_differs")))
        say(fd, "the boot stub changed: no swap reaches it");
    if (json_array_size(text.needs_boot) > 0)
        say(fd, "machines that run the release before keep it until they are rebooted "
                "into this one");
    else if (json_array_size(text.refusals) > 0)
        say(fd,
            "machines that run the release before keep it until somebody consents: "
            "`neurath deploy --to v%lld --all --consent ...`",
            (long long)version);
    if (text.held_back)
        say(fd, "not shipped: the channel is held, and this release contains what was "
                "rolled back; end it "
                "with `neurath unhold --all`");
}

struct progress {
    char state[16];
    char step[16];
    char code[32];
    char text[768];
    int64_t release;
    double seconds;
};

/* Lock held. */
static bool read_progress(struct server *server, int64_t build, struct progress *out)
{
    DB_ROWS_OWNED struct db_rows *rows = db_query(
        server->db,
        "SELECT state, ifnull(step, ''), ifnull(reason_code, ''), ifnull(reason_text, "
        "''), "
        "release, ifnull(finished, 0) - ifnull(started, 0) FROM builds WHERE id = ?",
        "i", build);
    if (!db_next(rows))
        return false;
    text_copy(out->state, sizeof out->state, row_text(rows, 0));
    text_copy(out->step, sizeof out->step, row_text(rows, 1));
    text_copy(out->code, sizeof out->code, row_text(rows, 2));
    text_copy(out->text, sizeof out->text, row_text(rows, 3));
    out->release = row_integer(rows, 4);
    out->seconds = (double)row_integer(rows, 5) / 1000.0;
    return true;
}

/* Waits until the build's row differs from SEEN. False: out of time, or the service ends. */
static bool wait_progress(struct server *server, int64_t build, struct progress *seen,
                          int64_t deadline_ms)
{
    struct timespec until = {.tv_sec = deadline_ms / 1000,
                             .tv_nsec = deadline_ms % 1000 * 1000000};
    bool changed = false;
    server_lock(server);
    while (!changed && !atomic_load(&server->stopping)) {
        struct progress now;
        if (!read_progress(server, build, &now))
            break;
        changed = strcmp(now.state, seen->state) != 0 || strcmp(now.step, seen->step) != 0;
        if (changed)
            *seen = now;
        else if (pthread_cond_clockwait(&server->builds_changed, &server->lock,
                                        CLOCK_MONOTONIC, &until) == ETIMEDOUT)
            break;
    }
    server_unlock(server);
    return changed;
}

static void follow_build(struct server *server, int fd, int64_t build)
{
    struct progress progress;
    memset(&progress, 0, sizeof progress);
    int64_t deadline = clock_monotonic_ms() + PATIENCE_MS;
    bool compiling = false;
    say(fd, "queued as build %lld", (long long)build);
    while (wait_progress(server, build, &progress, deadline)) {
        if (strcmp(progress.state, "queued") == 0)
            continue;
        if (strcmp(progress.state, "building") == 0) {
            if (!compiling && strcmp(progress.step, "compile") == 0 && !say(fd, "building"))
                return;
            compiling = compiling || strcmp(progress.step, "compile") == 0;
            continue;
        }
        if (strcmp(progress.state, "built") == 0) {
            say_release(server, fd, progress.release, progress.seconds);
        } else if (strcmp(progress.state, "superseded") == 0) {
            say(fd, "superseded: %s", progress.text);
        } else {
            say(fd, "failed: %s", progress.text);
            if (strcmp(progress.code, "does-not-build") == 0)
                say_errors(server, fd, build);
            say(fd, "nothing was released; machines keep what they run");
        }
        say(fd, "look: %s/#build/%lld", server->url, (long long)build);
        return;
    }
    say(fd, "still building; look: %s/#build/%lld", server->url, (long long)build);
}

/* One line of the hook: `old new ref`. */
static void answer_line(struct server *server, int fd, const char *line)
{
    char old[41];
    char fresh[41];
    char ref[256];
    char wanted[300];
    if (sscanf(line, "%40s %40s %255s", old, fresh, ref) != 3 || !text_is_hex(fresh, 40))
        return;
    snprintf(wanted, sizeof wanted, "refs/heads/%s", server->options.branch);
    if (strcmp(ref, wanted) != 0) {
        say(fd, "%s is stored; only %s is built and released", ref,
            server->options.branch);
        return;
    }
    if (strspn(fresh, "0") == 40) {
        say(fd, "%s was deleted; machines keep what they run", server->options.branch);
        return;
    }
    server_lock(server);
    watch_scan(server);
    int64_t build = db_integer(
        server->db, 0, "SELECT max(id) FROM builds WHERE commit_id = ?", "s", fresh);
    server_unlock(server);
    if (build == 0)
        say(fd, "stored, but not queued; see the service's log");
    else
        follow_build(server, fd, build);
}

static void *answer_hook(void *context)
{
    struct hook hook = *(struct hook *)context;
    free(context);
    TEXT_BUFFER_OWNED request = {.limit = REQUEST_MAX};
    char bytes[4096];
    struct pollfd wait = {hook.fd, POLLIN, 0};
    while (!request.failed &&
           (request.data == NULL || strstr(request.data, "end\n") == NULL)) {
        if (poll(&wait, 1, 5000) <= 0)
            break;
        ssize_t got = read(hook.fd, bytes, sizeof bytes);
        if (got <= 0)
            break;
        text_append(&request, bytes, (size_t)got);
    }
    char *rest = request.data;
    char *line;
    while (rest != NULL && (line = strsep(&rest, "\n")) != NULL && strcmp(line, "end") != 0)
        answer_line(hook.server, hook.fd, line);
    say(hook.fd, "end");
    close(hook.fd);
    atomic_fetch_sub(&hook.server->hooks, 1);
    return NULL;
}

static void take_hook(struct server *server, int fd)
{
    struct hook *hook = malloc(sizeof *hook);
    pthread_t thread;
    if (hook == NULL || atomic_fetch_add(&server->hooks, 1) >= HOOKS_MAX) {
        say(fd, "stored; the service is busy with other pushes, see the dashboard");
        say(fd, "end");
        close(fd);
        free(hook);
        return;
    }
    *hook = (struct hook){server, fd};
    if (pthread_create(&thread, NULL, answer_hook, hook) != 0) {
        atomic_fetch_sub(&server->hooks, 1);
        close(fd);
        free(hook);
        return;
    }
    pthread_detach(thread);
}

void *push_thread(void *context)
{
    struct server *server = context;
    TEXT_OWNED char *folder = server_path(server, "run");
    struct sockaddr_un address;
    int folder_fd = -1;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || socket_address(folder, &address, &folder_fd) != RESULT_OK)
        return NULL;
    unlink(address.sun_path);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 64) != 0) {
        log_error("push",
                  "run/push.sock: %s; `git push` will not tell what becomes of a commit",
                  strerror(errno));
        close(fd);
        close(folder_fd);
        return NULL;
    }
    while (!atomic_load(&server->stopping)) {
        struct pollfd waits[2] = {{fd, POLLIN, 0}, {server->stop_fd, POLLIN, 0}};
        if (poll(waits, 2, -1) < 0 && errno != EINTR)
            break;
        if (waits[1].revents != 0)
            break;
        int taken = waits[0].revents == 0 ? -1 : accept4(fd, NULL, NULL, SOCK_CLOEXEC);
        if (taken >= 0)
            take_hook(server, taken);
    }
    close(fd);
    unlink(address.sun_path);
    close(folder_fd);
    return NULL;
}
