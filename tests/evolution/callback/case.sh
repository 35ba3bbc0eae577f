# A function whose address lies in the heap is changed, then renamed.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Changed: the pointer leads to the new one. Renamed: it is another function; the pointer keeps the old one, and the machine
# keeps its text, also when scans have freed the versions that nobody refers to. Hazard 1. Seen to fail when
# journal_stub() leaves the slot as it is.
evolves 01-add callback:add
answers callback 'callback: 1'
evolves 02-change callback:text
answers callback 'callback: 102'
evolves 03-rename callback:text
answers callback 'callback says 103'
eventually 20 answers_like ns 'callback@2 keeps [0-9]* bytes: pointer found at'
later answers callback 'callback says 104'
