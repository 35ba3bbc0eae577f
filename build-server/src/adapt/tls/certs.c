/* Makes and reads certificates with GnuTLS.
 * SPDX-License-Identifier: MIT */
#include "adapt/tls/certs.h"

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>

#define DAY_S (24 * 3600)
#define CA_DAYS (20 * 365)
#define SERVER_DAYS 800
#define CLIENT_DAYS (10 * 365)

static enum result translate(int code)
{
    if (code == GNUTLS_E_SUCCESS)
        return RESULT_OK;
    return code == GNUTLS_E_MEMORY_ERROR ? RESULT_MEMORY : RESULT_FAILED;
}

static char *own_text(gnutls_datum_t *data)
{
    char *text = strndup((const char *)data->data, data->size);
    gnutls_free(data->data);
    return text;
}

static int new_key(gnutls_x509_privkey_t *out_key)
{
    int code = gnutls_x509_privkey_init(out_key);
    if (code != 0)
        return code;
    return gnutls_x509_privkey_generate(
        *out_key, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
}

/* Version, serial number, dates, subject. */
static int describe(gnutls_x509_crt_t certificate, const char *common_name,
                    int64_t now_ms, int days)
{
    uint8_t serial[16];
    int code = gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof serial);
    serial[0] &= 0x7f;
    serial[0] |= 0x01;
    time_t now = (time_t)(now_ms / 1000);
    if (code == 0)
        code = gnutls_x509_crt_set_version(certificate, 3);
    if (code == 0)
        code = gnutls_x509_crt_set_serial(certificate, serial, sizeof serial);
    if (code == 0)
        code = gnutls_x509_crt_set_activation_time(certificate, now - DAY_S);
    if (code == 0)
        code =
            gnutls_x509_crt_set_expiration_time(certificate, now + (time_t)days * DAY_S);
    if (code == 0)
        code = gnutls_x509_crt_set_dn_by_oid(certificate, GNUTLS_OID_X520_COMMON_NAME, 0,
                                             common_name, (unsigned)strlen(common_name));
    return code;
}

struct issuer {
    gnutls_x509_privkey_t key;
    gnutls_x509_crt_t certificate;
};

static void issuer_fini(struct issuer *issuer)
{
    gnutls_x509_privkey_deinit(issuer->key);
    gnutls_x509_crt_deinit(issuer->certificate);
}

static int issuer_init(struct issuer *issuer, const char *key, const char *certificate)
{
    memset(issuer, 0, sizeof *issuer);
    gnutls_datum_t key_data = {(unsigned char *)key, (unsigned)strlen(key)};
    gnutls_datum_t data = {(unsigned char *)certificate, (unsigned)strlen(certificate)};
    int code = gnutls_x509_privkey_init(&issuer->key);
    if (code == 0)
        code = gnutls_x509_crt_init(&issuer->certificate);
    if (code == 0)
        code = gnutls_x509_privkey_import(issuer->key, &key_data, GNUTLS_X509_FMT_PEM);
    if (code == 0)
        code = gnutls_x509_crt_import(issuer->certificate, &data, GNUTLS_X509_FMT_PEM);
    return code;
}

/* Signs CERTIFICATE by ISSUER and gives its PEM text. */
static int finish(gnutls_x509_crt_t certificate, const struct issuer *issuer,
                  char **out_text)
{
    uint8_t id[32];
    size_t id_len = sizeof id;
    if (gnutls_x509_crt_get_key_id(issuer->certificate, 0, id, &id_len) == 0)
        gnutls_x509_crt_set_authority_key_id(certificate, id, id_len < 20 ? id_len : 20);
    int code = gnutls_x509_crt_sign2(certificate, issuer->certificate, issuer->key,
                                     GNUTLS_DIG_SHA256, 0);
    gnutls_datum_t data = {NULL, 0};
    if (code == 0)
        code = gnutls_x509_crt_export2(certificate, GNUTLS_X509_FMT_PEM, &data);
    if (code == 0) {
        *out_text = own_text(&data);
        if (*out_text == NULL)
            code = GNUTLS_E_MEMORY_ERROR;
    }
    return code;
}

static int export_key(gnutls_x509_privkey_t key, char **out_text)
{
    gnutls_datum_t data = {NULL, 0};
    int code = gnutls_x509_privkey_export2(key, GNUTLS_X509_FMT_PEM, &data);
    if (code != 0)
        return code;
    *out_text = own_text(&data);
    return *out_text == NULL ? GNUTLS_E_MEMORY_ERROR : 0;
}

/* The second half of making a certificate with its key: both or neither are given. */
static enum result give_pair(int code, gnutls_x509_crt_t certificate,
                             const struct issuer *issuer, gnutls_x509_privkey_t key,
                             char **out_key, char **out_certificate)
{
    char *key_text = NULL;
    char *certificate_text = NULL;
    if (code == 0)
        code = finish(certificate, issuer, &certificate_text);
    if (code == 0)
        code = export_key(key, &key_text);
    if (code != 0) {
        free(certificate_text);
        return translate(code);
    }
    *out_key = key_text;
    *out_certificate = certificate_text;
    return RESULT_OK;
}

enum result certs_make_ca(const char *common_name, int64_t now_ms, char **out_key,
                          char **out_certificate)
{
    struct issuer self = {NULL, NULL};
    int code = new_key(&self.key);
    if (code == 0)
        code = gnutls_x509_crt_init(&self.certificate);
    if (code == 0)
        code = describe(self.certificate, common_name, now_ms, CA_DAYS);
    if (code == 0)
        code = gnutls_x509_crt_set_key(self.certificate, self.key);
    if (code == 0)
        code = gnutls_x509_crt_set_basic_constraints(self.certificate, 1, 0);
    if (code == 0)
        code = gnutls_x509_crt_set_key_usage(self.certificate, GNUTLS_KEY_KEY_CERT_SIGN);
    uint8_t id[32];
    size_t id_len = sizeof id;
    if (code == 0)
        code = gnutls_x509_crt_get_key_id(self.certificate, 0, id, &id_len);
    if (code == 0)
        code = gnutls_x509_crt_set_subject_key_id(self.certificate, id, 20);
    enum result result =
        give_pair(code, self.certificate, &self, self.key, out_key, out_certificate);
    issuer_fini(&self);
    return result;
}

/* Not a CA: it signs handshakes, for PURPOSE alone. */
static int limit_use(gnutls_x509_crt_t certificate, const char *purpose)
{
    int code = gnutls_x509_crt_set_basic_constraints(certificate, 0, -1);
    if (code == 0)
        code = gnutls_x509_crt_set_key_usage(certificate, GNUTLS_KEY_DIGITAL_SIGNATURE);
    if (code == 0)
        code = gnutls_x509_crt_set_key_purpose_oid(certificate, purpose, 0);
    return code;
}

enum result certs_make_server(const char *ca_key, const char *ca_certificate,
                              const char *name, int64_t now_ms, char **out_key,
                              char **out_certificate)
{
    struct issuer issuer;
    gnutls_x509_privkey_t key = NULL;
    gnutls_x509_crt_t certificate = NULL;
    int code = issuer_init(&issuer, ca_key, ca_certificate);
    if (code == 0)
        code = new_key(&key);
    if (code == 0)
        code = gnutls_x509_crt_init(&certificate);
    if (code == 0)
        code = describe(certificate, name, now_ms, SERVER_DAYS);
    if (code == 0)
        code = gnutls_x509_crt_set_key(certificate, key);
    if (code == 0)
        code = limit_use(certificate, GNUTLS_KP_TLS_WWW_SERVER);
    if (code == 0)
        code =
            gnutls_x509_crt_set_subject_alt_name(certificate, GNUTLS_SAN_DNSNAME, name,
                                                 (unsigned)strlen(name), GNUTLS_FSAN_SET);
    enum result result =
        give_pair(code, certificate, &issuer, key, out_key, out_certificate);
    gnutls_x509_crt_deinit(certificate);
    gnutls_x509_privkey_deinit(key);
    issuer_fini(&issuer);
    return result;
}

static int import_point(const uint8_t public_key[CERTS_PUBLIC_LEN],
                        gnutls_pubkey_t *out_key)
{
    if (public_key[0] != 4)
        return GNUTLS_E_INVALID_REQUEST;
    gnutls_datum_t x = {(unsigned char *)public_key + 1, 32};
    gnutls_datum_t y = {(unsigned char *)public_key + 33, 32};
    int code = gnutls_pubkey_init(out_key);
    if (code == 0)
        code = gnutls_pubkey_import_ecc_raw(*out_key, GNUTLS_ECC_CURVE_SECP256R1, &x, &y);
    if (code == 0)
        code = gnutls_pubkey_verify_params(*out_key);
    return code;
}

enum result certs_make_client(const char *ca_key, const char *ca_certificate,
                              const char *common_name,
                              const uint8_t public_key[CERTS_PUBLIC_LEN], int64_t now_ms,
                              char **out_certificate)
{
    gnutls_pubkey_t key = NULL;
    if (import_point(public_key, &key) != 0) {
        gnutls_pubkey_deinit(key);
        return RESULT_INVALID;
    }
    struct issuer issuer;
    gnutls_x509_crt_t certificate = NULL;
    char *text = NULL;
    int code = issuer_init(&issuer, ca_key, ca_certificate);
    if (code == 0)
        code = gnutls_x509_crt_init(&certificate);
    if (code == 0)
        code = describe(certificate, common_name, now_ms, CLIENT_DAYS);
    if (code == 0)
        code = gnutls_x509_crt_set_pubkey(certificate, key);
    if (code == 0)
        code = limit_use(certificate, GNUTLS_KP_TLS_WWW_CLIENT);
    if (code == 0)
        code = finish(certificate, &issuer, &text);
    gnutls_x509_crt_deinit(certificate);
    gnutls_pubkey_deinit(key);
    issuer_fini(&issuer);
    if (code == 0)
        *out_certificate = text;
    return translate(code);
}

enum result certs_expiry(const char *certificate, int64_t *out_ms)
{
    gnutls_x509_crt_t parsed = NULL;
    gnutls_datum_t data = {(unsigned char *)certificate, (unsigned)strlen(certificate)};
    int code = gnutls_x509_crt_init(&parsed);
    if (code == 0)
        code = gnutls_x509_crt_import(parsed, &data, GNUTLS_X509_FMT_PEM);
    time_t end = code == 0 ? gnutls_x509_crt_get_expiration_time(parsed) : -1;
    gnutls_x509_crt_deinit(parsed);
    if (end == -1)
        return RESULT_INVALID;
    *out_ms = (int64_t)end * 1000;
    return RESULT_OK;
}

enum result certs_verify(const uint8_t public_key[CERTS_PUBLIC_LEN], const void *text,
                         size_t len, const uint8_t signature[64])
{
    gnutls_pubkey_t key = NULL;
    gnutls_datum_t encoded = {NULL, 0};
    gnutls_datum_t r = {(unsigned char *)signature, 32};
    gnutls_datum_t s = {(unsigned char *)signature + 32, 32};
    gnutls_datum_t data = {(unsigned char *)text, (unsigned)len};
    int code = import_point(public_key, &key);
    if (code == 0)
        code = gnutls_encode_rs_value(&encoded, &r, &s);
    if (code == 0)
        code =
            gnutls_pubkey_verify_data2(key, GNUTLS_SIGN_ECDSA_SHA256, 0, &data, &encoded);
    gnutls_free(encoded.data);
    gnutls_pubkey_deinit(key);
    return code >= 0 ? RESULT_OK : RESULT_REFUSED;
}
