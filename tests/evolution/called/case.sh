# A removed function that is still called.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Refused, naming function and caller; with the caller changed too, it goes. And who picks that cell alone gets the caller with
# it, is told why, and nothing else of what was released (thesis 8.1). Hazards 10, 12. Seen to fail when
# check_dependents() refuses nothing.
evolves 01-add supply:add demand:add
answers demand 'demand: 1'
refused 02-remove undefined supply_next 'demand calls'
answers demand 'demand: 2'
neurath hold m1 >/dev/null
push_patch 03-both
more() { sed -i 's/, up %lu s/, up for %lu s/' kernel/app/hello/hello.c; }
push_change 'hello: up for how long' more
answers demand 'demand: 3'
say "$case_name: supply alone"
before_id=$(neurath history --machine m1 --json | jq 'max_by(.id).id')
neurath deploy --to "$commit" --cell supply --machine m1 >"$work/deploy.out" 2>&1 || fail "$case_name: deploy: $(cat "$work/deploy.out")"
grep -q 'demand.*brought in: .*supply_next' "$work/deploy.out" || fail "$case_name: deploy does not say why demand comes: $(cat "$work/deploy.out")"
take_row 'supply alone' --after "$before_id"
result_is permanent
is_of supply:text demand:text
answers demand 'demand: 4'
neurath unhold m1 >/dev/null
evolved 'the rest' hello:text
evolves_by 'hello: as before' hello:text git revert --no-commit HEAD
