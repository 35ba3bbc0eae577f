# Two files of a cell with a variable and a function of one name each.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Each keeps its own value and its own callers, also through pointers. A third one of that name is refused: pointers to the
# functions could not be told apart. Hazard 7. Seen to fail without check_twins().
evolves 01-add twins:add
answers twins 'twins: left 1, right 100'
evolves 02-change twins:text
answers twins 'twins: left 2, right 1100'
refused 03-third ambiguous next 'had 2 functions called next and now has 3'
answers twins 'twins: left 3, right 2100'
