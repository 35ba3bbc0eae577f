/* Finds the tree, the lab and the server.
 * SPDX-License-Identifier: MIT */
#include "place.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "process.h"

bool place_path(char *out, struct failure *failure, const char *format, ...)
{
    va_list arguments;
    int len = 0;

    va_start(arguments, format);
    len = vsnprintf(out, PLACE_PATH_MAX, format, arguments);
    va_end(arguments);
    if (len < 0 || len >= PLACE_PATH_MAX) {
        return failure_set(failure, "path-too-long", "the path %.80s... is too long", out);
    }
    return true;
}

char *place_read_file(const char *path, size_t *out_len)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    char *bytes = NULL;
    size_t len = 0;

    if (fd < 0) {
        return NULL;
    }
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) ||
        status.st_size > (256 << 20) ||
        (bytes = malloc((size_t)status.st_size + 1)) == NULL) {
        close(fd);
        return NULL;
    }
    while (len < (size_t)status.st_size) {
        ssize_t got = read(fd, bytes + len, (size_t)status.st_size - len);
        if (got <= 0) {
            break;
        }
        len += (size_t)got;
    }
    close(fd);
    bytes[len] = '\0';
    if (out_len != NULL) {
        *out_len = len;
    }
    return bytes;
}

bool place_write_file(const char *path, const void *bytes, size_t len, unsigned mode,
                      struct failure *failure)
{
    char temporary[PLACE_PATH_MAX];
    size_t done = 0;
    int fd = -1;

    if (!place_path(temporary, failure, "%s.new", path)) {
        return false;
    }
    fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    while (fd >= 0 && done < len) {
        ssize_t put = write(fd, (const char *)bytes + done, len - done);
        if (put < 0) {
            break;
        }
        done += (size_t)put;
    }
    if (fd < 0 || done < len || fsync(fd) != 0 || rename(temporary, path) != 0) {
        int error = errno;
        if (fd >= 0) {
            close(fd);
            unlink(temporary);
        }
        failure_set(failure, error == ENOSPC ? "no-space" : "cannot-write",
                    "cannot write %s: %s", path, strerror(error));
        return failure_remedy(failure, error == ENOSPC
                                           ? "make room on that disk, or set "
                                             "NEURATH_STATE to a folder elsewhere"
                                           : "check the folder's owner and mode");
    }
    close(fd);
    return true;
}

static bool is_tree(const char *folder)
{
    char path[PLACE_PATH_MAX + 32];

    snprintf(path, sizeof(path), "%s/kernel/README.md", folder);
    if (access(path, F_OK) != 0) {
        snprintf(path, sizeof(path), "%s/kernel/app", folder);
        if (access(path, F_OK) != 0) {
            return false;
        }
    }
    snprintf(path, sizeof(path), "%s/build-server/src", folder);
    return access(path, F_OK) == 0;
}

/* Walks upwards from FOLDER (changed in place) until TEST holds. */
static bool climb(char *folder, bool (*test)(const char *))
{
    while (!test(folder)) {
        char *slash = strrchr(folder, '/');
        if (slash == NULL || slash == folder) {
            return false;
        }
        *slash = '\0';
    }
    return true;
}

static bool program_folder(char *out, struct failure *failure)
{
    ssize_t len = readlink("/proc/self/exe", out, PLACE_PATH_MAX - 1);
    char *slash = NULL;

    if (len <= 0) {
        return failure_set(failure, "no-proc", "cannot read /proc/self/exe: %s",
                           strerror(errno));
    }
    out[len] = '\0';
    slash = strrchr(out, '/');
    *slash = '\0';
    return true;
}

bool place_program(const char *name, char *out, struct failure *failure)
{
    char folder[PLACE_PATH_MAX];

    if (!program_folder(folder, failure) ||
        !place_path(out, failure, "%s/%s", folder, name)) {
        return false;
    }
    if (access(out, X_OK) != 0) {
        failure_set(failure, "not-built", "%s is not there", out);
        return failure_remedy(failure, "build it with `make`");
    }
    return true;
}

/* A clone of a lab lies inside its state, or says in its git configuration where that is. */
static bool is_lab(const char *folder)
{
    char path[PLACE_PATH_MAX + 32];

    snprintf(path, sizeof(path), "%s/lab.json", folder);
    return access(path, F_OK) == 0;
}

static bool lab_of_clone(char *out)
{
    const char *const words[] = {"git", "config", "--get", "neurath.lab", NULL};
    size_t len = 0;

    if (!process_capture(words, NULL, out, PLACE_PATH_MAX)) {
        return false;
    }
    len = strcspn(out, "\n");
    out[len] = '\0';
    return len > 0 && is_lab(out);
}

bool place_tree(char *out, struct failure *failure)
{

    if (getcwd(out, PLACE_PATH_MAX) != NULL && climb(out, is_tree)) {
        return true;
    }
    if (!program_folder(out, failure)) {
        return false;
    }
    if (climb(out, is_tree)) {
        return true;
    }
    failure_set(failure, "no-tree", "this folder is not in a Neurath tree");
    return failure_remedy(failure,
                          "go to the tree, or set NEURATH_STATE to the lab's folder");
}

bool place_state(char *out, struct failure *failure)
{
    const char *given = getenv("NEURATH_STATE");
    char folder[PLACE_PATH_MAX];

    if (given != NULL && given[0] == '/') {
        return place_path(out, failure, "%s", given);
    }
    if (getcwd(folder, sizeof(folder)) == NULL) {
        return failure_set(failure, "no-folder", "the current folder is gone");
    }
    if (given != NULL && given[0] != '\0') {
        return place_path(out, failure, "%s/%s", folder, given);
    }
    if (lab_of_clone(out)) {
        return true;
    }
    if (climb(folder, is_lab)) {
        return place_path(out, failure, "%s", folder);
    }
    return place_tree(folder, failure) && place_path(out, failure, "%s/.lab", folder);
}

/* Copies the value of a `name = value` line of TEXT. */
static bool config_value(const char *text, const char *name, char *out, size_t out_len)
{
    size_t name_len = strlen(name);

    for (const char *line = text; line != NULL && *line != '\0';) {
        const char *next = strchr(line, '\n');
        const char *at = line + strspn(line, " \t");
        if (strncmp(at, name, name_len) == 0) {
            at += name_len;
            at += strspn(at, " \t");
            if (*at == '=') {
                at++;
                at += strspn(at, " \t");
                size_t len = strcspn(at, "\r\n");
                while (len > 0 && (at[len - 1] == ' ' || at[len - 1] == '\t')) {
                    len--;
                }
                snprintf(out, out_len, "%.*s", (int)len, at);
                return len > 0;
            }
        }
        line = next ? next + 1 : NULL;
    }
    return false;
}

static bool read_token(const char *path, struct place_server *out, struct failure *failure)
{
    size_t len = 0;
    char *text = place_read_file(path, &len);

    if (text == NULL) {
        failure_set(failure, "no-token", "cannot read the token file %s: %s", path,
                    strerror(errno));
        return failure_remedy(failure, "give the right one with --token-file");
    }
    snprintf(out->token, sizeof(out->token), "%.*s", (int)strcspn(text, " \r\n"), text);
    free(text);
    return true;
}

/* The server that a lab runs, from what the server wrote when it was ready. */
bool place_lab_server(const char *state, struct place_server *out, struct failure *failure)
{
    char path[PLACE_PATH_MAX];
    json_t *status = NULL;
    const char *url = NULL;
    const char *ca = NULL;
    const char *token_file = NULL;

    memset(out, 0, sizeof(*out));
    if (!place_path(path, failure, "%s/run/status.json", state)) {
        return false;
    }
    status = json_load_file(path, 0, NULL);
    if (status == NULL || json_unpack(status, "{s:s, s?s, s?s}", "url", &url, "ca", &ca,
                                      "token_file", &token_file) != 0) {
        json_decref(status);
        failure_set(failure, "no-server",
                    "no server is known and the lab in %s is not up", state);
        return failure_remedy(failure,
                              "start it with `neurath lab up`, or name a server with "
                              "--server URL");
    }
    snprintf(out->url, sizeof(out->url), "%.*s",
             (int)(strlen(url) - (url[strlen(url) - 1] == '/')), url);
    snprintf(out->ca, sizeof(out->ca), "%s", ca ? ca : "");
    snprintf(out->state, sizeof(out->state), "%s", state);
    if (token_file != NULL) {
        snprintf(path, sizeof(path), "%s", token_file);
    } else if (!place_path(path, failure, "%s/token", state)) {
        json_decref(status);
        return false;
    }
    json_decref(status);
    return read_token(path, out, failure);
}

/* Takes URL as the server's address, after a look at its form. */
static bool take_url(const char *url, const char *found_by, struct place_server *out,
                     struct failure *failure)
{
    size_t len = strlen(url);

    if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0) {
        failure_usage(failure, "the server's address '%s' (%s) is no URL", url, found_by);
        return failure_remedy(failure, "it starts with http:// or https://");
    }
    while (len > 0 && url[len - 1] == '/') {
        len--;
    }
    if (len >= sizeof(out->url)) {
        return failure_usage(failure, "the server's address is too long");
    }
    snprintf(out->url, sizeof(out->url), "%.*s", (int)len, url);
    snprintf(out->found_by, sizeof(out->found_by), "%s", found_by);
    return true;
}

static char *read_config(void)
{
    const char *base = getenv("XDG_CONFIG_HOME");
    const char *home = getenv("HOME");
    char path[PLACE_PATH_MAX];

    if (base != NULL && base[0] == '/') {
        snprintf(path, sizeof(path), "%s/neurath/config", base);
    } else {
        snprintf(path, sizeof(path), "%s/.config/neurath/config", home ? home : "");
    }
    return place_read_file(path, NULL);
}

/* A server that was named: its token comes from option, environment, or the configuration file
 * or the lab if they speak of the same server. */
static bool named_server(const struct invocation *invocation, const char *config,
                         struct place_server *out, struct failure *failure)
{
    const char *file = invocation->value[OPTION_TOKEN_FILE];
    char value[PLACE_PATH_MAX] = "";
    struct place_server lab = {0};
    struct failure ignored;

    if (file == NULL) {
        file = getenv("NEURATH_TOKEN_FILE");
    }
    if (config != NULL && config_value(config, "server", value, sizeof(value)) &&
        strncmp(value, out->url, strlen(out->url)) == 0) {
        config_value(config, "ca", out->ca, sizeof(out->ca));
        if (file == NULL && config_value(config, "token_file", value, sizeof(value))) {
            file = value;
        }
    }
    if (file != NULL && file[0] != '\0') {
        return read_token(file, out, failure);
    }
    if (place_state(value, &ignored) && place_lab_server(value, &lab, &ignored) &&
        strcmp(lab.url, out->url) == 0) {
        memcpy(out->token, lab.token, sizeof(out->token));
        memcpy(out->state, lab.state, sizeof(out->state));
    }
    return true;
}

bool place_find_server(const struct invocation *invocation, struct place_server *out,
                       struct failure *failure)
{
    const char *given = invocation->value[OPTION_SERVER];
    const char *environment = getenv("NEURATH_SERVER");
    char state[PLACE_PATH_MAX];
    char url[512] = "";
    char *config = read_config();
    bool done = false;

    memset(out, 0, sizeof(*out));
    if (given != NULL) {
        done = take_url(given, "--server", out, failure) &&
               named_server(invocation, config, out, failure);
    } else if (environment != NULL && environment[0] != '\0') {
        done = take_url(environment, "NEURATH_SERVER", out, failure) &&
               named_server(invocation, config, out, failure);
    } else if (config != NULL && config_value(config, "server", url, sizeof(url))) {
        done = take_url(url, "the configuration file", out, failure) &&
               named_server(invocation, config, out, failure);
    } else if (place_state(state, failure)) {
        done = place_lab_server(state, out, failure);
        snprintf(out->found_by, sizeof(out->found_by), "the lab of this tree");
    }
    free(config);
    return done;
}
