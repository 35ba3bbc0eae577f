# Tests that the engine swaps itself, and that bad versions of it come back.
# SPDX-License-Identifier: MIT
cell     := test_engine
kind     := test
start    := app
uses     := libc console ktest kswap swap_target evolve namespace cellmem archive heap task entry spinlock clock cpu
versions := commit.again commit.counts commit.counts_wide commit.faults commit.form commit.form_keeps commit.idles commit.keeps commit.lets_go commit.loops cpu.again entry.again entry.blind entry.deaf entry.faults entry.indirect entry.loops evolve.again evolve.loops fault.again fault.bad fault.form fault.form_faults guard.again guard.counts guard.counts_narrow guard.faults guard.foreign guard.form guard.form_idles guard.idles guard.indirect guard.lets_go guard.limits guard.loops guard.unrehearsed lapic.faults lapic.loops lapic.mute loader.again plan.again task.winding timer.again
