# A changed inline function in a shared header.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Every cell that includes it is in the plan, and all change in one moment. Hazard 11. Seen to fail when make does not
# know who includes what.
evolves 01-add meter:add gauge:add dial:add
answers meter 'meter: 10'
answers gauge 'gauge: 20, shown 1 times'
answers dial 'dial: 30, shown 1 times'
evolves 02-change meter:text gauge:text dial:text
answers meter 'meter: 48'
answers gauge 'gauge: 60, shown 2 times'
answers dial 'dial: 72, shown 2 times'
