# The time since boot.
# SPDX-License-Identifier: MIT
cell := clock
kind := core
uses := bootinfo hpet
