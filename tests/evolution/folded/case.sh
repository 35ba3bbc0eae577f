# Statics, of a file and of a function, that the compiler folds away in one version.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# It comes into being with its initialiser, which the old code used, and goes again as long as it still holds that: only the
# machine can tell. Then it has been set, and is not given up. Hazards 7, 15. In unit plan_test seen to fail without
# plan_folds() (refused at once), and when transfer_one() lets MOVE_UNUSED hold anything (the value is lost).
evolves 01-add folded:add
lacks_symbol folded '^limit'
lacks_symbol folded '^step'
answers folded 'folded: limit 7, step 1'
evolves 02-unfold folded:text
unfolded=$commit
has_symbol folded '^limit'
has_symbol folded '^step'
answers folded 'folded: limit 7, step 1'
evolves 03-fold folded:data
lacks_symbol folded '^limit'
lacks_symbol folded '^step'
for static in limit folded_command::step; do
    grep -q "$static.*folded away by the compiler: it depends on the machine" "$work/push.out" || fail "$case_name: git push does not say it of $static: $(cat "$work/push.out")"
done
answers folded 'folded: limit 7, step 1'
folded=$commit
goes_to "$unfolded" 'with its initialiser'
answers 'folded more' 'folded: limit 8, step 2'
is_refused_at "$folded" consent 'live value of folded_command::step would be lost' 'say volatile' '--consent folded:folded_command::step'
answers 'folded more' 'folded: limit 10, step 3'
git -C "$clone" revert --no-edit HEAD >/dev/null # the next case builds on what the machine has
neurath unhold m1 >/dev/null
