/* Cases about names and about IPv6. */
/* SPDX-License-Identifier: MIT */
#include "network_private.h"

#include <console/console/console.h>
#include <net/net/net.h>
#include <string.h>
#include <task/task/task.h>
#include <time/clock/clock.h>

enum { LARGE = 2 * 1024 * 1024 };

/* As the client does it: the name of DNS is only where to connect, the certificate has the server's own. */
void a_server_is_reached_by_its_name(void)
{
    struct tls_options options = network_tls_options();
    struct http *http = network_client_of(SERVER_HOST, NULL);
    KTEST_CHECK(network_get(http, "/bytes/1000", 0, 1000) == STATUS_OK);
    KTEST_CHECK(network_body_is_pattern(http, 0, 1000));
    http_destroy(http);
    http = network_client_of(SERVER_HOST, &options);
    KTEST_CHECK(network_get(http, "/who", 0, 100) == STATUS_OK);
    KTEST_CHECK(network_body_is_text(http, "0123456789abcdef"));
    http_destroy(http);
}

void an_unknown_name_is_told(void)
{
    struct http *http = network_client_of("nobody.neurath.test", NULL);
    KTEST_CHECK(network_get(http, "/who", 0, 100) == STATUS_IO);
    KTEST_CHECK(http_failure(http) == HTTP_FAILURE_CONNECT);
    KTEST_CHECK(strcmp(http_error(http), "the host's name could not be resolved") == 0);
    http_destroy(http);
}

/* Made from the router's prefix, so the router's advertisement (ICMPv6) was understood. */
static bool has_routable_address(void *arg)
{
    struct net_status status;
    (void)arg;
    net_status(&status);
    return strcmp(status.address6.text, "FEC0::5054:FF:FE12:3456") == 0;
}

void an_address_of_IPv6_is_configured(void)
{
    struct net_status status;
    KTEST_CHECK(ktest_until(has_routable_address, NULL, 20 * NS_PER_S));
    net_status(&status);
    console_print("     %s\n", status.address6.text);
}

void tcp_and_tls_work_over_IPv6(void)
{
    struct tls_options options = network_tls_options();
    struct http *http = network_client_of(SERVER_ADDRESS_6, NULL);
    KTEST_CHECK(network_get(http, "/bytes/2097152", 0, LARGE) == STATUS_OK);
    KTEST_CHECK(network_body_is_pattern(http, 0, LARGE));
    http_destroy(http);
    http = network_client_of(SERVER_ADDRESS_6, &options);
    KTEST_CHECK(network_get(http, "/who", 0, 100) == STATUS_OK);
    KTEST_CHECK(network_body_is_text(http, "0123456789abcdef"));
    http_destroy(http);
}

void a_name_may_mean_IPv6(void)
{
    struct http *http = network_client_of(SERVER_HOST_6, NULL);
    KTEST_CHECK(network_get(http, "/bytes/1000", 0, 1000) == STATUS_OK);
    KTEST_CHECK(network_body_is_pattern(http, 0, 1000));
    http_destroy(http);
}

/* One message there and back. */
static bool message_returns(struct datagram *datagram, uint32_t number)
{
    struct datagram_peer peer = {.address.text = SERVER_ADDRESS_6, .port = 7}, from;
    uint64_t end_ns = clock_ns() + 5 * NS_PER_S;
    uint8_t sent[1000], received[1000];
    size_t len = 0;
    for (size_t i = 0; i < sizeof sent; i++)
        sent[i] = pattern_byte(i + number);
    if (datagram_write(datagram, &peer, sent, sizeof sent) != STATUS_OK)
        return false;
    while (clock_ns() < end_ns) {
        if (datagram_read(datagram, &from, received, sizeof received, &len) == STATUS_OK)
            return len == sizeof sent && memcmp(sent, received, len) == 0 &&
                   from.port == 7;
        ktest_sleep(NS_PER_MS);
    }
    return false;
}

void udp_works_over_IPv6(void)
{
    struct datagram *datagram = NULL;
    KTEST_CHECK(datagram_open(0, NULL, &datagram) == STATUS_OK);
    for (uint32_t i = 0; i < 100; i++)
        KTEST_CHECK(message_returns(datagram, i));
    datagram_close(datagram);
}

/* The server plays a neighbour on the same wire; each side asks for the other's link address first. */
void pings_over_IPv6_are_answered(void)
{
    struct http *http = network_client(NULL);
    KTEST_CHECK(network_get(http, "/ping6/20", 0, 1000) == STATUS_OK);
    KTEST_CHECK(http_response(http)->status == 200);
    if (http_response(http)->body != NULL)
        console_print("     %s\n", (const char *)http_response(http)->body);
    http_destroy(http);
}

/* ---- a machine whose network has IPv6 only ---- */

/* Asked for before anything is configured. Whoever wants IPv4 waits on; nobody is told that there is no route. */
void a_request_waits_for_an_address_of_its_family(void)
{
    struct conn *other = NULL;
    struct http *http = network_client_of(SERVER_ADDRESS_6, NULL);
    KTEST_CHECK(conn_open(SERVER_ADDRESS, network_http_port(), NULL, &other) == STATUS_OK);
    KTEST_CHECK(network_get(http, "/bytes/1000", 0, 1000) == STATUS_OK);
    KTEST_CHECK(network_body_is_pattern(http, 0, 1000));
    http_destroy(http);
    KTEST_CHECK(conn_state(other) == CONN_RESOLVING);
    conn_close(other);
}

void a_router_says_address_and_name_server(void)
{
    struct net_status status;
    net_status(&status);
    console_print("     %s, router %s, names from %s, after %llu ms\n",
                  status.address6.text, status.gateway6.text, status.dns.text,
                  (unsigned long long)(status.lease_ns / NS_PER_MS));
    KTEST_CHECK(status.configured && status.address.text[0] == 0);
    KTEST_CHECK(has_routable_address(NULL));
    KTEST_CHECK(strcmp(status.gateway6.text, "FE80::2") == 0);
    KTEST_CHECK(strcmp(status.dns.text, "FEC0::3") == 0);
}

void a_name_means_the_family_that_the_machine_has(void)
{
    static const char *const names[] = {SERVER_HOST_BOTH, SERVER_HOST_6};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct http *http = network_client_of(names[i], NULL);
        KTEST_CHECK(network_get(http, "/bytes/1000", 0, 1000) == STATUS_OK);
        KTEST_CHECK(network_body_is_pattern(http, 0, 1000));
        http_destroy(http);
    }
}
