# Writes more than a line that nobody reads can hold.
# SPDX-License-Identifier: MIT
cell := test_unread
kind := test
start := app
uses := ktest serial shell format
