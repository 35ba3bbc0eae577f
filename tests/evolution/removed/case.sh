# A cell takes its leave, then is removed.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# What it had given to others (a command, a task) it takes back in the commit before, with its hook `evolved`. Hazards 10, 16.
evolves 01-add guest:add
answers guest 'guest: is here'
evolves 02-leave guest:text
answers guest 'guest: no such command; help shows them'
eventually 10 answers_unlike tasks ' guest '
evolves 03-remove guest:remove
answers_unlike cells '^guest '
