# An initialiser changed.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# The live value is kept. Hazard 15. Seen to fail when share_home() finds no home.
evolves 01-add rate:add
answers rate 'rate: 5'
answers rate 'rate: 6'
evolves 02-change rate:text
answers rate 'rate is 7'
