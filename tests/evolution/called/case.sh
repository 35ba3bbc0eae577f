# A removed function that is still called.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Refused, naming function and caller; with the caller changed too, it goes. Hazards 10, 12. Seen to fail when
# check_dependents() refuses nothing.
evolves 01-add supply:add demand:add
answers demand 'demand: 1'
refused 02-remove undefined supply_next 'demand calls'
answers demand 'demand: 2'
evolves 03-both supply:text demand:text
answers demand 'demand: 3'
