# The operator's command: build/bin/neurath.
# SPDX-License-Identifier: MIT
program  := neurath
sources  := *.c lab/*.c
uses     := base core manifest planner
packages := libcurl jansson
# Texts for people are cut to their fields on purpose; paths go through place_path(), which checks.
flags    := -Wno-format-truncation
