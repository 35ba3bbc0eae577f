# The battery-backed clock.
# SPDX-License-Identifier: MIT
cell := rtc
kind := driver
start := early
uses := clock spinlock log
