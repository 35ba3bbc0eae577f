/* Sessions against a real server: who is believed, who is not, and how sessions end. */
/* SPDX-License-Identifier: MIT */
#include "peer.h"

#include <net/net/net.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time/trusted_time/trusted_time.h>
#include <tls/tls/tls.h>

#include <cmocka.h>

#define TLS13 "SECURE128:-VERS-ALL:+VERS-TLS1.3"
#define TLS12 "SECURE128:-VERS-ALL:+VERS-TLS1.2"

static struct {
    struct pem ca, other_ca;
    struct peer_ca *issuer, *other_issuer;
    struct pem client, client_key, foreign, foreign_key;
} world;

/* Stands in for the cell trusted_time; mbedTLS on the host goes by the host's own clock. */
static uint64_t trusted_s;

uint64_t trusted_time_s(void)
{
    return trusted_s;
}

void trusted_time_set(uint64_t unix_seconds)
{
    trusted_s = unix_seconds;
}

static void assert_status(enum status got, enum status wanted)
{
    assert_string_equal(status_name(got), status_name(wanted));
}

/* A server called neurath-lab that asks for client certificates. */
static struct peer_options usual_server(void)
{
    struct peer_options options = {.client_ca = world.ca, .priority = TLS13};
    peer_issue(world.issuer, "neurath-lab", PEER_SERVER, -60, 3600, &options.certificate,
               &options.key);
    return options;
}

static struct tls_options usual_client(void)
{
    return (struct tls_options){
        .server_name = "neurath-lab",
        .ca = (const uint8_t *)world.ca.text,
        .ca_len = world.ca.len,
        .certificate = (const uint8_t *)world.client.text,
        .certificate_len = world.client.len,
        .key = (const uint8_t *)world.client_key.text,
        .key_len = world.client_key.len,
    };
}

/* Runs the handshake to its end; gives the session and its status. */
static enum status shake(const struct peer_options *server,
                         const struct tls_options *client, struct tls **out)
{
    enum status status = STATUS_AGAIN;
    peer_start(server);
    assert_status(tls_open(peer_conn(), client, out), STATUS_OK);
    for (unsigned i = 0;
         i < 100000 && (status == STATUS_AGAIN || (status == STATUS_OK && !peer_ready()));
         i++) {
        status = tls_handshake(*out);
        peer_run();
    }
    return status;
}

static void end(struct tls *tls)
{
    tls_close(tls);
    peer_stop();
}

static struct tls *connected(void)
{
    struct peer_options server = usual_server();
    struct tls_options client = usual_client();
    struct tls *tls;
    assert_status(shake(&server, &client, &tls), STATUS_OK);
    return tls;
}

static void assert_refused(const struct peer_options *server,
                           const struct tls_options *client, enum status wanted,
                           const char *error)
{
    struct tls *tls;
    enum status status = shake(server, client, &tls);
    assert_string_equal(tls_error(tls), error);
    assert_status(status, wanted);
    assert_false(peer_ready());
    char byte;
    size_t len;
    assert_status(tls_read(tls, &byte, 1, &len), STATUS_IO);
    assert_status(tls_write(tls, "x", 1, &len), STATUS_IO);
    end(tls);
}

static void talks_to_the_expected_server(void **state)
{
    (void)state;
    char got[16];
    size_t len;
    struct tls *tls = connected();
    assert_string_equal(tls_error(tls), "");
    assert_memory_equal(tls_description(tls), "TLSv1.3 ", 8);
    assert_true(tls_is_current(tls));
    assert_status(tls_write(tls, "question", 8, &len), STATUS_OK);
    assert_int_equal(peer_read(got, sizeof got), 8);
    assert_memory_equal(got, "question", 8);
    peer_write("answer", 6);
    assert_status(tls_read(tls, got, sizeof got, &len), STATUS_OK);
    assert_int_equal(len, 6);
    assert_memory_equal(got, "answer", 6);
    assert_status(tls_read(tls, got, sizeof got, &len), STATUS_AGAIN);
    end(tls);
}

static void shows_its_certificate(void **state)
{
    (void)state;
    struct tls *tls = connected();
    assert_string_equal(peer_client_name(), "0123456789abcdef");
    end(tls);
}

static void shows_none_when_it_has_none(void **state)
{
    (void)state;
    struct peer_options server = usual_server();
    struct tls_options client = usual_client();
    struct tls *tls;
    client.certificate = client.key = NULL;
    assert_status(shake(&server, &client, &tls), STATUS_OK);
    assert_string_equal(peer_client_name(), "");
    end(tls);
}

static void takes_the_key_as_a_bare_scalar(void **state)
{
    (void)state;
    struct peer_options server = usual_server();
    struct tls_options client = usual_client();
    struct tls *tls;
    uint8_t scalar[32];
    peer_scalar(&world.client_key, scalar);
    client.key = scalar;
    client.key_len = sizeof scalar;
    assert_status(shake(&server, &client, &tls), STATUS_OK);
    assert_string_equal(peer_client_name(), "0123456789abcdef");
    end(tls);
}

static void refuses_another_ca(void **state)
{
    (void)state;
    struct peer_options server = usual_server();
    struct tls_options client = usual_client();
    client.ca = (const uint8_t *)world.other_ca.text;
    client.ca_len = world.other_ca.len;
    assert_refused(
        &server, &client, STATUS_DENIED,
        "the server's certificate is refused: it is not signed by the expected CA");
}

static void refuses_another_name(void **state)
{
    (void)state;
    struct peer_options server = usual_server();
    struct tls_options client = usual_client();
    client.server_name = "neurath-other";
    assert_refused(
        &server, &client, STATUS_DENIED,
        "the server's certificate is refused: it is for another name than neurath-other");
}

static void refuses_a_client_s_certificate_as_a_server_s(void **state)
{
    (void)state;
    struct peer_options server = usual_server();
    struct tls_options client = usual_client();
    server.certificate = world.client;
    server.key = world.client_key;
    client.server_name = "0123456789abcdef";
    assert_refused(&server, &client, STATUS_DENIED,
                   "the server's certificate is refused: it is not meant for a server");
}

static void judges_dates_only_by_trusted_time(void **state)
{
    (void)state;
    struct peer_options expired = usual_server(), future = usual_server();
    struct tls_options client = usual_client();
    struct tls *tls;
    peer_issue(world.issuer, "neurath-lab", PEER_SERVER, -7200, -3600,
               &expired.certificate, &expired.key);
    peer_issue(world.issuer, "neurath-lab", PEER_SERVER, 3600, 7200, &future.certificate,
               &future.key);
    tls_time_set(0);
    assert_status(shake(&expired, &client, &tls), STATUS_OK);
    end(tls);
    assert_status(shake(&future, &client, &tls), STATUS_OK);
    end(tls);
    tls_time_set(1);
    assert_refused(&expired, &client, STATUS_DENIED,
                   "the server's certificate is refused: it has expired");
    assert_refused(&future, &client, STATUS_DENIED,
                   "the server's certificate is refused: it is not valid yet");
}

static void refuses_older_protocols(void **state)
{
    (void)state;
    struct peer_options server = usual_server();
    struct tls_options client = usual_client();
    server.priority = TLS12;
    assert_refused(&server, &client, STATUS_IO,
                   "the server ended the session with an alert: no common parameters");
}

static void refuses_credentials_that_it_cannot_use(void **state)
{
    (void)state;
    struct peer_options server = usual_server();
    struct tls_options client = usual_client();
    client.ca = (const uint8_t *)"-----BEGIN CERTIFICATE-----\nnonsense\n";
    client.ca_len = 37;
    assert_refused(&server, &client, STATUS_INVALID,
                   "the CA's certificate cannot be read");
    client = usual_client();
    client.certificate_len /= 2;
    assert_refused(&server, &client, STATUS_INVALID, "our certificate cannot be read");
    client = usual_client();
    client.key_len = 40;
    assert_refused(&server, &client, STATUS_INVALID, "our private key cannot be read");
    client = usual_client();
    client.key = (const uint8_t *)world.foreign_key.text;
    client.key_len = world.foreign_key.len;
    assert_refused(&server, &client, STATUS_INVALID,
                   "our private key does not belong to our certificate");
}

static void refuses_options_that_are_incomplete(void **state)
{
    (void)state;
    struct tls_options client = usual_client();
    struct tls *tls;
    client.server_name = "";
    assert_status(tls_open(peer_conn(), &client, &tls), STATUS_INVALID);
    client = usual_client();
    client.ca = NULL;
    assert_status(tls_open(peer_conn(), &client, &tls), STATUS_INVALID);
    client = usual_client();
    client.key = NULL;
    assert_status(tls_open(peer_conn(), &client, &tls), STATUS_INVALID);
    client = usual_client();
    client.ca_len = TLS_CREDENTIAL_LEN_MAX + 1;
    assert_status(tls_open(peer_conn(), &client, &tls), STATUS_INVALID);
}

static void gets_through_a_connection_that_gives_single_bytes(void **state)
{
    (void)state;
    struct peer_options server = usual_server();
    struct tls_options client = usual_client();
    struct tls *tls;
    peer_start(&server);
    peer_throttle(1);
    assert_status(tls_open(peer_conn(), &client, &tls), STATUS_OK);
    enum status status = STATUS_AGAIN;
    for (unsigned i = 0; i < 100000 && !(status == STATUS_OK && peer_ready()); i++) {
        status = tls_handshake(tls);
        peer_run();
    }
    assert_status(status, STATUS_OK);
    static uint8_t sent[20000], got[20000];
    for (size_t i = 0; i < sizeof sent; i++)
        sent[i] = (uint8_t)(i * 7 >> 2);
    size_t done = 0, arrived = 0, len;
    for (unsigned i = 0; i < 1000000 && arrived < sizeof sent; i++) {
        if (done < sizeof sent &&
            tls_write(tls, sent + done, sizeof sent - done, &len) == STATUS_OK)
            done += len;
        arrived += peer_read(got + arrived, sizeof got - arrived);
    }
    assert_memory_equal(sent, got, sizeof sent);
    end(tls);
}

static void reads_large_records(void **state)
{
    (void)state;
    static uint8_t sent[300000], got[300000];
    struct tls *tls = connected();
    size_t len, arrived = 0;
    for (size_t i = 0; i < sizeof sent; i++)
        sent[i] = (uint8_t)(i * 13 >> 4);
    peer_write(sent, sizeof sent);
    while (arrived < sizeof got &&
           tls_read(tls, got + arrived, sizeof got - arrived, &len) == STATUS_OK)
        arrived += len;
    assert_int_equal(arrived, sizeof got);
    assert_memory_equal(sent, got, sizeof sent);
    end(tls);
}

static void tells_a_proper_end_from_a_cut(void **state)
{
    (void)state;
    char byte;
    size_t len;
    struct tls *tls = connected();
    peer_say_goodbye();
    assert_status(tls_read(tls, &byte, 1, &len), STATUS_CLOSED);
    end(tls);
    tls = connected();
    peer_cut();
    assert_status(tls_read(tls, &byte, 1, &len), STATUS_IO);
    assert_string_equal(tls_error(tls),
                        "the server closed the connection without saying so");
    end(tls);
}

static void refuses_a_record_that_was_altered(void **state)
{
    (void)state;
    char got[16];
    size_t len;
    struct tls *tls = connected();
    peer_write("answer", 6);
    peer_flip_bit();
    assert_status(tls_read(tls, got, sizeof got, &len), STATUS_IO);
    assert_true(tls_error(tls)[0] != 0);
    assert_status(tls_read(tls, got, sizeof got, &len), STATUS_IO);
    end(tls);
}

static void says_when_the_server_is_gone_in_the_handshake(void **state)
{
    (void)state;
    struct peer_options server = usual_server();
    struct tls_options client = usual_client();
    struct tls *tls;
    peer_start(&server);
    assert_status(tls_open(peer_conn(), &client, &tls), STATUS_OK);
    assert_status(tls_handshake(tls), STATUS_AGAIN);
    peer_cut();
    assert_status(tls_handshake(tls), STATUS_IO);
    assert_string_equal(tls_error(tls),
                        "the server closed the connection during the handshake");
    end(tls);
}

static int set_up(void **state)
{
    (void)state;
    world.issuer = peer_ca_create(&world.ca);
    world.other_issuer = peer_ca_create(&world.other_ca);
    peer_issue(world.issuer, "0123456789abcdef", PEER_CLIENT, -60, 3600, &world.client,
               &world.client_key);
    peer_issue(world.other_issuer, "feedfeedfeedfeed", PEER_CLIENT, -60, 3600,
               &world.foreign, &world.foreign_key);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    peer_ca_destroy(world.issuer);
    peer_ca_destroy(world.other_issuer);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(talks_to_the_expected_server),
        cmocka_unit_test(shows_its_certificate),
        cmocka_unit_test(shows_none_when_it_has_none),
        cmocka_unit_test(takes_the_key_as_a_bare_scalar),
        cmocka_unit_test(refuses_another_ca),
        cmocka_unit_test(refuses_another_name),
        cmocka_unit_test(refuses_a_client_s_certificate_as_a_server_s),
        cmocka_unit_test(judges_dates_only_by_trusted_time),
        cmocka_unit_test(refuses_older_protocols),
        cmocka_unit_test(refuses_credentials_that_it_cannot_use),
        cmocka_unit_test(refuses_options_that_are_incomplete),
        cmocka_unit_test(gets_through_a_connection_that_gives_single_bytes),
        cmocka_unit_test(reads_large_records),
        cmocka_unit_test(tells_a_proper_end_from_a_cut),
        cmocka_unit_test(refuses_a_record_that_was_altered),
        cmocka_unit_test(says_when_the_server_is_gone_in_the_handshake),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
