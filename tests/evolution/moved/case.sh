# A function moves from one cell to another.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Its callers are led to the new place, also those that did not change and those that hold its address. Hazards 1, 8,
# 10. Seen to fail when stub_successor() looks only into the cell that had the function.
evolves 01-add depot:add market:add buyer:add
answers buyer 'buyer: weight 3, price 7, kept 7, fee 1'
evolves 02-move depot:text market:text
answers buyer 'buyer: weight 6, price 16, kept 16, fee 1'
evolves 03-header market:text
answers buyer 'buyer: weight 9, price 27, kept 27, fee 1'
