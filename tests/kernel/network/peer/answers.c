/* The answers of the network test's server, good and bad. */
/* SPDX-License-Identifier: MIT */
#include "peer.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BLOCK_LEN = 16384, SILENCE_S = 20 };

enum MHD_Result answer_text(struct MHD_Connection *connection, unsigned status,
                            const char *text)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(strlen(text), (void *)text, MHD_RESPMEM_MUST_COPY);
    MHD_add_response_header(response, "Content-Type", "Text/Plain; charset=utf-8");
    if (status == 503)
        MHD_add_response_header(response, "Retry-After", "7");
    if (status == 302)
        MHD_add_response_header(response, "Location", "/bytes/10");
    enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

/* A body that is made as it is sent. */
struct body {
    uint64_t first; /* position of its first byte in the pattern */
    uint64_t len;   /* UINT64_MAX: without end */
    uint64_t cut;   /* the connection is cut here */
};

static ssize_t body_read(void *context, uint64_t at, char *out, size_t cap)
{
    const struct body *body = context;
    if (at >= body->cut)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (at >= body->len)
        return MHD_CONTENT_READER_END_OF_STREAM;
    uint64_t end = body->len < body->cut ? body->len : body->cut;
    size_t n = end - at < cap ? (size_t)(end - at) : cap;
    for (size_t i = 0; i < n; i++)
        out[i] = (char)pattern_byte(body->first + at + i);
    return (ssize_t)n;
}

static struct MHD_Response *body_response(const struct body *body, uint64_t declared)
{
    struct body *copy = malloc(sizeof *copy);
    *copy = *body;
    return MHD_create_response_from_callback(declared, BLOCK_LEN, body_read, copy, free);
}

/* LEN bytes, or those that a Range header asks for; the connection is cut after CUT bytes. */
static enum MHD_Result answer_bytes(struct MHD_Connection *connection, uint64_t len,
                                    uint64_t cut)
{
    const char *range = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Range");
    unsigned long long first = 0;
    if (range != NULL && sscanf(range, "bytes=%llu-", &first) == 1 && first >= len)
        return answer_text(connection, 416, "no such range\n");
    struct body body = {.first = first, .len = len - first, .cut = cut};
    struct MHD_Response *response = body_response(&body, body.len);
    if (first > 0) {
        char text[100];
        snprintf(text, sizeof text, "bytes %llu-%llu/%llu", first,
                 (unsigned long long)len - 1, (unsigned long long)len);
        MHD_add_response_header(response, "Content-Range", text);
    }
    enum MHD_Result result =
        MHD_queue_response(connection, first > 0 ? 206 : 200, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result answer_chunked(struct MHD_Connection *connection, uint64_t len)
{
    struct body body = {.len = len, .cut = UINT64_MAX};
    struct MHD_Response *response = body_response(&body, MHD_SIZE_UNKNOWN);
    enum MHD_Result result = MHD_queue_response(connection, 200, response);
    MHD_destroy_response(response);
    return result;
}

/* The name in the client's certificate, if our CA signed it for a client. */
static enum MHD_Result answer_who(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    gnutls_session_t session = info != NULL ? (gnutls_session_t)info->tls_session : NULL;
    unsigned count = 0, status = 1;
    const gnutls_datum_t *list =
        session != NULL ? gnutls_certificate_get_peers(session, &count) : NULL;
    if (list == NULL || count == 0)
        return answer_text(connection, 200, "nobody");
    gnutls_typed_vdata_st purpose = {.type = GNUTLS_DT_KEY_PURPOSE_OID,
                                     .data = (unsigned char *)GNUTLS_KP_TLS_WWW_CLIENT};
    if (gnutls_certificate_verify_peers(session, &purpose, 1, &status) < 0 || status != 0)
        return answer_text(connection, 403, "not ours");
    gnutls_x509_crt_t certificate;
    char name[64] = "";
    size_t len = sizeof name;
    gnutls_x509_crt_init(&certificate);
    gnutls_x509_crt_import(certificate, list, GNUTLS_X509_FMT_DER);
    gnutls_x509_crt_get_dn_by_oid(certificate, GNUTLS_OID_X520_COMMON_NAME, 0, 0, name,
                                  &len);
    gnutls_x509_crt_deinit(certificate);
    return answer_text(connection, 200, name);
}

static const struct pem *pem_named(const char *name)
{
    if (strcmp(name, "ca") == 0)
        return &peer_pems.ca;
    if (strcmp(name, "other-ca") == 0)
        return &peer_pems.other_ca;
    if (strcmp(name, "client") == 0)
        return &peer_pems.client;
    if (strcmp(name, "client-key") == 0)
        return &peer_pems.client_key;
    if (strcmp(name, "foreign") == 0)
        return &peer_pems.foreign;
    return strcmp(name, "foreign-key") == 0 ? &peer_pems.foreign_key : NULL;
}

enum MHD_Result answer_get(struct MHD_Connection *connection, const char *path)
{
    unsigned long long n = 0, m = 0;
    char text[200], name[32];
    if (sscanf(path, "/bytes/%llu", &n) == 1)
        return answer_bytes(connection, n, UINT64_MAX);
    if (sscanf(path, "/cut/%llu/%llu", &n, &m) ==
        2) /* with a range, all is given: so it can be resumed */
        return answer_bytes(
            connection, n,
            MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Range") != NULL
                ? UINT64_MAX
                : m);
    if (sscanf(path, "/chunked/%llu", &n) == 1)
        return answer_chunked(connection, n);
    if (strcmp(path, "/endless") == 0)
        return answer_chunked(connection, UINT64_MAX);
    if (sscanf(path, "/status/%llu", &n) == 1)
        return answer_text(connection, (unsigned)n, "as you wish\n");
    if (sscanf(path, "/pem/%31s", name) == 1 && pem_named(name) != NULL)
        return answer_text(connection, 200, pem_named(name)->text);
    if (strcmp(path, "/who") == 0)
        return answer_who(connection);
    if (strcmp(path, "/count") == 0) {
        snprintf(text, sizeof text, "%u", peer_request_number(connection));
        return answer_text(connection, 200, text);
    }
    if (strcmp(path, "/silent") == 0) {
        sleep(SILENCE_S);
        return answer_text(connection, 200, "at last\n");
    }
    if (sscanf(path, "/link/pull/%llu", &n) == 1)
        return link_pull((unsigned)n) == 0 ? answer_text(connection, 200, "back")
                                           : answer_text(connection, 500, "no monitor");
    int code = -2;
    if (sscanf(path, "/echo/tcp/%llu", &n) == 1)
        code = echo_tcp(n, text, sizeof text);
    else if (sscanf(path, "/echo/udp/%llu/%llu", &n, &m) == 2)
        code = echo_udp((unsigned)n, (unsigned)m, NULL, text, sizeof text);
    else if (sscanf(path, "/echo/connections/%llu", &n) == 1)
        code = echo_connections((unsigned)n, text, sizeof text);
    else if (sscanf(path, "/ping6/%llu", &n) == 1)
        code = neighbour_ping6((unsigned)n, text, sizeof text);
    if (code == -2)
        return answer_text(connection, 404, "no such page\n");
    return answer_text(connection, code == 0 ? 200 : 500, text);
}
