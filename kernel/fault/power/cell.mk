# Resetting the machine.
# SPDX-License-Identifier: MIT
cell := power
kind := core
uses :=
