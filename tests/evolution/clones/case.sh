# Clones that the compiler makes (.constprop, .isra, .part) come and go between versions.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# The pointer that was taken in the first version follows all of it. Hazards 1, 7. Seen to fail when journal_stub()
# leaves the slot as it is.
evolves 01-add clones:add
has_symbol clones '^scaled\.constprop\..*isra'
answers 'clones keep' 'clones: direct 15, kept 115, calls 2'
evolves 02-vanish clones:text
lacks_symbol clones '\.constprop|\.isra|\.part'
answers clones 'clones: direct 18, kept 231, calls 4'
evolves 03-part clones:text
has_symbol clones '^scaled\.constprop'
has_symbol clones '^tell\.part'
answers clones 'clones: direct 43, kept 343, calls 6'
