# A cell is split in two, and two are merged into one; and the fleet goes back to before the split.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2317
#
# Each object goes with the code that it belongs to, because the source says so (EVOLVE_TAKES); without that it is refused. A
# split that faults comes back, with all in one place again. Back goes by the marks of what is left: the commit before the
# split knows of no other cells. The third split needs no mark of its own: who gives paid away says whose it was. Hazards 3, 8, 10, 17, 32. Seen to fail when plan_take() finds nothing, or does not look at the marks of
# what runs, without plan_exchange_owners(), and without plan_check_removal() and check_objects().
evolves 01-add ledger:add clerk:add
added=$commit
answers clerk 'clerk: paid 10, owed 990'
forgets() { git apply --3way --index "$tree/tests/evolution/split/03-split.patch" && sed -i '/EVOLVE_TAKES/d' kernel/app/paid/paid.c; }
refused_by 'paid, owed: one forgets' consent 'EVOLVE_TAKES(ledger, paid) in paid' forgets
comes_back 02-buggy fault
answers clerk 'clerk: paid 20, owed 980'
wider() { sed -i 's/^static unsigned paid/static unsigned long paid/' kernel/app/*/paid.c; }
buggy_and_wider() { git apply --3way --index "$tree/tests/evolution/split/02-buggy.patch" && wider && sed -i "s/nowhere = 8/nowhere = 16/" kernel/app/owed/owed.c; }
comes_back_by 'paid, owed: one is wider, one faults' fault '' buggy_and_wider
answers clerk 'clerk: paid 30, owed 970'
evolves 03-split ledger:remove paid:add owed:add clerk:text
answers clerk 'clerk: paid 40, owed 960'
# It is the owner now: its next version finds the value too.
evolves_by 'paid: at least one' paid:text sed -i 's/paid += amount;/paid += amount ? amount : 1;/' kernel/app/paid/paid.c
answers clerk 'clerk: paid 50, owed 950'
goes_to "$added" 'before the split'
is_of ledger:add paid:remove owed:remove clerk:text
answers clerk 'clerk: paid 60, owed 940'
goes_to "$commit" 'split again'
is_of ledger:remove paid:add owed:add clerk:text
answers clerk 'clerk: paid 70, owed 930'
neurath unhold m1 >/dev/null # what was left last is suspect, and the next commit has some of it again
evolves 04-merge ledger:add paid:remove owed:remove clerk:text
answers clerk 'clerk: paid 80, owed 920'
evolves 05-unmarked paid:add ledger:text clerk:text
answers clerk 'clerk: paid 90, owed 910'
# An object changes its cell and its type in one commit, and goes back so.
unmarked=$commit
merges_wider() { git revert --no-edit -n HEAD && wider; }
evolves_by 'ledger: takes paid, and makes it wider' 'ledger:data paid:remove clerk:text' merges_wider
answers clerk 'clerk: paid 100, owed 900'
goes_to "$unmarked" 'narrow and apart'
is_of paid:add ledger:data clerk:text
answers clerk 'clerk: paid 110, owed 890'
goes_to "$commit" 'wide again'
answers clerk 'clerk: paid 120, owed 880'
neurath unhold m1 >/dev/null
