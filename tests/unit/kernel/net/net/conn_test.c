/* Connections, listeners and UDP endpoints over lwIP's loopback. */
/* SPDX-License-Identifier: MIT */
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <task/task/task.h>

#include <cmocka.h>

enum { PORT = 4007 };

struct pair {
    struct listener *listener;
    struct conn *client, *server;
};

static void assert_status(enum status got, enum status wanted)
{
    assert_string_equal(status_name(got), status_name(wanted));
}

static struct pair pair_open(void)
{
    struct pair pair = {0};
    world_start();
    assert_status(listener_open(PORT, NULL, &pair.listener), STATUS_OK);
    assert_status(conn_open("127.0.0.1", PORT, NULL, &pair.client), STATUS_OK);
    world_run(5);
    assert_int_equal(conn_state(pair.client), CONN_OPEN);
    assert_status(listener_accept(pair.listener, NULL, &pair.server), STATUS_OK);
    return pair;
}

/* Long enough for TIME-WAIT, so that the next test starts from nothing. */
static void pair_close(struct pair *pair)
{
    conn_close(pair->client);
    conn_close(pair->server);
    listener_close(pair->listener);
    world_run(CONN_LINGER_S * 1000 + 1000);
}

static void write_all(struct conn *conn, const void *data, size_t len)
{
    size_t done;
    assert_status(conn_write(conn, data, len, &done), STATUS_OK);
    assert_int_equal(done, len);
    world_run(5);
}

static void assert_reads(struct conn *conn, const char *text)
{
    char got[256];
    size_t len;
    assert_status(conn_read(conn, got, sizeof got, &len), STATUS_OK);
    assert_int_equal(len, strlen(text));
    assert_memory_equal(got, text, len);
}

static void assert_read_status(struct conn *conn, enum status wanted)
{
    char got[16];
    size_t len;
    assert_status(conn_read(conn, got, sizeof got, &len), wanted);
}

static void carries_bytes_both_ways(void **state)
{
    (void)state;
    struct pair pair = pair_open();
    write_all(pair.client, "ahoy", 4);
    assert_reads(pair.server, "ahoy");
    assert_read_status(pair.server, STATUS_AGAIN);
    write_all(pair.server, "aye", 3);
    assert_reads(pair.client, "aye");
    pair_close(&pair);
}

static void works_over_ipv6(void **state)
{
    (void)state;
    struct pair pair = {0};
    struct net_address address;
    uint16_t port;
    world_start();
    assert_status(listener_open(PORT, NULL, &pair.listener), STATUS_OK);
    assert_status(conn_open("::1", PORT, NULL, &pair.client), STATUS_OK);
    world_run(5);
    assert_status(listener_accept(pair.listener, NULL, &pair.server), STATUS_OK);
    write_all(pair.client, "six", 3);
    assert_reads(pair.server, "six");
    conn_peer(pair.server, &address, &port);
    assert_string_equal(address.text, "::1");
    pair_close(&pair);
}

static void tells_the_peer_s_address(void **state)
{
    (void)state;
    struct pair pair = pair_open();
    struct net_address address;
    uint16_t port;
    conn_peer(pair.client, &address, &port);
    assert_string_equal(address.text, "127.0.0.1");
    assert_int_equal(port, PORT);
    pair_close(&pair);
}

/* Sends LEN bytes from one side to the other as fast as the rings allow. */
static void transfer(struct conn *from, struct conn *to, size_t len)
{
    static uint8_t block[7919], got[20011];
    size_t written = 0, read = 0, n;
    for (unsigned turn = 0; read < len; turn++) {
        assert_true(turn < 100000);
        size_t chunk = len - written < sizeof block ? len - written : sizeof block;
        for (size_t i = 0; i < chunk; i++)
            block[i] = (uint8_t)((written + i) * 31 >> 3);
        if (chunk > 0 && conn_write(from, block, chunk, &n) == STATUS_OK)
            written += n;
        world_settle();
        while (conn_read(to, got, sizeof got, &n) == STATUS_OK) {
            for (size_t i = 0; i < n; i++)
                assert_int_equal(got[i], (uint8_t)((read + i) * 31 >> 3));
            read += n;
        }
        world_run(1);
    }
}

static void carries_megabytes_unchanged(void **state)
{
    (void)state;
    struct pair pair = pair_open();
    transfer(pair.client, pair.server, 3u << 20);
    transfer(pair.server, pair.client, 1u << 20);
    assert_int_equal(conn_unsent(pair.client), 0);
    pair_close(&pair);
}

static void holds_back_a_writer_whose_reader_is_slow(void **state)
{
    (void)state;
    static uint8_t block[4096];
    struct pair pair = pair_open();
    size_t n, written = 0;
    enum status status = STATUS_OK;
    for (unsigned i = 0; i < 1000 && status == STATUS_OK; i++) {
        status = conn_write(pair.client, block, sizeof block, &n);
        written += status == STATUS_OK ? n : 0;
        world_run(1);
    }
    assert_status(status, STATUS_AGAIN);
    assert_in_range(written, CONN_RING_LEN, 4 * CONN_RING_LEN);
    size_t read = 0;
    for (unsigned i = 0; i < 20000 && read < written; i++) {
        if (conn_read(pair.server, block, sizeof block, &n) == STATUS_OK)
            read += n;
        world_run(1);
    }
    assert_int_equal(read, written);
    pair_close(&pair);
}

static void delivers_what_was_written_before_close(void **state)
{
    (void)state;
    struct pair pair = pair_open();
    size_t n;
    assert_status(conn_write(pair.client, "last words", 10, &n), STATUS_OK);
    conn_close(pair.client);
    pair.client = NULL;
    world_run(5);
    assert_reads(pair.server, "last words");
    assert_read_status(pair.server, STATUS_CLOSED);
    assert_int_equal(conn_state(pair.server), CONN_HALF);
    pair_close(&pair);
}

static void closes_in_order_although_not_all_was_read(void **state)
{
    (void)state;
    struct pair pair = pair_open();
    write_all(pair.server, "unread", 6);
    conn_close(pair.client);
    pair.client = NULL;
    world_run(5);
    assert_read_status(pair.server, STATUS_CLOSED);
    pair_close(&pair);
}

static void answers_after_the_peer_has_ended_its_direction(void **state)
{
    (void)state;
    struct pair pair = pair_open();
    size_t n;
    assert_status(conn_write(pair.client, "question", 8, &n), STATUS_OK);
    conn_shutdown(pair.client);
    world_run(5);
    assert_reads(pair.server, "question");
    assert_read_status(pair.server, STATUS_CLOSED);
    write_all(pair.server, "answer", 6);
    assert_reads(pair.client, "answer");
    pair_close(&pair);
}

static void ends_cleanly_when_both_sides_have_shut_down(void **state)
{
    (void)state;
    struct pair pair = pair_open();
    conn_shutdown(pair.client);
    world_run(5);
    conn_shutdown(pair.server);
    world_run(5);
    assert_read_status(pair.client, STATUS_CLOSED);
    assert_read_status(pair.server, STATUS_CLOSED);
    pair_close(&pair);
}

static void tells_the_peer_of_an_abort(void **state)
{
    (void)state;
    struct pair pair = pair_open();
    conn_abort(pair.client);
    pair.client = NULL;
    world_run(5);
    assert_read_status(pair.server, STATUS_IO);
    assert_int_equal(conn_state(pair.server), CONN_FAILED);
    assert_string_equal(conn_error(pair.server), "connection reset by the peer");
    pair_close(&pair);
}

static void says_refused_when_nobody_listens(void **state)
{
    (void)state;
    struct conn *conn;
    size_t n;
    world_start();
    assert_status(conn_open("127.0.0.1", 4999, NULL, &conn), STATUS_OK);
    world_run(5);
    assert_int_equal(conn_state(conn), CONN_FAILED);
    assert_string_equal(conn_error(conn), "connection refused");
    assert_status(conn_write(conn, "x", 1, &n), STATUS_IO);
    conn_close(conn);
    world_run(5);
}

static void signals_the_owner_s_own_event(void **state)
{
    (void)state;
    struct event event;
    struct listener *listener;
    struct conn *conn;
    world_start();
    event_init(&event);
    assert_status(listener_open(PORT, NULL, &listener), STATUS_OK);
    assert_status(conn_open("127.0.0.1", PORT, &event, &conn), STATUS_OK);
    assert_ptr_equal(conn_event(conn), &event);
    uint32_t seq = event_seq(&event);
    world_run(5);
    assert_int_not_equal(event_seq(&event), seq);
    seq = event_seq(&event);
    conn_close(conn);
    world_run(CONN_LINGER_S * 1000 + 100);
    assert_int_equal(event_seq(&event), seq);
    listener_close(listener);
    world_run(100);
}

static void refuses_what_does_not_fit_the_accept_queue(void **state)
{
    (void)state;
    enum { COUNT = 40 };
    struct listener *listener;
    struct conn *conn[COUNT];
    unsigned open = 0;
    world_start();
    assert_status(listener_open(PORT, NULL, &listener), STATUS_OK);
    for (unsigned i = 0; i < COUNT; i++)
        assert_status(conn_open("127.0.0.1", PORT, NULL, &conn[i]), STATUS_OK);
    world_run(50);
    for (unsigned i = 0; i < COUNT; i++)
        open += conn_state(conn[i]) == CONN_OPEN;
    assert_in_range(open, 20, 32);
    listener_close(listener);
    world_run(50);
    for (unsigned i = 0; i < COUNT; i++) {
        assert_int_not_equal(conn_state(conn[i]), CONN_OPEN);
        conn_close(conn[i]);
    }
    world_run(CONN_LINGER_S * 1000 + 100);
}

static void says_that_a_port_is_taken(void **state)
{
    (void)state;
    struct listener *first, *second;
    struct conn *conn;
    world_start();
    assert_status(listener_open(PORT, NULL, &first), STATUS_OK);
    assert_status(listener_open(PORT, NULL, &second), STATUS_OK);
    assert_status(listener_accept(second, NULL, &conn), STATUS_AGAIN);
    world_run(5);
    assert_status(listener_accept(first, NULL, &conn), STATUS_AGAIN);
    assert_status(listener_accept(second, NULL, &conn), STATUS_IO);
    listener_close(first);
    listener_close(second);
    world_run(100);
}

static void refuses_unsound_arguments(void **state)
{
    (void)state;
    char name[NET_HOST_LEN_MAX + 2];
    struct conn *conn;
    struct listener *listener;
    world_start();
    memset(name, 'a', sizeof name);
    name[sizeof name - 1] = 0;
    assert_status(conn_open("", 1, NULL, &conn), STATUS_INVALID);
    assert_status(conn_open(name, 1, NULL, &conn), STATUS_INVALID);
    assert_status(conn_open("127.0.0.1", 0, NULL, &conn), STATUS_INVALID);
    assert_status(listener_open(0, NULL, &listener), STATUS_INVALID);
}

static void carries_datagrams(void **state)
{
    (void)state;
    struct datagram *here, *there;
    struct datagram_peer peer = {.address.text = "127.0.0.1", .port = PORT};
    char got[64];
    size_t len;
    world_start();
    assert_status(datagram_open(PORT, NULL, &there), STATUS_OK);
    assert_status(datagram_open(0, NULL, &here), STATUS_OK);
    assert_status(datagram_write(here, &peer, "ping", 4), STATUS_OK);
    world_run(5);
    assert_status(datagram_read(there, &peer, got, sizeof got, &len), STATUS_OK);
    assert_int_equal(len, 4);
    assert_string_equal(peer.address.text, "127.0.0.1");
    assert_status(datagram_write(there, &peer, "pong!", 5), STATUS_OK);
    world_run(5);
    assert_status(datagram_read(here, &peer, got, sizeof got, &len), STATUS_OK);
    assert_memory_equal(got, "pong!", 5);
    assert_status(datagram_read(here, &peer, got, sizeof got, &len), STATUS_AGAIN);
    datagram_close(here);
    datagram_close(there);
    world_run(10);
}

static void counts_datagrams_that_nobody_reads(void **state)
{
    (void)state;
    static uint8_t big[DATAGRAM_LEN_MAX + 1];
    struct datagram *here, *there;
    struct datagram_peer peer = {.address.text = "127.0.0.1", .port = PORT};
    world_start();
    assert_status(datagram_open(PORT, NULL, &there), STATUS_OK);
    assert_status(datagram_open(0, NULL, &here), STATUS_OK);
    assert_status(datagram_write(here, &peer, big, sizeof big), STATUS_INVALID);
    for (unsigned i = 0; i < 200; i++) {
        assert_status(datagram_write(here, &peer, big, DATAGRAM_LEN_MAX), STATUS_OK);
        world_run(1);
    }
    assert_in_range(datagram_lost(there), 100, 199);
    size_t len, read = 0;
    assert_status(datagram_read(there, &peer, big, 10, &len), STATUS_FULL);
    while (datagram_read(there, &peer, big, sizeof big, &len) == STATUS_OK)
        read++;
    assert_int_equal(read + 1 + datagram_lost(there), 200);
    datagram_close(here);
    datagram_close(there);
    world_run(10);
}

static void opens_or_fails_cleanly_when_memory_runs_out(void **state)
{
    (void)state;
    world_start();
    uint64_t live = world_live_objects();
    for (unsigned k = 1; k < 12; k++) {
        struct listener *listener = NULL;
        struct conn *client = NULL, *server = NULL;
        world_fail_allocation(k);
        (void)!listener_open(PORT, NULL, &listener);
        (void)!conn_open("127.0.0.1", PORT, NULL, &client);
        world_run(5);
        if (listener != NULL)
            (void)!listener_accept(listener, NULL, &server);
        world_fail_allocation(0);
        conn_close(client);
        conn_close(server);
        listener_close(listener);
        world_run(CONN_LINGER_S * 1000 + 1000);
        assert_int_equal(world_live_objects(), live);
    }
}

static void keeps_no_object_when_all_are_closed(void **state)
{
    (void)state;
    world_start();
    uint64_t live = world_live_objects();
    for (unsigned i = 0; i < 50; i++) {
        struct pair pair = pair_open();
        write_all(pair.client, "x", 1);
        if (i % 3 == 0) {
            conn_abort(pair.server);
            pair.server = NULL;
        }
        pair_close(&pair);
    }
    assert_int_equal(world_live_objects(), live);
}

static void lists_its_objects_in_the_shell(void **state)
{
    (void)state;
    char *words[] = {"net", NULL};
    struct pair pair = pair_open();
    const char *text = world_shell(1, words);
    assert_non_null(strstr(text, "tcp listening on port 4007"));
    assert_non_null(
        strstr(text, "tcp 127.0.0.1 port 4007: open, 0 bytes to read, 0 unsent"));
    struct net_status status;
    net_status(&status);
    assert_int_equal(status.conns, 2);
    assert_int_equal(status.listeners, 1);
    pair_close(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(carries_bytes_both_ways),
        cmocka_unit_test(works_over_ipv6),
        cmocka_unit_test(tells_the_peer_s_address),
        cmocka_unit_test(carries_megabytes_unchanged),
        cmocka_unit_test(holds_back_a_writer_whose_reader_is_slow),
        cmocka_unit_test(delivers_what_was_written_before_close),
        cmocka_unit_test(closes_in_order_although_not_all_was_read),
        cmocka_unit_test(answers_after_the_peer_has_ended_its_direction),
        cmocka_unit_test(ends_cleanly_when_both_sides_have_shut_down),
        cmocka_unit_test(tells_the_peer_of_an_abort),
        cmocka_unit_test(says_refused_when_nobody_listens),
        cmocka_unit_test(signals_the_owner_s_own_event),
        cmocka_unit_test(refuses_what_does_not_fit_the_accept_queue),
        cmocka_unit_test(says_that_a_port_is_taken),
        cmocka_unit_test(refuses_unsound_arguments),
        cmocka_unit_test(carries_datagrams),
        cmocka_unit_test(counts_datagrams_that_nobody_reads),
        cmocka_unit_test(opens_or_fails_cleanly_when_memory_runs_out),
        cmocka_unit_test(keeps_no_object_when_all_are_closed),
        cmocka_unit_test(lists_its_objects_in_the_shell),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
