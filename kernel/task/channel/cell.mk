# Channels between tasks: rendezvous and buffered.
# SPDX-License-Identifier: MIT
cell  := channel
kind  := core
start := none
uses  := libc heap task spinlock entry
