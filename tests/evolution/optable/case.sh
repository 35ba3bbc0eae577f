# A constant table of function pointers changed.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# It is rewritten where it is, so that a pointer into it that was taken before finds the new operation. It cannot become shorter
# while somebody points to its end; nobody else may be in the way. Hazards 1, 4, 5, 17. Seen to fail without journal_constants(),
# and without cut_at(): going back was refused because of the end's own pointers.
evolves 01-add optable:add
added=$commit
answers optable 'optable: twice: 6'
evolves 02-change optable:text
answers optable 'optable: thrice: 18'
answers 'optable next' 'optable: plus one: 19'
# The table grows, into the room behind it.
evolves 03-grow optable:text
answers optable 'optable: plus one: 20'
answers 'optable next' 'optable: minus one: 19'
is_refused_at "$added" held 'chosen of optable' 'into operations of optable'
answers 'optable next' 'optable: thrice: 57'
# Back to the first, and forward again; the second is skipped.
goes_to "$added" 'two operations'
is_of optable:text
answers optable 'optable: twice: 114'
answers 'optable next' 'optable: plus one: 115'
goes_to "$commit" 'three operations'
answers optable 'optable: plus one: 116'
answers 'optable next' 'optable: minus one: 115'
