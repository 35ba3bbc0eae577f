/* `doctor`: what is wrong with this installation, and the remedy.
 * SPDX-License-Identifier: MIT
 *
 * Each check answers with one line; nothing is changed. Exit status 1 if one of them is bad. */
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/port.h"
#include "command.h"
#include "http.h"
#include "lab/lab.h"
#include "process.h"
#include "view.h"

struct report {
    bool json;
    json_t *findings;
    unsigned bad;
};

/* Adds a finding. REMEDY NULL: all is well. */
static void find(struct report *report, const char *what, const char *text,
                 const char *remedy)
{
    json_array_append_new(report->findings,
                          json_pack("{s:s, s:b, s:s, s:s?}", "check", what, "good",
                                    remedy == NULL, "text", text, "remedy", remedy));
    report->bad += remedy != NULL;
    if (!report->json) {
        view_print("%-4s %-18s %s\n", remedy ? "BAD" : "ok", what, text);
        if (remedy != NULL) {
            view_print("%-4s %-18s → %s\n", "", "", remedy);
        }
    }
}

static void check_programs(struct report *report)
{
    static const struct {
        const char *program;
        const char *use;
    } wanted[] = {
        {"git", "pushes and clones"},
        {"gcc", "builds cells"},
        {"ld", "links cells"},
        {"make", "builds"},
        {"bwrap", "keeps builds in a sandbox"},
        {"qemu-system-x86_64", "machines of the lab"},
    };
    char path[PLACE_PATH_MAX], text[PLACE_PATH_MAX + 64];
    struct failure failure;

    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        bool found = process_find(wanted[i].program, path, sizeof(path));
        snprintf(text, sizeof(text), "%s: %s", wanted[i].use,
                 found ? path : "not installed");
        find(report, wanted[i].program, text,
             found ? NULL : "run deploy/deps (or make deps)");
    }
    if (place_program("neurathd", path, &failure)) {
        find(report, "neurathd", path, NULL);
    } else {
        find(report, "neurathd", failure.text, failure.remedy);
    }
}

static void check_space(struct report *report, const char *state)
{
    struct statvfs space;
    char text[128], path[PLACE_PATH_MAX];
    uint64_t free_mb = 0;

    snprintf(path, sizeof(path), "%s", state);
    for (char *slash = NULL;
         access(path, F_OK) != 0 && (slash = strrchr(path, '/')) != NULL;) {
        slash[slash == path] = '\0';
    }
    if (statvfs(path, &space) != 0) {
        return;
    }
    free_mb = space.f_bavail * (uint64_t)space.f_frsize >> 20;
    snprintf(text, sizeof(text), "%llu MB free for the lab's state",
             (unsigned long long)free_mb);
    find(report, "disk", text,
         free_mb < 300 ? "make room, or set NEURATH_STATE to a folder elsewhere" : NULL);
}

static void check_lab(struct report *report)
{
    static struct lab lab;
    char state[PLACE_PATH_MAX], text[PLACE_PATH_MAX + 64];
    struct failure failure;
    long pid = 0;

    if (!place_state(state, &failure)) {
        find(report, "lab", failure.text, failure.remedy);
        return;
    }
    check_space(report, state);
    if (!lab_load(state, &lab, &failure)) {
        bool none = strcmp(failure.code, "no-lab") == 0;
        find(report, "lab", failure.text, none ? NULL : failure.remedy);
        return;
    }
    if (lab_is_up(&lab, &pid)) {
        snprintf(text, sizeof(text), "up in %s, process %ld", state, pid);
        find(report, "lab", text, NULL);
        return;
    }
    snprintf(text, sizeof(text), "down, in %s", state);
    find(report, "lab", text, NULL);
    if (!port_is_free(lab.operator_port) || !port_is_free(lab.machine_port)) {
        snprintf(text, sizeof(text), "port %u or %u is in use by another program",
                 lab.operator_port, lab.machine_port);
        find(report, "ports", text, "`neurath lab up --port N` takes others");
    }
}

static void check_machines(struct report *report, struct http *http)
{
    json_t *answer = NULL;
    struct failure failure;
    char text[800], reason[600], remedy[256];

    if (!http_get(http, "/api/v1/machines?limit=500", &answer, &failure)) {
        return;
    }
    for (size_t i = 0; i < json_array_size(json_object_get(answer, "rows")); i++) {
        const json_t *row = json_array_get(json_object_get(answer, "rows"), i);
        const char *state = view_text(row, "state", "?");
        const char *more = NULL;
        view_reason(json_object_get(row, "reason"), reason, sizeof(reason));
        snprintf(text, sizeof(text), "%s is %s%s%s", view_machine(row), state,
                 reason[0] ? ": " : "", reason);
        if (strcmp(state, "blocked") == 0) {
            more = "what no swap can change, `neurath reboot` boots";
        } else if (strcmp(state, "reverted") == 0) {
            more = "push a better commit, or try again with `neurath retry`";
        } else if (strcmp(state, "silent") == 0) {
            more = "its console is in `neurath log`";
        }
        snprintf(remedy, sizeof(remedy), "see `neurath show machine %.60s`; %s",
                 view_machine(row), more ? more : "");
        find(report, "machine", text, more ? remedy : NULL);
    }
    json_decref(answer);
}

static void check_server(struct report *report, const struct invocation *invocation)
{
    struct place_server server;
    struct failure failure;
    struct http *http = NULL;
    json_t *status = NULL;
    char text[700];

    if (!place_find_server(invocation, &server, &failure)) {
        /* A lab that is down is no fault. */
        bool down = strcmp(failure.code, "no-server") == 0;
        find(report, "server",
             down ? "none is up; `neurath lab up` starts one" : failure.text,
             down ? NULL : failure.remedy);
        return;
    }
    if (server.token[0] == '\0') {
        find(report, "token", "no operator's token is known", "give it with --token-file");
    }
    if (!http_create(&server, &http, &failure) ||
        !http_get(http, "/api/v1/status", &status, &failure)) {
        find(report, "server", failure.text,
             failure.remedy[0] ? failure.remedy : "check it");
        http_destroy(http);
        return;
    }
    snprintf(text, sizeof(text), "%s, version %s, found by %s", server.url,
             view_text(status, "version", "?"), server.found_by);
    find(report, "server", text, NULL);
    for (size_t i = 0; i < json_array_size(json_object_get(status, "alarms")); i++) {
        const json_t *alarm = json_array_get(json_object_get(status, "alarms"), i);
        find(report, "alarm", view_text(alarm, "text", "?"), "see `neurath status`");
    }
    check_machines(report, http);
    json_decref(status);
    http_destroy(http);
}

bool command_doctor(const struct invocation *invocation, enum outcome *out_outcome,
                    struct failure *failure)
{
    struct report report = {.json = invocation->json, .findings = json_array()};

    (void)failure;
    check_programs(&report);
    check_lab(&report);
    check_server(&report, invocation);
    if (report.json) {
        view_json(report.findings, false);
    } else if (report.bad == 0) {
        puts("nothing is wrong");
    }
    json_decref(report.findings);
    *out_outcome = report.bad ? OUTCOME_FAILED : OUTCOME_DONE;
    return true;
}
