/* The client's tasks and its start.
 * SPDX-License-Identifier: MIT
 */
#include "cell.h"
#include "glue.h"

#include <console/log/log.h>
#include <core/archive/archive.h>
#include <string.h>
#include <time/clock/clock.h>

/* mbedTLS's handshake wants 16 KiB, a signature below a parsed release some more. */
enum { CLIENT_STACK_LEN = 64 * 1024 };

/* Longest sleep: the client's own deadlines are shorter, this is a safety net. */
#define SLEEP_MAX_NS 60000000000ull

static struct glue the_glue;

struct glue *glue_get(void)
{
    return &the_glue;
}

/* Takes what the shell asked for since the last step. */
static void asked_take(struct glue *glue)
{
    spin_lock(&glue->lock);
    bool retry = glue->asked_retry;
    bool wake = glue->asked_wake;
    glue->asked_retry = glue->asked_wake = false;
    spin_unlock(&glue->lock);
    if (retry)
        client_retry(glue->client);
    if (retry || wake)
        client_wake(glue->client);
}

static struct wait client_task(void *arg)
{
    struct glue *glue = arg;
    uint32_t seq = event_seq(&glue->wake);
    struct client_status status;
    asked_take(glue);
    uint64_t next_ns = client_step(glue->client, clock_ns());
    uint64_t now_ns = clock_ns();
    client_status(glue->client, now_ns, &status);
    spin_lock(&glue->lock);
    glue->status = status;
    glue->status_ns = now_ns;
    spin_unlock(&glue->lock);
    if (status.state == CLIENT_DISABLED)
        return wait_done();
    if (next_ns <= now_ns)
        return wait_again();
    if (next_ns > now_ns + SLEEP_MAX_NS)
        next_ns = now_ns + SLEEP_MAX_NS;
    return wait_event(&glue->wake, seq, next_ns);
}

/* The client waits for one event; what the engine has to say is passed on to it. */
static struct wait relay_task(void *arg)
{
    struct glue *glue = arg;
    uint32_t seq = event_seq(evolve_event());
    event_signal(&glue->wake);
    return wait_event(evolve_event(), seq, 0);
}

static enum status glue_create(struct glue *glue, const struct archive_entry *seed)
{
    struct client_ports ports = {0};
    struct archive_entry release;
    struct client_config config = {
        .seed = (const char *)seed->bytes,
        .seed_len = seed->len,
        .report_blob = true,
    };
    if (archive_find("release", &release) == STATUS_OK) {
        config.release = release.bytes;
        config.release_len = release.len;
    }
    glue_transport(&ports.transport);
    glue_installer(&ports.installer);
    glue_system(&ports.system);
    if (client_create(&config, &ports, &glue->client) != 0)
        return STATUS_FULL;
    client_status(glue->client, clock_ns(), &glue->status);
    return STATUS_OK;
}

enum status client_start(void)
{
    const struct task_options options = {.stack_len = CLIENT_STACK_LEN, .essential = true};
    struct glue *glue = glue_get();
    struct archive_entry seed;
    event_init(&glue->wake);
    glue_shell();
    if (archive_find("seed.json", &seed) != STATUS_OK) {
        log_write("client", LOG_INFO, "no seed in the boot archive: no updates");
        return STATUS_OK;
    }
    enum status status = glue_create(glue, &seed);
    if (status != STATUS_OK)
        return status;
    if (task_create("client", client_task, glue, &options) == NULL ||
        task_create("client-relay", relay_task, glue, NULL) == NULL)
        return STATUS_FULL;
    return STATUS_OK;
}
