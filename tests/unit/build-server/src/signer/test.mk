# SPDX-License-Identifier: MIT
uses     := server
sources  := tests/unit/manifest/fixture.c
