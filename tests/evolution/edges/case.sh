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
