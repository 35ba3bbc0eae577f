# Calls growth_target from 250 places, or from as many as the variant says.
# SPDX-License-Identifier: MIT
cell     := growth_sites
kind     := test
start    := none
uses     := growth_target
variants := s500 s1000 s2000 s4000
