# Functions called at a given time.
# SPDX-License-Identifier: MIT
cell := timer
kind := core
uses := clock lapic cpu task spinlock entry
