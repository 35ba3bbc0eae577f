# Calls the hooks of cells: start when one comes to life, evolved when a version follows.
# SPDX-License-Identifier: MIT
cell  := lifecycle
kind  := core
start := none
uses  := libc cellinfo namespace log
