/* The CA: certificates for servers and machines, and proofs of possession.
 * SPDX-License-Identifier: MIT */
#include "adapt/tls/certs.h"
#include "base/clock.h"
#include "base/text.h"

#include <manifest/sign.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void certificates_are_made_and_end_later(void **state)
{
    (void)state;
    TEXT_OWNED char *ca_key = NULL;
    TEXT_OWNED char *ca = NULL;
    TEXT_OWNED char *key = NULL;
    TEXT_OWNED char *server = NULL;
    TEXT_OWNED char *client = NULL;
    int64_t now = clock_now_ms();
    int64_t end = 0;
    struct manifest_secret secret;
    assert_int_equal(certs_make_ca("test", now, &ca_key, &ca), RESULT_OK);
    assert_int_equal(certs_make_server(ca_key, ca, "name", now, &key, &server), RESULT_OK);
    assert_int_equal(certs_expiry(server, &end), RESULT_OK);
    assert_true(end > now);
    assert_int_equal(manifest_secret_generate(&secret), MANIFEST_OK);
    assert_int_equal(
        certs_make_client(ca_key, ca, "machine", secret.key.public_key, now, &client),
        RESULT_OK);
    assert_non_null(strstr(client, "BEGIN CERTIFICATE"));
    assert_int_equal(certs_expiry("nonsense", &end), RESULT_INVALID);
}

static void what_is_not_a_point_gets_no_certificate(void **state)
{
    (void)state;
    TEXT_OWNED char *ca_key = NULL;
    TEXT_OWNED char *ca = NULL;
    char *client = NULL;
    uint8_t key[CERTS_PUBLIC_LEN] = {4, 1, 2, 3};
    assert_int_equal(certs_make_ca("test", clock_now_ms(), &ca_key, &ca), RESULT_OK);
    assert_int_equal(certs_make_client(ca_key, ca, "m", key, clock_now_ms(), &client),
                     RESULT_INVALID);
    key[0] = 2;
    assert_int_equal(certs_make_client(ca_key, ca, "m", key, clock_now_ms(), &client),
                     RESULT_INVALID);
    assert_null(client);
}

/* Many keys, because r and s with a high bit or a leading zero are encoded differently. */
static void proofs_of_many_keys_hold_and_changed_ones_do_not(void **state)
{
    (void)state;
    static const char text[] = "neurath-enroll\ntoken\nkey";
    for (int i = 0; i < 200; i++) {
        struct manifest_secret secret;
        uint8_t digest[MANIFEST_HASH_LEN];
        uint8_t signature[MANIFEST_SIGNATURE_LEN];
        assert_int_equal(manifest_secret_generate(&secret), MANIFEST_OK);
        assert_int_equal(manifest_hash(text, sizeof text - 1, digest), MANIFEST_OK);
        assert_int_equal(manifest_sign_digest(&secret, digest, signature), MANIFEST_OK);
        assert_int_equal(
            certs_verify(secret.key.public_key, text, sizeof text - 1, signature),
            RESULT_OK);
        assert_int_equal(
            certs_verify(secret.key.public_key, text, sizeof text - 2, signature),
            RESULT_REFUSED);
        signature[i % 64] ^= 1;
        assert_int_equal(
            certs_verify(secret.key.public_key, text, sizeof text - 1, signature),
            RESULT_REFUSED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(certificates_are_made_and_end_later),
        cmocka_unit_test(what_is_not_a_point_gets_no_certificate),
        cmocka_unit_test(proofs_of_many_keys_hold_and_changed_ones_do_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
