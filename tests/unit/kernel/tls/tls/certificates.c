/* Test certificates, made with GnuTLS. */
/* SPDX-License-Identifier: MIT */
#include "certificates.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void certificates_check(int code, const char *what)
{
    if (code >= 0)
        return;
    fprintf(stderr, "%s: %s\n", what, gnutls_strerror(code));
    abort();
}

struct peer_ca {
    gnutls_x509_crt_t certificate;
    gnutls_x509_privkey_t key;
};

static gnutls_x509_privkey_t make_key(void)
{
    gnutls_x509_privkey_t key;
    certificates_check(gnutls_x509_privkey_init(&key), "key");
    certificates_check(
        gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
                                     GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0),
        "key");
    return key;
}

static gnutls_x509_crt_t make_certificate(const char *name, gnutls_x509_privkey_t key,
                                          long from_s, long to_s)
{
    static uint8_t serial = 1;
    gnutls_x509_crt_t certificate;
    certificates_check(gnutls_x509_crt_init(&certificate), "certificate");
    gnutls_x509_crt_set_version(certificate, 3);
    serial++;
    gnutls_x509_crt_set_serial(certificate, &serial, 1);
    gnutls_x509_crt_set_activation_time(certificate, time(NULL) + from_s);
    gnutls_x509_crt_set_expiration_time(certificate, time(NULL) + to_s);
    gnutls_x509_crt_set_dn_by_oid(certificate, GNUTLS_OID_X520_COMMON_NAME, 0, name,
                                  (unsigned)strlen(name));
    certificates_check(gnutls_x509_crt_set_key(certificate, key), "key");
    return certificate;
}

static void export_certificate(gnutls_x509_crt_t certificate, struct pem *out)
{
    out->len = sizeof out->text;
    certificates_check(
        gnutls_x509_crt_export(certificate, GNUTLS_X509_FMT_PEM, out->text, &out->len),
        "export");
}

struct peer_ca *peer_ca_create(struct pem *out_certificate)
{
    struct peer_ca *ca = calloc(1, sizeof *ca);
    ca->key = make_key();
    ca->certificate = make_certificate("test CA", ca->key, -3600, 86400);
    gnutls_x509_crt_set_basic_constraints(ca->certificate, 1, -1);
    gnutls_x509_crt_set_key_usage(ca->certificate, GNUTLS_KEY_KEY_CERT_SIGN);
    certificates_check(gnutls_x509_crt_sign2(ca->certificate, ca->certificate, ca->key,
                                             GNUTLS_DIG_SHA256, 0),
                       "sign");
    export_certificate(ca->certificate, out_certificate);
    return ca;
}

void peer_ca_destroy(struct peer_ca *ca)
{
    gnutls_x509_crt_deinit(ca->certificate);
    gnutls_x509_privkey_deinit(ca->key);
    free(ca);
}

void peer_issue(const struct peer_ca *ca, const char *name, enum peer_purpose purpose,
                long from_s, long to_s, struct pem *out_certificate, struct pem *out_key)
{
    gnutls_x509_privkey_t key = make_key();
    gnutls_x509_crt_t certificate = make_certificate(name, key, from_s, to_s);
    gnutls_x509_crt_set_basic_constraints(certificate, 0, -1);
    gnutls_x509_crt_set_key_purpose_oid(
        certificate,
        purpose == PEER_SERVER ? GNUTLS_KP_TLS_WWW_SERVER : GNUTLS_KP_TLS_WWW_CLIENT, 0);
    if (purpose == PEER_SERVER)
        gnutls_x509_crt_set_subject_alt_name(certificate, GNUTLS_SAN_DNSNAME, name,
                                             (unsigned)strlen(name), GNUTLS_FSAN_SET);
    certificates_check(gnutls_x509_crt_sign2(certificate, ca->certificate, ca->key,
                                             GNUTLS_DIG_SHA256, 0),
                       "sign");
    export_certificate(certificate, out_certificate);
    out_key->len = sizeof out_key->text;
    certificates_check(gnutls_x509_privkey_export(key, GNUTLS_X509_FMT_PEM, out_key->text,
                                                  &out_key->len),
                       "export");
    gnutls_x509_crt_deinit(certificate);
    gnutls_x509_privkey_deinit(key);
}

/* GnuTLS gives the number with a zero byte in front, or without leading zeros. */
void peer_scalar(const struct pem *key, uint8_t out[32])
{
    gnutls_x509_privkey_t parsed;
    gnutls_ecc_curve_t curve;
    gnutls_datum_t x, y, k,
        text = {.data = (unsigned char *)key->text, .size = (unsigned)key->len};
    certificates_check(gnutls_x509_privkey_init(&parsed), "key");
    certificates_check(gnutls_x509_privkey_import(parsed, &text, GNUTLS_X509_FMT_PEM),
                       "key");
    certificates_check(gnutls_x509_privkey_export_ecc_raw(parsed, &curve, &x, &y, &k),
                       "key");
    memset(out, 0, 32);
    for (unsigned i = 0; i < 32 && i < k.size; i++)
        out[31 - i] = k.data[k.size - 1 - i];
    gnutls_free(x.data);
    gnutls_free(y.data);
    gnutls_free(k.data);
    gnutls_x509_privkey_deinit(parsed);
}
