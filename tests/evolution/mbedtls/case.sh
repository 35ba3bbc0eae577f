# mbedTLS and how it is used, changed while TLS sessions are open: they go on, and new ones are made the new way.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Hazards 5, 13. AES works with other tables from one record to the next, with the keys that were expanded before. Then the
# preference of ciphers, seen in the next session. What changes the sessions' own layout, and that of numbers and curves, makes the library
# drain: seen to fail (refused, type) without `lineage` in the cell.mk of mbedtls and tls_session.
config=kernel/tls/mbedtls/port/config_common.h
more_tables() { sed -i '/MBEDTLS_AES_FEWER_TABLES/d' $config; }
no_alpn() { sed -i '/MBEDTLS_SSL_ALPN/d' $config; }
# Numbers of 32-bit limbs: another form of mbedtls_mpi, and of all that has one, as mbedtls_ecp_group.
other_numbers() {
    sed -i '/MBEDTLS_HAVE_ASM/d' $config
    sed -i 's,^#include "config_common.h",#define MBEDTLS_HAVE_INT32\n&,' kernel/tls/mbedtls/port/config.h
    grep -q HAVE_INT32 kernel/tls/mbedtls/port/config.h
}
other_form() { no_alpn && other_numbers; }
other_cipher() {
    sed -i 's/^uses .*/& log/' kernel/tls/tls_session/cell.mk
    sed -i 's|^#include <net/net/net.h>|#include <console/log/log.h>\n&|
        s|^    mbedtls_ssl_conf_rng(.*|    static const int suites[] = {MBEDTLS_TLS1_3_CHACHA20_POLY1305_SHA256, 0};\n    mbedtls_ssl_conf_ciphersuites(\&s->config, suites);\n&|
        s|^        s->done = true;|&\n        log_write("tls", LOG_INFO, "session with %s", mbedtls_ssl_get_ciphersuite(\&s->ssl));|' kernel/tls/tls_session/tls_session.c
    grep -q conf_ciphersuites kernel/tls/tls_session/tls_session.c
}

connections_begin
evolves_by 'mbedtls: more tables' mbedtls:text more_tables
evolves_by 'tls: ChaCha20' tls_session:text other_cipher
connections_last

say "$case_name: new sessions"
kill -9 "$(lab_status .server_pid)"
eventually 30 console_has m1 'session with TLS1-3-CHACHA20-POLY1305-SHA256'
eventually 20 neurath status

say "$case_name: a library of another form"
release_before=$(git -C "$clone" rev-parse HEAD)
open_before=$(connections)
failures() { grep -ac 'no session with' "$(console_of m1)" || true; }
failures_before=$(failures)
evolves_by 'mbedtls: no ALPN, other numbers' 'mbedtls:lineage signature:lineage tls_session:lineage' other_form
jq -e '.draining_objects >= 1' <<<"$row" >/dev/null || fail "$case_name: no session was open: $row"
answers_like ns 'tls_session@[0-9]* keeps .*: it drains, lineage 0 of mbedtls: [1-9]' || fail "$case_name: ns does not say what drains: $(answer)"
[ -n "$(comm -12 <(echo "$open_before") <(connections))" ] || fail "$case_name: no TLS session was left to the old library"

# The order to go back arrives over a session of the old library; then that is left.
goes_to "$release_before" 'back to ALPN'
is_of mbedtls:lineage signature:lineage tls_session:lineage
eventually 40 console_has m1 'lineage 0 of mbedtls has ended'
[ "$(failures)" = "$failures_before" ] || fail "$case_name: a library could not connect"
answers ns 'all invariants hold'
git -C "$clone" revert --no-edit HEAD >/dev/null
