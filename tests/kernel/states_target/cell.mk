# A cell whose data change their meaning and keep their form, to be swapped by test_migrate; each variant is another version.
# SPDX-License-Identifier: MIT
cell     := states_target
kind     := test
start    := none
uses     := task clock heap
variants := millis micros grown huge silent faults loops traps late crash
