# A cell whose data change their form and in whose new text tasks are caught, to be swapped by test_withdraw.
# SPDX-License-Identifier: MIT
cell     := withdraw_target
kind     := test
start    := none
uses     := task spinlock clock entry
variants := fault stuck
