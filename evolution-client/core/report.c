/* The queue of reports: kept until the server acknowledges, resent until then, bounded.
 * SPDX-License-Identifier: MIT
 */
#include "private.h"

#include <stdlib.h>
#include <string.h>

json_t *client_json_hash(const uint8_t hash[MANIFEST_HASH_LEN])
{
    char text[2 * MANIFEST_HASH_LEN + 1];
    manifest_hex_write(hash, MANIFEST_HASH_LEN, text);
    return json_string(text);
}

/* Adds the common fields to BODY (TAKES) and GIVES the text; NULL: no memory. */
static char *compose(struct client *client, const char *kind, json_t *body,
                     uint64_t sequence)
{
    uint64_t uptime_ms = (client->now_ns - client->boot_ns) / MS;
    json_t *common =
        json_pack("{s:s, s:s, s:I, s:I, s:I}", "kind", kind, "boot_id",
                  client->trust.boot_id, "sequence", (json_int_t)sequence, "uptime_ms",
                  (json_int_t)uptime_ms, "swaps_since_boot", (json_int_t)client->swaps);
    char *text = NULL;
    if (common && body && json_object_update(body, common) == 0)
        text = json_dumps(body, JSON_COMPACT);
    json_decref(common);
    json_decref(body);
    return text;
}

/* No dead address stays behind the last one: what lies there next would seem to be pointed to, and could not be moved. */
static void take_out(struct client *client, size_t index)
{
    free(client->reports[index].text);
    client->report_count--;
    memmove(&client->reports[index], &client->reports[index + 1],
            (client->report_count - index) * sizeof client->reports[0]);
    client->reports[client->report_count] = (struct report){0};
}

/* The oldest goes, except the one under way: its acknowledgement is awaited. */
static void make_room(struct client *client)
{
    take_out(client, client->work_job == WORK_REPORT ? 1 : 0);
    client->reports_dropped++;
}

void client_report_queue(struct client *client, const char *kind, json_t *body)
{
    uint64_t sequence = ++client->sequence;
    char *text = compose(client, kind, body, sequence);
    if (!text) {
        client->reports_dropped++;
        return;
    }
    if (client->report_count == REPORTS_MAX)
        make_room(client);
    client->reports[client->report_count++] =
        (struct report){.sequence = sequence, .text = text};
    client->progress = true;
}

void client_report_drop_first(struct client *client)
{
    if (client->report_count > 0)
        take_out(client, 0);
}

char *client_report_blob_text(struct client *client, uint64_t *out_sequence)
{
    size_t len;
    uint64_t sequence = ++client->sequence;
    uint8_t *bytes = client_blob_write(client, &len);
    char *encoded = bytes ? client_base64_write(bytes, len) : NULL;
    json_t *body = encoded ? json_pack("{s:s}", "blob", encoded) : NULL;
    free(encoded);
    free(bytes);
    *out_sequence = sequence;
    return compose(client, "blob", body, sequence);
}

json_t *client_report_running(const struct client *client)
{
    const struct running *running = &client->running;
    return json_pack("{s:I, s:s?, s:o, s:o}", "release", (json_int_t)running->release,
                     "commit", running->commit[0] ? running->commit : NULL, "content",
                     client_json_hash(running->content), "stub",
                     client_json_hash(client->stub));
}

void client_report_boot(struct client *client)
{
    client_report_queue(client, "boot",
                        json_pack("{s:o, s:s, s:s}", "running",
                                  client_report_running(client), "blob_state",
                                  client->blob_state, "machine_name",
                                  client->seed.machine_name));
}
