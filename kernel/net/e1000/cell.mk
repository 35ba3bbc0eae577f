# Driver of the 82540EM Ethernet controller.
# SPDX-License-Identifier: MIT
cell  := e1000
kind  := driver
start := device
uses  := libc nic pci frame paging heap interrupt log format clock task spinlock cpu
