/* The commands of the lab.
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../command.h"
#include "../table.h"
#include "../view.h"
#include "../watch.h"
#include "supervisor.h"
#include "up.h"

/* Loads the lab of this folder. */
static bool load(struct lab *out, struct failure *failure)
{
    char state[PLACE_PATH_MAX];

    return place_state(state, failure) && lab_load(state, out, failure);
}

bool command_lab_up(const struct invocation *invocation, enum outcome *out_outcome,
                    struct failure *failure)
{
    static struct up up;
    bool done = up_run(&up, invocation, failure);
    bool is_up = false;

    (void)out_outcome;
    if (done && invocation->json) {
        json_t *status = up_status(&up.lab, &is_up);
        view_json(status, false);
        json_decref(status);
    } else if (done) {
        up_print(&up);
    }
    up_fini(&up);
    return done;
}

bool command_lab_down(const struct invocation *invocation, enum outcome *out_outcome,
                      struct failure *failure)
{
    static struct lab lab;
    long pid = 0;

    (void)out_outcome;
    if (!load(&lab, failure)) {
        return false;
    }
    if (!lab_is_up(&lab, &pid)) {
        if (!invocation->json) {
            printf("the lab in %s is down already\n", lab.state);
        }
        return true;
    }
    if (!supervisor_stop(&lab, failure)) {
        return false;
    }
    if (!invocation->json) {
        printf("the lab is down; its state stays in %s\n", lab.state);
    }
    return true;
}

static void print_status(const json_t *status)
{
    static const char *const headings[] = {"MACHINE",  "STATE",  ">PID", ">CPUS",
                                           ">RELEASE", ">BOOTS", "ECHO", "WHY"};
    const json_t *machines = json_object_get(status, "machines");
    struct table *table = table_create(headings, 8);

    view_print("lab         %s\n",
               json_is_true(json_object_get(status, "up")) ? "up" : "down");
    view_print("server      %s\n", view_text(status, "url", "-"));
    view_print("state       %s\n", view_text(status, "state", "-"));
    view_print("repository  %s\n", view_text(status, "repository", "-"));
    view_print("clone       %s\n\n", view_text(status, "clone", "-"));
    for (size_t i = 0; i < json_array_size(machines); i++) {
        const json_t *machine = json_array_get(machines, i);
        char pid[24], cpus[24], release[24], boots[24], echo[40];
        snprintf(pid, sizeof(pid), "%lld", (long long)view_number(machine, "pid", -1));
        snprintf(cpus, sizeof(cpus), "%lld", (long long)view_number(machine, "cpus", 0));
        snprintf(release, sizeof(release), "v%lld",
                 (long long)view_number(machine, "release", 0));
        snprintf(boots, sizeof(boots), "%lld",
                 (long long)view_number(machine, "boots", 0));
        snprintf(echo, sizeof(echo), "127.0.0.1:%lld",
                 (long long)view_number(machine, "echo_port", 0));
        table_add(table,
                  (const char *[]){
                      view_text(machine, "name", NULL), view_text(machine, "state", NULL),
                      view_number(machine, "pid", -1) > 0 ? pid : "-", cpus,
                      view_number(machine, "release", 0) ? release : "-", boots,
                      view_number(machine, "echo_port", 0) ? echo : "-",
                      view_text(machine, "why", NULL)});
    }
    table_print(table, "no machines");
}

bool command_lab_status(const struct invocation *invocation, enum outcome *out_outcome,
                        struct failure *failure)
{
    static struct lab lab;
    json_t *status = NULL;
    bool is_up = false;

    if (!load(&lab, failure)) {
        return false;
    }
    status = up_status(&lab, &is_up);
    if (invocation->json) {
        view_json(status, false);
    } else {
        print_status(status);
    }
    json_decref(status);
    *out_outcome = is_up ? OUTCOME_DONE : OUTCOME_FAILED;
    return true;
}

bool command_lab_restart(const struct invocation *invocation, enum outcome *out_outcome,
                         struct failure *failure)
{
    static struct lab lab;
    json_t *request =
        json_pack("{s:s, s:s}", "op", "restart", "machine", invocation->argument[0]);
    json_t *answer = NULL;
    bool done = load(&lab, failure) && supervisor_ask(&lab, request, &answer, failure);

    (void)out_outcome;
    if (done && !invocation->json) {
        view_print("%s boots the released image\n", invocation->argument[0]);
    } else if (done) {
        view_json(answer, false);
    }
    json_decref(request);
    json_decref(answer);
    return done;
}

static int remove_one(const char *path, const struct stat *status, int kind,
                      struct FTW *where)
{
    (void)status;
    (void)kind;
    (void)where;
    return remove(path);
}

bool command_lab_reset(const struct invocation *invocation, enum outcome *out_outcome,
                       struct failure *failure)
{
    static struct lab lab;
    char question[PLACE_PATH_MAX + 128];
    long pid = 0;

    (void)out_outcome;
    if (!load(&lab, failure)) {
        /* A damaged lab.json must not keep the folder from being deleted. */
        if (strcmp(failure->code, "bad-lab") != 0) {
            return false;
        }
    }
    snprintf(question, sizeof(question),
             "Delete the lab in %s: keys, history, repository, clone?", lab.state);
    if (!act_confirm(invocation, question, failure) ||
        (lab_is_up(&lab, &pid) && !supervisor_stop(&lab, failure))) {
        return false;
    }
    if (nftw(lab.state, remove_one, 32, FTW_DEPTH | FTW_PHYS) != 0) {
        return failure_set(failure, "cannot-write", "cannot delete all of %s: %s",
                           lab.state, strerror(errno));
    }
    if (!invocation->json) {
        printf("the lab in %s is gone\n", lab.state);
    }
    return true;
}

/* Ends the watch of `lab run` when somebody else took the lab down. */
static bool still_up(void *context)
{
    const struct up *up = context;
    long pid = 0;

    return lab_is_up(&up->lab, &pid);
}

bool command_lab_run(const struct invocation *invocation, enum outcome *out_outcome,
                     struct failure *failure)
{
    static struct up up;
    struct failure ignored;
    bool done = false;

    (void)out_outcome;
    if (!up_run(&up, invocation, failure)) {
        up_fini(&up);
        /* A signal while it came up: what was started is down again. */
        return *watch_stop_flag() != 0;
    }
    up_print(&up);
    printf("\n%s\n\n", up.started ? "Watching; Ctrl-C takes the lab down."
                                  : "Watching; Ctrl-C ends, the lab stays up.");
    fflush(stdout);
    done = watch_run(up.http, NULL, false, still_up, &up, failure);
    if (up.started) {
        printf("\ntaking the lab down\n");
        fflush(stdout);
        if (!supervisor_stop(&up.lab, &ignored) && strcmp(ignored.code, "lab-down") != 0) {
            *failure = ignored;
            done = false;
        }
    }
    up_fini(&up);
    return done;
}
