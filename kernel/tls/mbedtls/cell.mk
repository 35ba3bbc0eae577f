# mbedTLS 3.6: TLS 1.3, certificates, signatures and digests; port/config_common.h says what of it.
# SPDX-License-Identifier: MIT
cell  := mbedtls
kind  := library
start := service
lineage := mbedtls
uses  := libc heap random clock trusted_time log spinlock cpu
third_party := mbedtls

third_party_sources := $(patsubst %,library/%.c, \
    aes asn1parse asn1write base64 bignum bignum_core chacha20 chachapoly cipher cipher_wrap constant_time ecdh ecdsa ecp ecp_curves \
    error gcm hkdf hmac_drbg md mps_reader oid pem pk pk_ecc pk_wrap pkparse pkwrite platform platform_util poly1305 \
    psa_crypto psa_crypto_aead psa_crypto_cipher psa_crypto_client psa_crypto_driver_wrappers_no_static psa_crypto_ecp \
    psa_crypto_hash psa_crypto_mac psa_crypto_rsa psa_crypto_slot_management psa_util sha256 sha512 \
    ssl_ciphersuites ssl_client ssl_msg ssl_tls ssl_tls13_client ssl_tls13_generic ssl_tls13_keys threading x509 x509_crt)

flags := -fbuiltin
third_party_flags := -isystem $(call tree_of,mbedtls)/library
public_flags := -isystem $(call tree_of,mbedtls)/include -DMBEDTLS_ALLOW_PRIVATE_ACCESS= -DMBEDTLS_CONFIG_FILE='<tls/mbedtls/port/config.h>' -Ikernel/tls/mbedtls/port
