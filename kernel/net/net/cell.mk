# The net task: lwIP over the network card, connections for other tasks.
# SPDX-License-Identifier: MIT
cell  := net
kind  := service
start := service
uses  := libc nic lwip heap task spinlock cpu clock log console shell
