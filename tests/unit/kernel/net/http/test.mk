# The HTTP client and its parser on the host; the connection is the test's own.
# SPDX-License-Identifier: MIT
sources_parser_test := kernel/net/http/parser.c
sources_http_test   := kernel/net/http/parser.c kernel/net/http/http.c kernel/net/http/request.c kernel/net/http/answer.c kernel/lib/format/format.c
flags_http_test     := -include tests/unit/kernel/net/net/platform.h
