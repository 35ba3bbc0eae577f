# A static that the compiler folds away in one version.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# It comes into being with its initialiser, which the old code used; but it is not given up again, as its live value
# would be lost. Hazards 7, 15. Seen to fail without check_objects().
evolves 01-add folded:add
lacks_symbol folded '^limit'
answers folded 'folded: limit 7'
evolves 02-unfold folded:text
has_symbol folded '^limit'
answers 'folded more' 'folded: limit 8'
refused 03-fold consent limit 'live value would be lost' 'folded away'
answers 'folded more' 'folded: limit 9'
