# An array grows out of its place while a static pointer leads into it, and a counter becomes one for each of two.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# A pointer that is not transferred itself does not follow, so the growth alone is refused, and the reason says what makes it
# follow: edges that copy it. A number becomes an array over edges too. Hazards 4, 13, 14, 17. Seen to be refused
# when goes_by_name() looks at the innermost types alone: no rule covers that.
evolves 01-add cursor:add
added=$commit
answers cursor 'cursor: at 1 of 4, 1 0, called 1 times'
push_patch 02-grow
take_row 02-grow
result_is refused
reason_is held 'cursor of cursor holds a pointer into places of cursor' 'let cursor go over edges that copy it (EVOLVE_STATE)'
git -C "$clone" revert --no-edit HEAD >/dev/null
answers cursor 'cursor: at 2 of 4, 1 1, called 2 times'
evolves 03-edges cursor:data
answers cursor 'cursor: at 3 of 64, 1 1, called 3 times'
goes_to "$added" 'four places'
answers cursor 'cursor: at 0 of 4, 1 1, called 4 times'
goes_to "$commit" 'many places again'
answers cursor 'cursor: at 1 of 64, 2 1, called 5 times'
