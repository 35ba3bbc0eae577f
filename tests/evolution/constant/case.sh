# Variables that become constants, and variables again.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# One is folded away, the other lies among the constants. Both go as long as they hold what the constants do: only the machine can
# tell. Hazards 7, 15, 26. In unit constant_test seen to fail without plan_change_kind() (refused at once) and
# compare_value() (the value is lost).
evolves 01-add fixed:add
added=$commit
answers 'fixed a b c' 'fixed: limit 7, step 1'
evolves 02-const fixed:data
constant=$commit
lacks_symbol fixed '^limit'
has_symbol fixed '^steps'
grep -q 'steps.*a constant now: it depends on the machine' "$work/push.out" || fail "$case_name: git push does not say it: $(cat "$work/push.out")"
answers 'fixed a b c' 'fixed: limit 7, step 1'
answers 'fixed a' 'fixed: limit 7, step 4'
goes_to "$added" 'variables again'
answers 'fixed a' 'fixed: limit 7, step 5'
is_refused_at "$constant" consent 'live value of steps would be lost' 'leave it mutable' '--consent fixed:steps'
answers 'fixed a b' 'fixed: limit 8, step 8'
is_refused_at "$constant" consent 'live value of limit would be lost' '--consent fixed:limit'
answers 'fixed a b' 'fixed: limit 9, step 8'
goes_to "$constant" 'with consent' --consent fixed:limit,fixed:steps
answers 'fixed a' 'fixed: limit 7, step 4'
