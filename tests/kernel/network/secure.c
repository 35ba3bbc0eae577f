/* Cases about TLS. */
/* SPDX-License-Identifier: MIT */
#include "network_private.h"

#include <console/console/console.h>
#include <string.h>
#include <time/clock/clock.h>

enum { PEM_MAX = 4096, LARGE = 4 * 1024 * 1024 };

/* What the server has made for this run. */
static struct {
    char ca[PEM_MAX], other_ca[PEM_MAX], client[PEM_MAX], client_key[PEM_MAX];
} pems;

static void fetch(struct http *http, const char *path, char out[PEM_MAX])
{
    KTEST_CHECK(network_get(http, path, 0, PEM_MAX - 1) == STATUS_OK);
    KTEST_CHECK(http_response(http)->status == 200);
    memcpy(out, http_response(http)->body, http_response(http)->body_len + 1);
}

void credentials_are_fetched(void)
{
    struct http *http = network_client(NULL);
    fetch(http, "/pem/ca", pems.ca);
    fetch(http, "/pem/other-ca", pems.other_ca);
    fetch(http, "/pem/client", pems.client);
    fetch(http, "/pem/client-key", pems.client_key);
    http_destroy(http);
}

struct tls_options network_tls_options(void)
{
    return (struct tls_options){
        .server_name = SERVER_NAME,
        .ca = (const uint8_t *)pems.ca,
        .ca_len = strlen(pems.ca),
        .certificate = (const uint8_t *)pems.client,
        .certificate_len = strlen(pems.client),
        .key = (const uint8_t *)pems.client_key,
        .key_len = strlen(pems.client_key),
    };
}

void tls_shows_our_certificate(void)
{
    struct tls_options options = network_tls_options();
    struct http *http = network_client(&options);
    uint64_t begin = clock_ns();
    KTEST_CHECK(network_get(http, "/who", 0, 100) == STATUS_OK);
    console_print("     handshake and answer: %lu ms\n", (clock_ns() - begin) / NS_PER_MS);
    KTEST_CHECK(network_body_is_text(http, "0123456789abcdef"));
    KTEST_CHECK(network_get(http, "/count", 0, 100) == STATUS_OK);
    KTEST_CHECK(network_body_is_text(http, "2"));
    http_destroy(http);
}

void tls_without_a_certificate(void)
{
    struct tls_options options = network_tls_options();
    options.certificate = options.key = NULL;
    struct http *http = network_client(&options);
    KTEST_CHECK(network_get(http, "/who", 0, 100) == STATUS_OK);
    KTEST_CHECK(network_body_is_text(http, "nobody"));
    http_destroy(http);
}

static void assert_certificate_refused(const struct tls_options *options,
                                       const char *words)
{
    struct http *http = network_client(options);
    KTEST_CHECK(network_get(http, "/who", 0, 100) == STATUS_IO);
    KTEST_CHECK(http_failure(http) == HTTP_FAILURE_CERTIFICATE);
    KTEST_CHECK(strcmp(http_error(http), words) == 0);
    KTEST_CHECK(http_response(http)->status == 0);
    http_destroy(http);
}

void another_ca_is_refused(void)
{
    struct tls_options options = network_tls_options();
    options.ca = (const uint8_t *)pems.other_ca;
    options.ca_len = strlen(pems.other_ca);
    assert_certificate_refused(
        &options,
        "the server's certificate is refused: it is not signed by the expected CA");
}

void another_name_is_refused(void)
{
    struct tls_options options = network_tls_options();
    options.server_name = "neurath-evil";
    assert_certificate_refused(
        &options,
        "the server's certificate is refused: it is for another name than neurath-evil");
}

void a_plain_server_is_no_tls_server(void)
{
    struct tls_options options = network_tls_options();
    struct http_options where = {
        .host = SERVER_ADDRESS, .port = network_http_port(), .tls = &options};
    struct http *http = NULL;
    KTEST_CHECK(http_create(&where, NULL, &http) == STATUS_OK);
    KTEST_CHECK(network_get(http, "/", 0, 100) == STATUS_IO);
    KTEST_CHECK(http_failure(http) == HTTP_FAILURE_TLS);
    http_destroy(http);
}

void a_large_body_arrives_over_tls(void)
{
    struct tls_options options = network_tls_options();
    struct http *http = network_client(&options);
    uint64_t begin = clock_ns();
    KTEST_CHECK(network_get(http, "/bytes/4194304", 0, LARGE) == STATUS_OK);
    console_print("     4 MiB: %lu ms\n", (clock_ns() - begin) / NS_PER_MS);
    KTEST_CHECK(network_body_is_pattern(http, 0, LARGE));
    http_destroy(http);
}
