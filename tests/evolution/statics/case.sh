# Function statics reordered.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Each keeps its own value, although the compiler's names for them (count.0, count.1) change places. Two that share
# name and function cannot be told apart and are refused. Hazards 7, 15. Seen to fail when celltool takes the
# compiler's names. What celltool refuses is told in its words; those of make were seen in their place.
evolves 01-add statics:add
answers statics 'statics: up 1, down 999'
answers statics 'statics: up 2, down 998'
has_symbol statics '^count\.[0-9]'
evolves 02-reorder statics:text
answers statics 'statics: by ten 510, down 997, up 3'
refused 03-siblings data up::count 'rename one'
answers statics 'statics: by ten 520, down 996, up 4'
one_a_thread() { printf 'extern _Thread_local int statics_mine;\n_Thread_local int statics_mine;\n' >>kernel/app/statics/statics.c; }
unbuilt_by 'statics: one for each thread' 'failed: cell statics: ' one_a_thread
