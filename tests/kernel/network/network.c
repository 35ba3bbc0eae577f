/* The list of cases; lease, local tests and echo; helpers. */
/* SPDX-License-Identifier: MIT */
#include "network_private.h"

#include <boot/bootinfo/bootinfo.h>
#include <console/console/console.h>
#include <lib/format/format.h>
#include <mm/heap/heap.h>
#include <net/net/net.h>
#include <string.h>
#include <time/clock/clock.h>

enum status test_network_start(void);

uint16_t network_http_port(void)
{
    return (uint16_t)boot_option_number("net_test_http", 0);
}

uint16_t network_https_port(void)
{
    return (uint16_t)boot_option_number("net_test_https", 0);
}

struct http *network_client_of(const char *host, const struct tls_options *tls)
{
    struct http_options options = {
        .host = host,
        .port = tls != NULL ? network_https_port() : network_http_port(),
        .host_header = SERVER_NAME,
        .tls = tls,
    };
    struct http *http = NULL;
    KTEST_CHECK(http_create(&options, NULL, &http) == STATUS_OK);
    return http;
}

/* The network that this machine is in has no IPv4. */
static bool only_ip6(void)
{
    return boot_option_number("net_test_only_ip6", 0) != 0;
}

struct http *network_client(const struct tls_options *tls)
{
    return network_client_of(only_ip6() ? SERVER_ADDRESS_6 : SERVER_ADDRESS, tls);
}

enum status network_finish(struct http *http, uint64_t limit_s)
{
    uint64_t end_ns = clock_ns() + limit_s * NS_PER_S;
    for (;;) {
        enum status status = http_step(http);
        if (status != STATUS_AGAIN)
            return status;
        if (clock_ns() > end_ns)
            return STATUS_TIMEOUT;
        ktest_sleep(NS_PER_MS);
    }
}

enum status network_get(struct http *http, const char *path, uint64_t range_first,
                        size_t body_max)
{
    struct http_request request = {.method = "GET",
                                   .path = path,
                                   .range_first = range_first,
                                   .body_len_max = body_max};
    enum status status = http_begin(http, &request);
    if (status == STATUS_OK)
        status = network_finish(http, WAIT_S);
    if (status != STATUS_OK)
        console_print("     %s: %s: %s\n", path, status_name(status), http_error(http));
    return status;
}

bool network_body_is_pattern(const struct http *http, uint64_t first, size_t len)
{
    const struct http_response *response = http_response(http);
    if (response->body_len != len)
        return false;
    for (size_t i = 0; i < len; i++)
        if (response->body[i] != pattern_byte(first + i))
            return false;
    return true;
}

bool network_body_is_text(const struct http *http, const char *text)
{
    const struct http_response *response = http_response(http);
    return response->body_len == strlen(text) &&
           memcmp(response->body, text, response->body_len) == 0;
}

static bool has_lease(void *arg)
{
    struct net_status status;
    (void)arg;
    net_status(&status);
    return status.configured && status.address.text[0] != 0;
}

void a_lease_is_obtained(void)
{
    struct net_status status;
    KTEST_CHECK(ktest_until(has_lease, NULL, 10 * NS_PER_S));
    net_status(&status);
    KTEST_CHECK(strcmp(status.address.text, "10.0.2.15") == 0);
    KTEST_CHECK(strcmp(status.gateway.text, "10.0.2.2") == 0);
    KTEST_CHECK(strcmp(status.dns.text, "10.0.2.3") == 0);
    KTEST_CHECK(status.link && status.rx_lost == 0);
    KTEST_CHECK(status.lease_ns < 5 * NS_PER_S);
}

static bool local_tests_hold(void *arg)
{
    struct net_local_tests tests;
    (void)arg;
    return net_local_tests(&tests);
}

void the_local_tests_hold(void)
{
    KTEST_CHECK(ktest_until(local_tests_hold, NULL, 5 * NS_PER_S));
}

/* Lets the server talk to our echo; its answer is 200 when all came back. */
static void echo_by_server(const char *path)
{
    struct http *http = network_client(NULL);
    KTEST_CHECK(network_get(http, path, 0, 1000) == STATUS_OK);
    KTEST_CHECK(http_response(http)->status == 200);
    if (http_response(http)->body != NULL)
        console_print("     %s\n", (const char *)http_response(http)->body);
    http_destroy(http);
}

void tcp_echoes(void)
{
    echo_by_server("/echo/tcp/1");
    echo_by_server("/echo/tcp/8000000");
}

void many_connections_echo(void)
{
    echo_by_server("/echo/connections/100");
}

void udp_echoes_every_message_at_1_kHz(void)
{
    struct net_status before, after;
    net_status(&before);
    echo_by_server("/echo/udp/3000/1000");
    net_status(&after);
    KTEST_CHECK(after.rx_lost == before.rx_lost && after.tx_lost == before.tx_lost);
}

static bool link_is(void *arg)
{
    struct net_status status;
    net_status(&status);
    return status.link == *(const bool *)arg;
}

/* The request itself is under way while the link is down: its answer comes when it is up again. */
void a_connection_outlives_a_pulled_cable(void)
{
    bool down = false, up = true;
    struct http *http = network_client(NULL);
    struct http_request request = {
        .method = "GET", .path = "/link/pull/1500", .body_len_max = 100};
    struct net_local_tests tests;
    KTEST_CHECK(http_begin(http, &request) == STATUS_OK);
    KTEST_CHECK(network_finish(http, 0) == STATUS_TIMEOUT); /* on its way */
    for (unsigned i = 0; i < 1000 && !link_is(&down); i++) {
        (void)!http_step(http);
        ktest_sleep(NS_PER_MS);
    }
    KTEST_CHECK(link_is(&down));
    KTEST_CHECK(!net_local_tests(&tests) && !tests.link);
    KTEST_CHECK(network_finish(http, WAIT_S) == STATUS_OK);
    KTEST_CHECK(network_body_is_text(http, "back"));
    KTEST_CHECK(link_is(&up));
    KTEST_CHECK(ktest_until(local_tests_hold, NULL, 5 * NS_PER_S));
    http_destroy(http);
}

/* Last: what all these connections took has been given back. Closed connections may linger for a while. */
static bool heap_is_as_before(void *arg)
{
    const uint64_t *before = arg;
    struct heap_stats stats;
    heap_stats_read(&stats);
    return stats.live_count <= *before;
}

void memory_is_given_back(void)
{
    enum { ROUNDS = 100 };
    struct heap_stats stats;
    uint64_t before;
    struct http *http = network_client(NULL);
    KTEST_CHECK(network_get(http, "/bytes/100000", 0, 100000) == STATUS_OK);
    http_destroy(http);
    ktest_sleep(2 * NS_PER_S);
    heap_stats_read(&stats);
    /* The stack's own caches come and go; each connection leaves a control block in TIME-WAIT. */
    before = stats.live_count + 16 + ROUNDS;
    for (unsigned i = 0; i < ROUNDS; i++) {
        http = network_client(NULL);
        KTEST_CHECK(network_get(http, "/bytes/1000", 0, 1000) == STATUS_OK);
        http_destroy(http);
    }
    KTEST_CHECK(ktest_until(heap_is_as_before, &before, 15 * NS_PER_S));
    KTEST_CHECK(heap_check());
}

enum status test_network_start(void)
{
    static const struct ktest_case cases[] = {
        KTEST_CASE(a_lease_is_obtained),
        KTEST_CASE(the_local_tests_hold),
        KTEST_CASE(tcp_echoes),
        KTEST_CASE(many_connections_echo),
        KTEST_CASE(udp_echoes_every_message_at_1_kHz),
        KTEST_CASE(a_body_is_fetched),
        KTEST_CASE(a_connection_is_kept),
        KTEST_CASE(a_range_is_fetched),
        KTEST_CASE(a_large_body_arrives_unaltered),
        KTEST_CASE(a_chunked_body_is_fetched),
        KTEST_CASE(a_cut_download_is_resumed),
        KTEST_CASE(an_endless_body_is_stopped),
        KTEST_CASE(a_large_body_is_posted),
        KTEST_CASE(statuses_are_told),
        KTEST_CASE(nobody_listening_is_told),
        KTEST_CASE(a_silent_server_is_given_up),
        KTEST_CASE(credentials_are_fetched),
        KTEST_CASE(tls_shows_our_certificate),
        KTEST_CASE(tls_without_a_certificate),
        KTEST_CASE(another_ca_is_refused),
        KTEST_CASE(another_name_is_refused),
        KTEST_CASE(a_plain_server_is_no_tls_server),
        KTEST_CASE(a_large_body_arrives_over_tls),
        KTEST_CASE(a_server_is_reached_by_its_name),
        KTEST_CASE(an_unknown_name_is_told),
        KTEST_CASE(an_address_of_IPv6_is_configured),
        KTEST_CASE(tcp_and_tls_work_over_IPv6),
        KTEST_CASE(a_name_may_mean_IPv6),
        KTEST_CASE(udp_works_over_IPv6),
        KTEST_CASE(pings_over_IPv6_are_answered),
        KTEST_CASE(a_connection_outlives_a_pulled_cable),
        KTEST_CASE(memory_is_given_back),
    };
    static const struct ktest_case cases_over_IPv6[] = {
        KTEST_CASE(a_request_waits_for_an_address_of_its_family),
        KTEST_CASE(a_router_says_address_and_name_server),
        KTEST_CASE(the_local_tests_hold),
        KTEST_CASE(a_name_means_the_family_that_the_machine_has),
        KTEST_CASE(an_unknown_name_is_told),
        KTEST_CASE(credentials_are_fetched),
        KTEST_CASE(tcp_and_tls_work_over_IPv6),
    };
    if (only_ip6())
        return ktest_run(cases_over_IPv6, ARRAY_LEN(cases_over_IPv6));
    return ktest_run(cases, ARRAY_LEN(cases));
}
