# A static keeps its form and changes its meaning: seconds become milliseconds, there and back (EVOLVE_STATE, EVOLVE_STATE_EDGE).
# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# What comes during the new version goes back over the edge as well. A version that says that it means something else, and not what becomes of
# the value, is refused at the push. Hazards 14, 17. Seen to fail without run_turns(): eggs boil 0 ms.
evolves 01-add egg:add
seconds=$commit
answers 'egg longer' 'egg: boils 60 s'
answers 'egg longer' 'egg: boils 120 s'
evolves 02-millis egg:data
millis=$commit
answers egg 'egg: boils 120000 ms'
answers 'egg longer' 'egg: boils 120500 ms'
answers 'egg longer' 'egg: boils 121000 ms'
refused 03-micros state 'EVOLVE_STATE_EDGE'
answers egg 'egg: boils 121000 ms'
goes_to "$seconds" 'seconds again'
answers egg 'egg: boils 121 s'
answers 'egg longer' 'egg: boils 181 s'
goes_to "$millis" 'milliseconds again'
answers egg 'egg: boils 181000 ms'
