# A cell with tasks, to be removed and added by test_hazards and test_retire.
# SPDX-License-Identifier: MIT
cell     := leaver
kind     := test
start    := app
uses     := leaver_state task channel entry clock cpu spinlock
variants := brief
