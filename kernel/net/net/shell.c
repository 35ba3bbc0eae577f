/* The shell command `net`. */
/* SPDX-License-Identifier: MIT */
#include "net_private.h"

#include <console/console/console.h>
#include <console/shell/shell.h>
#include <net/nic/nic.h>
#include <string.h>
#include <time/clock/clock.h>

enum { ROWS_MAX = 32 };

/* One object as a line; copied out so that nothing is printed under the lock. */
struct row {
    enum work_kind kind;
    enum conn_state state;
    uint16_t port;
    struct net_address peer;
    uint32_t rx_used, unsent;
    uint64_t lost;
};

static const char *or_none(const char *text)
{
    return text[0] != 0 ? text : "none";
}

static void row_fill(struct row *row, const struct work *work)
{
    *row = (struct row){.kind = work->kind};
    if (work->kind == WORK_CONN) {
        const struct conn *conn = container_of(work, struct conn, work);
        row->state = conn_state(conn);
        row->rx_used = ring_used(&conn->rx);
        row->unsent = (uint32_t)conn_unsent(conn);
        conn_peer(conn, &row->peer, &row->port);
        if (row->peer.text[0] == 0)
            strncpy(row->peer.text, conn->host, sizeof row->peer.text - 1);
    } else if (work->kind == WORK_LISTENER) {
        row->port = container_of(work, struct listener, work)->port;
    } else {
        row->port = container_of(work, struct datagram, work)->port;
        row->lost = datagram_lost(container_of(work, struct datagram, work));
    }
}

static void row_print(const struct row *row)
{
    static const char *const states[] = {"resolving", "connecting", "open", "half closed",
                                         "failed"};
    if (row->kind == WORK_CONN)
        console_print("  tcp %s port %u: %s, %u bytes to read, %u unsent\n",
                      row->peer.text, row->port, states[row->state], row->rx_used,
                      row->unsent);
    else if (row->kind == WORK_LISTENER)
        console_print("  tcp listening on port %u\n", row->port);
    else
        console_print("  udp port %u, %llu lost\n", row->port,
                      (unsigned long long)row->lost);
}

static void print_objects(void)
{
    static struct row rows[ROWS_MAX]; /* the shell runs one command at a time */
    unsigned count = 0, hidden = 0;
    const struct work *work;
    spin_lock(&net.lock);
    list_for_each(work, &net.objects, link)
    {
        if (count < ROWS_MAX)
            row_fill(&rows[count++], work);
        else
            hidden++;
    }
    spin_unlock(&net.lock);
    for (unsigned i = 0; i < count; i++)
        row_print(&rows[i]);
    if (hidden > 0)
        console_print("  and %u more\n", hidden);
}

static void print_card(const struct net_status *status)
{
    const struct nic_stats *stats = &net.nic->stats;
    const uint8_t *mac = status->mac;
    console_print(
        "card     %s at %s, %02x:%02x:%02x:%02x:%02x:%02x, link %s (%llu changes)\n",
        net.nic->name, net.nic->location, mac[0], mac[1], mac[2], mac[3], mac[4], mac[5],
        status->link ? "up" : "down",
        (unsigned long long)atomic_load(&stats->link_changes));
    console_print("address  %s mask %s gateway %s dns %s\n",
                  or_none(status->address.text), or_none(status->netmask.text),
                  or_none(status->gateway.text), or_none(status->dns.text));
    console_print("ipv6     %s gateway %s\n", or_none(status->address6.text),
                  or_none(status->gateway6.text));
    console_print("received %llu frames, %llu bytes, %llu lost\n",
                  (unsigned long long)status->rx_frames,
                  (unsigned long long)status->rx_bytes,
                  (unsigned long long)status->rx_lost);
    console_print(
        "sent     %llu frames, %llu bytes, %llu lost; %llu interrupts, %llu steps\n",
        (unsigned long long)status->tx_frames, (unsigned long long)status->tx_bytes,
        (unsigned long long)status->tx_lost,
        (unsigned long long)atomic_load(&stats->interrupts),
        (unsigned long long)status->steps);
}

static void print_tests(void)
{
    struct net_local_tests tests;
    bool good = net_local_tests(&tests);
    console_print("tests    link %s, address %s, gateway %s, reception %s: %s\n",
                  tests.link ? "ok" : "failed", tests.address ? "ok" : "failed",
                  tests.gateway ? "ok" : "failed", tests.reception ? "ok" : "failed",
                  good ? "ok" : "failed (a probe of the gateway is on its way)");
}

static void net_command(int argc, char **argv)
{
    struct net_status status;
    net_status(&status);
    if (argc == 2 && strcmp(argv[1], "test") == 0) {
        print_tests();
        return;
    }
    if (argc != 1) {
        console_print("usage: net [test]\n");
        return;
    }
    if (status.present)
        print_card(&status);
    else
        console_print("no network card\n");
    print_objects();
}

void net_shell_start(void)
{
    shell_register("net", net_command,
                   "addresses, counters and connections; net test: the local tests");
}
