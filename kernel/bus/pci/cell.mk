# PCI configuration.
# SPDX-License-Identifier: MIT
cell := pci
kind := driver
start := early
uses := interrupt paging spinlock log shell console
