/* What the files of the network test share. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_TESTS_NETWORK_PRIVATE_H
#define NEURATH_TESTS_NETWORK_PRIVATE_H

#include <net/http/http.h>
#include <tests/kernel/ktest/ktest.h>
#include <tls/tls/tls.h>

#define SERVER_ADDRESS "10.0.2.2"
#define SERVER_NAME "neurath-lab"
/* The server's name of DNS, the name that has an IPv6 address only, that address, and the name that has both. */
#define SERVER_HOST "server.neurath.test"
#define SERVER_HOST_6 "six.neurath.test"
#define SERVER_ADDRESS_6 "fec0::2"
#define SERVER_HOST_BOTH "both.neurath.test"

enum { WAIT_S = 20 };

/* Byte AT of every body of the server's that is not text. */
static inline uint8_t pattern_byte(uint64_t at)
{
    return (uint8_t)((at * 2654435761u) >> 13);
}

uint16_t network_http_port(void);
uint16_t network_https_port(void);

/* A client of the plain server, or of the secure one. */
struct http *network_client(const struct tls_options *tls);
/* The same, connected to HOST instead of the server's address. */
struct http *network_client_of(const char *host, const struct tls_options *tls);
/* The options that the secure server accepts; from credentials_are_fetched() on. */
struct tls_options network_tls_options(void);
/* Carries a GET of PATH out, from byte RANGE_FIRST, at most BODY_MAX bytes. */
enum status network_get(struct http *http, const char *path, uint64_t range_first,
                        size_t body_max);
/* Waits for the end of a request that has begun. */
enum status network_finish(struct http *http, uint64_t limit_s);
/* Whether the body is the pattern from byte FIRST on. */
bool network_body_is_pattern(const struct http *http, uint64_t first, size_t len);
bool network_body_is_text(const struct http *http, const char *text);

/* The cases, in order. */
void a_lease_is_obtained(void);
void the_local_tests_hold(void);
void tcp_echoes(void);
void many_connections_echo(void);
void udp_echoes_every_message_at_1_kHz(void);
void a_body_is_fetched(void);
void a_connection_is_kept(void);
void a_range_is_fetched(void);
void a_large_body_arrives_unaltered(void);
void a_chunked_body_is_fetched(void);
void a_cut_download_is_resumed(void);
void an_endless_body_is_stopped(void);
void a_large_body_is_posted(void);
void statuses_are_told(void);
void nobody_listening_is_told(void);
void a_silent_server_is_given_up(void);
void credentials_are_fetched(void);
void tls_shows_our_certificate(void);
void tls_without_a_certificate(void);
void another_ca_is_refused(void);
void another_name_is_refused(void);
void a_plain_server_is_no_tls_server(void);
void a_large_body_arrives_over_tls(void);
void a_server_is_reached_by_its_name(void);
void an_unknown_name_is_told(void);
void an_address_of_IPv6_is_configured(void);
void tcp_and_tls_work_over_IPv6(void);
void a_name_may_mean_IPv6(void);
void udp_works_over_IPv6(void);
void pings_over_IPv6_are_answered(void);
void a_connection_outlives_a_pulled_cable(void);
void memory_is_given_back(void);
/* Of the machine that has IPv6 only. */
void a_request_waits_for_an_address_of_its_family(void);
void a_router_says_address_and_name_server(void);
void a_name_means_the_family_that_the_machine_has(void);

#endif
