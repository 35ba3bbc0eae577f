/* Reads and writes what a lab consists of.
 * SPDX-License-Identifier: MIT */
#include "lab.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/port.h"

bool lab_path(const struct lab *lab, const char *name, char *out, struct failure *failure)
{
    return place_path(out, failure, "%s/%s", lab->state, name);
}

bool lab_machine_path(const struct lab *lab, const char *machine, const char *name,
                      char *out, struct failure *failure)
{
    return place_path(out, failure, "%s/machines/%s/%s", lab->state, machine, name);
}

/* The same short name for the same state folder: FNV-1a of its path. */
bool lab_socket_folder(struct lab *lab, bool make, struct failure *failure)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    struct stat status;

    for (const char *at = lab->state; *at != '\0'; at++) {
        hash = (hash ^ (unsigned char)*at) * UINT64_C(0x100000001b3);
    }
    snprintf(lab->sockets, sizeof(lab->sockets), "/tmp/neurath-%u-%016llx",
             (unsigned)getuid(), (unsigned long long)hash);
    if (!make) {
        return true;
    }
    if (mkdir(lab->sockets, 0700) != 0 && errno != EEXIST) {
        return failure_set(failure, "cannot-write", "cannot create %s: %s", lab->sockets,
                           strerror(errno));
    }
    if (lstat(lab->sockets, &status) != 0 || !S_ISDIR(status.st_mode) ||
        status.st_uid != getuid() || (status.st_mode & 077) != 0) {
        failure_set(failure, "unsafe-folder", "%s is not a private folder of yours",
                    lab->sockets);
        return failure_remedy(failure, "remove it");
    }
    return true;
}

static json_t *machines_to_json(const struct lab *lab)
{
    json_t *machines = json_array();

    for (unsigned i = 0; i < lab->machine_count; i++) {
        const struct lab_machine_config *machine = &lab->machines[i];
        json_array_append_new(
            machines, json_pack("{s:s, s:i, s:i, s:b}", "name", machine->name, "cpus",
                                (int)machine->cpus, "echo_port", (int)machine->echo_port,
                                "only_ip6", machine->only_ip6));
    }
    return machines;
}

bool lab_save(const struct lab *lab, struct failure *failure)
{
    char path[PLACE_PATH_MAX];
    json_t *json = json_pack("{s:i, s:s, s:i, s:i, s:I, s:o}", "version", 1, "tree",
                             lab->tree, "operator_port", (int)lab->operator_port,
                             "machine_port", (int)lab->machine_port, "trial_ms",
                             (json_int_t)lab->trial_ms, "machines", machines_to_json(lab));
    char *text = json ? json_dumps(json, JSON_INDENT(2)) : NULL;
    bool done = text != NULL && lab_path(lab, "lab.json", path, failure) &&
                place_write_file(path, text, strlen(text), 0600, failure);

    free(text);
    json_decref(json);
    return done;
}

bool lab_load(const char *state, struct lab *out, struct failure *failure)
{
    char path[PLACE_PATH_MAX];
    json_t *json = NULL;
    json_t *machines = NULL;
    const char *tree = NULL;
    json_int_t version = 0, operator_port = 0, machine_port = 0, trial_ms = 0;
    bool good = false;

    memset(out, 0, sizeof(*out));
    if (!place_path(out->state, failure, "%s", state) ||
        !place_path(path, failure, "%s/lab.json", state) ||
        !lab_socket_folder(out, false, failure)) {
        return false;
    }
    json = json_load_file(path, 0, NULL);
    if (json == NULL && access(path, F_OK) != 0) {
        failure_set(failure, "no-lab", "there is no lab in %s", state);
        return failure_remedy(failure, "`neurath lab up` makes one");
    }
    good = json != NULL &&
           json_unpack(json, "{s:I, s:s, s:I, s:I, s:I, s:o}", "version", &version,
                       "tree", &tree, "operator_port", &operator_port, "machine_port",
                       &machine_port, "trial_ms", &trial_ms, "machines", &machines) == 0 &&
           version == 1 && json_array_size(machines) <= LAB_MACHINES_MAX;
    if (good) {
        snprintf(out->tree, sizeof(out->tree), "%s", tree);
        out->operator_port = (unsigned)operator_port;
        out->machine_port = (unsigned)machine_port;
        out->trial_ms = (long)trial_ms;
    }
    for (size_t i = 0; good && i < json_array_size(machines); i++) {
        struct lab_machine_config *machine = &out->machines[i];
        const char *name = NULL;
        int cpus = 0, echo_port = 0, only_ip6 = 0;
        good = json_unpack(json_array_get(machines, i), "{s:s, s:i, s:i, s?b}", "name",
                           &name, "cpus", &cpus, "echo_port", &echo_port, "only_ip6",
                           &only_ip6) == 0 &&
               strlen(name) < LAB_NAME_MAX;
        if (good) {
            snprintf(machine->name, sizeof(machine->name), "%s", name);
            machine->cpus = (unsigned)cpus;
            machine->echo_port = (unsigned)echo_port;
            machine->only_ip6 = only_ip6 != 0;
            out->machine_count++;
        }
    }
    json_decref(json);
    if (!good) {
        failure_set(failure, "bad-lab", "%s is damaged, or of another version", path);
        return failure_remedy(failure, "`neurath lab reset` deletes the lab");
    }
    return true;
}

/* A port that was asked for has to be free; with 0 any free one does. */
static bool choose_port(long wanted, unsigned *out, struct failure *failure)
{
    *out = wanted != 0 ? (unsigned)wanted : port_find_free();
    if (*out == 0 || !port_is_free(*out)) {
        failure_set(failure, "port-in-use", "port %u on 127.0.0.1 is in use", *out);
        return failure_remedy(failure,
                              "choose another with `neurath lab up --port N`, or let it "
                              "choose with `--port 0`");
    }
    return true;
}

bool lab_create(const char *state, const char *tree, long first_port, struct lab *out,
                struct failure *failure)
{
    static const char *const folders[] = {"", "run", "log", "machines"};
    char path[PLACE_PATH_MAX];

    memset(out, 0, sizeof(*out));
    if (!place_path(out->state, failure, "%s", state) ||
        !place_path(out->tree, failure, "%s", tree) ||
        !lab_socket_folder(out, false, failure) ||
        !choose_port(first_port, &out->operator_port, failure) ||
        !choose_port(first_port ? first_port + 1 : 0, &out->machine_port, failure)) {
        return false;
    }
    if (out->machine_port == out->operator_port &&
        !choose_port(0, &out->machine_port, failure)) {
        return false;
    }
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        if (!place_path(path, failure, "%s/%s", state, folders[i])) {
            return false;
        }
        /* Builds run as another user below the state folder: that one may be passed through, not read. */
        if (mkdir(path, i == 0 ? 0711 : 0700) != 0 && errno != EEXIST) {
            failure_set(failure, errno == ENOSPC ? "no-space" : "cannot-write",
                        "cannot create %s: %s", path, strerror(errno));
            return failure_remedy(failure,
                                  "set NEURATH_STATE to a folder that can be written");
        }
    }
    return true;
}

bool lab_is_up(const struct lab *lab, long *out_pid)
{
    char path[PLACE_PATH_MAX];
    struct failure ignored;
    char *text = NULL;
    bool held = false;
    int fd = -1;

    *out_pid = 0;
    if (!lab_path(lab, "lab.lock", path, &ignored)) {
        return false;
    }
    fd = open(path, O_RDONLY | O_CLOEXEC);
    held = fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    if (fd >= 0) {
        close(fd);
    }
    if (held && lab_path(lab, "run/lab.pid", path, &ignored) &&
        (text = place_read_file(path, NULL)) != NULL) {
        *out_pid = strtol(text, NULL, 10);
        free(text);
    }
    return held;
}
