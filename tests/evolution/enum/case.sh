# A renumbered enum.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# What was green must not turn amber. Hazard 14. Seen to fail when take() makes numbers of enumerators.
evolves 01-add signal:add
answers 'signal change' 'signal: green'
# Green was 1 and is 2.
evolves 02-renumber signal:data
answers signal 'signal: green'
