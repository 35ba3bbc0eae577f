# A cell that the hazards test removes and adds again.
# SPDX-License-Identifier: MIT
cell  := guest
kind  := test
start := app
uses  := swap_target
variants := fails
