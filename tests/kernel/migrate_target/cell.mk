# A cell whose data change their form, to be swapped by test_migrate; each variant is another form.
# SPDX-License-Identifier: MIT
cell     := migrate_target
kind     := test
start    := none
uses     := task clock
variants := grown grown_fault huge huge_fault fault longer
