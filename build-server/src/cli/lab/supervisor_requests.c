/* What the supervisor answers on its socket.
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../view.h"
#include "child.h"
#include "supervisor_private.h"

static const char *const state_words[] = {
    [MACHINE_WAITING] = "waiting",
    [MACHINE_UP] = "up",
    [MACHINE_ENDING] = "ending",
};

static json_t *machine_status(const struct supervisor *supervisor, unsigned i)
{
    const struct lab_machine_config *config = &supervisor->lab->machines[i];
    const struct supervised *machine = &supervisor->machines[i];
    char serial[160], qmp[160], console[PLACE_PATH_MAX] = "";
    struct failure ignored;

    machine_socket(supervisor->lab, config->name, "serial", serial, sizeof(serial));
    machine_socket(supervisor->lab, config->name, "qmp", qmp, sizeof(qmp));
    (void)lab_machine_path(supervisor->lab, config->name, "console.log", console,
                           &ignored);
    return json_pack("{s:s, s:s, s:s, s:i, s:i, s:I, s:i, s:i, s:s, s:s, s:s}", "name",
                     config->name, "state", state_words[machine->state], "why",
                     machine->why, "pid", (int)machine->pid, "cpus", (int)config->cpus,
                     "release", (json_int_t)machine->release, "boots",
                     (int)machine->boots, "echo_port", (int)config->echo_port, "console",
                     console, "serial", serial, "qmp", qmp);
}

static json_t *answer_status(const struct supervisor *supervisor)
{
    json_t *machines = json_array();

    for (unsigned i = 0; i < supervisor->lab->machine_count; i++) {
        json_array_append_new(machines, machine_status(supervisor, i));
    }
    return json_pack("{s:i, s:i, s:b, s:o}", "pid", (int)getpid(), "server_pid",
                     (int)supervisor->server, "ready", supervisor->server_ready,
                     "machines", machines);
}

static json_t *answer_failure(const struct failure *failure)
{
    return json_pack("{s:s, s:s, s:s}", "code", failure->code, "text", failure->text,
                     "remedy", failure->remedy);
}

/* Adds machines until there are as many as asked for; they boot as soon as they can. */
static json_t *answer_start(struct supervisor *supervisor, const json_t *request)
{
    struct lab *lab = supervisor->lab;
    json_int_t wanted = view_number(request, "machines", 0);
    json_int_t cpus = view_number(request, "cpus", 2);
    struct failure failure;

    while (lab->machine_count < wanted && lab->machine_count < LAB_MACHINES_MAX) {
        struct lab_machine_config *machine = &lab->machines[lab->machine_count];
        memset(machine, 0, sizeof(*machine));
        snprintf(machine->name, sizeof(machine->name), "m%u", lab->machine_count + 1);
        machine->cpus = (unsigned)cpus;
        machine->only_ip6 = json_is_true(json_object_get(request, "only_ip6"));
        supervisor->machines[lab->machine_count] = (struct supervised){
            .choice = MACHINE_BOOT_DESIRED, .pid = -1, .retry_ms = child_now_ms()};
        lab->machine_count++;
    }
    if (!lab_save(lab, &failure)) {
        return answer_failure(&failure);
    }
    supervisor_boot_due(supervisor);
    return answer_status(supervisor);
}

static json_t *answer(struct supervisor *supervisor, const json_t *request)
{
    const char *op = view_text(request, "op", "");
    struct failure failure;

    if (strcmp(op, "status") == 0) {
        return answer_status(supervisor);
    }
    if (strcmp(op, "start") == 0) {
        return answer_start(supervisor, request);
    }
    if (strcmp(op, "restart") == 0) {
        if (!supervisor_restart_machine(supervisor, view_text(request, "machine", ""),
                                        &failure)) {
            return answer_failure(&failure);
        }
        return answer_status(supervisor);
    }
    failure_set(&failure, "bad-request", "the lab knows no '%.40s'", op);
    return answer_failure(&failure);
}

void supervisor_accept(struct supervisor *supervisor)
{
    int fd = accept4(supervisor->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    for (size_t i = 0; fd >= 0 && i < CLIENTS_MAX; i++) {
        if (supervisor->clients[i].fd < 0) {
            supervisor->clients[i].fd = fd;
            supervisor->clients[i].len = 0;
            return;
        }
    }
    if (fd >= 0) {
        close(fd);
    }
}

static void take_request(struct supervisor *supervisor, struct client *client)
{
    json_t *request = json_loads(client->line, 0, NULL);
    json_t *reply = NULL;
    char *text = NULL;

    client->len = 0;
    if (strcmp(view_text(request, "op", ""), "stop") == 0) {
        json_decref(request);
        supervisor_begin_stop(supervisor); /* the end of the connection is the answer */
        return;
    }
    reply = answer(supervisor, request);
    text = json_dumps(reply, JSON_COMPACT);
    if (text != NULL) {
        dprintf(client->fd, "%s\n", text);
    }
    free(text);
    json_decref(reply);
    json_decref(request);
}

void supervisor_read_client(struct supervisor *supervisor, struct client *client)
{
    ssize_t got =
        read(client->fd, client->line + client->len, REQUEST_MAX - 1 - client->len);
    char *end = NULL;

    if (got > 0) {
        client->len += (size_t)got;
        client->line[client->len] = '\0';
        end = strchr(client->line, '\n');
    }
    if (end != NULL) {
        take_request(supervisor, client);
    } else if (got == 0 || client->len == REQUEST_MAX - 1 ||
               (got < 0 && errno != EAGAIN && errno != EINTR)) {
        close(client->fd);
        client->fd = -1;
    }
}
