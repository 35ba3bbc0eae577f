/* Test certificates, made with GnuTLS; for servers and clients of tests. */
/* SPDX-License-Identifier: MIT */
#ifndef NEURATH_TESTS_TLS_CERTIFICATES_H
#define NEURATH_TESTS_TLS_CERTIFICATES_H

#include <stddef.h>
#include <stdint.h>

/* Certificates and keys, made anew in each process; PEM with a zero byte that is not counted. */
struct pem {
    char text[2048];
    size_t len;
};

enum peer_purpose { PEER_SERVER, PEER_CLIENT };

struct peer_ca;
struct peer_ca *peer_ca_create(struct pem *out_certificate);
void peer_ca_destroy(struct peer_ca *ca);
/* Signs a certificate for NAME, valid from FROM to TO seconds from now. */
void peer_issue(const struct peer_ca *ca, const char *name, enum peer_purpose purpose,
                long from_s, long to_s, struct pem *out_certificate, struct pem *out_key);

/* The private number of a P-256 key. */
void peer_scalar(const struct pem *key, uint8_t out[32]);

/* Ends the process when CODE, of GnuTLS, is an error. */
void certificates_check(int code, const char *what);

#endif
