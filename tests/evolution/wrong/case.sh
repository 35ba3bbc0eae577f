# A version that faults nowhere, and is wrong: its own check says so.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Hazard 31.
comes_back 01-flag fault 'check answers of format' 'a known text comes out wrong'
