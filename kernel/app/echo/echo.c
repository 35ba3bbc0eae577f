/* Echoes TCP and UDP on port 7: seen from outside, connections and messages live on while the kernel changes. */
/* SPDX-License-Identifier: MIT */
#include "echo.h"

#include <console/log/log.h>
#include <mm/heap/heap.h>
#include <net/net/net.h>
#include <task/task/task.h>

enum { ECHO_PORT = 7, ECHO_CONNS_MAX = 32, ECHO_BLOCK_LEN = 4096 };

/* One connection: bytes that were read and are still to be written are in block[sent .. len). */
struct echo_conn {
    struct conn *conn; /* NULL: free place */
    size_t len, sent;
    uint8_t block[ECHO_BLOCK_LEN];
};

/* Used by the echo task only, but for the event. */
static struct {
    struct event event; /* of all its objects */
    struct listener *listener;
    struct datagram *datagram;
    struct echo_conn *conns[ECHO_CONNS_MAX];
    uint8_t message[DATAGRAM_LEN_MAX];
} echo;

static void echo_end(struct echo_conn *place)
{
    conn_close(place->conn);
    place->conn = NULL;
}

/* Writes what is left, reads more, until one of the two has to wait. */
static void echo_pump(struct echo_conn *place)
{
    for (;;) {
        enum status status = STATUS_OK;
        size_t n;
        while (place->sent < place->len && status == STATUS_OK) {
            status = conn_write(place->conn, place->block + place->sent,
                                place->len - place->sent, &n);
            if (status == STATUS_OK)
                place->sent += n;
        }
        if (status == STATUS_OK) {
            place->sent = 0;
            place->len = 0;
            status =
                conn_read(place->conn, place->block, sizeof place->block, &place->len);
        }
        if (status == STATUS_AGAIN)
            return;
        if (status != STATUS_OK) {
            echo_end(place);
            return;
        }
    }
}

/* A free place; NULL: all are taken, or no memory. */
static struct echo_conn *echo_place(void)
{
    for (unsigned i = 0; i < ECHO_CONNS_MAX; i++) {
        if (echo.conns[i] == NULL)
            echo.conns[i] = heap_new(struct echo_conn);
        if (echo.conns[i] == NULL || echo.conns[i]->conn == NULL)
            return echo.conns[i];
    }
    return NULL;
}

static void echo_accept(void)
{
    struct conn *conn;
    while (echo.listener != NULL &&
           listener_accept(echo.listener, &echo.event, &conn) == STATUS_OK) {
        struct echo_conn *place = echo_place();
        if (place == NULL) {
            conn_abort(conn);
            continue;
        }
        place->conn = conn;
        place->len = 0;
        place->sent = 0;
    }
}

static void echo_messages(void)
{
    struct datagram_peer peer;
    size_t len;
    while (echo.datagram != NULL && datagram_read(echo.datagram, &peer, echo.message,
                                                  sizeof echo.message, &len) == STATUS_OK)
        (void)!datagram_write(echo.datagram, &peer, echo.message,
                              len); /* lost like any UDP */
}

static struct wait echo_step(void *arg)
{
    (void)arg;
    uint32_t seq = event_seq(&echo.event);
    echo_accept();
    echo_messages();
    for (unsigned i = 0; i < ECHO_CONNS_MAX; i++)
        if (echo.conns[i] != NULL && echo.conns[i]->conn != NULL)
            echo_pump(echo.conns[i]);
    return wait_event(&echo.event, seq, 0);
}

enum status echo_start(void)
{
    event_init(&echo.event);
    if (listener_open(ECHO_PORT, &echo.event, &echo.listener) != STATUS_OK ||
        datagram_open(ECHO_PORT, &echo.event, &echo.datagram) != STATUS_OK) {
        log_write("echo", LOG_ERROR, "no memory");
        return STATUS_FULL;
    }
    return task_create("echo", echo_step, NULL, NULL) != NULL ? STATUS_OK : STATUS_FULL;
}
