/* Brings a lab up: server, repository, clone, release, machines.
 * SPDX-License-Identifier: MIT */
#include "up.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "../process.h"
#include "../text.h"
#include "../view.h"
#include "../watch.h"
#include "base/port.h"
#include "supervisor.h"
#include "up_steps.h"

enum { SPACE_MIN_MB = 300, LOOK_MS = 100, MACHINES_S = 120 };
/* Long enough to see a bad version go back, short enough to push again. */
#define TRIAL_DEFAULT_MS 10000

void up_say(const struct up *up, const char *format, ...)
{
    va_list arguments;

    if (up->invocation->json) {
        return;
    }
    va_start(arguments, format);
    fputs("  ", stdout);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
    fflush(stdout);
}

bool up_rest(struct failure *failure)
{
    struct timespec pause = {0, LOOK_MS * 1000000};

    nanosleep(&pause, NULL);
    if (*watch_stop_flag() != 0) {
        return failure_set(failure, "interrupted", "interrupted");
    }
    return true;
}

/* What has to be there before anything is started. */
static bool check_tools(const char *state, struct failure *failure)
{
    char path[PLACE_PATH_MAX];
    struct statvfs space;

    if (!place_program("neurathd", path, failure)) {
        return false;
    }
    if (!process_find("qemu-system-x86_64", path, sizeof(path))) {
        failure_set(failure, "no-qemu", "qemu-system-x86_64 is not installed");
        return failure_remedy(failure,
                              "run deploy/deps, or: apt-get install qemu-system-x86");
    }
    if (!process_find("git", path, sizeof(path))) {
        failure_set(failure, "no-git", "git is not installed");
        return failure_remedy(failure, "run deploy/deps, or: apt-get install git");
    }
    snprintf(path, sizeof(path), "%s", state);
    for (char *slash = NULL;
         access(path, F_OK) != 0 && (slash = strrchr(path, '/')) != NULL;) {
        slash[slash == path] = '\0';
    }
    if (statvfs(path, &space) == 0 &&
        space.f_bavail * (uint64_t)space.f_frsize < (uint64_t)SPACE_MIN_MB << 20) {
        failure_set(failure, "no-space", "less than %d MB are free at %s", SPACE_MIN_MB,
                    path);
        return failure_remedy(failure,
                              "make room, or set NEURATH_STATE to a folder elsewhere");
    }
    return true;
}

/* Changes a lab that exists by what the options say. */
static bool apply_options(struct up *up, long port, long cpus, long trial_ms,
                          struct failure *failure)
{
    struct lab *lab = &up->lab;

    if (port >= 0) {
        lab->operator_port = port > 0 ? (unsigned)port : port_find_free();
        lab->machine_port = port > 0 ? (unsigned)port + 1 : port_find_free();
    }
    if (trial_ms > 0) {
        lab->trial_ms = trial_ms;
    }
    for (unsigned i = 0; i < lab->machine_count && cpus > 0; i++) {
        lab->machines[i].cpus = (unsigned)cpus;
    }
    if (!port_is_free(lab->operator_port) || !port_is_free(lab->machine_port)) {
        unsigned used =
            port_is_free(lab->operator_port) ? lab->machine_port : lab->operator_port;
        failure_set(failure, "port-in-use", "port %u on 127.0.0.1 is in use", used);
        return failure_remedy(failure, "choose others with `neurath lab up --port N`");
    }
    return true;
}

/* Loads or creates the lab, and starts its supervisor unless it is up. */
static bool start(struct up *up, long cpus, struct failure *failure)
{
    char state[PLACE_PATH_MAX], tree[PLACE_PATH_MAX];
    long port = -1, trial_ms = 0, pid = 0;

    if (!invocation_number(up->invocation, OPTION_PORT, 0, 65000, &port, failure) ||
        !invocation_number(up->invocation, OPTION_TRIAL, 1, 3600000, &trial_ms, failure) ||
        !place_state(state, failure) || !check_tools(state, failure)) {
        return false;
    }
    if (!lab_load(state, &up->lab, failure)) {
        if (strcmp(failure->code, "no-lab") != 0 || !place_tree(tree, failure) ||
            !lab_create(state, tree, port < 0 ? LAB_PORT_DEFAULT : port, &up->lab,
                        failure)) {
            return false;
        }
        up->fresh = true;
        up->lab.trial_ms = trial_ms > 0 ? trial_ms : TRIAL_DEFAULT_MS;
    } else if (lab_is_up(&up->lab, &pid)) {
        up_say(up, "the lab in %s is up already", state);
        return true;
    } else if (!apply_options(up, port, cpus, trial_ms, failure)) {
        return false;
    }
    if (!lab_save(&up->lab, failure)) {
        return false;
    }
    up_say(up, "starting the server");
    up->started = supervisor_start(&up->lab, failure);
    return up->started;
}

/* Asks for the machines; they boot from the released image. */
static bool start_machines(struct up *up, long machines, long cpus,
                           struct failure *failure)
{
    json_t *request =
        json_pack("{s:s, s:I, s:I, s:b}", "op", "start", "machines", (json_int_t)machines,
                  "cpus", (json_int_t)(cpus ? cpus : 2), "only_ip6",
                  invocation_has(up->invocation, OPTION_IPV6));
    json_t *answer = NULL;
    char state[PLACE_PATH_MAX];
    bool done = place_path(state, failure, "%s", up->lab.state) &&
                supervisor_ask(&up->lab, request, &answer, failure) &&
                lab_load(state, &up->lab, failure);

    json_decref(request);
    json_decref(answer);
    return done;
}

/* Why a machine does not come: what the lab knows, else the end of its console. */
static bool complain_about(const struct up *up, const char *name, const json_t *row,
                           struct failure *failure)
{
    char path[PLACE_PATH_MAX];
    const char *last = "";
    char *console = NULL;
    size_t len = 0;

    if (lab_machine_path(&up->lab, name, "console.log", path, failure)) {
        console = place_read_file(path, &len);
    }
    while (len > 0 && (console[len - 1] == '\n' || console[len - 1] == '\r')) {
        console[--len] = '\0';
    }
    if (len > 0) {
        const char *line = strrchr(console, '\n');
        last = line ? line + 1 : console;
    }
    failure_set(failure, "machine-late", "%s is %s after %d s; its last line: %.200s",
                name, view_text(row, "state", "not enrolled"), MACHINES_S, last);
    free(console);
    return failure_remedy(failure, "see `neurath log %s` and %s/log/lab.log", name,
                          up->lab.state);
}

/* True if the machine runs what it should. */
static bool runs(const json_t *row)
{
    const char *commit = view_text(row, "commit", "");
    const char *state = view_text(row, "state", "");

    return strcmp(state, "held") == 0 || strcmp(state, "reverted") == 0 ||
           (strcmp(state, "running") == 0 && commit[0] != '\0' &&
            strcmp(commit, view_text(row, "desired_commit", "")) == 0);
}

static bool wait_machine(struct up *up, const char *name, time_t end,
                         struct failure *failure)
{
    char path[128];

    snprintf(path, sizeof(path), "/api/v1/machines/%s", name);
    for (;;) {
        json_t *row = NULL;
        bool there = http_get(up->http, path, &row, failure) && runs(row);
        if (there) {
            char commit[16];
            up_say(up, "%s runs %s", name,
                   view_commit(row, "commit", commit, sizeof(commit)));
        } else if (time(NULL) > end) {
            complain_about(up, name, row, failure);
            json_decref(row);
            return false;
        }
        json_decref(row);
        if (there || !up_rest(failure)) {
            return there;
        }
    }
}

static bool wait_machines(struct up *up, struct failure *failure)
{
    time_t end = time(NULL) + MACHINES_S;

    for (unsigned i = 0; i < up->lab.machine_count; i++) {
        if (!wait_machine(up, up->lab.machines[i].name, end, failure)) {
            return false;
        }
    }
    return true;
}

static bool open_server(struct up *up, struct failure *failure)
{
    struct place_server server;

    return place_lab_server(up->lab.state, &server, failure) &&
           http_create(&server, &up->http, failure);
}

bool up_run(struct up *up, const struct invocation *invocation, struct failure *failure)
{
    long machines = 1, cpus = 0;
    bool done = false;

    *up = (struct up){.invocation = invocation};
    watch_catch_signals();
    unsetenv("GIT_DIR");
    unsetenv("GIT_WORK_TREE");
    unsetenv("GIT_INDEX_FILE");
    if (!invocation_number(invocation, OPTION_MACHINES, 0, LAB_MACHINES_MAX, &machines,
                           failure) ||
        !invocation_number(invocation, OPTION_CPUS, 1, LAB_CPUS_MAX, &cpus, failure)) {
        return false;
    }
    done = start(up, cpus, failure) && open_server(up, failure) &&
           up_repository(up, failure) && up_clone(up, failure) &&
           up_wait_release(up, failure);
    if (done && (machines > 0 || up->lab.machine_count > 0)) {
        long count =
            machines > (long)up->lab.machine_count ? machines : up->lab.machine_count;
        up_say(up, "waiting for %ld machine%s", count, count > 1 ? "s" : "");
        done = start_machines(up, machines, cpus, failure) && wait_machines(up, failure);
    }
    if (!done && up->started) {
        struct failure ignored;
        supervisor_stop(&up->lab, &ignored);
    }
    return done;
}

void up_fini(struct up *up)
{
    http_destroy(up->http);
    up->http = NULL;
}

/* Prints "label  PROGRAM words", quoted so that it can be pasted. */
static void print_command(const char *label, const char *program, const char *rest)
{
    char quoted[PLACE_PATH_MAX + 64];

    text_quote(program, quoted, sizeof(quoted));
    printf("  %-22s %s %s\n", label, quoted, rest);
}

void up_print(const struct up *up)
{
    char path[PLACE_PATH_MAX], program[PLACE_PATH_MAX], quoted[PLACE_PATH_MAX + 64];
    struct failure ignored;
    json_t *login = NULL;

    printf("\nThe lab is up.\n\n");
    if (http_send(up->http, "POST", "/api/v1/login-code", NULL, &login, &ignored)) {
        view_print("  dashboard              %s\n", view_text(login, "url", "-"));
    }
    json_decref(login);
    if (lab_path(&up->lab, "clone", path, &ignored)) {
        printf("  clone to work in       %s\n\nTry:\n", path);
        text_quote(path, quoted, sizeof(quoted));
        printf("  edit, commit, push     $EDITOR %s/kernel/app/hello/hello.c\n", quoted);
        printf(
            "                         git -C %s commit -am 'hello: greet differently'\n",
            quoted);
        printf("                         git -C %s push\n", quoted);
    }
    if (place_program("neurath", program, &ignored)) {
        const char *state = getenv("NEURATH_STATE");
        if (state != NULL && state[0] != '\0') {
            char words[PLACE_PATH_MAX + 96];
            text_quote(up->lab.state, quoted, sizeof(quoted));
            snprintf(words, sizeof(words), "NEURATH_STATE=%s %s", quoted, program);
            printf("  see it happen          %s watch\n", words);
            printf("  what was swapped       %s history\n", words);
            printf("  end                    %s lab down\n", words);
        } else {
            print_command("see it happen", program, "watch");
            print_command("what was swapped", program, "history");
            print_command("take it back", program, "rollback --to HEAD~1 --all --wait");
            print_command("the machine's console", program, "console m1");
            print_command("end", program, "lab down");
        }
    }
    fflush(stdout);
}

json_t *up_status(const struct lab *lab, bool *out_up)
{
    json_t *status = NULL;
    json_t *request = json_pack("{s:s}", "op", "status");
    json_t *answer = NULL;
    char ca[PLACE_PATH_MAX] = "", token[PLACE_PATH_MAX] = "",
         repository[PLACE_PATH_MAX] = "";
    char clone[PLACE_PATH_MAX] = "";
    struct place_server server = {0};
    struct failure ignored;
    json_t *url = json_null();

    (void)(lab_path(lab, "ca.pem", ca, &ignored) &&
           lab_path(lab, "token", token, &ignored) &&
           lab_path(lab, "repo.git", repository, &ignored) &&
           lab_path(lab, "clone", clone, &ignored));
    *out_up = supervisor_ask(lab, request, &answer, &ignored);
    if (*out_up && place_lab_server(lab->state, &server, &ignored)) {
        url = json_string(server.url);
        snprintf(ca, sizeof(ca), "%s", server.ca[0] ? server.ca : ca);
    }
    status =
        json_pack("{s:b, s:o, s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:i}", "up", *out_up,
                  "url", url, "ca", ca, "token_file", token, "repository", repository,
                  "clone", clone, "state", lab->state, "tree", lab->tree, "operator_port",
                  (int)lab->operator_port, "machine_port", (int)lab->machine_port);
    if (*out_up) {
        json_object_update(status, answer);
    } else {
        json_t *machines = json_array();
        for (unsigned i = 0; i < lab->machine_count; i++) {
            json_array_append_new(
                machines,
                json_pack("{s:s, s:s}", "name", lab->machines[i].name, "state", "off"));
        }
        json_object_set_new(status, "machines", machines);
    }
    json_decref(request);
    json_decref(answer);
    return status;
}
