# Tests that a swap which cannot be carried out leaves nothing behind, and that requests queue.
# SPDX-License-Identifier: MIT
cell     := test_undo
kind     := test
start    := app
uses     := libc console ktest kswap swap_target migrate_target states_target moving_target coupled_server coupled_client leaver leaver_state lineage_front lineage_glue lineage_library parted_whole parted_part channel archive evolve commit namespace elf heap frame paging task clock cpu
versions := commit.few commit.many guard.few guard.many
