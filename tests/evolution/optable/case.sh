# A constant table of function pointers changed.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# It is rewritten where it is, so that a pointer into it that was taken before finds the new operation. Hazards 1, 5.
# Seen to fail without journal_constants().
evolves 01-add optable:add
answers optable 'optable: twice: 6'
evolves 02-change optable:text
answers optable 'optable: thrice: 18'
answers 'optable next' 'optable: plus one: 19'
# The table grows, into the room behind it.
evolves 03-grow optable:text
answers optable 'optable: plus one: 20'
answers 'optable next' 'optable: minus one: 19'
