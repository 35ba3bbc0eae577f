/* The listener against visitors who take their time or bring too much. Invariants: adapt/http/http.h.
 * SPDX-License-Identifier: MIT */
#include "adapt/http/http.h"
#include "base/clock.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE_MS 400
#define LIMIT_MS 20000

static void answer_hello(void *context, struct http_request *request,
                         struct http_answer *answer)
{
    (void)context;
    (void)request;
    http_answer_text(answer, 200, "text/plain", "hello");
}

static struct http_listener *start_on(const char *address6)
{
    struct http_listener *listener = NULL;
    struct problem problem = {"", ""};
    struct http_config config = {
        .name = "test",
        .address = "127.0.0.1",
        .address6 = address6,
        .connection_limit = 16,
        .connection_timeout_s = 60,
        .threads = 1,
        .patience_ms = PATIENCE_MS,
        .handle = answer_hello,
    };
    assert_int_equal(http_start(&config, &listener, &problem), RESULT_OK);
    return listener;
}

static struct http_listener *start(void)
{
    return start_on(NULL);
}

static int visit(struct http_listener *listener)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(http_port(listener))};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(inet_pton(AF_INET, "127.0.0.1", &address.sin_addr), 1);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

/* Sends TEXT byte by byte, over and over from FROM on, until the other side ends the connection. Gives how long that took. */
static int64_t trickle(struct http_listener *listener, int fd, const char *text,
                       size_t from)
{
    int64_t start_ms = clock_monotonic_ms();
    size_t at = 0;
    char byte;
    for (;;) {
        int64_t now_ms = clock_monotonic_ms();
        assert_true(now_ms - start_ms < LIMIT_MS);
        http_tick(listener, now_ms);
        if (send(fd, &text[at], 1, MSG_NOSIGNAL) != 1 ||
            recv(fd, &byte, 1, MSG_DONTWAIT) == 0)
            return now_ms - start_ms;
        at = text[at + 1] == '\0' ? from : at + 1;
        usleep(5000); /* the pace of the visitor */
    }
}

static void expect_hello(int fd)
{
    static const char request[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    char text[1024] = "";
    size_t len = 0;
    assert_int_equal(send(fd, request, sizeof request - 1, 0),
                     (ssize_t)sizeof request - 1);
    while (strstr(text, "hello") == NULL) {
        ssize_t got = recv(fd, text + len, sizeof text - 1 - len, 0);
        assert_true(got > 0);
        len += (size_t)got;
    }
}

static void a_header_that_trickles_is_cut_off_and_others_are_served(void **state)
{
    (void)state;
    struct http_listener *listener = start();
    int slow = visit(listener);
    int good = visit(listener);
    int64_t took_ms = trickle(listener, slow, "GET / HTTP/1.1\r\nX: aaaaaaaaaa", 20);
    assert_in_range(took_ms, PATIENCE_MS / 2, LIMIT_MS);
    close(good); /* it has brought nothing either */
    good = visit(listener);
    expect_hello(good);
    close(good);
    close(slow);
    http_stop(listener);
}

static bool visits_over_ip6(struct http_listener *listener)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6,
                                   .sin6_port = htons(http_port(listener)),
                                   .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool connected = connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
    if (connected)
        expect_hello(fd);
    close(fd);
    return connected;
}

static bool host_has_ip6(void)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6,
                                   .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool has = fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0;
    if (fd >= 0)
        close(fd);
    return has;
}

static void both_families_are_served_under_one_port(void **state)
{
    (void)state;
    struct http_listener *listener = start_on("::1");
    int fd = visit(listener);
    expect_hello(fd);
    close(fd);
    assert_int_equal(visits_over_ip6(listener), host_has_ip6());
    http_stop(listener);
}

static void only_what_was_asked_for_is_listened_on(void **state)
{
    (void)state;
    struct http_listener *listener = start();
    assert_false(visits_over_ip6(listener));
    http_stop(listener);
}

/* 2001:db8::/32 is nobody's (RFC 3849). */
static void an_address_that_the_host_lacks_is_left_out(void **state)
{
    (void)state;
    struct http_listener *listener = start_on("2001:db8::1");
    int fd = visit(listener);
    expect_hello(fd);
    close(fd);
    http_stop(listener);
}

static void a_body_that_trickles_is_cut_off(void **state)
{
    (void)state;
    static const char head[] =
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n";
    struct http_listener *listener = start();
    int slow = visit(listener);
    assert_int_equal(send(slow, head, sizeof head - 1, 0), (ssize_t)sizeof head - 1);
    trickle(listener, slow, "aaaaaaaa", 0);
    close(slow);
    http_stop(listener);
}

/* Between requests a connection may rest longer than one may take to arrive. */
static void a_connection_that_rests_between_requests_is_kept(void **state)
{
    (void)state;
    struct http_listener *listener = start();
    int fd = visit(listener);
    expect_hello(fd);
    http_tick(listener, clock_monotonic_ms() + PATIENCE_MS * 10);
    expect_hello(fd);
    close(fd);
    http_stop(listener);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_header_that_trickles_is_cut_off_and_others_are_served),
        cmocka_unit_test(a_body_that_trickles_is_cut_off),
        cmocka_unit_test(a_connection_that_rests_between_requests_is_kept),
        cmocka_unit_test(both_families_are_served_under_one_port),
        cmocka_unit_test(only_what_was_asked_for_is_listened_on),
        cmocka_unit_test(an_address_that_the_host_lacks_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
