# A renumbered enum.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# What was green must not turn amber, there or back, and amber not become a light that is not there. Hazards 14, 17. Seen to
# fail when take() makes numbers of enumerators.
evolves 01-add signal:add
added=$commit
answers 'signal change' 'signal: green'
# Green was 1 and is 2.
evolves 02-renumber signal:data
answers signal 'signal: green'
goes_to "$added" 'no amber'
is_of signal:data
answers signal 'signal: green'
answers 'signal change' 'signal: red'
goes_to "$commit" 'amber again'
answers 'signal change' 'signal: amber'
is_refused_at "$added" consent 'light of light would be lost'
answers 'signal change' 'signal: green'
goes_to "$added" 'amber is over'
answers signal 'signal: green'
goes_to "$commit" 'with amber'
answers signal 'signal: green'
