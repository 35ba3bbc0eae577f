# The serial port.
# SPDX-License-Identifier: MIT
cell := serial
kind := driver
start := device
uses := format interrupt task spinlock
