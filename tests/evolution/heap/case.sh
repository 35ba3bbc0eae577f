# The heap gets another table of size classes while it serves.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Objects that were taken with the old table are freed right with the new one, and the other way round after a rollback: the
# table comes in two steps, first known, then used. Other lengths in the same table are one step, for each block keeps to its own
# (when small_block() takes the first one with room, the heap's own check takes that version back). One that faults at once
# comes back, one that loops, and a user that forgets what it takes. Hazards 14, 17, 24, 31, 32.
evolves 01-add hoard:add
answers 'hoard take' 'hoard: 291 objects, 0 damaged, the heap is sound'
lengths() { sed -i 's/ 48,   64,   96,   128, / 48,   80,   112,  144, /' kernel/mm/heap/heap.c; }
evolves_by 'heap: other lengths' heap:text lengths
answers 'hoard half' 'hoard: 145 objects, 0 damaged, the heap is sound'
answers 'hoard take' 'hoard: 436 objects, 0 damaged, the heap is sound'
evolves_by 'heap: the lengths of before' heap:text git revert --no-commit HEAD
answers 'hoard take' 'hoard: 727 objects, 0 damaged, the heap is sound'
answers 'hoard all' 'hoard: 0 objects, 0 damaged, the heap is sound'
answers 'hoard take' 'hoard: 291 objects, 0 damaged, the heap is sound'
evolves 02-know heap:text
known=$commit
answers 'hoard half' 'hoard: 145 objects, 0 damaged, the heap is sound'
answers 'hoard take' 'hoard: 436 objects, 0 damaged, the heap is sound'
comes_back 03-buggy fault heap_alloc
comes_back 04-loops fault 'check objects of heap' 'did not end in time'
# For anybody, whatever is asked for: whoever is in it is made to leave, also whose step began before, or who is alone on its CPU.
forever() { sed -i '/^void \*heap_alloc(size_t len)/,/^{/ s/^{/{\n    while (len < 1ull << 40)\n        __asm__ volatile("" ::: "memory");/' kernel/mm/heap/heap.c; }
comes_back_by 'heap: never ends' fault 'did not end in time' forever
comes_back 06-leaks fault 'hoard loses memory' greedy_step
answers 'hoard half' 'hoard: 218 objects, 0 damaged, the heap is sound'
evolves 05-use heap:text
answers 'hoard take' 'hoard: 509 objects, 0 damaged, the heap is sound'
answers 'hoard half' 'hoard: 254 objects, 0 damaged, the heap is sound'
goes_to "$known" 'the former classes'
answers 'hoard take' 'hoard: 545 objects, 0 damaged, the heap is sound'
answers 'hoard all' 'hoard: 0 objects, 0 damaged, the heap is sound'
goes_to "$commit" 'the other classes again'
answers 'hoard take' 'hoard: 291 objects, 0 damaged, the heap is sound'
answers 'hoard all' 'hoard: 0 objects, 0 damaged, the heap is sound'
