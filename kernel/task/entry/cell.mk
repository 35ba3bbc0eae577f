# Interrupt and exception entry, switching between tasks: assembly with frozen layouts.
# SPDX-License-Identifier: MIT
cell := entry
kind := core
closure := yes
uses := interrupt fault task guard commit
