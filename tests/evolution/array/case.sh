# A grown array.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Going back cuts off what is in use, so somebody has to agree. Hazards 4, 13, 17, 32. Seen to fail when every object begins
# afresh.
evolves 01-add recent:add
added=$commit
answers recent 'recent: 1 kept, sum 1'
answers recent 'recent: 2 kept, sum 3'
answers recent 'recent: 3 kept, sum 6'
answers recent 'recent: 4 kept, sum 10'
# The elements keep their places and values; the new ones are zero.
evolves 02-grow recent:data
answers recent 'recent: 5 kept, sum 15'
is_refused_at "$added" consent '--consent recent:numbers'
answers recent 'recent: 6 kept, sum 21'
goes_to "$added" 'four kept' --consent recent:numbers
is_of recent:data
answers recent 'recent: 4 kept, sum 14'
goes_to "$commit" 'six kept'
answers recent 'recent: 6 kept, sum 20'
