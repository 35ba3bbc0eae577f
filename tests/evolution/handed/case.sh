# A static changes its cell, its type and its meaning in one commit, there and back.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# The edges are those of the cell that takes it; on the way back they are those of the cell that had it. Hazards 8, 14, 17. In unit
# taken_test seen to fail when change() does not look at the states: it bakes 120 ms.
evolves 01-add oven:add
seconds=$commit
answers 'oven longer' 'oven: bakes 60 s'
answers 'oven longer' 'oven: bakes 120 s'
evolves 02-hand kitchen:add oven:data
millis=$commit
answers oven 'oven: bakes 120000 ms'
answers 'oven longer' 'oven: bakes 120500 ms'
answers 'oven longer' 'oven: bakes 121000 ms'
goes_to "$seconds" 'seconds again'
answers oven 'oven: bakes 121 s'
answers 'oven longer' 'oven: bakes 181 s'
goes_to "$millis" 'milliseconds again'
answers oven 'oven: bakes 181000 ms'
