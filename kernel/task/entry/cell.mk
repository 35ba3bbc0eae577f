# Interrupt and exception entry, switching between tasks: frozen assembly.
# SPDX-License-Identifier: MIT
cell := entry
kind := core
closure := yes
uses := interrupt fault task guard commit
