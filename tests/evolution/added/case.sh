# A new cell comes together with a change of a cell that imports it.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Hazards 10, 12. Seen to fail when will_run() knows no cell that comes.
evolves 01-add reader:add
answers reader 'reader: read 1 times'
evolves 02-import reader:text sensor:add
answers reader 'reader: 41, read 2 times'
