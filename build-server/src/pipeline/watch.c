/* Watch: notices that the branch of the own bare repository moved, without polling.
 * SPDX-License-Identifier: MIT
 *
 * inotify tells of changes below refs/ and of packed-refs; the folders below refs/heads are watched too,
 * because branch names may contain slashes. Every ten minutes everything is looked at once, for the case
 * that an event was lost. The reflog tells each push, so that two quick ones are two builds. */
#include "pipeline/steps.h"

#include "base/clock.h"
#include "base/files.h"
#include "base/log.h"
#include "base/text.h"
#include "fleet/rows.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#define RESCAN_MS 600000
#define MOVES_MAX 64
#define FOLDERS_DEEP 8

static void remember_commit(struct server *server, const char *id)
{
    struct repo_commit info;
    if (repo_commit(server->repo, id, &info) != RESULT_OK)
        return;
    db_run(
        server->db,
        "INSERT OR IGNORE INTO commits (id, subject, author, time) VALUES (?, ?, ?, ?)",
        "sssi", id, info.subject, info.author, info.time_ms);
}

static void queue_build(struct server *server, const char *commit, const char *who)
{
    db_run(server->db,
           "INSERT INTO builds (commit_id, branch, state, by_kind, by_name, created) "
           "VALUES (?, ?, "
           "'queued', 'pusher', ?, ?)",
           "sssi", commit, server->options.branch, who[0] == '\0' ? "unknown" : who,
           clock_now_ms());
}

void watch_scan(struct server *server)
{
    const char *branch = server->options.branch;
    server->moves_seen++;
    char head[REPO_ID_LEN];
    enum result result = repo_head(server->repo, branch, head);
    if (result != RESULT_OK) {
        if (result != RESULT_NOT_FOUND)
            log_warning("watch", "the branch %s cannot be read: %s", branch,
                        result_name(result));
        return;
    }
    TEXT_OWNED char *seen =
        db_text(server->db, "SELECT head FROM branches WHERE name = ?", "s", branch);
    if (seen != NULL && strcmp(seen, head) == 0)
        return;
    struct repo_move *moves = NULL;
    size_t count = 0;
    if (repo_moves(server->repo, branch, seen == NULL ? "" : seen, MOVES_MAX, &moves,
                   &count) != RESULT_OK)
        return;
    /* A repository that arrives with its history is one push: only its head is built. */
    size_t first = seen == NULL && count > 0 ? count - 1 : 0;
    int64_t last_id = db_integer(server->db, 0, "SELECT max(id) FROM builds", "");
    result = db_begin(server->db);
    if (result == RESULT_OK) {
        for (size_t i = first; i < count; i++) {
            remember_commit(server, moves[i].id);
            queue_build(server, moves[i].id, moves[i].who);
        }
        db_run(server->db,
               "INSERT INTO branches (name, head) VALUES (?, ?) ON CONFLICT (name) DO "
               "UPDATE SET head "
               "= excluded.head",
               "ss", branch, count > 0 ? moves[count - 1].id : head);
        result = db_commit(server->db);
    }
    free(moves);
    if (result != RESULT_OK) {
        log_error("watch", "a push cannot be recorded: %s", result_name(result));
        return;
    }
    log_info("watch", "%s is at %.10s", branch, head);
    rows_publish_builds_after(server, last_id);
    reproduce_give_way(server);
    pipeline_changed(server);
}

/* Watches FOLDER and the folders below it. Adding one that is watched already changes nothing. */
static void add_folders(int fd, const char *folder, int depth)
{
    inotify_add_watch(fd, folder, IN_CREATE | IN_MOVED_TO | IN_DELETE | IN_ONLYDIR);
    DIR *listing = depth == 0 ? NULL : opendir(folder);
    if (listing == NULL)
        return;
    struct dirent *entry;
    while ((entry = readdir(listing)) != NULL) {
        if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
            continue;
        TEXT_OWNED char *path = files_path("%s/%s", folder, entry->d_name);
        add_folders(fd, path, depth - 1);
    }
    closedir(listing);
}

/* Only names that a move of a branch leaves behind; lock files come and go with them. */
static bool is_news(const struct inotify_event *event, int root_watch)
{
    if (event->wd == root_watch)
        return event->len > 0 && strcmp(event->name, "packed-refs") == 0;
    size_t len = event->len == 0 ? 0 : strlen(event->name);
    return len < 5 || strcmp(event->name + len - 5, ".lock") != 0;
}

static bool read_events(int fd, int root_watch)
{
    _Alignas(struct inotify_event) char bytes[8192];
    bool news = false;
    ssize_t got;
    while ((got = read(fd, bytes, sizeof bytes)) > 0) {
        for (char *at = bytes; at < bytes + got;) {
            const struct inotify_event *event = (const struct inotify_event *)at;
            news =
                news || (event->mask & IN_Q_OVERFLOW) != 0 || is_news(event, root_watch);
            at += sizeof *event + event->len;
        }
    }
    return news;
}

void *watch_thread(void *context)
{
    struct server *server = context;
    TEXT_OWNED char *root = server_path(server, "repo.git");
    TEXT_OWNED char *heads = server_path(server, "repo.git/refs/heads");
    int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (fd < 0)
        log_warning("watch", "inotify: %s; looking every %d s", strerror(errno),
                    RESCAN_MS / 1000);
    int root_watch = inotify_add_watch(fd, root, IN_MOVED_TO);
    add_folders(fd, heads, FOLDERS_DEEP);
    server_lock(server);
    watch_scan(server);
    server_unlock(server);
    while (!atomic_load(&server->stopping)) {
        struct pollfd waits[2] = {{fd, POLLIN, 0}, {server->stop_fd, POLLIN, 0}};
        int ready = poll(waits, 2, RESCAN_MS);
        if (waits[1].revents != 0)
            break;
        if (ready > 0 && !read_events(fd, root_watch))
            continue;
        add_folders(fd, heads, FOLDERS_DEEP);
        server_lock(server);
        watch_scan(server);
        server_unlock(server);
    }
    close(fd);
    return NULL;
}
