# Calls coupled_server in the form that its version has.
# SPDX-License-Identifier: MIT
cell     := coupled_client
kind     := test
start    := none
uses     := coupled_server
variants := wide fault loop
