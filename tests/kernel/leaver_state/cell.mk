# What the tasks of leaver have done; it stays when that cell goes.
# SPDX-License-Identifier: MIT
cell  := leaver_state
kind  := test
start := none
uses  := channel
