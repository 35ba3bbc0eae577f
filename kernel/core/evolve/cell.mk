# The swap's own task: takes requests, carries them out one by one, and watches the trial.
# SPDX-License-Identifier: MIT
cell  := evolve
kind  := core
start := service
uses  := libc heap frame log console shell task entry fault spinlock cpu clock hpet interrupt ioapic paging namespace elf cellinfo loader plan commit guard stale lifecycle archive unwind power watchdog
