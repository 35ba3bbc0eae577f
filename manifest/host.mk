# libmanifest for hosts: everything of the cell, and signing.
# SPDX-License-Identifier: MIT
library  := manifest
uses     := mbedtls
packages := jansson
