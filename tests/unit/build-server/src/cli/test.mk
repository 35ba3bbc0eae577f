# Tests of the operator's command: its words, its texts.
# SPDX-License-Identifier: MIT
packages := cmocka jansson
flags    := -Wno-format-truncation
sources_text_test  := build-server/src/cli/text.c
sources_parse_test := build-server/src/cli/parse.c build-server/src/cli/failure.c build-server/src/cli/text.c
