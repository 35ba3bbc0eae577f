# SPDX-License-Identifier: MIT
uses    := manifest
sources := fixture.c
