# SPDX-License-Identifier: MIT
uses     := server
sources  := fixture.c
