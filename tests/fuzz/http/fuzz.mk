# SPDX-License-Identifier: MIT
sources := kernel/net/http/parser.c
