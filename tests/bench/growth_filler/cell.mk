# A cell that is there so that there are many: growth.bench makes copies of its object under other names.
# SPDX-License-Identifier: MIT
cell  := filler_000
kind  := test
start := none
