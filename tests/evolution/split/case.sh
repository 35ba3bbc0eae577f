# A cell is split in two, and two are merged into one.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Each object goes with the code that it belongs to, because the source says so (EVOLVE_TAKES); without that it is refused. A
# split that faults comes back, with all in one place again. Hazards 3, 8, 10, 32. Seen to fail when taken_home()
# finds nothing, without plan_exchange_owners(), and without plan_check_removal() and check_objects().
evolves 01-add ledger:add clerk:add
answers clerk 'clerk: paid 10, owed 990'
comes_back 02-buggy fault
answers clerk 'clerk: paid 20, owed 980'
evolves 03-split ledger:remove paid:add owed:add clerk:text
answers clerk 'clerk: paid 30, owed 970'
# It is the owner now: its next version finds the value too.
evolves_by 'paid: at least one' paid:text sed -i 's/paid += amount;/paid += amount ? amount : 1;/' kernel/app/paid/paid.c
answers clerk 'clerk: paid 40, owed 960'
evolves 04-merge ledger:add paid:remove owed:remove clerk:text
answers clerk 'clerk: paid 50, owed 950'
refused 05-unmarked consent paid 'ledger has no paid any more'
answers clerk 'clerk: paid 60, owed 940'
