# The serial port.
# SPDX-License-Identifier: MIT
cell := serial
kind := driver
start := device
uses := interrupt task spinlock
