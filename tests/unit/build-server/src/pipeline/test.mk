# SPDX-License-Identifier: MIT
uses     := server
sources  := tests/unit/build-server/src/fleet/fixture.c
