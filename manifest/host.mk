# libmanifest for hosts: everything of the cell, and signing.
# SPDX-License-Identifier: MIT
library  := manifest
sources  := *.c signature/*.c
uses     := mbedtls
packages := jansson
