# Tests of the lab's parts that need no machine.
# SPDX-License-Identifier: MIT
packages := cmocka jansson
flags    := -Wno-format-truncation
sources  := build-server/src/cli/lab/archive.c build-server/src/cli/place.c build-server/src/cli/process.c \
            build-server/src/cli/failure.c build-server/src/cli/text.c
