# A cell whose functions change their form together with their caller, coupled_client.
# SPDX-License-Identifier: MIT
cell     := coupled_server
kind     := test
start    := none
uses     := task clock cpu spinlock entry
variants := wide held fault loop
