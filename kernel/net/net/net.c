/* The net task: runs lwIP over the network card, and serves the objects that other tasks hold. */
/* SPDX-License-Identifier: MIT */
#include "net_private.h"

#include <console/log/log.h>
#include <lwip/init.h>
#include <lwip/netif.h>
#include <lwip/timeouts.h>
#include <net/nic/nic.h>
#include <task/cpu/cpu.h>
#include <time/clock/clock.h>

enum {
    FRAMES_PER_STEP =
        64, /* that one step takes before it lets other tasks of its priority run */
    BUSY_NS = 16000000, /* without a pause, where there is one processor */
    PAUSE_SHARE = 4,    /* a pause is as long as this part of the time before it */
};

struct net net;

void net_wake(void)
{
    event_signal(net.wake);
}

/* Takes what was asked for, oldest request first. */
static void net_do_work(void)
{
    spin_lock(&net.lock);
    struct work *newest = net.work, *oldest = NULL;
    net.work = NULL;
    while (newest != NULL) {
        struct work *next = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    while (oldest != NULL) {
        struct work *work = oldest;
        oldest = work->next;
        uint32_t wants = work->wants;
        work->next = NULL;
        work->wants = 0;
        work->queued = false;
        spin_unlock(&net.lock);
        switch (work->kind) {
        case WORK_CONN: conn_work(container_of(work, struct conn, work), wants); break;
        case WORK_LISTENER:
            listener_work(container_of(work, struct listener, work), wants);
            break;
        case WORK_DATAGRAM:
            datagram_work(container_of(work, struct datagram, work), wants);
            break;
        }
        spin_lock(&net.lock);
    }
    spin_unlock(&net.lock);
}

/* Asks the gateway for its address when somebody wants to know, once a second at most. */
static void net_probe(uint64_t now_ns)
{
    if (atomic_load(&net.probe_ns) > net.probe_sent_ns &&
        now_ns - net.probe_sent_ns >= NS_PER_S) {
        net.probe_sent_ns = now_ns;
        net_interface_probe();
    }
}

/* The earliest of lwIP's timers and our own. */
static uint64_t net_deadline(uint64_t now_ns)
{
    uint32_t sleep_ms = sys_timeouts_sleeptime();
    uint64_t deadline_ns = now_ns + (sleep_ms == 0 ? 1 : sleep_ms) * NS_PER_MS;
    uint64_t linger_ns = conn_expire(now_ns);
    return linger_ns != 0 && linger_ns < deadline_ns ? linger_ns : deadline_ns;
}

/* When this task, whose step began at BEGUN_NS, is to go on if it leaves other tasks too little; 0: it may at once. Its
 * priority is high, so with one processor a flood of frames, or two ends that answer each other for ever, would be all that
 * the machine does; and who has to read a connection for that to end would never come to it. */
static uint64_t net_pause(uint64_t begun_ns, uint64_t now_ns)
{
    uint64_t paid_ns = PAUSE_SHARE * (begun_ns - net.ended_ns);
    net.busy_ns -= min_u64(net.busy_ns, paid_ns);
    net.busy_ns += now_ns - begun_ns;
    net.ended_ns = now_ns;
    bool too_much = net.busy_ns >= BUSY_NS && cpu_count() == 1;
    return too_much ? now_ns + net.busy_ns / PAUSE_SHARE : 0;
}

static struct wait net_step(void *arg)
{
    (void)arg;
    uint32_t seq = event_seq(net.wake);
    uint64_t begun_ns = clock_ns();
    if (!net.started) {
        net.started = true;
        lwip_init();
        if (net.nic != NULL)
            net_interface_start();
    }
    atomic_store(&net.steps, net.steps + 1);
    bool more = false;
    if (net.nic != NULL) {
        net_interface_link();
        more = net_interface_receive(FRAMES_PER_STEP);
    }
    net_do_work();
    netif_poll_all();
    sys_check_timeouts();
    uint64_t now_ns = clock_ns();
    if (net.nic != NULL)
        net_probe(now_ns);
    uint64_t deadline_ns = net_deadline(now_ns);
    uint64_t pause_ns = net_pause(begun_ns, now_ns);
    if (pause_ns != 0)
        return wait_until(pause_ns);
    return more ? wait_again() : wait_event(net.wake, seq, deadline_ns);
}

struct event *net_event(void)
{
    return &net.changed;
}

void net_status(struct net_status *out)
{
    spin_lock(&net.lock);
    *out = net.status;
    struct work *work;
    list_for_each(work, &net.objects, link)
    {
        out->conns += work->kind == WORK_CONN;
        out->listeners += work->kind == WORK_LISTENER;
        out->datagrams += work->kind == WORK_DATAGRAM;
    }
    spin_unlock(&net.lock);
    out->rx_lost = atomic_load(&net.rx_lost);
    out->tx_lost = atomic_load(&net.tx_lost);
    out->steps = atomic_load(&net.steps);
    if (net.nic == NULL)
        return;
    const struct nic_stats *stats = &net.nic->stats;
    out->rx_frames = atomic_load(&stats->rx_frames);
    out->rx_bytes = atomic_load(&stats->rx_bytes);
    out->tx_frames = atomic_load(&stats->tx_frames);
    out->tx_bytes = atomic_load(&stats->tx_bytes);
    out->rx_lost += atomic_load(&stats->rx_damaged) + atomic_load(&stats->rx_missed);
}

static bool recent(uint64_t then_ns, uint64_t now_ns)
{
    return then_ns != 0 && now_ns - then_ns <= NET_TEST_WINDOW_MS * NS_PER_MS;
}

bool net_local_tests(struct net_local_tests *out)
{
    uint64_t now_ns = clock_ns();
    atomic_store(&net.probe_ns, now_ns);
    net_wake();
    spin_lock(&net.lock);
    struct net_local_tests tests = {.link = net.status.link,
                                    .address = net.status.configured};
    bool has_gateway = net.status.gateway.text[0] != 0 || net.status.gateway6.text[0] != 0;
    spin_unlock(&net.lock);
    tests.gateway = !has_gateway || recent(atomic_load(&net.gateway_ns), now_ns);
    tests.reception = recent(atomic_load(&net.reception_ns), now_ns);
    *out = tests;
    return tests.link && tests.address && tests.gateway && tests.reception;
}

enum status net_start(void)
{
    static const struct task_options options = {.priority = TASK_PRIORITY_HIGH,
                                                .essential = true};
    list_init(&net.objects);
    event_init(&net.own_wake);
    event_init(&net.changed);
    net.nic = nic_find(NULL);
    net.wake = net.nic != NULL ? &net.nic->event : &net.own_wake;
    if (net.nic == NULL)
        log_write("net", LOG_WARNING,
                  "no network card: only the machine itself is reachable");
    net_shell_start();
    return task_create("net", net_step, NULL, &options) != NULL ? STATUS_OK : STATUS_FULL;
}
