# The cells tls and tls_session on the host, with the host's mbedTLS, against GnuTLS as the build server uses it.
# SPDX-License-Identifier: MIT
uses     := mbedtls
packages := gnutls
sources  := peer.c certificates.c kernel/tls/tls/tls.c kernel/tls/tls_session/tls_session.c kernel/tls/tls_session/credentials.c kernel/tls/tls_session/reasons.c kernel/lib/format/format.c
