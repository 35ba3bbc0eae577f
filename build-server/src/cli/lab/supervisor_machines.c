/* The supervisor's care for the machines: boot, end, boot again.
 * SPDX-License-Identifier: MIT */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "child.h"
#include "supervisor_private.h"

enum { RETRY_MS = 200, QUICK_MS = 4000, PAUSE_MOST_MS = 8000 };

void supervisor_boot_due(struct supervisor *supervisor)
{
    struct lab *lab = supervisor->lab;

    for (unsigned i = 0; i < lab->machine_count && !supervisor->stopping; i++) {
        struct supervised *machine = &supervisor->machines[i];
        unsigned echo_port = lab->machines[i].echo_port;
        struct failure failure;

        if (machine->state != MACHINE_WAITING || machine->retry_ms > child_now_ms() ||
            !supervisor->server_ready) {
            continue;
        }
        if (machine_boot(lab, &lab->machines[i], supervisor->http, machine->choice,
                         &machine->pid, &machine->release, &failure)) {
            machine->state = MACHINE_UP;
            machine->choice = MACHINE_BOOT_PERMANENT;
            machine->started_ms = child_now_ms();
            machine->boots++;
            machine->why[0] = '\0';
            supervisor_log(supervisor, "%s boots release v%lld, process %d",
                           lab->machines[i].name, (long long)machine->release,
                           (int)machine->pid);
            if (lab->machines[i].echo_port != echo_port && !lab_save(lab, &failure)) {
                supervisor_log(supervisor, "%s", failure.text);
            }
        } else {
            if (strcmp(machine->why, failure.text) != 0) {
                supervisor_log(supervisor, "%s waits: %s", lab->machines[i].name,
                               failure.text);
            }
            snprintf(machine->why, sizeof(machine->why), "%.250s", failure.text);
            machine->retry_ms = child_now_ms() + RETRY_MS;
        }
    }
}

void supervisor_machine_ended(struct supervisor *supervisor, unsigned index, int status)
{
    struct supervised *machine = &supervisor->machines[index];
    int64_t lived_ms = child_now_ms() - machine->started_ms;
    int64_t pause_ms = 0;

    supervisor_log(supervisor, "%s ended after %lld ms with %s %d",
                   supervisor->lab->machines[index].name, (long long)lived_ms,
                   WIFEXITED(status) ? "status" : "signal",
                   WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
    /* With -no-reboot QEMU exits when the guest resets; who kills QEMU leaves a signal. */
    supervisor->lab->machines[index].reset_by_guest =
        machine->state != MACHINE_ENDING && WIFEXITED(status);
    if (machine->state == MACHINE_ENDING) {
        machine->choice = MACHINE_BOOT_DESIRED;
        machine->quick = 0;
    } else if (lived_ms < QUICK_MS) {
        machine->quick++;
    } else {
        machine->quick = 0;
    }
    if (machine->quick > 1) {
        pause_ms = 250L << (machine->quick < 7 ? machine->quick : 7);
        pause_ms = pause_ms < PAUSE_MOST_MS ? pause_ms : PAUSE_MOST_MS;
        snprintf(machine->why, sizeof(machine->why),
                 "it ended %u times within seconds of its boot", machine->quick);
    }
    machine->state = MACHINE_WAITING;
    machine->pid = -1;
    machine->retry_ms = child_now_ms() + pause_ms;
}

bool supervisor_restart_machine(struct supervisor *supervisor, const char *name,
                                struct failure *failure)
{
    struct lab *lab = supervisor->lab;

    for (unsigned i = 0; i < lab->machine_count; i++) {
        struct supervised *machine = &supervisor->machines[i];
        if (strcmp(lab->machines[i].name, name) != 0) {
            continue;
        }
        if (machine->state == MACHINE_UP) {
            machine->state = MACHINE_ENDING;
            kill(machine->pid, SIGKILL);
        } else if (machine->state == MACHINE_WAITING) {
            machine->choice = MACHINE_BOOT_DESIRED;
            machine->quick = 0;
            machine->retry_ms = child_now_ms();
        }
        return true;
    }
    failure_set(failure, "not-found", "the lab has no machine '%s'", name);
    return failure_remedy(failure, "`neurath lab status` lists them");
}
