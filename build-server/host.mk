# neurathd: the program around libserver.
# SPDX-License-Identifier: MIT
program := neurathd
sources := src/neurathd.c
uses    := server
