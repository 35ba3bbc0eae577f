/* The shell command `evolution`: what the client does, and what a person may tell it.
 * SPDX-License-Identifier: MIT
 */
#include "glue.h"

#include <console/console/console.h>
#include <console/shell/shell.h>
#include <manifest/manifest.h>
#include <string.h>

static void print_time(const struct client_status *status)
{
    char text[MANIFEST_TIME_LEN + 1] = "unknown";
    if (status->time_known)
        manifest_time_write(status->time_ms, text);
    console_print("time       %s (trusted)\n", text);
}

static void print_status(const struct client_status *status, uint64_t now_ns)
{
    char content[2 * MANIFEST_HASH_LEN + 1];
    manifest_hex_write(status->content, MANIFEST_HASH_LEN, content);
    content[16] = 0;
    console_print("state      %s%s%s\n", client_state_word(status->state),
                  status->reason[0] ? ": " : "", status->reason);
    console_print("machine    %s  boot %s\n", status->machine, status->boot_id);
    console_print("running    release %llu  commit %s  content %s\n",
                  (unsigned long long)status->release,
                  status->commit[0] ? status->commit : "unknown", content);
    console_print("wanted     release %llu\n", (unsigned long long)status->target);
    if (status->contact_ns == 0)
        console_print("server     never heard\n");
    else
        console_print("server     %s, heard %llu s ago; %llu polls, %llu failures\n",
                      status->contact ? "in contact" : "lost",
                      (unsigned long long)((now_ns - status->contact_ns) / 1000000000),
                      (unsigned long long)status->polls,
                      (unsigned long long)status->failures);
    print_time(status);
    console_print("trust      root %llu  timestamp %llu  release %llu  floor %llu\n",
                  (unsigned long long)status->root_version,
                  (unsigned long long)status->timestamp_counter,
                  (unsigned long long)status->release_version,
                  (unsigned long long)status->security_floor);
    console_print("counted    %llu swaps, %llu bytes fetched, %llu reports waiting, "
                  "%llu in quarantine\n",
                  (unsigned long long)status->swaps,
                  (unsigned long long)status->bytes_fetched,
                  (unsigned long long)status->reports_waiting,
                  (unsigned long long)status->quarantined);
}

static void command(int argc, char **argv)
{
    struct glue *glue = glue_get();
    bool retry = argc == 2 && strcmp(argv[1], "retry") == 0;
    bool poll = argc == 2 && strcmp(argv[1], "poll") == 0;
    if (argc > 1 && !retry && !poll) {
        console_print("usage: evolution [retry|poll]\n");
        return;
    }
    if (glue->client == NULL) {
        console_print("no seed in the boot archive: this machine takes no updates\n");
        return;
    }
    spin_lock(&glue->lock);
    struct client_status status = glue->status;
    uint64_t status_ns = glue->status_ns;
    glue->asked_retry = glue->asked_retry || retry;
    glue->asked_wake = glue->asked_wake || poll;
    spin_unlock(&glue->lock);
    if (retry || poll)
        event_signal(&glue->wake);
    else
        print_status(&status, status_ns);
}

void glue_shell(void)
{
    if (shell_register(
            "evolution", command,
            "[retry|poll]  the update client: what it runs, wants and trusts") != STATUS_OK)
        return;
}
