# SPDX-License-Identifier: MIT
uses    := manifest
sources := fixture.c
links_alloc_test := -Wl,--wrap=malloc -Wl,--wrap=calloc
