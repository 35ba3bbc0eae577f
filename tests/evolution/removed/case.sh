# A cell takes its leave, then is removed.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# What it had given to others (a command, a task) it takes back in the commit before, with its hook `evolved`. Hazards
# 10, 16. Seen to fail when call_hooks() calls nobody.
evolves 01-add lodger:add
answers lodger 'lodger: is here'
evolves 02-leave lodger:text
answers lodger 'lodger: no such command; help shows them'
eventually 10 answers_unlike tasks ' lodger '
evolves 03-remove lodger:remove
answers_unlike cells '^lodger '
