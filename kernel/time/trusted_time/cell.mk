# The time that somebody trusted has told, carried on by the monotonic clock.
# SPDX-License-Identifier: MIT
cell  := trusted_time
kind  := library
start := none
uses  := clock
