/* Server of the network test: HTTP and HTTPS on two free ports of 127.0.0.1, by libmicrohttpd and GnuTLS as in the
 * build server. */
/* SPDX-License-Identifier: MIT */
#include "peer.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct peer_pems peer_pems;
uint16_t peer_tcp_port, peer_udp_port;

/* Of one connection, for as long as it lives. */
struct connection_state {
    unsigned requests;
};

/* Of one request. */
struct request_state {
    uint64_t posted, sum;
};

static struct connection_state *state_of(struct MHD_Connection *connection)
{
    return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)
        ->socket_context;
}

unsigned peer_request_number(struct MHD_Connection *connection)
{
    return state_of(connection)->requests;
}

static void connection_changed(void *context, struct MHD_Connection *connection,
                               void **state, enum MHD_ConnectionNotificationCode code)
{
    (void)context;
    (void)connection;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        *state = calloc(1, sizeof(struct connection_state));
    } else {
        free(*state);
        *state = NULL;
    }
}

static void request_ended(void *context, struct MHD_Connection *connection, void **state,
                          enum MHD_RequestTerminationCode code)
{
    (void)context;
    (void)connection;
    (void)code;
    free(*state);
    *state = NULL;
}

static enum MHD_Result handle(void *context, struct MHD_Connection *connection,
                              const char *path, const char *method, const char *version,
                              const char *data, size_t *data_len, void **state)
{
    (void)context;
    (void)version;
    if (*state == NULL) {
        *state = calloc(1, sizeof(struct request_state));
        state_of(connection)->requests++;
        return MHD_YES;
    }
    struct request_state *request = *state;
    for (size_t i = 0; i < *data_len; i++)
        request->sum = request->sum * 31 + (uint8_t)data[i];
    request->posted += *data_len;
    if (*data_len > 0) {
        *data_len = 0;
        return MHD_YES;
    }
    if (strcmp(method, "POST") == 0) {
        char text[64];
        snprintf(text, sizeof text, "%llu %llu", (unsigned long long)request->posted,
                 (unsigned long long)request->sum);
        return answer_text(connection, 200, text);
    }
    return answer_get(connection, path);
}

/* PORT 0: a free one. Over IPv6 the port is given: the same as over IPv4. */
static struct MHD_Daemon *start(bool secure, bool over_ip6, uint16_t port)
{
    const struct sockaddr_in address4 = {.sin_family = AF_INET,
                                         .sin_port = htons(port),
                                         .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const struct sockaddr_in6 address6 = {.sin6_family = AF_INET6,
                                          .sin6_port = htons(port),
                                          .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    const void *address = over_ip6 ? (const void *)&address6 : (const void *)&address4;
    const struct MHD_OptionItem plain_options[] = {{MHD_OPTION_END, 0, NULL}};
    const struct MHD_OptionItem secure_options[] = {
        {MHD_OPTION_HTTPS_MEM_CERT, 0, peer_pems.server.text},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, peer_pems.server_key.text},
        {MHD_OPTION_HTTPS_MEM_TRUST, 0, peer_pems.ca.text},
        {MHD_OPTION_HTTPS_PRIORITIES, 0, "SECURE128:-VERS-ALL:+VERS-TLS1.3"},
        {MHD_OPTION_END, 0, NULL},
    };
    struct MHD_Daemon *daemon = MHD_start_daemon(
        MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION |
            (secure ? MHD_USE_TLS : 0) | (over_ip6 ? MHD_USE_IPv6 : 0),
        port, NULL, NULL, handle, NULL, MHD_OPTION_SOCK_ADDR, address,
        MHD_OPTION_NOTIFY_CONNECTION, connection_changed, NULL,
        MHD_OPTION_NOTIFY_COMPLETED, request_ended, NULL, MHD_OPTION_ARRAY,
        secure ? secure_options : plain_options, MHD_OPTION_END);
    if (daemon == NULL) {
        fprintf(stderr, "network-peer: the server does not start\n");
        exit(1);
    }
    return daemon;
}

static uint16_t port_of(struct MHD_Daemon *daemon)
{
    return MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
}

/* A port that nothing uses at the moment. */
static uint16_t free_port(int kind)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, kind, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) != 0)
        exit(1);
    close(fd);
    return ntohs(address.sin_port);
}

/* Sends UDP messages over IPv6 back, on port 7. */
static void *echo6_task(void *arg)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6,
                                   .sin6_port = htons(7),
                                   .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    uint8_t message[2048];
    int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    (void)arg;
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        perror("network-peer: no echo over IPv6");
        exit(1);
    }
    for (;;) {
        struct sockaddr_in6 from;
        socklen_t from_len = sizeof from;
        ssize_t n =
            recvfrom(fd, message, sizeof message, 0, (struct sockaddr *)&from, &from_len);
        if (n > 0)
            (void)!sendto(fd, message, (size_t)n, 0, (struct sockaddr *)&from, from_len);
    }
    return NULL;
}

/* Prints "HTTP HTTPS TCP UDP" (ports), and serves until its standard input ends. In a network of its own only: some of
 * its ports are fixed. */
static int serve(void)
{
    char byte;
    struct peer_ca *ca = peer_ca_create(&peer_pems.ca),
                   *other = peer_ca_create(&peer_pems.other_ca);
    peer_issue(ca, "neurath-lab", PEER_SERVER, -60, 3600, &peer_pems.server,
               &peer_pems.server_key);
    peer_issue(ca, "0123456789abcdef", PEER_CLIENT, -60, 3600, &peer_pems.client,
               &peer_pems.client_key);
    peer_issue(other, "feedfeedfeedfeed", PEER_CLIENT, -60, 3600, &peer_pems.foreign,
               &peer_pems.foreign_key);
    struct MHD_Daemon *plain = start(false, false, 0), *secure = start(true, false, 0);
    struct MHD_Daemon *plain6 = start(false, true, port_of(plain)),
                      *secure6 = start(true, true, port_of(secure));
    pthread_t echo;
    if (pthread_create(&echo, NULL, echo6_task, NULL) != 0)
        return 1;
    names_start();
    peer_tcp_port = free_port(SOCK_STREAM);
    peer_udp_port = free_port(SOCK_DGRAM);
    printf("%u %u %u %u\n", port_of(plain), port_of(secure), peer_tcp_port, peer_udp_port);
    fflush(stdout);
    while (read(0, &byte, 1) > 0)
        ;
    MHD_stop_daemon(plain6);
    MHD_stop_daemon(secure6);
    MHD_stop_daemon(plain);
    MHD_stop_daemon(secure);
    peer_ca_destroy(ca);
    peer_ca_destroy(other);
    return 0;
}

static volatile sig_atomic_t load_ends;

static void end_load(int number)
{
    (void)number;
    load_ends = 1;
}

struct load {
    size_t block_len;
    unsigned interval_us;
    int code;
};

static void *load_stream(void *arg)
{
    struct load *load = arg;
    char words[200];
    load->code = echo_stream_until(&load_ends, load->block_len, words, sizeof words);
    printf("tcp: %s\n", words);
    return NULL;
}

/* A TCP stream and numbered UDP messages to the echo of the machine behind PORT, until the signal TERM; status 0 when every
 * byte has come back, and every message that this host did not drop itself, 2 when only messages are missing. */
static int run_load(uint16_t port, struct load *load)
{
    char words[200];
    pthread_t stream;
    signal(SIGTERM, end_load);
    peer_tcp_port = peer_udp_port = port;
    load->code = -1;
    if (pthread_create(&stream, NULL, load_stream, load) != 0)
        return 1;
    int code = echo_udp(ECHO_UDP_MAX, load->interval_us, &load_ends, words, sizeof words);
    printf("udp: %s\n", words);
    load_ends = 1;
    pthread_join(stream, NULL);
    if (load->code != 0)
        return 1;
    return code == 0 ? 0 : 2;
}

/* network-peer: the server of tests/kernel/network. network-peer load PORT [INTERVAL-US [BLOCK-LEN]]: traffic for system
 * tests; by default 200 messages a second, which a socket's buffer holds for more than a second. */
int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    if (argc >= 3 && strcmp(argv[1], "load") == 0) {
        struct load load = {
            .interval_us = argc > 3 ? (unsigned)atoi(argv[3]) : 5000,
            .block_len = argc > 4 ? (size_t)atol(argv[4]) : 20000,
        };
        return run_load((uint16_t)atoi(argv[2]), &load);
    }
    return serve();
}
