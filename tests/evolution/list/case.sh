# A struct grows in the middle of a list that three tasks hold.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# No entry is lost or doubled, each step of the tasks is counted, the new field is filled, and a rollback brings the old form
# back with what came since. Versions whose walk is wrong, or that fault, come back by themselves; what no walk
# names, or a form without a walk, is refused. Hazards 4, 13, 17, 26, 28, 31, 32. Seen to fail without
# element_target(); the kernel test `moving` says more.
evolves 01-add roster:add
small=$commit
answers roster 'roster: 60 entries, sum 1830, sound, each step counted, 3 tasks step'
answers 'roster drop' 'roster: 55 entries, sum 1815, sound, each step counted, 3 tasks step'
evolves 02-grow roster:data
answers roster 'roster: 55 ranked entries, sum 1815, sound, each step counted, 3 tasks step'
answers 'roster add' 'roster: 65 ranked entries, sum 2470, sound, each step counted, 3 tasks step'
goes_to "$small" 'unranked again'
answers roster 'roster: 65 entries, sum 2470, sound, each step counted, 3 tasks step'
answers 'roster drop' 'roster: 60 entries, sum 2430, sound, each step counted, 3 tasks step'
goes_to "$commit" 'ranked again'
whole='roster: 60 ranked entries, sum 2430, sound, each step counted, 3 tasks step'
answers roster "$whole"
comes_back 03-forgets fault entry 'leaves out the pointer'
answers roster "$whole"
comes_back 04-faults fault roster entry
answers roster "$whole"
comes_back 05-loops fault roster 'did not end'
answers roster "$whole"
# What the new code did before it faulted is kept: one more entry.
comes_back 06-crash fault roster
answers roster 'roster: 61 ranked entries, sum 2501, sound, each step counted, 3 tasks step'
refused 07-unwalked walk 'EVOLVE_WALKS(entry)'
evolves 08-hidden
answers roster 'roster: 61 ranked entries, sum 2501, sound, each step counted, 3 tasks step'
push_patch 09-held
take_row 09-held
result_is refused
reason_is held 'oldest of roster' entry
answers roster 'roster: 61 ranked entries, sum 2501, sound, each step counted, 3 tasks step'
git -C "$clone" revert --no-edit HEAD >/dev/null
