# A cell whose objects on the heap change their form, to be swapped by test_moving; each variant is another version.
# SPDX-License-Identifier: MIT
cell     := moving_target
kind     := test
start    := none
uses     := heap task clock
variants := second third silent forgets faults loops crash blind broken stuck bare past lies tenth hundredth single doubles quiet
