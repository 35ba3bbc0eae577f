# A pointer to a string literal is held across a swap.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# The literal belongs to the old version, which is kept as long as the pointer is found, and is freed after it is
# gone. Hazard 5. Seen to fail when look_at_word() sees nothing.
evolves 01-add mood:add
answers 'mood up' 'mood: calm after none'
answers mood 'mood: glad after calm'
evolves 02-words mood:text
answers mood 'mood is glad after calm'
eventually 20 answers_like ns 'mood@1 keeps [0-9]* bytes: pointer found at'
answers mood 'mood is glad after calm'
answers 'mood down' 'mood is glad after calm'
answers mood 'mood is gloomy after glad'
later eventually 20 answers_unlike ns 'mood@1 keeps'
