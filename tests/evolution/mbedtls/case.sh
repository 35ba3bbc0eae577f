# mbedTLS and how it is used, changed while TLS sessions are open: they go on, and new ones are made the new way.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Hazards 5, 13. AES works with other tables from one record to the next, with the keys that were expanded before. Then the
# preference of ciphers, seen in the next session. What changes the sessions' own layout is refused.
config=kernel/tls/mbedtls/port/config_common.h
more_tables() { sed -i '/MBEDTLS_AES_FEWER_TABLES/d' $config; }
no_alpn() { sed -i '/MBEDTLS_SSL_ALPN/d' $config; }
other_cipher() {
    sed -i 's/^uses .*/& log/' kernel/tls/tls_session/cell.mk
    sed -i 's|^#include <net/net/net.h>|#include <console/log/log.h>\n&|
        s|^    mbedtls_ssl_conf_rng(.*|    static const int suites[] = {MBEDTLS_TLS1_3_CHACHA20_POLY1305_SHA256, 0};\n    mbedtls_ssl_conf_ciphersuites(\&s->config, suites);\n&|
        s|^        s->done = true;|&\n        log_write("tls", LOG_INFO, "session with %s", mbedtls_ssl_get_ciphersuite(\&s->ssl));|' kernel/tls/tls_session/tls_session.c
    grep -q conf_ciphersuites kernel/tls/tls_session/tls_session.c
}

open_before=$(connections)
[ -n "$open_before" ] || fail "$case_name: the client has no connection"
evolves_by 'mbedtls: more tables' mbedtls:text more_tables
evolves_by 'tls: ChaCha20' tls_session:text other_cipher
[ -z "$(comm -23 <(echo "$open_before") <(connections))" ] || fail "$case_name: a TLS session did not survive"

say "$case_name: new sessions"
kill -9 "$(lab_status .server_pid)"
eventually 30 console_has m1 'session with TLS1-3-CHACHA20-POLY1305-SHA256'
eventually 20 neurath status

push_change 'mbedtls: no ALPN' no_alpn
take_row 'mbedtls: no ALPN'
result_is refused
reason_is type 'struct mbedtls_ssl_config' 'the running'
grep -q '^remote: .*cannot be swapped live: tls_session: struct tls_session ' "$work/push.out" || fail "$case_name: git push does not say it: $(cat "$work/push.out")"
git -C "$clone" revert --no-edit HEAD >/dev/null
