cell  := adopt
kind  := core
start := none
uses  := libc cellinfo namespace loader placement archive heap bootinfo paging
