# A switch with other cases.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# First only the table that the compiler makes of it differs, and not one instruction: that counts as a change. Then
# there are more cases. Hazard 6. Seen to fail when same_literal() finds every two alike: no function has changed then.
evolves 01-add tariff:add
has_symbol tariff '^CSWTCH'
answers tariff 'tariff: zone 0 costs 13'
evolves 02-table tariff:text
answers_like history 'tariff  *text  *1 functions changed' || fail "$case_name: another table is no change: $(answer)"
answers tariff 'tariff: zone 1 costs 20'
answers tariff 'tariff: zone 2 costs 8'
evolves 03-cases tariff:text
answers tariff 'tariff: zone 3 costs 50'
answers tariff 'tariff: zone 4 costs 1'
answers tariff 'tariff: zone 5 costs 34'
