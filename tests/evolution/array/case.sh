# A grown array.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Hazards 4, 13. Seen to fail when every object begins afresh.
evolves 01-add recent:add
answers recent 'recent: 1 kept, sum 1'
answers recent 'recent: 2 kept, sum 3'
answers recent 'recent: 3 kept, sum 6'
answers recent 'recent: 4 kept, sum 10'
# The elements keep their places and values; the new ones are zero.
evolves 02-grow recent:data
answers recent 'recent: 5 kept, sum 15'
