# SPDX-License-Identifier: MIT
uses     := client_core manifest
packages := cmocka
sources  := tests/unit/evolution-client/sim.c tests/unit/evolution-client/sim_server.c tests/unit/manifest/fixture.c
