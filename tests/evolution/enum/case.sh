# A renumbered enum.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# What was green must not turn amber. Hazard 14.
evolves 01-add signal:add
answers 'signal change' 'signal: green'
# Refused as long as objects cannot be migrated.
refused 02-renumber data 'the type of light changed'
answers signal 'signal: green'
