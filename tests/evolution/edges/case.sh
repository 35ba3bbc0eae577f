# A unit changes twice, and who was away for the first change goes through both at once, over edges (EVOLVE_EDGE); and back.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Names say nothing of units: kilograms, then hundreds of grams, then grams, in elements of a list. There and back gives the same
# loads, also those that came meanwhile. A version that only knows the way there is refused. Hazards 13, 14, 17. Seen
# to fail when run_edges() takes the last edge alone.
evolves 01-add scale:add
kilos=$commit
answers 'scale add' 'scale: 1 loads of 1 kilos, sound'
answers 'scale add' 'scale: 2 loads of 3 kilos, sound'
answers 'scale add' 'scale: 3 loads of 6 kilos, sound'

neurath hold m1 >/dev/null
push_patch 02-hectos
hectos=$commit
push_patch 03-grams
answers scale 'scale: 3 loads of 6 kilos, sound'
neurath unhold m1 >/dev/null
evolved 03-grams scale:data
[ "$(jq -r .from_commit <<<"$row")" = "$kilos" ] || fail "$case_name: no version was skipped: $row"
answers scale 'scale: 3 loads of 6000 grams, sound'
answers 'scale add' 'scale: 4 loads of 10000 grams, sound'
goes_to "$kilos" 'kilos again'
answers scale 'scale: 4 loads of 10 kilos, sound'
answers 'scale add' 'scale: 5 loads of 15 kilos, sound'
goes_to "$hectos" 'to what was skipped'
answers scale 'scale: 5 loads of 150 hectos, sound'
goes_to "$commit" 'grams again'
answers scale 'scale: 5 loads of 15000 grams, sound'
refused 04-oneway consent 'EVOLVE_EDGE(load, load_grams)'
answers scale 'scale: 5 loads of 15000 grams, sound'
# Who marks that it may be lost gets it; plan and history say that the way back loses it. Never said when nothing in edges.c and
# moving.c clears `revertible`.
loss_is_told() {
    neurath plan --to "$commit" --machine m1 >"$work/plan.out" &&
        grep -q '^  scale  data  ' "$work/plan.out" && grep -qx '  can be taken back, though not without loss' "$work/plan.out"
}
one_way() { git apply --3way --index "$tree/tests/evolution/edges/04-oneway.patch" && printf '\nEVOLVE_DROPS(load);\n' >>kernel/app/scale/scale.c; }
neurath hold m1 >/dev/null
push_change 'scale: weighs in carats, one way' one_way
eventually 20 loss_is_told
neurath unhold m1 >/dev/null
evolved 'one way' scale:data
jq -e '.revertible == false' <<<"$row" >/dev/null || fail "$case_name: the history does not say that the way back loses something: $row"
answers scale 'scale: 5 loads of 75000 carats, sound'
