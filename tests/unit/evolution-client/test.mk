# SPDX-License-Identifier: MIT
uses    := client_core manifest
sources := sim.c sim_server.c attack.c tests/unit/manifest/fixture.c
links_alloc_test := -Wl,--wrap=malloc -Wl,--wrap=calloc -Wl,--wrap=realloc
