/* TCP listeners: a queue of accepted connections between the net task and the owner. */
/* SPDX-License-Identifier: MIT */
#include "net_private.h"

#include <console/log/log.h>
#include <lwip/tcp.h>
#include <mm/heap/heap.h>

enum status listener_open(uint16_t port, struct event *event,
                          struct listener **out_listener)
{
    if (port == 0)
        return STATUS_INVALID;
    struct listener *listener = heap_new(struct listener);
    if (listener == NULL)
        return STATUS_FULL;
    work_init(&listener->work, WORK_LISTENER, event);
    listener->port = port;
    work_request(&listener->work, WANT_OPEN);
    *out_listener = listener;
    return STATUS_OK;
}

struct event *listener_event(struct listener *listener)
{
    return listener->work.event;
}

enum status listener_accept(struct listener *listener, struct event *event,
                            struct conn **out_conn)
{
    if (atomic_load(&listener->failed))
        return STATUS_IO;
    uint32_t tail = listener->tail;
    if (atomic_load(&listener->head) == tail)
        return STATUS_AGAIN;
    struct conn *conn = listener->queue[tail % LISTENER_QUEUE];
    atomic_store(&listener->tail, tail + 1);
    if (event != NULL) {
        spin_lock(&conn->work.lock);
        conn->work.event = event;
        spin_unlock(&conn->work.lock);
    }
    *out_conn = conn;
    return STATUS_OK;
}

void listener_close(struct listener *listener)
{
    if (listener != NULL)
        work_leave(&listener->work, WANT_CLOSE);
}

static err_t listener_accepted(void *arg, struct tcp_pcb *pcb, err_t err)
{
    struct listener *listener = arg;
    if (err != ERR_OK || pcb == NULL)
        return ERR_VAL;
    uint32_t head = listener->head;
    if (head - atomic_load(&listener->tail) == LISTENER_QUEUE)
        return ERR_MEM; /* lwIP resets the connection */
    struct conn *conn = conn_accepted(pcb);
    if (conn == NULL)
        return ERR_MEM;
    listener->queue[head % LISTENER_QUEUE] = conn;
    atomic_store(&listener->head, head + 1);
    work_signal(&listener->work);
    return ERR_OK;
}

static void listener_start(struct listener *listener)
{
    ip_addr_t any = {0};
    IP_SET_TYPE_VAL(any, IPADDR_TYPE_ANY);
    struct tcp_pcb *pcb = tcp_new_ip_type(IPADDR_TYPE_ANY);
    struct tcp_pcb *listening = NULL;
    if (pcb != NULL)
        ip_set_option(pcb,
                      SOF_REUSEADDR); /* old connections of this port may still linger */
    if (pcb != NULL && tcp_bind(pcb, &any, listener->port) == ERR_OK)
        listening = tcp_listen_with_backlog(pcb, LISTENER_QUEUE);
    if (listening == NULL) {
        if (pcb != NULL)
            tcp_abort(pcb);
        atomic_store(&listener->failed, true);
        work_signal(&listener->work);
        return;
    }
    listener->pcb = listening;
    tcp_arg(listening, listener);
    tcp_accept(listening, listener_accepted);
}

static void listener_free(struct listener *listener)
{
    if (listener->pcb != NULL) {
        tcp_accept(listener->pcb, NULL);
        if (tcp_close(listener->pcb) != ERR_OK)
            log_write("net", LOG_ERROR, "a listener did not close");
    }
    for (; listener->tail != listener->head; listener->tail++)
        conn_abort(listener->queue[listener->tail % LISTENER_QUEUE]);
    work_unlink(&listener->work);
    heap_free(listener);
}

void listener_work(struct listener *listener, uint32_t wants)
{
    if (wants & WANT_OPEN) {
        work_link(&listener->work);
        listener_start(listener);
    }
    if (wants & (WANT_CLOSE | WANT_ABORT))
        listener_free(listener);
}
