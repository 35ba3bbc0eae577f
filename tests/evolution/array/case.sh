# A grown array.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Hazards 4, 13.
evolves 01-add recent:add
answers recent 'recent: 1 kept, sum 1'
answers recent 'recent: 2 kept, sum 3'
answers recent 'recent: 3 kept, sum 6'
answers recent 'recent: 4 kept, sum 10'
# Refused as long as objects cannot be migrated.
refused 02-grow data numbers '16 to 24 bytes'
answers recent 'recent: 4 kept, sum 14'
