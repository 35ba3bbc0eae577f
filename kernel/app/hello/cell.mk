# The demonstration cell: edit its text, commit, push.
# SPDX-License-Identifier: MIT
cell := hello
kind := app
start := app
uses := task console clock
