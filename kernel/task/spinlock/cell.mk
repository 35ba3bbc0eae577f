# Waiting for a contended spinlock.
# SPDX-License-Identifier: MIT
cell := spinlock
kind := core
uses := paging
